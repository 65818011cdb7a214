"""The domain's tables. A row holds what is searched in clear (states, references, times, accounts) and one sealed
body with everything else; nothing clinical or personal stands in clear.
"""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, UtcDateTime

Sealed = LargeBinary


def _where(condition: str, name: str, *columns: str) -> Index:
    """An index of the rows alone that fulfil the condition."""
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


class Kept:
    """Columns of every aggregate: a team's thing, named by its reference, with a version that counts its changes."""

    team: Mapped[str] = mapped_column(String(64), primary_key=True)
    ref: Mapped[str] = mapped_column(String(255), primary_key=True)
    version: Mapped[int]
    body: Mapped[bytes] = mapped_column(Sealed)


class TeamRow(Kept, Base):
    __tablename__ = "teams"


class RoomRow(Base):
    """Which team a room belongs to."""

    __tablename__ = "rooms"
    platform: Mapped[str] = mapped_column(String(32), primary_key=True)
    room: Mapped[str] = mapped_column(String(255), primary_key=True)
    team: Mapped[str] = mapped_column(String(64), index=True)


class MemberRow(Kept, Base):
    """``ref`` is the account: the platform's own name, needed in clear to route a message."""

    __tablename__ = "members"
    __table_args__ = (Index("ix_members_account", "ref"),)


class CaseRow(Kept, Base):
    __tablename__ = "cases"
    state: Mapped[str] = mapped_column(String(16))
    author: Mapped[str] = mapped_column(String(255))
    mrn: Mapped[str] = mapped_column(String(64), default="")
    """Blind index: HMAC of the record number, empty where none is known."""
    __table_args__ = (
        Index("ix_cases_state", "team", "state"),
        Index("ix_cases_author", "team", "author", "state"),
        Index("ix_cases_mrn", "team", "mrn"),
    )


class MeetingRow(Kept, Base):
    __tablename__ = "meetings"
    state: Mapped[str] = mapped_column(String(24))
    start_at: Mapped[datetime] = mapped_column(UtcDateTime)
    series: Mapped[str] = mapped_column(String(32), default="")
    __table_args__ = (
        Index("ix_meetings_state", "team", "state", "start_at"),
        Index("ix_meetings_series", "team", "series", "start_at"),
    )


class SeriesRow(Kept, Base):
    __tablename__ = "series"
    state: Mapped[str] = mapped_column(String(16))


class DecisionRow(Kept, Base):
    __tablename__ = "decisions"
    case: Mapped[str] = mapped_column(String(32))
    meeting: Mapped[str] = mapped_column(String(32), default="")
    __table_args__ = (
        Index("ix_decisions_case", "team", "case"),
        Index("ix_decisions_meeting", "team", "meeting"),
    )


class TaskRow(Kept, Base):
    __tablename__ = "tasks"
    state: Mapped[str] = mapped_column(String(16))
    owner: Mapped[str] = mapped_column(String(255), default="")
    discipline: Mapped[str] = mapped_column(String(64), default="")
    case: Mapped[str] = mapped_column(String(32), default="")
    meeting: Mapped[str] = mapped_column(String(32), default="")
    after: Mapped[str] = mapped_column(String(32), default="")
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    __table_args__ = (
        # These three hold all that a list is sorted by, so that only the rows which are shown are read.
        Index("ix_tasks_owner", "team", "owner", "state", "due_at", "ref"),
        Index("ix_tasks_discipline", "team", "discipline", "state", "owner", "due_at", "ref"),
        Index("ix_tasks_case", "team", "case", "state"),
        Index("ix_tasks_meeting", "team", "meeting"),
        Index("ix_tasks_after", "team", "after"),
        Index("ix_tasks_due", "team", "state", "due_at", "ref"),
    )


class MinutesRow(Kept, Base):
    """A signed part of minutes, a row for each case, so that erasing a case takes its part along."""

    __tablename__ = "minutes"
    meeting: Mapped[str] = mapped_column(String(32))
    case: Mapped[str] = mapped_column(String(32), default="")
    __table_args__ = (Index("ix_minutes_meeting", "team", "meeting"),)


