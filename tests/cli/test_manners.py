"""What a Unix person expects of a programme: help, statuses, standard error, pipes, Ctrl-C, a quick start."""

import re
import signal
import subprocess
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest

from bot.cli import COMMANDS, main
from bot.cli.trouble import explain
from tests.cli.conftest import CONFER, PATIENCE, Command, environment
from tests.signals import heard


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from bot.cli import main\ntry: main(['--help'])\nfinally: print([*sys.modules], file=sys.stderr)"
    )
    said = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    for heavy in ("asyncio", "sqlalchemy", "storage", "bot.app", "bot.config", "conference"):
        assert f"'{heavy}'" not in said.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_the_same_line_as_the_list(name: str, command: Command) -> None:
    listed = re.search(rf"^    {name} +(.+)$", command("--help").out, re.MULTILINE)
    assert listed
    assert listed[1] == COMMANDS[name]
    said = command(name, "--help")
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith(f"usage: confer {name}")


@pytest.mark.parametrize("words", [("init",), ("run",), ("doctor",), ("migrate",), ("audit", "verify"), ("version",)])
def test_help_shows_an_example(words: tuple[str, ...], command: Command) -> None:
    assert f"example: confer {' '.join(words)}" in command(*words, "--help").out


def test_without_a_command_help_is_shown_and_the_status_is_2(command: Command) -> None:
    said = command()
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("usage: confer ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("docter",), "there is no command 'docter'; did you mean doctor?"),
        (("--verison",), "unrecognized arguments: --verison"),
        (("run", "--confg", "x"), "unrecognized arguments: --confg x"),
        (("audit",), "the following arguments are required: ACTION"),
        (("init", "a", "b"), "unrecognized arguments: b"),
    ],
)
def test_wrong_usage_is_one_sentence_and_status_2(words: tuple[str, ...], told: str, command: Command) -> None:
    said = command(*words)
    assert (said.status, said.out) == (2, "")
    assert said.err.splitlines()[0] == f"confer: {told}"
    assert "--help` shows how it is used" in said.err


def test_versions_are_told(command: Command) -> None:
    assert re.fullmatch(r"confer \d+\.\d+\.\d+\n", command("--version").out)
    said = command("version")
    assert said.status == 0
    assert re.search(r"^database revision \d{4}$", said.out, re.MULTILINE)


def test_a_fault_is_told_by_kind_and_place_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """The text of an exception may quote a patient."""
    with pytest.raises(ValueError, match="Zebra") as fault:
        int("Zebra")
    assert explain(fault.value) == 1
    told = capsys.readouterr().err
    assert re.fullmatch(r"confer: this is a fault in Confer: ValueError in test_manners\.py, line \d+, .+\n", told)


def test_a_file_that_cannot_be_made_is_told(tmp_path: Path, command: Command) -> None:
    (tmp_path / "file").touch()
    said = command("init", tmp_path / "file" / "house")
    assert said.status == 1
    assert said.err == f"confer: {tmp_path / 'file' / 'house'}: Not a directory\n"


def chatting() -> "subprocess.Popen[str]":
    """`confer chat` in a pipe, once it has said its first line."""
    pipe = subprocess.PIPE
    chat = subprocess.Popen([*CONFER, "chat"], env=environment(), stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert chat.stdin
    assert chat.stdout
    chat.stdin.write("/as dana\n/room case-room\nhello\n")
    chat.stdin.flush()
    assert chat.stdout.readline()
    return chat


def test_whoever_stops_reading_hears_no_complaint() -> None:
    """`confer chat < script | head -1`: silence, and the status of a closed pipe."""
    with chatting() as chat:
        assert chat.stdin
        assert chat.stdout
        assert chat.stderr
        chat.stdout.close()
        with suppress(BrokenPipeError):  # it may have ended already
            chat.stdin.write("hello\n" * 100)
            chat.stdin.close()
        assert chat.stderr.read() == ""
        assert chat.wait(PATIENCE) == 141


def test_ctrl_c_ends_without_a_traceback() -> None:
    with heard(), chatting() as chat:
        chat.send_signal(signal.SIGINT)
        _, told = chat.communicate(timeout=PATIENCE)
    assert (chat.returncode, told) == (130, "")


def test_no_colour_goes_into_a_pipe(house: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for words in (("--help",), ("doctor", "--config", house / "confer.toml"), ("version",)):
        said = command(*words)
        assert "\x1b" not in said.out + said.err


def test_every_listed_command_can_be_loaded() -> None:
    for name in COMMANDS:
        assert import_module(f"bot.cli.{name}").register


def test_main_gives_the_status_of_the_command(tmp_path: Path) -> None:
    assert main(["doctor", "--config", str(tmp_path / "none.toml")]) == 1
    assert main(["migrate", "--config", str(tmp_path / "none.toml")]) == 2
