"""The outbox. One row is one thing to say, named by its key; delivery sends what is due, in order.

A lane is what has an order: a room, or what one person hears in private. What is due in a lane is held by one instance
at a time. Whoever holds a notice writes its name into it, and can settle it only while that name stands there.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import takewhile
from typing import Any, Protocol, cast

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from storage import tables
from storage.keys import KeyDestroyed, KeyRing
from storage.schema import UtcDateTime
from storage.seal import Cell

NOTICES = cast("Table", tables.NoticeRow.__table__)


PATIENCE = 4
"""Failures of its own up to which a notice keeps its place before those that came after it in its lane."""
LOST = "lost"
"""Stands in the words of an answer whose card is gone."""
Lane = tuple[str, str]
"""A platform, and the room or the account."""
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
    """Held by an instance: it may have gone out."""
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
    due_at: datetime | None = None
    """When it was to be said, where that is another moment than the one at which it came into the outbox."""
    holder: str = ""
    batch: str = ""
    strikes: int = 0
    rule: str = ""
    why: str = ""
    settled_at: datetime | None = None

    @property
    def lane(self) -> str:
        return self.room or self.account


class Hand(Protocol):
    """An instance that takes what is put into the outbox straight on its way, where nothing has to be checked first."""

    holder: str
    has_left: bool
    """Whether something was left in the outbox that somebody has to look at."""

    def takes(self, notice: Notice) -> bool:
        """Whether it would send this one as it is."""

    def reserve(self, notice: Notice) -> None:
        """It is held for it, and goes out once the transaction is committed."""

    def rolled_back(self) -> None:
        """There was no such transaction: nothing of it goes out, and what was said instead lies in the outbox."""


class Notices:
    def __init__(self, connection: Connection, ring: KeyRing, hand: Hand | None = None):
        self._connection, self._ring, self._hand = connection, ring, hand

    def add(self, notice: Notice, now: datetime, not_before: datetime | None = None) -> bool:
        """Put it in the outbox; False if one with this key is or was there."""
        if self._hand is None:
            return self._insert(_ADD, notice, now, not_before or now) is not None
        if not_before is None and self._hand.takes(notice):
            return self._hand_on(self._hand, notice, now)
        self._hand.has_left = True
        return self._insert(_ADD, notice, now, not_before or now) is not None

    def _hand_on(self, hand: Hand, notice: Notice, now: datetime) -> bool:
        """Hold it for the hand at once, unless something waits before it in its lane."""
        row = self._insert(_HAND, notice, now, now, of_holder=hand.holder)
        if row is None:
            return False
        if row.state == NoticeState.SENDING.value:
            here = {"id": row.id, "state": NoticeState.SENDING, "holder": hand.holder}
            hand.reserve(replace(notice, **here, created_at=now, not_before=now, due_at=now))
        else:
            hand.has_left = True
        return True

    def _insert(self, statement: Mapping[str, Any], notice: Notice, now: datetime, at: datetime, **more: str) -> Any:
        row = {name: getattr(notice, name) for name in _PLAIN} | more
        row |= {"act": notice.act.value, "body": self._sealed(notice), "lane": notice.lane}
        row |= {"created_at": now, "not_before": at, "due_at": notice.due_at or at}
        return self._connection.execute(statement[self._connection.dialect.name], row).first()

    # -- what is to be sent --------------------------------------------------------------------------------------
    def rooms_due(
        self, now: datetime, platforms: Collection[str], limit: int = 50
    ) -> tuple[tuple[str, str], ...] | None:
        """Platform and room of what is due for everyone in a room; None where nothing at all is due."""
        c = NOTICES.c
        found = select(c.platform, c.room, c.direct, c.account).where(_NEW, c.not_before <= now, _of(platforms))
        rows = self._connection.execute(found.order_by(c.not_before, c.id).limit(limit)).all()
        shared = ((r.platform, r.room) for r in rows if r.room and not r.direct and not r.account)
        return tuple(dict.fromkeys(shared)) if rows else None

    def lanes_due(self, now: datetime, platforms: Collection[str], holder: str, limit: int = 25) -> tuple[Lane, ...]:
        """Lanes in which something is due and nobody else is sending, the longest due first.

        On PostgreSQL the first notice of each lane is locked, which keeps others out of the lane until the end of the
        transaction; a lane that somebody else has locked is left out.
        """
        c = NOTICES.c
        earlier = exists().where(_WAITS_IN, _keeps_place(_BEFORE, now))
        due = (_NEW, c.not_before <= now, _of(platforms), ~_others(holder), ~earlier)
        first = select(c.platform, c.lane).where(*due).order_by(c.not_before, c.id).limit(limit)
        return tuple((p, lane) for p, lane in self._connection.execute(first.with_for_update(skip_locked=True)))

    def due(self, lane: Lane, now: datetime, limit: int = 50) -> tuple[Notice, ...]:
        """What is to be said now in this lane, in the order it was decided, up to one that has to wait and keeps its place."""
        c = NOTICES.c
        mine = and_(_NEW, c.platform == lane[0], c.lane == lane[1], _keeps_place(NOTICES, now))
        found = self._read(select(NOTICES).where(mine).order_by(c.id).limit(limit).with_for_update(skip_locked=True))
        return tuple(takewhile(lambda n: n.not_before is not None and n.not_before <= now, found))

    def hold(self, notice: Notice, holder: str, *, batch: str = "", rule: str = "") -> None:
        """From now on it may go out, by this holder alone."""
        self.mark(notice, NoticeState.SENDING, holder=holder, batch=batch, rule=rule[:255])

    def let_go(self, notices: Iterable[Notice]) -> None:
        """What has surely not been sent waits again."""
        rows = [{"of_id": n.id, "of_holder": n.holder} for n in notices]
        if rows:
            self._connection.execute(_LET_GO, rows)

    def take_back(self, *, living: Collection[str]) -> int:
        """What was held by an instance that is no more waits again: its outcome is unknown. How many."""
        c = NOTICES.c
        orphans = and_(_SENDING, c.holder.not_in(tuple(living))) if living else _SENDING
        again = update(NOTICES).where(orphans)
        return self._connection.execute(
            again.values(state=NoticeState.NEW.value, attempts=c.attempts + 1, holder="")
        ).rowcount

    def settle(self, notice: Notice, state: NoticeState, now: datetime, **more: Any) -> bool:
        """Note what became of a notice that is held; False, and nothing, where it is held by another by now."""
        c = NOTICES.c
        if state in _SETTLED:
            more |= {"settled_at": now} | ({"body": self._left(notice, state)} if notice.card else {})
        mine = and_(c.id == notice.id, c.holder == notice.holder, _SENDING)
        return self._connection.execute(update(NOTICES).where(mine).values(state=state.value, **more)).rowcount == 1

    def sent(self, what: Sequence[tuple[Notice, str, str]], now: datetime) -> None:
        """Note of notices that are held that they went out, each with the room and the message that it became."""
        rows = [
            {
                "of_id": n.id, "of_holder": n.holder, "by_account": n.account, "in_room": room, "as_message": message,
                "at": now, "left": self._left(n, NoticeState.SENT),
            }
            for n, room, message in what
        ]  # fmt: skip
        if rows:
            self._connection.execute(_SENT, rows)

    def next_due(self, platforms: Iterable[str], after: datetime | None = None) -> datetime | None:
        """When the next notice is to be said; with ``after``, of those that are not due by then."""
        c = NOTICES.c
        waiting = and_(_NEW, c.platform.in_(tuple(platforms)), *(() if after is None else (c.not_before > after,)))
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

    def of_case(self, team: str, case: str) -> tuple[Notice, ...]:
        """Everything that was sealed with the case and shown to anyone, in rooms and in private."""
        c = NOTICES.c
        mine = and_(c.team == team, c.case == case, c.state == NoticeState.SENT.value, c.message != "")
        return self._read(select(NOTICES).where(mine).order_by(c.id))

    def mark(self, notice: Notice, state: NoticeState, **more: Any) -> None:
        """Note what became of it, whoever holds it."""
        if notice.card and state in _SETTLED:
            more["body"] = self._left(notice, state)
        self._connection.execute(update(NOTICES).where(NOTICES.c.id == notice.id).values(state=state.value, **more))

    def _left(self, notice: Notice, state: NoticeState) -> bytes:
        """What is kept of the body of what is settled: no card, since a listing may quote a case that is erased later.

        A dead letter keeps one that goes with its case's key; without it, it can still be said that it was lost.
        """
        if not (state is NoticeState.DEAD and notice.case):
            lost = {LOST: "yes"} if state is NoticeState.DEAD and notice.card else {}
            notice = replace(notice, card=b"", words={**notice.words, **lost})
        try:
            return self._sealed(notice)
        except KeyDestroyed:
            return b""

    def hasten(self, team: str, account: str, now: datetime) -> None:
        """Look again now at what waits for this person, whose wishes have changed."""
        c = NOTICES.c
        mine = and_(c.team == team, c.account == account, _NEW, c.not_before > now)
        self._connection.execute(update(NOTICES).where(mine).values(not_before=now))
        if self._hand is not None:
            self._hand.has_left = True

    def drop_pending(self, team: str, subject: str) -> None:
        """Forget what was going to be said about a subject."""
        c = NOTICES.c
        mine = and_(c.team == team, c.subject == subject, c.state == NoticeState.NEW.value)
        for notice in self._read(select(NOTICES).where(mine)):
            self.mark(notice, NoticeState.DROPPED, why="gone")

    # -- looking after it ----------------------------------------------------------------------------------------
    def heard(self, team: str, account: str, since: datetime) -> int:
        """How many unprompted messages this person has had since then; several notices in one count once."""
        c = NOTICES.c
        mine = and_(c.team == team, c.account == account, c.settled_at >= since, c.state == "sent", c.rule != "")
        return int(self._connection.execute(select(func.count(c.message.distinct())).where(mine)).scalar_one())

    def told(self, team: str, account: str, subject: str, limit: int = 5) -> tuple[Notice, ...]:
        """What this person was told unasked about the subject, or will be; the newest first."""
        c = NOTICES.c
        mine = and_(c.team == team, c.subject == subject, c.account == account, c.act == Act.WHISPER.value)
        known = and_(mine, c.rule != "", c.state.in_((NoticeState.SENT.value, NoticeState.NEW.value)))
        return self._read(select(NOTICES).where(known).order_by(c.id.desc()).limit(limit))

    def all_at_message(self, platform: str, room: str, message: str) -> tuple[Notice, ...]:
        """All the notices that became this one message."""
        c = NOTICES.c
        here = and_(c.platform == platform, c.room == room, c.message == message, c.act != Act.EDIT.value)
        return self._read(select(NOTICES).where(here).order_by(c.id))

    def by_state(self, state: NoticeState, limit: int = 1000) -> tuple[Notice, ...]:
        """The notices in this state, the oldest first."""
        is_state = NOTICES.c.state == literal_column(f"'{state.value}'")
        return self._read(select(NOTICES).where(is_state).order_by(NOTICES.c.id).limit(limit))

    def by_id(self, number: int) -> Notice | None:
        found = self._read(select(NOTICES).where(NOTICES.c.id == number))
        return found[0] if found else None

    def try_again(self, notice: Notice, now: datetime) -> bool:
        """A dead letter is due anew; False if it is dead no longer."""
        c = NOTICES.c
        dead = and_(c.id == notice.id, c.state == NoticeState.DEAD.value)
        anew = {"state": NoticeState.NEW.value, "not_before": now, "strikes": 0, "settled_at": None}
        return self._connection.execute(update(NOTICES).where(dead).values(**anew)).rowcount == 1

    def prune(self, before: datetime, limit: int = 1000) -> int:
        """Forget what was settled before then and can neither come again nor be changed or taken down any more.

        What stands in a room about something, all that tells of a case, and dead letters stay. How many went.
        """
        c = NOTICES.c
        stands = and_(c.state == NoticeState.SENT.value, c.act == Act.POST.value, c.subject != "", c.message != "")
        old = and_(c.settled_at < before, c.case == "", c.state != NoticeState.DEAD.value, ~stands)
        some = select(c.id).where(old).limit(limit)
        return self._connection.execute(delete(NOTICES).where(c.id.in_(some))).rowcount

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
        plain = {name: row[name] for name in (*_PLAIN, *_KEPT)}
        body = self._unsealed(row)
        return Notice(
            **plain, act=Act(row["act"]), state=NoticeState(row["state"]), card=body.card.encode(), words=body.words
        )


_SETTLED = (NoticeState.SENT, NoticeState.DROPPED, NoticeState.DEAD)
_PLAIN = ("key", "team", "kind", "platform", "room", "thread", "direct", "account", "subject", "case")
_KEPT = (
    "id", "attempts", "message", "created_at", "not_before", "due_at",
    "holder", "batch", "strikes", "rule", "why", "settled_at",
)  # fmt: skip
_INSERT: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
# Spelled out and not bound, so that the planner sees that the partial indexes fit.
_NEW = NOTICES.c.state == literal_column("'new'")
_SENDING = NOTICES.c.state == literal_column("'sending'")
_BEFORE = NOTICES.alias("earlier")
_SAME_LANE = and_(_BEFORE.c.platform == NOTICES.c.platform, _BEFORE.c.lane == NOTICES.c.lane)
_WAITS_IN = and_(_BEFORE.c.state == literal_column("'new'"), _BEFORE.c.id < NOTICES.c.id, _SAME_LANE)


def _keeps_place(table: Any, now: Any) -> ColumnElement[bool]:
    """Whether later ones of the lane wait for it: it is due, or it is being tried again and has not failed too often."""
    return or_(table.c.not_before <= now, and_(table.c.attempts > 0, table.c.strikes < PATIENCE))


def _of(platforms: Collection[str]) -> ColumnElement[bool]:
    """An expression: by the bare column SQLite would walk all that waits rather than what is due."""
    return NOTICES.c.platform.concat("").in_(tuple(platforms))


def _others(holder: str) -> ColumnElement[bool]:
    """Whether somebody else is sending in the lane."""
    here = and_(_SAME_LANE, _BEFORE.c.state == literal_column("'sending'"), _BEFORE.c.holder != holder)
    return exists().where(here)


def _is_free() -> ColumnElement[bool]:
    """For a notice that is being put in: nothing is due before it in its lane, and nobody else is sending there."""
    c = NOTICES.c
    there = and_(c.platform == bindparam("platform"), c.lane == bindparam("lane"))
    waits = exists().where(there, _NEW, _keeps_place(NOTICES, bindparam("not_before", type_=UtcDateTime())))
    sends = exists().where(there, _SENDING, c.holder != bindparam("of_holder"))
    return ~(waits | sends)


def _adding(dialect: str, state: Any, **more: Any) -> Any:
    named = (*_PLAIN, "act", "body", "lane", "created_at", "not_before", "due_at")
    values: dict[str, Any] = {name: bindparam(name, type_=NOTICES.c[name].type) for name in named}
    values |= {"state": state, "attempts": literal_column("0"), **{n: literal_column("''") for n in ("message", "why")}}
    into = _INSERT[dialect](NOTICES).values(**values | more)
    return into.on_conflict_do_nothing(index_elements=[NOTICES.c.key]).returning(NOTICES.c.id, NOTICES.c.state)


_ADD = {dialect: _adding(dialect, literal_column("'new'")) for dialect in _INSERT}
_HAND = {
    dialect: _adding(
        dialect,
        case((_is_free(), literal_column("'sending'")), else_=literal_column("'new'")),
        holder=bindparam("of_holder"),
    )
    for dialect in _INSERT
}
_HELD = and_(NOTICES.c.id == bindparam("of_id"), NOTICES.c.holder == bindparam("of_holder"), _SENDING)
_LET_GO = update(NOTICES).where(_HELD).values(state="new", holder="")
_SENT = (
    update(NOTICES)
    .where(_HELD)
    .values(
        state="sent",
        body=bindparam("left"),
        room=bindparam("in_room"),
        message=bindparam("as_message"),
        account=bindparam("by_account"),
        settled_at=bindparam("at", type_=UtcDateTime()),
    )
)


def _cell(team: str, key: str, case: str) -> Cell:
    return Cell(team=team, table="notices", column="body", row=key, case=case)