class CounterRow(Base):
    """The last number given out, a row for each kind of reference in a team."""

    __tablename__ = "counters"
    team: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    value: Mapped[int]


class InboxRow(Base):
    """Invocations that were taken: the same id is never carried out twice."""

    __tablename__ = "inbox"
    platform: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class ContactRow(Base):
    """Rooms and people that the bot has introduced itself to, and the team each person last worked in."""

    __tablename__ = "contacts"
    platform: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    team: Mapped[str] = mapped_column(String(64), default="")


class NoticeRow(Base):
    """The outbox: everything the bot will say, has said or gave up saying. ``key`` names one post until it is pruned."""

    __tablename__ = "notices"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(255), unique=True)
    team: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(32))
    act: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(32), default="")
    platform: Mapped[str] = mapped_column(String(32))
    room: Mapped[str] = mapped_column(String(255), default="")
    thread: Mapped[str] = mapped_column(String(255), default="")
    direct: Mapped[bool] = mapped_column(default=False)
    account: Mapped[str] = mapped_column(String(255), default="")
    case: Mapped[str] = mapped_column(String(32), default="")
    """Whose key seals the body; empty for the team's."""
    body: Mapped[bytes] = mapped_column(Sealed)
    state: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    not_before: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    message: Mapped[str] = mapped_column(String(255), default="")
    why: Mapped[str] = mapped_column(String(64), default="")
    lane: Mapped[str] = mapped_column(String(255), default="", server_default="")
    """What is in order: a room, or the direct room of an account."""
    holder: Mapped[str] = mapped_column(String(64), default="", server_default="")
    """The instance that is sending it; one that lost its lease no longer stands here and can change nothing."""
    batch: Mapped[str] = mapped_column(String(64), default="", server_default="")
    """The key of the one message that it was tried in together with others, while that may have arrived."""
    strikes: Mapped[int] = mapped_column(default=0, server_default="0")
    """Failed attempts that were its own and not those of a platform that was down."""
    rule: Mapped[str] = mapped_column(String(255), default="", server_default="")
    """By which rule its person got it: ``owner``, ``cover:ACCOUNT`` and so on."""
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was to be said: its lateness is counted from here."""
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    __table_args__ = (
        _where("state = 'new'", "ix_notices_due", "not_before", "id"),
        _where("state = 'new'", "ix_notices_lane", "platform", "lane", "id"),
        _where("state = 'sending'", "ix_notices_sending", "platform", "lane", "holder"),
        _where("state = 'dead'", "ix_notices_dead", "id"),
        Index("ix_notices_settled", "settled_at"),
        Index("ix_notices_account", "team", "account", "settled_at"),
        Index("ix_notices_message", "platform", "room", "message"),
        Index("ix_notices_subject", "team", "subject", "kind", "state"),
    )


class DrawerRow(Base):
    """What a chat platform must remember across restarts: tokens, keys, half-filled forms. Always sealed."""

    __tablename__ = "drawers"
    platform: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    body: Mapped[bytes] = mapped_column(Sealed)


class TimerRow(Base):
    """What is to happen by itself. ``key`` makes planning it again harmless."""

    __tablename__ = "timers"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    team: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(32))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    __table_args__ = (
        UniqueConstraint("team", "subject", "kind", "due_at"),
        _where("done_at IS NULL", "ix_timers_due", "due_at", "id"),
        _where("done_at IS NOT NULL", "ix_timers_done", "done_at"),
    )


class LeaseRow(Base):
    """Who alone may do something, until when: a sender of one account, housekeeping, an instance's own being there.

    ``fence`` counts the holders, so that a later one is told from an earlier.
    """

    __tablename__ = "leases"
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64), index=True)
    fence: Mapped[int]
    until: Mapped[datetime] = mapped_column(UtcDateTime)


class UndoRow(Base):
    """What a person's last changes looked like before: rows as they were, still sealed."""

    __tablename__ = "undo"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    team: Mapped[str] = mapped_column(String(64))
    account: Mapped[str] = mapped_column(String(255))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    invocation: Mapped[str] = mapped_column(String(255))
    act: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64))
    changes: Mapped[str] = mapped_column(Text)
    __table_args__ = (Index("ix_undo_account", "team", "account", "id"),)
