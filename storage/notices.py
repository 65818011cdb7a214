"""The outbox. One row is one thing to say, named by its key; delivery sends what is due, in order.

A lane is what has an order: a room, or what one person hears in private. What is due in a lane is held by one instance
at a time. Whoever holds a notice writes its name into it, and can settle it only while that name stands there.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import takewhile
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, and_, delete, func, literal_column, select, update

from storage.keys import KeyDestroyed, KeyRing
from storage.notice import LOST as LOST
from storage.notice import TAKEN_OUT as TAKEN_OUT
from storage.notice import Act as Act
from storage.notice import Body, Lane
from storage.notice import Hand as Hand
from storage.notice import Notice as Notice
from storage.notice import NoticeState as NoticeState
from storage.notice_sql import (
    ADD,
    AT_MESSAGE,
    BY_ID,
    DUE,
    HAND,
    HOLD,
    IS_LANE_DUE,
    KEPT,
    LANES_DUE,
    LET_GO,
    NEW,
    NEXT_DUE,
    NEXT_DUE_AFTER,
    PLAIN,
    ROOM_LANES_DUE,
    ROOMS_DUE,
    ROOMS_IN,
    SENDING,
    SENT,
    about,
)
from storage.notice_sql import NOTICES as NOTICES
from storage.prepared import Prepared
from storage.seal import Cell


class Notices:
    def __init__(self, connection: Connection, ring: KeyRing, hand: Hand | None = None):
        self._connection, self._ring, self._hand = connection, ring, hand

    def add(self, notice: Notice, now: datetime, not_before: datetime | None = None) -> bool:
        """Put it in the outbox; False if one with this key is or was there."""
        if self._hand is not None:
            if not_before is None and self._hand.takes(notice):
                return self._hand_on(self._hand, notice, now)
            if not_before is None or not_before <= now:
                _leave(self._hand, notice)
        return self._insert(ADD, notice, now, not_before or now) is not None

    def _hand_on(self, hand: Hand, notice: Notice, now: datetime) -> bool:
        """Hold it for the hand at once, unless something waits before it in its lane."""
        row = self._insert(HAND, notice, now, now, of_holder=hand.holder)
        if row is None:
            return False
        number, state = row
        if state == NoticeState.SENDING.value:
            here = {"id": number, "state": NoticeState.SENDING, "holder": hand.holder}
            hand.reserve(replace(notice, **here, created_at=now, not_before=now, due_at=now))
        else:
            _leave(hand, notice)
        return True

    def _insert(
        self, statement: Mapping[str, Prepared], notice: Notice, now: datetime, at: datetime, **more: str
    ) -> tuple[Any, ...] | None:
        """The number and the state that it got, or None where its key is known."""
        row = {name: getattr(notice, name) for name in PLAIN} | more
        row |= {"act": notice.act.value, "body": self._sealed(notice), "lane": notice.lane}
        row |= {"created_at": now, "not_before": at, "due_at": notice.due_at or at}
        return statement[self._connection.dialect.name].first(self._connection, row)

    # -- what is to be sent --------------------------------------------------------------------------------------
    def rooms_due(
        self, now: datetime, platforms: Collection[str], lanes: Collection[Lane] | None = None, limit: int = 50
    ) -> tuple[tuple[str, str], ...] | None:
        """Platform and room of what is due for everyone in a room; None where nothing at all is due.

        ``lanes``: look into these alone.
        """
        due = {"now": now, "most": limit}
        if lanes is not None:
            return self._rooms_in(lanes, due)
        first = self.next_due(platforms)
        if first is None or first > now:
            return None
        rows = self._connection.execute(ROOMS_DUE, due | {"platforms": list(platforms)})
        return tuple(dict.fromkeys((platform, room) for platform, room in rows))

    def _rooms_in(self, lanes: Collection[Lane], due: dict[str, Any]) -> tuple[tuple[str, str], ...] | None:
        rows = [row for lane in lanes for row in ROOMS_IN.rows(self._connection, due | _named(lane))]
        return tuple(dict.fromkeys((platform, room) for platform, room, for_all in rows if for_all)) if rows else None

    def lanes_due(self, now: datetime, platforms: Collection[str], holder: str, limit: int = 25) -> tuple[Lane, ...]:
        """Lanes in which something is due and nobody else is sending, the longest due first.

        Rooms, where somebody may wait for an answer, come before what people are told unasked. On PostgreSQL the first
        notice of each lane is locked, which keeps others out of the lane until the end of the transaction; a lane that
        somebody else has locked is left out.
        """
        look = {"now": now, "platforms": list(platforms), "of_holder": holder}
        found = list(self._connection.execute(ROOM_LANES_DUE, look | {"most": limit}))
        if len(found) < limit:
            found += self._connection.execute(LANES_DUE, look | {"most": limit - len(found)})
        return tuple((platform, lane) for platform, lane in found)

    def is_lane_due(self, lane: Lane, now: datetime, holder: str) -> bool:
        """Whether something is due in this lane and nobody else is sending there; locked as by :meth:`lanes_due`."""
        look = {"now": now, "of_holder": holder, "most": 1} | _named(lane)
        return IS_LANE_DUE.first(self._connection, look) is not None

    def due(self, lane: Lane, now: datetime, limit: int = 50) -> tuple[Notice, ...]:
        """What is to be said now in this lane, in the order it was decided, up to one that has to wait and keeps its place."""
        found = self._found(DUE, now=now, most=limit, **_named(lane))
        return tuple(takewhile(lambda n: n.not_before is not None and n.not_before <= now, found))

    def hold(self, notice: Notice, holder: str, *, batch: str = "", rule: str = "") -> None:
        """From now on it may go out, by this holder alone."""
        held = {"of_id": notice.id, "of_holder": holder, "in_batch": batch, "by_rule": rule[:255]}
        HOLD.run(self._connection, held)

    def let_go(self, notices: Iterable[Notice]) -> None:
        """What has surely not been sent waits again."""
        rows = [{"of_id": n.id, "of_holder": n.holder} for n in notices]
        if rows:
            LET_GO.run_all(self._connection, rows)

    def take_back(self, *, living: Collection[str]) -> int:
        """What was held by an instance that is no more waits again: its outcome is unknown. How many."""
        c = NOTICES.c
        orphans = and_(SENDING, c.holder.not_in(tuple(living))) if living else SENDING
        again = update(NOTICES).where(orphans)
        return self._connection.execute(
            again.values(state=NoticeState.NEW.value, attempts=c.attempts + 1, holder="")
        ).rowcount

    def settle(self, notice: Notice, state: NoticeState, now: datetime, **more: Any) -> bool:
        """Note what became of a notice that is held; False, and nothing, where it is held by another by now."""
        c = NOTICES.c
        if state in _SETTLED:
            more |= {"settled_at": now} | ({"body": self._left(notice, state)} if notice.card else {})
        mine = and_(c.id == notice.id, c.holder == notice.holder, SENDING)
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
            SENT.run_all(self._connection, rows)

    def next_due(self, platforms: Iterable[str], after: datetime | None = None) -> datetime | None:
        """When the next notice is to be said; with ``after``, of those that are not due by then."""
        question, more = (NEXT_DUE, {}) if after is None else (NEXT_DUE_AFTER, {"now": after})
        found = (question.value(self._connection, {"of_platform": platform, **more}) for platform in platforms)
        return min((at for at in found if at is not None), default=None)

    def sent_by_invocation(self, invocation: str) -> tuple[Notice, ...]:
        """What an invocation made the bot say."""
        prefix = f"inv:{invocation}:"
        c = NOTICES.c
        return self._read(select(NOTICES).where(c.key >= prefix, c.key < prefix + "\uffff"))

    def about(self, team: str, subject: str, *kinds: str) -> tuple[Notice, ...]:
        """What was posted about a subject and still stands in a room."""
        return self._about(team, subject, kinds, waits_too=False)

    def posts(self, team: str, subject: str, *kinds: str) -> tuple[Notice, ...]:
        """What stands in a room about a subject, and what is on its way there."""
        return self._about(team, subject, kinds, waits_too=True)

    def _about(self, team: str, subject: str, kinds: tuple[str, ...], *, waits_too: bool) -> tuple[Notice, ...]:
        of_kinds = {f"kind_{n}": kind for n, kind in enumerate(kinds)}
        return self._found(about(len(kinds), waits_too=waits_too), of_team=team, of_subject=subject, **of_kinds)

    def by_key(self, key: str) -> Notice | None:
        """The notice of this name, whatever became of it."""
        found = self._read(select(NOTICES).where(NOTICES.c.key == key))
        return found[0] if found else None

    def at_message(self, platform: str, room: str, message: str) -> Notice | None:
        """The notice that became this message; the first, where several did."""
        return next(iter(self.all_at_message(platform, room, message)), None)

    def all_at_message(self, platform: str, room: str, message: str) -> tuple[Notice, ...]:
        """All the notices that became this one message."""
        return self._found(AT_MESSAGE, of_platform=platform, of_room=room, of_message=message)

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
        mine = and_(c.team == team, c.account == account, NEW, c.not_before > now)
        sooner = update(NOTICES).where(mine).values(not_before=now).returning(c.platform, c.lane)
        found = [(platform, lane) for platform, lane in self._connection.execute(sooner)]
        if self._hand is not None:
            self._hand.left = dict.fromkeys(found, False) | self._hand.left

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
        mine = and_(c.team == team, c.subject == subject, c.account == account, c.act != Act.EDIT.value)
        known = and_(mine, c.rule != "", c.state.in_(_TOLD))
        return self._read(select(NOTICES).where(known).order_by(c.id.desc()).limit(limit))

    def by_state(self, state: NoticeState, limit: int = 1000) -> tuple[Notice, ...]:
        """The notices in this state, the oldest first."""
        is_state = NOTICES.c.state == literal_column(f"'{state.value}'")
        return self._read(select(NOTICES).where(is_state).order_by(NOTICES.c.id).limit(limit))

    def by_id(self, number: int) -> Notice | None:
        return next(iter(self._found(BY_ID, of_id=number)), None)

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

    def _unsealed(self, row: Mapping[Any, Any]) -> Body:
        """What to say; nothing where the case was erased."""
        if not row["body"]:
            return Body()
        try:
            sealed = self._ring.unseal(self._connection, _cell(row["team"], row["key"], row["case"]), row["body"])
        except KeyDestroyed:
            return Body()
        return msgspec.json.decode(sealed, type=Body)

    def _read(self, statement: Select[Any]) -> tuple[Notice, ...]:
        return tuple(self._open(row) for row in self._connection.execute(statement).mappings().all())

    def _found(self, question: Prepared, **values: Any) -> tuple[Notice, ...]:
        """What a question over all columns finds."""
        rows = question.rows(self._connection, values)
        return tuple(self._open(dict(zip(_COLUMNS, row, strict=True))) for row in rows)

    def _open(self, row: Mapping[Any, Any]) -> Notice:
        plain = {name: row[name] for name in (*PLAIN, *KEPT)}
        body = self._unsealed(row)
        return Notice(
            **plain, act=Act(row["act"]), state=NoticeState(row["state"]), card=body.card.encode(), words=body.words
        )


_COLUMNS = tuple(NOTICES.c.keys())
_TOLD = (NoticeState.NEW.value, NoticeState.SENDING.value, NoticeState.SENT.value)
_SETTLED = (NoticeState.SENT, NoticeState.DROPPED, NoticeState.DEAD)


def _leave(hand: Hand, notice: Notice) -> None:
    lane = notice.platform, notice.lane
    hand.left[lane] = hand.left.get(lane, False) or notice.is_for_all


def _named(lane: Lane) -> dict[str, str]:
    return {"of_platform": lane[0], "of_lane": lane[1]}


def _cell(team: str, key: str, case: str) -> Cell:
    return Cell(team=team, table="notices", column="body", row=key, case=case)
