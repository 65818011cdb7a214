"""A prepared statement does on SQLite what SQLAlchemy would do, and on PostgreSQL lets it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError, StatementError

from bot.app import begin_house
from storage import store_sql, tables
from storage.database import Database
from storage.keys import KeyRing, RootKey
from storage.migrate import migrate
from storage.notice import Act, Notice
from storage.notice_sql import NOTICES
from storage.prepared import Prepared
from storage.store import HOUSE, Store
from storage.timers import TIMERS

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
PLAN = Prepared(insert(TIMERS))
DUE = select(TIMERS).where(TIMERS.c.due_at <= bindparam("by")).order_by(TIMERS.c.id)
TIMER = {"team": "t1", "subject": "T-1", "kind": "task-due", "due_at": NOW}


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing(RootKey.new())


@pytest.fixture
def connection(url: str, ring: KeyRing) -> Iterator[Connection]:
    with Database.open(url) as database:
        migrate(database)
        begin_house(database, ring, NOW)
        with database.transaction() as connection:
            yield connection


def test_rows_are_what_sqlalchemy_gives(connection: Connection, ring: KeyRing) -> None:
    """Moments, truths, bytes and nothing come back as they went in, either way."""
    Store(connection, ring).notices.add(
        Notice("k1", HOUSE, "reply", Act.POST, "memory", "room", direct=True, card=b"{}"), NOW
    )
    every = select(NOTICES).where(NOTICES.c.key == bindparam("of_key"))
    plain = [tuple(row) for row in connection.execute(every, {"of_key": "k1"})]
    assert Prepared(every).rows(connection, {"of_key": "k1"}) == plain
    (row,) = plain
    kept = dict(zip(NOTICES.c.keys(), row, strict=True))
    assert (kept["direct"], kept["not_before"], kept["settled_at"]) == (True, NOW, None)
    assert isinstance(kept["body"], bytes)


def test_a_moment_of_any_zone_is_found(connection: Connection) -> None:
    """What is compared is the moment, as it is where SQLAlchemy executes."""
    PLAN.run(connection, TIMER)
    elsewhere = NOW.astimezone(timezone(timedelta(hours=-5)))
    assert Prepared(DUE).first(connection, {"by": elsewhere}) is not None
    assert Prepared(DUE).first(connection, {"by": elsewhere - timedelta(seconds=1)}) is None


def test_what_was_changed_is_counted(connection: Connection) -> None:
    """A change says how many rows it met; several go one after another."""
    PLAN.run_all(connection, [TIMER, {**TIMER, "kind": "task-late"}])
    done = Prepared(update(TIMERS).where(TIMERS.c.kind == bindparam("of_kind")).values(done_at=bindparam("at")))
    assert [done.run(connection, {"of_kind": kind, "at": NOW}) for kind in ("task-due", "meeting")] == [1, 0]
    assert {row.done_at for row in connection.execute(DUE, {"by": NOW})} == {NOW, None}


def test_a_default_of_the_table_is_written(connection: Connection) -> None:
    """A column that is not given has its default."""
    PLAN.run(connection, TIMER)
    met = store_sql.MEET[connection.dialect.name]
    assert met.first(connection, {"platform": "memory", "name": "pat", "at": NOW}) == ("pat",)
    assert met.first(connection, {"platform": "memory", "name": "pat", "at": NOW}) is None
    team = select(tables.ContactRow.team)
    assert connection.execute(team).scalar() == ""


def test_a_failure_is_sqlalchemys_and_quotes_nothing(connection: Connection) -> None:
    """What the rest of the programme knows how to meet, without the values."""
    row = {"team": "t1", "ref": "x", "version": 1, "body": b"Maria Lopez"}
    add = Prepared(insert(store_sql.TEAMS))
    add.run(connection, row)
    with pytest.raises(IntegrityError) as failure:
        add.run(connection, row)
    assert "Maria" not in str(failure.value)


def test_nothing_is_left_out_unnoticed(connection: Connection) -> None:
    """A parameter that is missing is an error, and no NULL."""
    with pytest.raises((KeyError, StatementError)):
        Prepared(DUE).rows(connection, {})


def test_an_open_list_is_refused(connection: Connection) -> None:
    """Its SQL has another length each time."""
    if connection.dialect.name != "sqlite":
        pytest.skip("a server makes the SQL at each execution")
    question = Prepared(select(TIMERS.c.id).where(TIMERS.c.kind.in_(bindparam("kinds", expanding=True))))
    with pytest.raises(AssertionError, match="length"):
        question.rows(connection, {"kinds": ["a"]})
