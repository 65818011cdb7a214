"""Rows to frozen domain values and back, sealed on the way: one class serves every aggregate."""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from storage.keys import KeyDestroyed, KeyRing
from storage.prepared import Prepared
from storage.seal import Cell

T = TypeVar("T")
Clear = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """How one kind of thing is kept. ``clear``: the columns that are searched, taken from the value."""

    table: Table
    type: type[T]
    ref: Callable[[T], str]
    clear: Callable[[T], Clear] = lambda _: {}
    case: Callable[[T], str] = lambda _: ""
    """The case whose key seals the body; empty for the team's key."""


class Change(msgspec.Struct, frozen=True):
    """One row before and after: enough to put it back. ``before`` None: the row was made."""

    table: str
    ref: str
    version: int
    before: dict[str, Any] | None


@dataclass(slots=True)
class Changes:
    """What one transaction changed, first touch first."""

    rows: dict[tuple[str, str], Change] = field(default_factory=dict)

    def note(self, table: str, ref: str, version: int, before: dict[str, Any] | None) -> None:
        earlier = self.rows.get((table, ref))
        self.rows[table, ref] = Change(table, ref, version, earlier.before if earlier else before)


class Aggregates(Generic[T]):
    """The things of one kind in one team."""

    def __init__(self, kind: Kind[T], connection: Connection, ring: KeyRing, team: str, changes: Changes):
        self._kind, self._connection, self._ring, self._team, self._changes = kind, connection, ring, team, changes
        self._table = kind.table

    def get(self, ref: str) -> T | None:
        """The thing with this reference, or None."""
        row = _one(self._table).first(self._connection, {"of_team": self._team, "of_ref": ref})
        return self._open(*row) if row else None

    def all(self) -> tuple[T, ...]:
        return self.read(_every(self._table))

    def read(self, question: Prepared, **values: object) -> tuple[T, ...]:
        """What a question of :func:`finding` finds; the body is unsealed for each."""
        return self._opened(question.rows(self._connection, {"of_team": self._team, **values}))

    def count(self, question: Prepared) -> int:
        """How many a question of :func:`counting` finds."""
        return int(question.value(self._connection, {"of_team": self._team}))

    def save(self, value: T) -> None:
        """Write the value, new or changed, and note what stood there before."""
        ref, t = self._kind.ref(value), self._table
        body = self._ring.seal(self._connection, self._cell(ref, self._case(value)), msgspec.json.encode(value))
        row = {"body": body, **self._kind.clear(value)}
        mine = {"of_team": self._team, "of_ref": ref}
        found = _whole(t).first(self._connection, mine)
        if found is None:
            _add(t).run(self._connection, {"team": self._team, "ref": ref, "version": 1, **row})
            self._changes.note(str(t.name), ref, 1, None)
            return
        before = dict(zip(t.c.keys(), found, strict=True))
        version = before["version"] + 1
        _change(t).run(self._connection, {**mine, "version": version, **row})
        self._changes.note(str(t.name), ref, version, _portable(before))

    def remove(self, ref: str) -> None:
        self._connection.execute(delete(self._table).where(self._table.c.team == self._team, self._table.c.ref == ref))

    def put_back(self, change: Change) -> bool:
        """Restore the row as it was, if nothing changed it since; True if it did."""
        t = self._table
        mine = (t.c.team == self._team, t.c.ref == change.ref)
        now = self._connection.execute(select(t.c.version).where(*mine)).scalar()
        if now != change.version:
            return False
        if change.before is None:
            self.remove(change.ref)
            return True
        values = _restore(change.before) | {"version": change.version + 1}
        self._connection.execute(update(t).where(*mine).values(**values))
        return True

    def _opened(self, rows: Sequence[tuple[Any, ...]]) -> tuple[T, ...]:
        self._ring.gather(self._connection, self._team, {self._scope(ref, *case) for ref, _, *case in rows})
        opened = (self._open(*row) for row in rows)
        return tuple(value for value in opened if value is not None)

    def _case(self, value: T) -> str:
        return self._kind.case(value)

    def _cell(self, ref: str, case: str) -> Cell:
        return Cell(team=self._team, table=self._table.name, column="body", row=ref, case=case)

    def _scope(self, ref: str, case: str = "") -> str:
        """The case whose key seals the row; a case's own is its own."""
        return ref if self._table.name == "cases" else case

    def _open(self, ref: str, body: bytes, case: str = "") -> T | None:
        """The value; None where it or its case's key was destroyed: what was erased is as if it had never been."""
        if not body:
            return None
        cell = self._cell(ref, self._scope(ref, case))
        try:
            plain = self._ring.unseal(self._connection, cell, body)
        except KeyDestroyed:
            return None
        return msgspec.json.decode(plain, type=self._kind.type)


@cache
def _one(t: Table) -> Prepared:
    return Prepared(_columns(t).where(_mine(t), t.c.ref == bindparam("of_ref")))


@cache
def _every(t: Table) -> Prepared:
    return Prepared(_columns(t).where(_mine(t)).order_by(t.c.ref))


@cache
def _whole(t: Table) -> Prepared:
    return Prepared(select(t).where(_mine(t), t.c.ref == bindparam("of_ref")))


@cache
def _add(t: Table) -> Prepared:
    return Prepared(insert(t))


@cache
def _change(t: Table) -> Prepared:
    return Prepared(update(t).where(_mine(t), t.c.ref == bindparam("of_ref")))


def finding(t: Table, *where: ColumnElement[bool], order: Sequence[Any] = (), most: bool = False) -> Prepared:
    """The question for what fits all conditions on clear columns, in order; ``most``: no more than that many."""
    # An expression: by the bare column SQLite would walk the whole team rather than use the condition's index.
    order = order or (t.c.ref.concat(""),)
    mine = and_(_mine(t), *where)
    if most:  # first which ones, from the index alone: sorting whole rows to keep a few is slow
        mine = and_(_mine(t), t.c.ref.in_(select(t.c.ref).where(mine).order_by(*order).limit(bindparam("most"))))
    return Prepared(_columns(t).where(mine).order_by(*order))


def counting(t: Table, *where: ColumnElement[bool]) -> Prepared:
    """The question of how many fit all conditions."""
    return Prepared(select(func.count()).select_from(t).where(_mine(t), *where))


def among(column: Column[Any], number: int) -> ColumnElement[bool]:
    """Whether the column is one of so many values, ``one_0``, ``one_1`` and so on."""
    return column.in_([bindparam(f"one_{n}", type_=column.type) for n in range(number)])


def ones(values: Iterable[object]) -> dict[str, object]:
    """The values for :func:`among`."""
    return {f"one_{n}": value for n, value in enumerate(values)}


def _mine(t: Table) -> ColumnElement[bool]:
    return t.c.team == bindparam("of_team")


def _columns(t: Table) -> Select[Any]:
    """The columns that a value is read from."""
    return select(t.c.ref, t.c.body, *([t.c.case] if "case" in t.c else []))


def _portable(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON can hold it; the body stays sealed."""
    return {str(name): _out(value) for name, value in row.items() if name not in ("team", "ref", "version")}


def _out(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    return value


def _restore(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _in(value) for name, value in row.items()}


def _in(value: Any) -> Any:
    if isinstance(value, dict) and "bytes" in value:
        return base64.b64decode(value["bytes"])
    if isinstance(value, dict) and "at" in value:
        return datetime.fromisoformat(value["at"])
    return value
