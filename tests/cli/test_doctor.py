"""`confer doctor`: one line for each thing, what to do where it is not well, and nothing changed."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

import pytest

from bot.cli import checks
from conference.people import Account, Team, TeamId
from storage.audit import AuditEntry
from storage.checkpoints import Checkpoints
from storage.database import Database
from storage.keys import KeyRing, RootKey
from storage.store import Store
from tests.cli.conftest import Command, Said, contents


def examined(house: Path, command: Command) -> Said:
    return command("doctor", "--config", house / "confer.toml")


def add_team(house: Path, at: datetime, *, mark: bool = False) -> None:
    """A team with one act on record; with ``mark`` its chain has a checkpoint."""
    root = RootKey.load(house / "confer.key")
    ring = KeyRing(root)
    with Database.open(house / "confer.db") as database:
        with database.transaction() as connection:
            where = ("Europe/Berlin", "console", "case-room")
            team = Team(TeamId("north"), "North clinic", *where, created_at=at, created_by=Account("dana"))
            store = Store(connection, ring).begin_team(team, at)
            store.audit(AuditEntry("north", at, Account("dana"), "team create", "north", "done"))
        with database.reading() as connection:
            if mark:
                Checkpoints(house / "audit-checkpoints.jsonl", root).write(connection, "north", at)


def test_a_fresh_installation_is_well_and_stays_as_it_is(house: Path, command: Command) -> None:
    before = contents(house)
    said = examined(house, command)
    assert (said.status, said.err) == (0, "")
    assert {line[:6] for line in said.out.splitlines()} == {"ok    "}
    subjects = [line[6:].partition(":")[0] for line in said.out.splitlines()]
    for subject in ("configuration", "permissions", "folder", "clock", "time zones", "key", "database", "integrity"):
        assert subject in subjects
    assert contents(house) == before


def test_a_team_and_its_marks_are_looked_at(house: Path, command: Command) -> None:
    add_team(house, datetime.now(UTC), mark=True)
    said = examined(house, command)
    assert said.status == 0
    assert "ok    time zones: Europe/Berlin" in said.out
    assert "ok    checkpoints: 1 marks, all genuine" in said.out


def test_marks_that_were_taken_away_are_missed(house: Path, command: Command) -> None:
    add_team(house, datetime.now(UTC))
    said = examined(house, command)
    assert said.status == 0
    assert "warn  checkpoints: none" in said.out


def wrong_key(house: Path) -> None:
    (house / "confer.key").unlink()
    RootKey.new().save(house / "confer.key")


def broken_page(house: Path) -> None:
    with (house / "confer.db").open("r+b") as file:
        file.seek(4096 * 5)
        file.write(b"\xff" * 4096 * 3)


def forged_mark(house: Path) -> None:
    add_team(house, datetime.now(UTC), mark=True)
    marks = house / "audit-checkpoints.jsonl"
    marks.write_text(marks.read_text().replace('"seq":1', '"seq":2'))


def cut_chain(house: Path) -> None:
    add_team(house, datetime.now(UTC), mark=True)
    with sqlite3.connect(house / "confer.db") as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("DELETE FROM audit")
    database.close()


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda h: (h / "confer.toml").write_text("[bott]"), "[bott]: there is no such section"),
        (lambda h: (h / "confer.toml").unlink(), "there is no such file"),
        (lambda h: (h / "confer.key").unlink(), "key: "),
        (lambda h: (h / "confer.key").chmod(0o644), "chmod 600"),
        (lambda h: (h / "confer.key").write_text("x"), "This is not a Confer key"),
        (wrong_key, "This key does not belong to this database"),
        (lambda h: (h / "confer.db").unlink(), "There is no database at"),
        (lambda h: (h / "confer.db").write_bytes(b""), "`confer migrate`"),
        (lambda h: (h / "confer.db").write_bytes(b"no database at all" * 100), "cannot be opened"),
        (broken_page, "integrity: "),
        (forged_mark, "checkpoints: Line 1 was not signed by this key."),
        (cut_chain, "checkpoints: The audit chain of north no longer has its row 1."),
        (lambda h: add_team(h, datetime.now(UTC) + timedelta(days=2)), "clock: something was recorded at"),
    ],
)  # fmt: skip
def test_what_is_not_well_fails_and_says_what_to_do(
    house: Path, command: Command, spoil: Callable[[Path], object], found: str
) -> None:
    spoil(house)
    said = examined(house, command)
    assert (said.status, said.err) == (1, "")
    failed = [line for line in said.out.splitlines() if line.startswith("FAIL  ")]
    assert any(found in line for line in failed), said.out
    assert all("→" in line or "`" in line or ";" in line for line in failed)


def test_files_that_others_can_read_are_warned_of(house: Path, command: Command) -> None:
    (house / "confer.db").chmod(0o644)
    (house / "confer.toml").chmod(0o666)
    said = examined(house, command)
    assert said.status == 0
    assert f"→ chmod 600 {house / 'confer.db'}" in said.out
    assert f"→ chmod 644 {house / 'confer.toml'}" in said.out


def test_a_clock_that_is_not_set_fails(house: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime(1970, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(checks, "datetime", Stopped)
    assert "FAIL  clock: it says 1970-01-01" in examined(house, command).out


def test_missing_zones_fail(house: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> None:
        raise ZoneInfoNotFoundError(f"No time zone found with key {name}")

    monkeypatch.setattr(checks, "ZoneInfo", none)
    assert "→ install the package tzdata" in examined(house, command).out


def test_a_full_disk_is_warned_of(house: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "LITTLE_SPACE", 10**18)
    said = examined(house, command)
    assert said.status == 0
    assert "warn  folder: " in said.out
    assert "→ make room" in said.out
