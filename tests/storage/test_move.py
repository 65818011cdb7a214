"""A house moves to PostgreSQL: everything, once, wherever it was interrupted, and only into an empty place."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from bot.app import begin_house
from conference.people import Account, Team, TeamId
from conference.task import Task, TaskId, TaskState
from storage import tables
from storage.audit import AuditEntry, verify
from storage.database import Database
from storage.keys import KeyRing, RootKey, WrongKey
from storage.migrate import migrate
from storage.move import Moved, MoveRefused, move
from storage.notices import Act, Notice
from storage.schema import Base
from storage.store import Store
from tests.postgres import Server, name_of

pytestmark = pytest.mark.postgres
NOW = datetime(2026, 11, 23, 14, 0, 7, 123456, tzinfo=UTC)
TASKS = 60

MOVE = """
import os, signal, sys
from storage import move
from storage.database import Database
from storage.keys import KeyRing, RootKey
path, url, key, last = sys.argv[1:]
move.BATCH, told = 10, iter(range(10_000))
def die(done, total):
    if next(told) == int(last):
        os.kill(os.getpid(), signal.SIGKILL)
with Database.open(path) as source, Database.open(url) as target:
    move.move(source, target, KeyRing(RootKey.read(key)), die)
"""


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing(RootKey.new())


@pytest.fixture
def source(tmp_path: Path, ring: KeyRing) -> Iterator[Database]:
    """A team with tasks, an audit row and a notice for each, and a few names that sort oddly."""
    with Database.open(tmp_path / "confer.db") as database:
        migrate(database)
        begin_house(database, ring, NOW)
        with database.transaction() as connection:
            house = Store(connection, ring)
            team = Team(TeamId("north"), "Nord – “größer”", "UTC", "memory", "room", NOW, Account("carla"))
            store = house.begin_team(team, NOW)
            for number in range(TASKS):
                ref = store.next_ref("T")
                store.tasks.save(Task(TaskId(ref), TeamId("north"), "TSH", TaskState.OPEN, NOW, Account("carla")))
                store.audit(AuditEntry("north", NOW + timedelta(seconds=number), "carla", "task add", ref, "done"))
                notice = Notice(f"inv:{number}", "north", "reply", Act.POST, "memory", "room", card=b"{}")
                store.notices.add(notice, NOW)
            for name in ("@Ärzte:example.org", "@a-b:example.org", "@aB:example.org", "@ab:example.org", "💡" * 100):
                house.is_first_contact("matrix", name, NOW)
        yield database


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    made = postgres.empty()
    yield made
    postgres.drop(made)


def moved(source: Database, url: str, ring: KeyRing) -> Moved:
    with Database.open(url) as target:
        return move(source, target, ring, lambda *_: None)


def contents(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.reading() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in Base.metadata.sorted_tables
        }


def test_everything_arrives_and_goes_on(source: Database, url: str, ring: KeyRing) -> None:
    """Every row of every table, times to the microsecond; the chain holds and counters go on where they were."""
    told: list[tuple[int, int]] = []
    with Database.open(url) as target:
        found = move(source, target, ring, lambda done, total: told.append((done, total)))
        assert contents(target) == contents(source)
        rows = sum(len(rows) for name, rows in contents(source).items() if name != "meta")
        assert (found.rows, found.chains) == (rows, 1)
        assert told == sorted(told)
        assert told[-1] == (2 * rows, 2 * rows)
        begin_house(target, ring, NOW)
        with target.transaction() as connection:
            store = Store(connection, ring).of_team("north")
            assert store.next_ref("T") == f"T-{TASKS + 1}"
            assert store.notices.add(Notice("new", "north", "reply", Act.POST, "memory", "room", card=b"{}"), NOW)
            assert connection.scalar(select(func.max(tables.NoticeRow.id))) == TASKS + 1
            store.audit(AuditEntry("north", NOW, "carla", "task add", "T-1", "done"))
            assert verify(connection, ring, "north").rows == TASKS + 1


@pytest.mark.parametrize("last", [0, 3, 9, 21, 30, 45])
def test_killed_anywhere_it_goes_on(source: Database, url: str, ring: KeyRing, last: int) -> None:
    """kill -9 after any batch: nobody can run on what is there, and the next call brings the rest."""
    source.close()
    path = str(source.path)
    killed = subprocess.run([sys.executable, "-c", MOVE, path, url, ring.root.text(), str(last)], check=False)
    assert killed.returncode == -signal.SIGKILL
    with Database.open(url) as target, target.reading() as connection:
        if Store(connection, ring).has_house():
            with pytest.raises(WrongKey):
                ring.check(connection)
    with Database.open(path) as again:
        moved(again, url, ring)
        with Database.open(url) as target:
            assert contents(target) == contents(again)


def test_another_house_is_left_alone(source: Database, url: str, ring: KeyRing) -> None:
    """A target in which somebody lives, be it half moved in, is refused and stays as it was."""
    with Database.open(url) as target:
        migrate(target)
        begin_house(target, KeyRing(RootKey.new()), NOW)
        before = contents(target)
        with pytest.raises(MoveRefused, match="holds another house"):
            move(source, target, ring, lambda *_: None)
        assert contents(target) == before


def test_a_second_time_is_refused(source: Database, url: str, ring: KeyRing) -> None:
    """What has moved in is not written over by what stayed behind."""
    moved(source, url, ring)
    with pytest.raises(MoveRefused, match="holds another house"):
        moved(source, url, ring)


def test_another_programs_database_is_left_alone(source: Database, url: str, ring: KeyRing, postgres: Server) -> None:
    postgres.execute("CREATE TABLE recipes (id int)", name_of(url))
    with pytest.raises(MoveRefused, match="of another program"):
        moved(source, url, ring)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE tasks SET state = 'dropped' WHERE ref = 'T-7'",
        "DELETE FROM tasks WHERE ref = 'T-60'",
        "INSERT INTO counters VALUES ('north', 'Z', 1)",
    ],
)
def test_a_row_that_differs_is_found(source: Database, url: str, ring: KeyRing, postgres: Server, change: str) -> None:
    """What was changed there between two attempts is found, and the house stays shut."""
    with Database.open(url) as target:

        def meddle(done: int, total: int) -> None:
            if done == total // 2 and not meddled:
                meddled.append(postgres.execute(change, name_of(url)))

        meddled: list[object] = []
        with pytest.raises(MoveRefused, match="not the same on both sides"):
            move(source, target, ring, meddle)
        with target.reading() as connection, pytest.raises(WrongKey):
            ring.check(connection)


def test_a_chain_that_does_not_hold_does_not_move(source: Database, url: str, ring: KeyRing) -> None:
    """What was tampered with before is said, not carried over in silence."""
    with source.transaction() as connection:
        connection.execute(text("DROP TRIGGER audit_refuses_update"))
        connection.execute(text("UPDATE audit SET actor = 'nobody' WHERE seq = 3"))
    with pytest.raises(MoveRefused, match="Row 3 was changed"):
        moved(source, url, ring)
