"""A house moves from one database to another: copied in batches, compared row by row, and open only when all is well.

It may be interrupted at any moment and begun again: what was copied stays and is compared like the rest. Until the end the
target lacks the key-check value, so that no bot runs on it.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any

from sqlalchemy import Column, Connection, Integer, Row, Select, Table, delete, func, insert, select, text, tuple_

from storage import tables  # noqa: F401 - declares the domain's tables
from storage.audit import verify
from storage.database import Database, DatabaseTrouble
from storage.keys import KEY_CHECK, TEAM, KeyRing
from storage.migrate import Revision, migrate, state
from storage.schema import AuditRow, Base, KeyRow, MetaRow
from storage.store import HOUSE

MOVING = "moving"
BATCH = 1000  # rows of one transaction
Told = Callable[[int, int], None]


class MoveRefused(DatabaseTrouble):
    """The house cannot move there; what stood there is unchanged."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved, counted on both sides alike."""

    rows: int
    tables: int
    chains: int


def move(source: Database, target: Database, ring: KeyRing, told: Told) -> Moved:
    """Bring all of `source` into `target`; `told` hears how many of how many steps are done.

    The caller has the source for itself. Raises MoveRefused, DatabaseTrouble.
    """
    _prepare(source, target)
    with source.reading() as old:
        total = sum(_count(old, table) for table in _tables())
        steps = _Steps(2 * total, told)
        for table in _tables():
            _copy(old, target, table, steps)
        _set_sequences(target)
        for table in _tables():
            _compare(old, target, table, steps)
        chains = _verify_chains(target, ring)
        _open(old, target)
    return Moved(total, len(_tables()), chains)


@dataclass(slots=True)
class _Steps:
    total: int
    told: Told
    done: int = 0

    def add(self, steps: int) -> None:
        self.done += steps
        self.told(self.done, self.total)


def _tables() -> tuple[Table, ...]:
    """All but the one with the key-check value, which comes last of all."""
    return tuple(table for table in Base.metadata.sorted_tables if table.name != MetaRow.__tablename__)


def _prepare(source: Database, target: Database) -> None:
    """Make the tables, and note whose they are going to be; a target with anything else in it is left alone."""
    with source.reading() as connection:
        mark = hashlib.sha256(b"".join(connection.scalars(HOUSE_KEYS))).digest()
    if state(target) is Revision.EMPTY:
        migrate(target)
    if state(target) is not Revision.CURRENT:
        raise MoveRefused(f"{target.name} is not of this version of Confer, or of another program; name an empty one.")
    with target.transaction() as connection:
        found = connection.scalar(select(MetaRow.value).where(MetaRow.name == MOVING))
        if found is None and not any(_count(connection, table) for table in Base.metadata.sorted_tables):
            connection.execute(insert(MetaRow).values(name=MOVING, value=mark))
        elif found != mark:
            raise MoveRefused(f"{target.name} holds another house; name an empty database.")


HOUSE_KEYS = select(KeyRow.wrapped).where(KeyRow.team == HOUSE, KeyRow.scope == TEAM)


def _copy(old: Connection, target: Database, table: Table, steps: _Steps) -> None:
    """Copy what comes after the last row that is there, a batch in a transaction."""
    with target.reading() as connection:
        steps.add(_count(connection, table))
        newest = select(*table.primary_key).order_by(*(column.desc() for column in table.primary_key)).limit(1)
        last: Sequence[Any] | None = connection.execute(newest).first()
    while rows := old.execute(_after(table, last)).all():
        with target.transaction() as connection:
            connection.execute(insert(table), [dict(row._mapping) for row in rows])
        last = [rows[-1]._mapping[column] for column in table.primary_key]
        steps.add(len(rows))


def _after(table: Table, last: Sequence[Any] | None) -> Select[Any]:
    statement = select(table).order_by(*table.primary_key).limit(BATCH)
    return statement if last is None else statement.where(tuple_(*table.primary_key) > tuple_(*last))


def _compare(old: Connection, target: Database, table: Table, steps: _Steps) -> None:
    """Read both sides in key order and raise MoveRefused at the first row that is not the same."""
    with target.reading() as connection:
        pairs = zip_longest(_rows(old, table), _rows(connection, table))
        for number, (one, other) in enumerate(pairs, start=1):
            if one != other:
                what = f"Row {number} of {table.name} is not the same on both sides"
                raise MoveRefused(f"{what}; empty {target.name} and begin anew.")
            if number % BATCH == 0:
                steps.add(BATCH)
        steps.add(_count(old, table) % BATCH)


def _rows(connection: Connection, table: Table) -> Iterator[bytes]:
    """A digest of every row, in key order."""
    statement = select(table).order_by(*table.primary_key)
    for row in connection.execute(statement, execution_options={"yield_per": BATCH}):
        yield _digest(row)


def _digest(row: Row[Any]) -> bytes:
    values = (value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value for value in row)
    return hashlib.sha256(repr(tuple(values)).encode()).digest()


def _verify_chains(target: Database, ring: KeyRing) -> int:
    with target.reading() as connection:
        teams = connection.scalars(select(AuditRow.team).distinct().order_by(AuditRow.team)).all()
        for team in teams:
            verdict = verify(connection, ring, team)
            if not verdict.ok:
                raise MoveRefused(f"An audit chain does not hold: {verdict.reason} `confer audit verify` says more.")
    return len(teams)


def _set_sequences(target: Database) -> None:
    """The next number of a counted table comes after the last one that was moved."""
    with target.transaction() as connection:
        for column in filter(_is_counted, (column for table in _tables() for column in table.primary_key)):
            highest = connection.scalar(select(func.max(column)))
            if highest is not None and connection.dialect.name == "postgresql":
                sequence = "SELECT setval(pg_get_serial_sequence(:table, :column), :highest)"
                connection.execute(
                    text(sequence), {"table": column.table.name, "column": column.name, "highest": highest}
                )


def _is_counted(column: Column[Any]) -> bool:
    return isinstance(column.type, Integer) and column is column.table.autoincrement_column


def _open(old: Connection, target: Database) -> None:
    """Bring what is known of the database itself, the key-check value among it: from now on a bot may run there."""
    values = [dict(row._mapping) for row in old.execute(select(*MetaRow.__table__.c))]
    if not any(value["name"] == KEY_CHECK for value in values):
        raise MoveRefused("The database has no key-check value; `confer doctor` says more.")
    with target.transaction() as connection:
        connection.execute(delete(MetaRow).where(MetaRow.name == MOVING))
        connection.execute(insert(MetaRow), values)


def _count(connection: Connection, table: Table) -> int:
    return int(connection.scalar(select(func.count()).select_from(table)) or 0)
