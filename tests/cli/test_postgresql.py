"""An installation on PostgreSQL: made, examined, and plain sentences where it cannot be reached."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cli import checks
from tests.cli.conftest import Command, StartBot
from tests.postgres import PASSWORD, Server, name_of

pytestmark = pytest.mark.postgres


@pytest.fixture
def database(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty database, without the password, which the environment holds."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    made = postgres.empty()
    yield postgres.tcp(name_of(made)).replace(f":{PASSWORD}", "")
    postgres.drop(made)


@pytest.fixture
def house(database: str, command: Command, tmp_path: Path) -> Path:
    assert command("init", tmp_path / "house", "--database", database).status == 0
    return tmp_path / "house"


def test_a_fresh_installation_is_well(house: Path, command: Command, database: str) -> None:
    """`init` makes no file of a database; `doctor` looks at the server and says nothing of the password."""
    assert not list(house.glob("*.db*"))
    said = command("doctor", "--config", house / "confer.toml")
    assert (said.status, said.err) == (0, "")
    assert {line[:6] for line in said.out.splitlines()} == {"ok    "}
    for found in (
        "server: PostgreSQL 1",
        "clock: the server's agrees",
        f"database: {name_of(database)} on",
        "key: it is",
    ):
        assert f"ok    {found}" in said.out
    assert PASSWORD not in said.out


def test_nothing_is_made_twice(house: Path, command: Command, database: str, tmp_path: Path) -> None:
    """A database that holds a house is not given to another, and nothing is left of the attempt."""
    said = command("init", tmp_path / "second", "--database", database)
    assert (said.status, said.out) == (1, "")
    assert "is not empty; nothing was changed." in said.err
    assert not list((tmp_path / "second").iterdir())


def test_migrating_again_changes_nothing(house: Path, command: Command) -> None:
    said = command("migrate", "--config", house / "confer.toml")
    assert said.status == 0
    assert "already" in said.out


@pytest.mark.parametrize(
    ("instead", "password", "sentence"),
    [
        ("{host}/{name}", "wrong", "refuses the user confer or the password"),
        ("{host}/{name}", "", "wants a password for the user confer: [storage] password says where it is found"),
        ("{host}/nowhere", PASSWORD, "There is no database nowhere on"),
        ("{host}/{name}?sslmode=require", PASSWORD, "server does not support SSL"),
        ("confer@127.0.0.1:1/{name}", PASSWORD, "cannot be reached: Connection refused."),
        ("confer@/{name}?host=/nowhere", PASSWORD, "cannot be reached: No such file or directory."),
    ],
)
def test_why_it_cannot_be_opened_is_a_sentence(
    house: Path,
    command: Command,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    instead: str,
    password: str,
    sentence: str,
) -> None:
    """One line each, without a password; `doctor` says it too."""
    host = database.removeprefix("postgresql://").partition("/")[0]
    monkeypatch.setenv("CONFER_STORAGE_DATABASE", "postgresql://" + instead.format(host=host, name=name_of(database)))
    monkeypatch.setenv("PGPASSWORD", password)
    said = command("migrate", "--config", house / "confer.toml")
    assert (said.status, said.err.count("\n")) == (1, 1)
    assert sentence in said.err
    assert not password or password not in said.err
    assert sentence.rstrip(".") in command("doctor", "--config", house / "confer.toml").out


def test_an_encoding_that_loses_letters_is_refused(
    house: Path, command: Command, database: str, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING latin1 LOCALE 'C'")
    monkeypatch.setenv("CONFER_STORAGE_DATABASE", database.replace(name_of(database), "latin"))
    said = command("migrate", "--config", house / "confer.toml")
    postgres.execute("DROP DATABASE latin")
    assert "encoding is LATIN1; make one with ENCODING 'UTF8'" in said.err


def test_an_old_server_is_refused(house: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.postgresql.OLDEST", 99)
    said = command("migrate", "--config", house / "confer.toml")
    assert "Confer needs 99 or newer." in said.err


def test_a_database_without_tables_is_not_run(house: Path, command: Command, database: str, postgres: Server) -> None:
    postgres.execute("DROP SCHEMA public CASCADE", name_of(database))
    postgres.execute("CREATE SCHEMA public", name_of(database))
    said = command("run", "--config", house / "confer.toml")
    assert "holds nothing yet; `confer migrate` makes its tables." in said.err


def test_clocks_that_are_apart_are_found(house: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that no two machines share to the microsecond."""
    monkeypatch.setattr(checks, "SKEW", checks.SKEW * -1)
    said = command("doctor", "--config", house / "confer.toml")
    assert said.status == 1
    assert "FAIL  clock: the server's and this machine's are 0 s apart" in said.out


def test_a_guard_that_was_taken_away_is_missed(house: Path, command: Command, database: str, postgres: Server) -> None:
    postgres.execute("ALTER TABLE audit DISABLE TRIGGER audit_refuses_change", name_of(database))
    said = command("doctor", "--config", house / "confer.toml")
    assert said.status == 1
    assert "FAIL  integrity: not in use: audit_refuses_change" in said.out


def test_two_bots_run_on_one_database(house: Path, start: StartBot, tmp_path: Path) -> None:
    """PostgreSQL is shared: a second instance starts beside the first, and both stop well."""
    first, second = start(house), start(Path(shutil.copytree(house, tmp_path / "elsewhere")))
    for bot in (first, second):
        bot.runs()
    assert [bot.stops() for bot in (first, second)] == [0, 0]
