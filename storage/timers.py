"""Timers: what is to happen by itself, in the order it falls due."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Connection, Table, and_, bindparam, delete, func, insert, select, update

from storage import tables
from storage.prepared import Prepared

TIMERS = cast("Table", tables.TimerRow.__table__)


@dataclass(frozen=True, slots=True)
class Timer:
    id: int
    team: str
    subject: str
    kind: str
    due_at: datetime


_MINE = and_(TIMERS.c.team == bindparam("of_team"), TIMERS.c.subject == bindparam("of_subject"))
_PLAN = Prepared(insert(TIMERS))
_FORGET = Prepared(delete(TIMERS).where(_MINE, TIMERS.c.done_at.is_(None)))
_PENDING = TIMERS.c.done_at.is_(None)
_DUE = Prepared(
    select(TIMERS.c.id, TIMERS.c.team, TIMERS.c.subject, TIMERS.c.kind, TIMERS.c.due_at)
    .where(_PENDING, TIMERS.c.due_at <= bindparam("by"))
    .order_by(TIMERS.c.due_at, TIMERS.c.id)
    .limit(bindparam("most"))
)
_NEXT = Prepared(select(func.min(TIMERS.c.due_at)).where(_PENDING))
_DONE = Prepared(update(TIMERS).where(TIMERS.c.id == bindparam("of_id"), _PENDING).values(done_at=bindparam("at")))
_FIRED = Prepared(select(TIMERS.c.kind, TIMERS.c.due_at).where(_MINE))


class Timers:
    """The timers of one team."""

    def __init__(self, connection: Connection, team: str):
        self._connection, self._team = connection, team

    def plan(self, subject: str, due: dict[str, datetime], now: datetime) -> None:
        """Make the subject's pending timers exactly these; what lies in the past is not planned.

        A timer that already fired at the same moment is not planned again, so planning twice is harmless.
        """
        mine = {"of_team": self._team, "of_subject": subject}
        _FORGET.run(self._connection, mine)
        fired = {(kind, at) for kind, at in _FIRED.rows(self._connection, mine)}
        rows = [
            {"team": self._team, "subject": subject, "kind": kind, "due_at": at}
            for kind, at in due.items()
            if at > now and (kind, at) not in fired
        ]
        if rows:
            _PLAN.run_all(self._connection, rows)


def due_timers(connection: Connection, now: datetime, limit: int = 100) -> tuple[Timer, ...]:
    """The timers of all teams that have fallen due, the earliest first."""
    return tuple(Timer(*row) for row in _DUE.rows(connection, {"by": now, "most": limit}))


def next_due(connection: Connection) -> datetime | None:
    """When the next timer falls due."""
    at: datetime | None = _NEXT.value(connection, {})
    return at


def mark_done(connection: Connection, timer: Timer, now: datetime) -> bool:
    """Note that it fired; False if somebody else was quicker."""
    return _DONE.run(connection, {"of_id": timer.id, "at": now}) == 1


def prune_timers(connection: Connection, before: datetime, limit: int = 1000) -> int:
    """Forget timers that fired before then; how many went."""
    c = TIMERS.c
    some = select(c.id).where(c.done_at < before).limit(limit)
    return connection.execute(delete(TIMERS).where(c.id.in_(some))).rowcount


def bring_forward(connection: Connection, kind: str, beyond: datetime, now: datetime) -> None:
    """Have timers of a kind that comes round often fire now where a clock that ran ahead put them off beyond that."""
    c = TIMERS.c
    put_off = update(TIMERS).where(c.kind == kind, c.done_at.is_(None), c.due_at > beyond)
    connection.execute(put_off.values(due_at=now))
