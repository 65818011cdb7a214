"""The outbox. One row is one thing to say, named by its key for ever; delivery sends what is due, in order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

import msgspec
from sqlalchemy import Connection, Table, and_, bindparam, func, insert, select, update

from storage import tables
from storage.keys import KeyDestroyed, KeyRing
from storage.seal import Cell

NOTICES = cast("Table", tables.NoticeRow.__table__)


TAKEN_OUT = "taken-out"
"""The kind of a notice that removes a person's own message; ``account`` is that person."""


class Act(StrEnum):
    POST = "post"
    WHISPER = "whisper"
    EDIT = "edit"
    REDACT = "redact"


class NoticeState(StrEnum):
    NEW = "new"
    SENDING = "sending"
    SENT = "sent"
    DROPPED = "dropped"
    """Not sent on purpose: taken back, or it no longer applied."""
    DEAD = "dead"
    """Given up; somebody has to look."""


class Body(msgspec.Struct, frozen=True):
    """What to say: a finished card (a reply), or what it takes to render one when sending."""

    card: str = ""
    words: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Notice:
    """``kind`` says how it is rendered; ``room`` empty means the person's direct room."""

    key: str
    team: str
    kind: str
    act: Act
    platform: str
    room: str = ""
    thread: str = ""
    direct: bool = False
    account: str = ""
    subject: str = ""
    case: str = ""
    card: bytes = b""
    words: Mapping[str, str] = field(default_factory=dict)
    state: NoticeState = NoticeState.NEW
    id: int = 0
    attempts: int = 0
    message: str = ""
    created_at: datetime | None = None
    not_before: datetime | None = None


class Notices:
    def __init__(self, connection: Connection, ring: KeyRing):
        self._connection, self._ring = connection, ring

    def add(self, notice: Notice, now: datetime, not_before: datetime | None = None) -> bool:
        """Put it in the outbox; False if one with this key is or was there."""
        if self._connection.execute(_KNOWN, {"of_key": notice.key}).first():
            return False
        row = {name: getattr(notice, name) for name in _PLAIN}
        row |= {"act": notice.act.value, "state": notice.state.value, "body": self._sealed(notice)}
        self._connection.execute(_ADD, {"created_at": now, "not_before": not_before or now, **row})
        return True

    def due(self, now: datetime, platforms: Iterable[str], limit: int = 50) -> tuple[Notice, ...]:
        """What is to be said now on these platforms, in the order it was decided."""
        c = NOTICES.c
        due = and_(c.state == NoticeState.NEW.value, c.not_before <= now, c.platform.in_(tuple(platforms)))
        return self._read(select(NOTICES).where(due).order_by(c.not_before, c.id).limit(limit))

    def next_due(self, platforms: Iterable[str]) -> datetime | None:
        c = NOTICES.c
        waiting = and_(c.state == NoticeState.NEW.value, c.platform.in_(tuple(platforms)))
        return self._connection.execute(select(func.min(c.not_before)).where(waiting)).scalar()

    def sent_by_invocation(self, invocation: str) -> tuple[Notice, ...]:
        """What an invocation made the bot say."""
        prefix = f"inv:{invocation}:"
        c = NOTICES.c
        return self._read(select(NOTICES).where(c.key >= prefix, c.key < prefix + "\uffff"))

    def about(self, team: str, subject: str, *kinds: str) -> tuple[Notice, ...]:
        """What was posted about a subject and still stands in a room."""
        c = NOTICES.c
        mine = and_(c.team == team, c.subject == subject, c.state == NoticeState.SENT.value, c.message != "")
        return self._read(select(NOTICES).where(mine, c.kind.in_(kinds), c.act != Act.EDIT.value).order_by(c.id))

    def by_key(self, key: str) -> Notice | None:
        """The notice of this name, whatever became of it."""
        found = self._read(select(NOTICES).where(NOTICES.c.key == key))
        return found[0] if found else None

    def at_message(self, platform: str, room: str, message: str) -> Notice | None:
        """The notice that became this message."""
        c = NOTICES.c
        here = and_(c.platform == platform, c.room == room, c.message == message, c.act != Act.EDIT.value)
        found = self._read(select(NOTICES).where(here).limit(1))
        return found[0] if found else None

    def interrupted(self) -> tuple[Notice, ...]:
        """What was being sent when the programme stopped: its outcome is unknown."""
        return self._read(select(NOTICES).where(NOTICES.c.state == NoticeState.SENDING.value).order_by(NOTICES.c.id))

    def of_case(self, team: str, case: str) -> tuple[Notice, ...]:
        """Everything that was sealed with the case and shown to anyone, in rooms and in private."""
        c = NOTICES.c
        mine = and_(c.team == team, c.case == case, c.state == NoticeState.SENT.value, c.message != "")
        return self._read(select(NOTICES).where(mine).order_by(c.id))

    def mark(self, notice: Notice, state: NoticeState, **more: Any) -> None:
        """Note what became of it. What is settled keeps no card: a listing may quote a case that is erased later."""
        c = NOTICES.c
        if state in _SETTLED and notice.card:
            try:
                more["body"] = self._sealed(replace(notice, card=b""))
            except KeyDestroyed:
                more["body"] = b""
        self._connection.execute(update(NOTICES).where(c.id == notice.id).values(state=state.value, **more))

    def hasten(self, team: str, account: str, now: datetime) -> None:
        """Look again now at what waits for this person, whose wishes have changed."""
        c = NOTICES.c
        mine = and_(c.team == team, c.account == account, c.state == NoticeState.NEW.value, c.not_before > now)
        self._connection.execute(update(NOTICES).where(mine).values(not_before=now))

    def drop_pending(self, team: str, subject: str) -> None:
        """Forget what was going to be said about a subject."""
        c = NOTICES.c
        mine = and_(c.team == team, c.subject == subject, c.state == NoticeState.NEW.value)
        for notice in self._read(select(NOTICES).where(mine)):
            self.mark(notice, NoticeState.DROPPED, why="gone")

    def _sealed(self, notice: Notice) -> bytes:
        body = Body(notice.card.decode(), dict(notice.words))
        cell = _cell(notice.team, notice.key, notice.case)
        return self._ring.seal(self._connection, cell, msgspec.json.encode(body))

    def _unsealed(self, row: Mapping[str, Any]) -> Body:
        """What to say; nothing where the case was erased."""
        if not row["body"]:
            return Body()
        try:
            sealed = self._ring.unseal(self._connection, _cell(row["team"], row["key"], row["case"]), row["body"])
        except KeyDestroyed:
            return Body()
        return msgspec.json.decode(sealed, type=Body)

    def _read(self, statement: Any) -> tuple[Notice, ...]:
        rows = self._connection.execute(statement).mappings().all()
        return tuple(n for n in (self._open(dict(row)) for row in rows) if n is not None)

    def _open(self, row: Mapping[str, Any]) -> Notice | None:
        plain = {name: row[name] for name in (*_PLAIN, "id", "attempts", "message", "created_at", "not_before")}
        body = self._unsealed(row)
        return Notice(
            **plain, act=Act(row["act"]), state=NoticeState(row["state"]), card=body.card.encode(), words=body.words
        )


_SETTLED = (NoticeState.SENT, NoticeState.DROPPED, NoticeState.DEAD)
_ADD = insert(NOTICES)
_KNOWN = select(NOTICES.c.id).where(NOTICES.c.key == bindparam("of_key"))
_PLAIN = ("key", "team", "kind", "platform", "room", "thread", "direct", "account", "subject", "case")


def _cell(team: str, key: str, case: str) -> Cell:
    return Cell(team=team, table="notices", column="body", row=key, case=case)
