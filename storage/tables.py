"""The domain's tables. A row holds what is searched in clear (states, references, times, accounts) and one sealed
body with everything else; nothing clinical or personal stands in clear.
"""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, UtcDateTime

Sealed = LargeBinary


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
    """The outbox: everything the bot will say, has said or gave up saying. ``key`` names one post for ever."""

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
    __table_args__ = (
        Index(
            "ix_notices_due",
            "not_before",
            "id",
            sqlite_where=text("state = 'new'"),
            postgresql_where=text("state = 'new'"),
        ),
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
        Index(
            "ix_timers_due", "due_at", sqlite_where=text("done_at IS NULL"), postgresql_where=text("done_at IS NULL")
        ),
    )


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
