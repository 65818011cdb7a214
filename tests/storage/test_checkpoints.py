"""Checkpoints outside the database: a chain cut short or rewritten is found, and so is a forged line."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from storage.audit import AuditEntry, Verdict, append
from storage.checkpoints import Checkpoints
from storage.database import Database
from storage.keys import KeyRing, RootKey
from tests.engines import AUDIT_TRIGGERS


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "elsewhere" / "checkpoints.jsonl"


@pytest.fixture
def checkpoints(file: Path, root: RootKey) -> Checkpoints:
    return Checkpoints(file, root)


def act(database: Database, ring: KeyRing, now: datetime, times: int = 3) -> None:
    with database.transaction() as connection:
        for _ in range(times):
            append(connection, ring, AuditEntry("north", now, "lena", "case read", "C-7K2P", "done"))


def check(database: Database, checkpoints: Checkpoints) -> Verdict:
    with database.reading() as connection:
        return checkpoints.verify(connection)


def write(database: Database, checkpoints: Checkpoints, now: datetime) -> bool:
    with database.reading() as connection:
        return checkpoints.write(connection, "north", now)


def cut(database: Database, beyond: int) -> None:
    with database.transaction() as connection:
        for statement in AUDIT_TRIGGERS[connection.dialect.name]:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"DELETE FROM audit WHERE seq > {beyond}")


@pytest.fixture
def three(database: Database, ring: KeyRing, checkpoints: Checkpoints, file: Path, now: datetime) -> list[bytes]:
    """Three checkpoints, at rows 3, 6 and 9, as lines."""
    for day in range(3):
        act(database, ring, now)
        assert write(database, checkpoints, now + timedelta(days=day))
    return file.read_bytes().splitlines(keepends=True)


def test_a_line_only_when_the_chain_has_grown(
    database: Database, ring: KeyRing, checkpoints: Checkpoints, file: Path, now: datetime
) -> None:
    """An empty chain and an unchanged one write nothing; the file is private."""
    assert not write(database, checkpoints, now)
    assert not file.exists()
    act(database, ring, now)
    assert write(database, checkpoints, now)
    assert not write(database, checkpoints, now)
    assert check(database, checkpoints) == Verdict(1)
    assert file.stat().st_mode & 0o777 == 0o600
    line = json.loads(file.read_text())
    assert (line["team"], line["seq"], line["at"]) == ("north", 3, "2026-03-02T09:30:00+00:00")


def test_all_is_well_after_a_restart(
    database: Database, ring: KeyRing, file: Path, three: list[bytes], now: datetime
) -> None:
    """Another process with the same root verifies the lines and adds to them."""
    act(database, ring, now)
    again = Checkpoints(file, ring.root)
    assert check(database, again) == Verdict(3)
    assert write(database, again, now)
    assert check(database, again) == Verdict(4)


@pytest.mark.usefixtures("three")
def test_a_chain_cut_short_is_found(database: Database, ring: KeyRing, checkpoints: Checkpoints, now: datetime) -> None:
    """Rows missing at the end are found, also after new ones took their numbers."""
    cut(database, beyond=7)
    gone = Verdict(2, 3, "The audit chain of north no longer has its row 9.")
    assert check(database, checkpoints) == gone
    assert write(database, checkpoints, now)
    assert check(database, checkpoints) == gone
    act(database, ring, now + timedelta(days=9))
    assert check(database, checkpoints) == gone


@pytest.mark.parametrize(
    ("field", "value"), [("team", "south"), ("seq", 2), ("mac", "00" * 32), ("at", "2020"), ("before", "00")]
)
def test_a_changed_line_is_found(
    database: Database, checkpoints: Checkpoints, file: Path, three: list[bytes], field: str, value: object
) -> None:
    """Every field is signed."""
    line = json.dumps(json.loads(three[1]) | {field: value}).encode() + b"\n"
    file.write_bytes(three[0] + line + three[2])
    verdict = check(database, checkpoints)
    assert verdict == Verdict(1, 2, "Line 2 was not signed by this key.")


@pytest.mark.parametrize(
    "forged", [b"\n", b"{}\n", b"[]\n", b"\xff\xfe\n", b'{"team": "north"}\n', b'{"former": "zz"}\n']
)
def test_anything_else_in_the_file_is_found(
    database: Database, checkpoints: Checkpoints, file: Path, three: list[bytes], forged: bytes, now: datetime
) -> None:
    """A line that nobody signed is found, and does not keep new lines from being written."""
    file.write_bytes(b"".join(three) + forged)
    assert check(database, checkpoints).first_bad == 4
    write(database, checkpoints, now)
    assert check(database, checkpoints).first_bad == 4


def test_a_line_of_another_key_is_found(
    database: Database, checkpoints: Checkpoints, file: Path, three: list[bytes], now: datetime
) -> None:
    """A forger's own key, or a handover signed with it, is not trusted."""
    forger = Checkpoints(file, RootKey.new())
    file.write_bytes(three[0])
    write(database, forger, now)
    assert check(database, checkpoints).first_bad == 2
    file.write_bytes(three[0])
    forger.hand_over(RootKey.new(), now)
    assert check(database, checkpoints).first_bad == 2


def test_removed_and_swapped_lines_are_found(
    database: Database, checkpoints: Checkpoints, file: Path, three: list[bytes]
) -> None:
    """Each line names the one before it."""
    file.write_bytes(three[0] + three[2])
    assert check(database, checkpoints) == Verdict(1, 2, "A line before line 2 is missing.")
    file.write_bytes(three[1] + three[2])
    assert check(database, checkpoints).first_bad == 1
    file.write_bytes(three[0] + three[2] + three[1])
    assert check(database, checkpoints).first_bad == 2


def test_a_line_cut_off_by_a_crash_is_written_anew(
    database: Database, checkpoints: Checkpoints, file: Path, three: list[bytes], now: datetime
) -> None:
    """Half a line at the end counts for nothing and gives way to the next."""
    file.write_bytes(three[0] + three[1] + three[2][:40])
    assert check(database, checkpoints) == Verdict(2)
    assert write(database, checkpoints, now)
    assert check(database, checkpoints) == Verdict(3)


def test_a_new_root_takes_over(
    database: Database, ring: KeyRing, checkpoints: Checkpoints, file: Path, three: list[bytes], now: datetime
) -> None:
    """The new key vouches for the former one's lines, twice over; the former alone no longer verifies."""
    with database.transaction() as connection:
        ring = ring.rewrap_root(connection, RootKey.new())
    assert check(database, Checkpoints(file, ring.root)).first_bad == 1
    second = checkpoints.hand_over(ring.root, now)
    act(database, ring, now)
    assert write(database, second, now)
    third = second.hand_over(RootKey.new(), now)
    assert check(database, third) == Verdict(6)
    assert check(database, checkpoints).first_bad is not None
    cut(database, beyond=10)
    assert check(database, third).first_bad == 5
