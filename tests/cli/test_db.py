"""`confer db move` as it is called: from a file to a server, and what it says where it cannot."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Command, StartBot
from tests.postgres import PASSWORD, Server, name_of

pytestmark = pytest.mark.postgres


@pytest.fixture
def target(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    made = postgres.empty()
    yield postgres.tcp(name_of(made)).replace(f":{PASSWORD}", "")
    postgres.drop(made)


def test_it_moves_and_says_what_to_change(
    house: Path, target: str, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then `doctor` is content with the new one, and a second call changes nothing."""
    said = command("db", "move", "--to", target, "--config", house / "confer.toml")
    assert (said.status, said.err) == (0, "")
    assert "are on both sides alike" in said.out
    assert f'database = "{target}"' in said.out
    again = command("db", "move", "--to", target, "--config", house / "confer.toml")
    assert (again.status, "holds another house" in again.err) == (1, True)
    monkeypatch.setenv("CONFER_STORAGE_DATABASE", target)
    assert command("doctor", "--config", house / "confer.toml").status == 0


@pytest.mark.parametrize("to", ["other.db", "mysql://db/x", "postgresql://confer:planted@db/x"])
def test_a_target_that_cannot_be_is_refused(house: Path, command: Command, to: str) -> None:
    said = command("db", "move", "--to", to, "--config", house / "confer.toml")
    assert (said.status, said.err.count("\n")) == (2, 1)
    assert "--to" in said.err
    assert "planted" not in said.err


def test_a_server_is_no_source(house: Path, target: str, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFER_STORAGE_DATABASE", target)
    said = command("db", "move", "--to", target, "--config", house / "confer.toml")
    assert said.status == 2
    assert "is on a server already" in said.err


def test_a_running_bot_is_not_moved(house: Path, target: str, command: Command, start: StartBot) -> None:
    """What it writes meanwhile would be lost."""
    start(house).runs()
    said = command("db", "move", "--to", target, "--config", house / "confer.toml")
    assert said.status == 1
    assert "Another Confer process is using" in said.err
