"""What an operator watches, counted in the tables: how much waits, how late it went out. No words, no accounts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Connection, Table, and_, func, or_, select

from storage import tables
from storage.schema import AuditRow
from storage.store import HOUSE

NOTICES = cast("Table", tables.NoticeRow.__table__)
TIMERS = cast("Table", tables.TimerRow.__table__)
WAITING = ("new", "sending", "dead")


@dataclass(frozen=True, slots=True)
class Figures:
    """``queue`` counts by platform and state what is not settled well; ``oldest_due`` is since when it should be out."""

    queue: Mapping[tuple[str, str], int]
    oldest_due: datetime | None
    timers: int
    overdue: int
    backed_up_at: datetime | None


def figures(connection: Connection, now: datetime) -> Figures:
    c, t = NOTICES.c, TIMERS.c
    counted = select(c.platform, c.state, func.count()).where(c.state.in_(WAITING)).group_by(c.platform, c.state)
    pending = select(func.count()).where(t.done_at.is_(None))
    made = AuditRow.team == HOUSE, AuditRow.act == "backup", AuditRow.outcome == "done"
    backups = select(func.max(AuditRow.at)).where(*made)
    return Figures(
        {(platform, state): number for platform, state, number in connection.execute(counted)},
        oldest_due(connection, now),
        connection.scalar(pending) or 0,
        connection.scalar(pending.where(t.due_at <= now)) or 0,
        connection.scalar(backups),
    )


def oldest_due(connection: Connection, now: datetime) -> datetime | None:
    """Since when the oldest notice waits that could be out: what is put off on purpose, to a morning say, is not late."""
    c = NOTICES.c
    late = or_(c.state == "sending", and_(c.state == "new", or_(c.not_before <= now, c.attempts > 0)))
    return connection.scalar(select(func.min(func.coalesce(c.due_at, c.not_before))).where(late))


def gone_out(connection: Connection, after: datetime, until: datetime) -> tuple[tuple[str, float], ...]:
    """What was sent after a moment: its platform, and how many seconds after it was due."""
    c = NOTICES.c
    sent = select(c.platform, c.due_at, c.settled_at).where(
        c.state == "sent", c.settled_at > after, c.settled_at <= until, c.due_at.is_not(None)
    )
    return tuple((platform, (at - due).total_seconds()) for platform, due, at in connection.execute(sent))
