"""What the files for systemd and containers name is there, and what they run is a command."""

import configparser
import re
import tomllib
from pathlib import Path

import pytest

from bot.cli import COMMANDS
from bot.config import variable
from bot.config_values import hints_of
from bot.settings import sections

CHECKOUT = Path(__file__).parents[2]
DEPLOY = CHECKOUT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service")) + sorted(DEPLOY.glob("*.timer"))
SETTINGS = {variable(name, key) for name, section in sections() for key in hints_of(section)} | {"CONFER_CONFIG"}


def unit(path: Path) -> configparser.RawConfigParser:
    found = configparser.RawConfigParser(strict=False)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read(path)
    return found


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_run_commands_that_exist(path: Path) -> None:
    found = unit(path)
    if path.suffix == ".timer":
        assert path.with_suffix(".service").exists()
        return
    executable, command, option, config = found["Service"]["ExecStart"].split()
    assert executable.endswith("/bin/confer")
    assert command in COMMANDS
    assert (option, Path(config).parent) == ("--config", Path(found["Service"]["WorkingDirectory"]))
    assert found["Service"]["ReadWritePaths"] == found["Service"]["WorkingDirectory"]
    assert found["Service"]["User"] != "root"
    assert_known_variables(found["Service"].get("Environment", ""))


def test_the_service_is_what_the_bot_speaks_to() -> None:
    service = unit(DEPLOY / "confer.service")["Service"]
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) >= 30
    assert int(service["TimeoutStopSec"]) > 20  # a stop waits so long for a slow service


def assert_known_variables(text: str) -> None:
    assert set(re.findall(r"\bCONFER_\w+", text)) <= SETTINGS


def test_the_containerfile_copies_what_is_there() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    copied = [name for names in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE) for name in names.split()]
    assert copied
    for name in copied:
        assert (CHECKOUT / name).exists(), name
    packages = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]
    assert {name.rstrip("*") for name in packages["include"]} <= set(copied)
    assert "--require-hashes -r requirements/run.txt" in text
    assert re.search(r"^setuptools==", (CHECKOUT / "requirements/run.txt").read_text(), re.MULTILINE)
    assert re.search(r"^USER confer$", text, re.MULTILINE)
    assert "run" in COMMANDS
    assert 'CMD ["run"]' in text
    assert_known_variables(text)


def test_the_compose_example_names_what_is_there() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    assert (DEPLOY / ".." / re.search(r"dockerfile: (\S+)", text)[1]).exists()  # type: ignore[index]
    for command in re.findall(r"run --rm confer (\w+)|exec confer confer (\w+)", text):
        assert "".join(command) in COMMANDS
    assert_known_variables(text)


def test_the_page_names_every_metric() -> None:
    """What a running bot tells of itself is explained, and what is explained is told."""
    source = (CHECKOUT / "bot" / "metrics.py").read_text()
    page = (CHECKOUT / "docs" / "operations.md").read_text()
    told = set(
        re.findall(r'(?:_gauge|_counter|_histogram|GaugeMetricFamily|Counter)\(\s*f?"(?:confer_)?([\w{}]+)"', source)
    )
    told = {name.replace("{name}", "matrix") for name in told} - {"matrix"}
    explained = {name.removesuffix("_total") for name in re.findall(r"`confer_(\w+)", page)}
    assert len(told) > 15
    assert told <= explained, told - explained
    assert explained - told <= {"metrics"}, explained - told
