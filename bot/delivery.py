"""From the outbox to the chat: what is due is re-checked, rendered, sent once and marked.

A notice is marked as being sent before it goes out and as sent after. Where a stop comes in between, the same key is
sent again and the platform makes one message of it.
"""

import asyncio
import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from weakref import WeakValueDictionary

from adapters.card import Card, encode
from adapters.platform import ChatPlatform, MessageRef, NotDelivered, Place
from bot.clock import Clock
from bot.notices import Later, Nudge, Rendered, Sending, digest, render
from bot.present.common import not_taken_out
from bot.settings import Settings
from conference.case import digest as digest_of
from storage.database import Database
from storage.keys import KeyRing
from storage.notices import TAKEN_OUT, Act, Notice, NoticeState
from storage.store import Store

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 8
FIRST_WAIT = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to send, and the notices that it settles (several, where a digest gathers them)."""

    notices: tuple[Notice, ...]
    card: Card | None


@dataclass(slots=True)
class Delivery:
    database: Database
    ring: KeyRing
    platforms: Mapping[str, ChatPlatform]
    settings: Settings
    clock: Clock
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _next: "asyncio.Future[int] | None" = None
    _lanes: "WeakValueDictionary[tuple[str, str], asyncio.Lock]" = field(default_factory=WeakValueDictionary)

    async def recover(self) -> None:
        """After a start: what was being sent is due again, under the key it had."""
        await asyncio.to_thread(self._release)

    async def drain(self) -> int:
        """Send everything that is due now; how many messages went out. All who ask before a look begins share it."""
        if self._next is None:
            self._next = asyncio.ensure_future(self._send_due())
        return await asyncio.shield(self._next)

    async def _send_due(self) -> int:
        sent = 0
        while (lanes := await self._claimed()) is not None:
            sent += sum(await asyncio.gather(*lanes))
        return sent

    async def _claimed(self) -> "list[asyncio.Future[int]] | None":
        """What is due now, on its way: in order in each room, no room waiting for another; None: nothing is due."""
        async with self._turn:
            self._next = None  # what becomes due from here on wants a look of its own
            if not (due := await asyncio.to_thread(self._due)):
                return None
            rooms = list({(n.platform, n.room) for n in due if n.room})
            members = dict(zip(rooms, await asyncio.gather(*(self._members(*room) for room in rooms)), strict=True))
            lanes: dict[tuple[str, str], list[Outgoing]] = {}
            for message in await asyncio.to_thread(self._claim, due, members):
                first = message.notices[0]
                lanes.setdefault((first.platform, first.room or first.account), []).append(message)
            return [asyncio.ensure_future(self._send_in_order(*lane)) for lane in lanes.items()]

    async def _send_in_order(self, lane: tuple[str, str], messages: Sequence[Outgoing]) -> int:
        """Locks are taken in the order in which lanes are claimed, so a room's later messages wait for earlier ones."""
        lock = self._lanes.setdefault(lane, asyncio.Lock())
        async with lock:
            return sum([await self._send(message) for message in messages])

    # -- in the store --------------------------------------------------------------------------------------------
    def _due(self) -> tuple[Notice, ...]:
        with self.database.reading() as connection:
            return Store(connection, self.ring).notices.due(self.clock.now(), self.platforms)

    def _claim(self, due: Sequence[Notice], members: Mapping[tuple[str, str], frozenset[str] | None]) -> list[Outgoing]:
        """Check again whether each still applies, render it, and mark it as being sent."""
        outgoing: list[Outgoing] = []
        nudges: dict[tuple[str, str, str, int], list[tuple[Notice, Nudge]]] = {}
        now = self.clock.now()
        with self.database.transaction() as connection:
            house = Store(connection, self.ring)
            for notice in due:
                in_room = members.get((notice.platform, notice.room))
                match what := _rendered(Sending(house, notice, now, self.settings, in_room)):
                    case NotDelivered():
                        house.notices.mark(notice, NoticeState.DEAD, why=what.kind[:64])
                    case None:
                        house.notices.mark(notice, NoticeState.DROPPED, why="no longer applies")
                    case Later():
                        house.notices.mark(notice, NoticeState.NEW, not_before=what.at)
                    case Nudge():
                        house.notices.mark(notice, NoticeState.SENDING)
                        # What was tried before goes out as the message it was, without what has come since.
                        together = notice.platform, notice.team, what.account, notice.attempts
                        nudges.setdefault(together, []).append((notice, what))
                    case Card():
                        house.notices.mark(notice, NoticeState.SENDING)
                        outgoing.append(Outgoing((notice,), what))
        outgoing += [_gathered(pairs) for pairs in nudges.values()]
        return sorted(outgoing, key=lambda o: o.notices[0].id)

    def _mark(self, notices: Sequence[Notice], message: MessageRef | None) -> None:
        with self.database.transaction() as connection:
            book = Store(connection, self.ring).notices
            for notice in notices:
                where = {"room": message.room, "message": message.message} if message else {}
                book.mark(notice, NoticeState.SENT, **where)

    def _fail(self, notices: Sequence[Notice], failure: NotDelivered) -> None:
        now = self.clock.now()
        spread = 1 + random.random() / 4  # noqa: S311 - jitter, not a secret; one for all, they stay together
        with self.database.transaction() as connection:
            book = Store(connection, self.ring).notices
            for notice in notices:
                # A platform that names the time to come back has not failed: no number of such answers buries a notice.
                attempts = notice.attempts + (0 if failure.retry_after and not failure.unknown else 1)
                if failure.final or attempts >= MOST_ATTEMPTS:
                    book.mark(notice, NoticeState.DEAD, attempts=attempts, why=failure.kind[:64])
                    if notice.kind == TAKEN_OUT:
                        book.add(_please_delete(notice), now)
                    continue
                wait = (
                    timedelta(seconds=failure.retry_after) if failure.retry_after else FIRST_WAIT * 2**notice.attempts
                )
                book.mark(
                    notice, NoticeState.NEW, attempts=attempts, not_before=now + wait * spread, why=failure.kind[:64]
                )

    def _release(self) -> None:
        with self.database.transaction() as connection:
            book = Store(connection, self.ring).notices
            for notice in book.interrupted():
                book.mark(notice, NoticeState.NEW, attempts=notice.attempts + 1)

    # -- on the platform -----------------------------------------------------------------------------------------
    async def _members(self, platform: str, room: str) -> frozenset[str] | None:
        """Who is in the room; None where the platform cannot say, so that nothing is taken for granted."""
        try:
            return await self.platforms[platform].members(room)
        except NotDelivered as failure:
            log.warning("members of a room unknown: %s", failure.kind)
            return None

    async def _send(self, message: Outgoing) -> bool:
        first = message.notices[0]
        try:
            posted = await self._say(first, message.card)
        except NotDelivered as failure:
            log.warning("notice %s not delivered: %s", first.id, failure.kind)
            await asyncio.to_thread(self._fail, message.notices, failure)
            return False
        except Exception as failure:
            log.error("notice %s failed: %s", first.id, type(failure).__name__)
            await asyncio.to_thread(self._fail, message.notices, NotDelivered(type(failure).__name__))
            return False
        await asyncio.to_thread(self._mark, message.notices, posted)
        return True

    async def _say(self, notice: Notice, card: Card | None) -> MessageRef | None:
        platform = self.platforms[notice.platform]
        if notice.act is Act.REDACT:
            await platform.redact(MessageRef(notice.room, notice.words["message"]))
            return None
        assert card is not None
        if notice.act is Act.EDIT:
            await platform.edit(MessageRef(notice.room, notice.words["message"]), card)
            return None
        place = Place(notice.platform, notice.room, notice.thread or None, notice.direct)
        if notice.account and not notice.direct:
            return await platform.whisper(place, notice.account, card, notice.key)
        return await platform.post(place, card, notice.key)


def _rendered(sending: Sending) -> Rendered | NotDelivered:
    """What to send; a notice that cannot even be rendered must not stop those behind it."""
    try:
        return render(sending)
    except Exception as failure:
        log.error("notice %s cannot be rendered: %s", sending.notice.id, type(failure).__name__)
        return NotDelivered(type(failure).__name__, final=True)


def _please_delete(notice: Notice) -> Notice:
    """Ask the author to remove what the platform does not let the bot remove."""
    card = encode(not_taken_out())
    return replace(notice, key=f"{notice.key}:asked", kind="reply", act=Act.WHISPER, words={}, card=card)


def _gathered(pairs: Sequence[tuple[Notice, Nudge]]) -> Outgoing:
    """One message for all that one person is to hear now; its key names all of them, so that none is taken for sent."""
    account = pairs[0][1].account
    keys = [notice.key for notice, _ in pairs]
    key = keys[0] if len(keys) == 1 else "digest:" + digest_of("\n".join(keys))[:40]
    notices = tuple(replace(notice, account=account, key=key) for notice, _ in pairs)
    return Outgoing(notices, digest([nudge for _, nudge in pairs]))
