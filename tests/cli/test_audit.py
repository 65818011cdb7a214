"""`confer audit verify`: every chain and every mark, and the first row that is not as it was written."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.audit import AuditEntry, append
from storage.checkpoints import Checkpoints
from storage.database import Database
from storage.keys import KeyRing, RootKey
from storage.store import HOUSE
from tests.cli.conftest import Command, Said

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def recorded(house: Path) -> Path:
    """An installation with two teams of three acts each, all marked."""
    root = RootKey.load(house / "confer.key")
    ring, marks = KeyRing(root), Checkpoints(house / "audit-checkpoints.jsonl", root)
    with Database.open(house / "confer.db") as database:
        with database.transaction() as connection:
            for team in ("north", "south"):
                ring.begin_team(connection, team, NOW)
                for act in ("case submit", "case approve", "case close"):
                    append(connection, ring, AuditEntry(team, NOW, "dana", act, "C-7K2P", "done"))
        with database.reading() as connection:
            for team in (HOUSE, "north", "south"):
                marks.write(connection, team, NOW)
    return house


def verified(house: Path, command: Command) -> Said:
    return command("audit", "verify", "--config", house / "confer.toml")


def tamper(house: Path, statement: str) -> None:
    """As somebody with the file in hand does: the triggers are no obstacle."""
    with sqlite3.connect(house / "confer.db") as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        assert database.execute(statement).rowcount
    database.close()


def test_a_whole_trail_is_well(recorded: Path, command: Command) -> None:
    said = verified(recorded, command)
    assert (said.status, said.err) == (0, "")
    assert said.out.splitlines() == [
        "ok   no team's: 0 rows",
        "ok   team north: 3 rows",
        "ok   team south: 3 rows",
        "ok   checkpoints: 2 lines",
    ]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE audit SET actor = 'lee' WHERE team = 'north' AND seq = 2", "team north: Row 2 was changed"),
        ("DELETE FROM audit WHERE team = 'south' AND seq = 1", "team south: Row 1 is missing."),
        ("UPDATE audit SET at = 'never' WHERE team = 'south' AND seq = 3", "team south: Row 3, or one soon after it"),
        ("DELETE FROM audit WHERE team = 'north' AND seq = 3", "checkpoints: The audit chain of north no longer has"),
        ("DELETE FROM audit WHERE team = 'north'", "checkpoints: The audit chain of north no longer has its row 3."),
        ("DELETE FROM keys WHERE team = 'north' AND scope = 'audit'", "team north: Its key is gone"),
    ],
)
def test_tampering_is_found_with_its_row(recorded: Path, command: Command, statement: str, found: str) -> None:
    tamper(recorded, statement)
    said = verified(recorded, command)
    assert said.status == 1
    assert any(line.startswith(f"BAD  {found}") for line in said.out.splitlines()), said.out


def test_a_lost_file_of_checkpoints_is_no_proof_of_anything(recorded: Path, command: Command) -> None:
    """Without its marks a chain is still verified row by row; only its end is no longer attested."""
    (recorded / "audit-checkpoints.jsonl").unlink()
    said = verified(recorded, command)
    assert said.status == 0
    assert "ok   checkpoints: 0 lines" in said.out


def test_a_wrong_key_verifies_nothing(recorded: Path, command: Command) -> None:
    (recorded / "confer.key").unlink()
    RootKey.new().save(recorded / "confer.key")
    said = verified(recorded, command)
    assert (said.status, said.out) == (1, "")
    assert said.err == "confer: This key does not belong to this database; nothing was read or written.\n"
