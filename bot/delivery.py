"""From the outbox to the chat: what is due is re-checked, rendered, sent once and marked.

A notice is held by this instance before it goes out and marked as sent after. Where a stop comes in between, the same
key is sent again and the platform makes one message of it. An answer that needs no check when it is sent is held in
the transaction that made it. Marks that come together are written together.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from adapters.card import Card, decode
from adapters.platform import ChatPlatform, MessageRef, NotDelivered, Place
from bot.breaker import Breaker, asked_for, is_platforms, own_wait, spread
from bot.claim import Claim, buried
from bot.clock import Clock
from bot.lanes import Lanes, Parcel
from bot.sending import is_ready
from bot.settings import Settings
from bot.standing import Standing, elapsed
from bot.together import Piece, Together
from storage.database import Database, DatabaseTrouble
from storage.keys import KeyRing
from storage.notice import Lane
from storage.notices import Act, Notice, NoticeState
from storage.store import Store

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 8
SEND_WITHIN = 120.0
"""Seconds after which a platform that does not answer counts as one whose answer was lost."""
MOST_LANES = 25
"""Lanes that are looked into in one transaction."""
CLAIM_WITHIN = 0.015
"""Seconds after which a claim stops at the next lane, where others wait to write."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What became of a parcel: sent as a message, failed, or surely not sent (neither)."""

    parcel: Parcel
    message: MessageRef | None = None
    failure: NotDelivered | None = None
    is_sent: bool = False


@dataclass(slots=True)
class Hand:
    """Takes answers on their way in the transaction of their invocation."""

    delivery: "Delivery"
    holder: str
    parcels: list[Parcel] = field(default_factory=list)
    left: dict[Lane, bool] = field(default_factory=dict)

    def takes(self, notice: Notice) -> bool:
        return self.delivery.takes(notice)

    def reserve(self, notice: Notice) -> None:
        card = decode(notice.card) if notice.card else Card("")
        parcel = Parcel((notice,), card, notice.key, self.delivery.standing.good_until)
        self.parcels.append(parcel)
        self.delivery.lanes.reserve(parcel)

    def rolled_back(self) -> None:
        for parcel in self.parcels:
            parcel.is_void = True
        self.left.clear()


@dataclass(slots=True)
class Delivery:
    database: Database
    ring: KeyRing
    platforms: Mapping[str, ChatPlatform]
    settings: Settings
    clock: Clock
    standing: Standing
    together: Together
    senders: Mapping[str, str] = field(default_factory=dict)
    """Of a platform that has one sender at a time, the name of its lease."""
    breakers: dict[str, Breaker] = field(default_factory=dict)
    lanes: Lanes = field(init=False)
    _failing: set[Lane] = field(default_factory=set)
    """Lanes whose first message has failed, until that is written down: what is in them goes back behind it."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _next: "asyncio.Future[int] | None" = None
    _marks: list[Mark] = field(default_factory=list)
    _marking: "asyncio.Future[None] | None" = None

    def __post_init__(self) -> None:
        self.lanes = Lanes(self._send)

    async def recover(self) -> None:
        """After a start: what was held by an instance that is no more is due again, under the key it had."""
        await asyncio.to_thread(self.standing.recover)

    def hand(self) -> Hand:
        """For one invocation: what it says and needs no check goes out by :meth:`go`."""
        return Hand(self, self.standing.holder)

    async def go(self, hand: Hand) -> None:
        """Send what the hand took, its transaction being committed, and what it left, before whatever else is due."""
        going = self.lanes.start(hand.parcels)
        if hand.left:
            await asyncio.shield(asyncio.ensure_future(self._send_due(hand.left)))
        if going:
            await asyncio.gather(*going)
            await self.marked()

    async def drain(self) -> int:
        """Send everything that is due now; how many messages went out. All who ask before a look begins share it."""
        if self._next is None:
            self._next = asyncio.ensure_future(self._send_due())
        return await asyncio.shield(self._next)

    async def finish(self) -> None:
        """Wait for all that is on its way, and for its marks."""
        await self.lanes.idle()
        await self.marked()

    def takes(self, notice: Notice) -> bool:
        """Whether it could go out at once, as it is."""
        is_well = not self.breaker(notice.platform).is_open
        return is_ready(notice) and is_well and self.standing.is_sure and self._delivers(notice.platform)

    def next_due(self, house: Store) -> datetime | None:
        """When there is something to do that cannot be done now."""
        now = self.clock.now()
        due = house.notices.next_due(self.platforms, after=now)
        rests = [b.until for b in self.breakers.values() if b.until is not None]
        return min((at for at in (due, *rests) if at is not None and at > now), default=None)

    def _delivers(self, platform: str) -> bool:
        lease = self.senders.get(platform)
        return platform in self.platforms and (lease is None or self.standing.may(lease))

    def breaker(self, platform: str) -> Breaker:
        """Whether the platform is in trouble; also asked by who watches."""
        return self.breakers.setdefault(platform, Breaker())

    # -- what is due ---------------------------------------------------------------------------------------------
    async def _send_due(self, left: Mapping[Lane, bool] | None = None) -> int:
        """Send what is due; with ``left``, in these lanes and where that leads to. How many messages went out."""
        await self.marked()
        sent, lanes = 0, None if left is None else set(left)
        rooms = None if left is None else tuple(lane for lane, is_for_all in left.items() if is_for_all)
        while (claim := await self._claimed(lanes, rooms)) is not None:
            went = await asyncio.gather(*self.lanes.start(claim.taken))
            sent += sum(went)
            await self.marked()
            if claim.is_whole and not claim.left and all(went):
                break
            if lanes is not None:
                lanes |= claim.left.keys()
            rooms = None
        return sent

    async def _claimed(self, lanes: set[Lane] | None, rooms: tuple[Lane, ...] | None) -> Claim | None:
        """What is due now, held; None: nothing is. ``rooms``: those for which something is due, where that is known."""
        async with self._turn:
            if lanes is None:
                self._next = None  # what becomes due from here on wants a look of its own
            if rooms is None and (rooms := await asyncio.to_thread(self._rooms, lanes)) is None:
                return None
            members = dict(zip(rooms, await asyncio.gather(*(self._members(*room) for room in rooms)), strict=True))
            claim = Claim(self.lanes, self.settings, self.clock.now(), self.standing, members, self.takes)
            try:
                await asyncio.to_thread(self._claim, claim, lanes)
            except BaseException:
                for parcel in claim.taken:
                    parcel.is_void = True
                self.lanes.start(claim.taken)
                raise
            return claim if claim.has_moved else None

    def _ready_platforms(self, now: datetime) -> tuple[list[str], list[str]]:
        """Those that may be sent to, and those that may be tried with one message."""
        mine = [p for p in self.platforms if self._delivers(p)] if self.standing.is_sure else []
        well = [p for p in mine if not self.breaker(p).is_open]
        return well, [p for p in mine if self.breaker(p).lets_probe(now)]

    def _rooms(self, lanes: set[Lane] | None) -> tuple[tuple[str, str], ...] | None:
        now = self.clock.now()
        well, probes = self._ready_platforms(now)
        with self.database.reading() as connection:
            return Store(connection, self.ring).notices.rooms_due(now, well + probes, lanes)

    def _claim(self, claim: Claim, lanes: set[Lane] | None) -> None:
        """Hold what is due, lane by lane, as long as there is time."""
        holder = self.standing.holder
        well, probes = self._ready_platforms(claim.now)
        with self.database.transaction() as connection:
            until = time.monotonic() + CLAIM_WITHIN
            house = Store(connection, self.ring, claim)
            for lane in self._lanes_due(house, claim, well, lanes):
                claim.lane(house, lane)
                if time.monotonic() > until and self.database.is_wanted:
                    claim.is_whole = False
                    break
            for platform in probes:
                for lane in house.notices.lanes_due(claim.now, [platform], holder, limit=1):
                    claim.lane(house, lane, is_probe=True)
                    self.breaker(platform).is_probing = bool(claim.found)
            claim.take()

    def _lanes_due(
        self, house: Store, claim: Claim, platforms: Sequence[str], lanes: set[Lane] | None
    ) -> Iterable[Lane]:
        if lanes is None:
            found = house.notices.lanes_due(claim.now, platforms, claim.holder, limit=MOST_LANES)
            claim.is_whole &= len(found) < MOST_LANES
            return found
        mine = sorted(lane for lane in lanes if lane[0] in platforms)
        return (lane for lane in mine if house.notices.is_lane_due(lane, claim.now, claim.holder))

    async def _members(self, platform: str, room: str) -> frozenset[str] | None:
        """Who is in the room; None where the platform cannot say, so that nothing is taken for granted."""
        try:
            return await self.platforms[platform].members(room)
        except NotDelivered as failure:
            log.warning("members of a room unknown: %s", failure.kind)
            return None

    # -- on the platform -----------------------------------------------------------------------------------------
    async def _send(self, parcel: Parcel) -> bool:
        breaker = self.breaker(parcel.first.platform)
        if not self._still_may(parcel, breaker):
            if parcel.is_probe:
                breaker.probe_came_to_nothing()
            return self._note(Mark(parcel))
        try:
            async with asyncio.timeout(SEND_WITHIN):
                posted = await self._say(parcel)
        except NotDelivered as failure:
            log.warning("notice %s not delivered: %s", parcel.first.id, failure.kind)
            return self._failed(parcel, failure, breaker)
        except TimeoutError:
            log.warning("notice %s not answered", parcel.first.id)
            return self._failed(parcel, NotDelivered("no_answer", unknown=True), breaker)
        except Exception as failure:
            log.error("notice %s failed: %s", parcel.first.id, type(failure).__name__)
            if parcel.is_probe:
                breaker.probe_came_to_nothing()
            return self._held_up(parcel, NotDelivered(type(failure).__name__, unknown=True))
        breaker.worked()
        return self._note(Mark(parcel, posted, is_sent=True))

    def _still_may(self, parcel: Parcel, breaker: Breaker) -> bool:
        """Whether it is still ours to send, looked at right before: this process may have been stopped for long."""
        return (
            elapsed() < parcel.good_until
            and parcel.lane not in self._failing
            and parcel.first.holder == self.standing.holder
            and self.standing.is_sure
            and self._delivers(parcel.first.platform)
            and (parcel.is_probe or not breaker.is_open)
        )

    def _failed(self, parcel: Parcel, failure: NotDelivered, breaker: Breaker) -> bool:
        if is_platforms(failure):
            breaker.failed(self.clock.now())
        elif parcel.is_probe:
            breaker.worked()  # it answers
        return self._held_up(parcel, failure)

    def _held_up(self, parcel: Parcel, failure: NotDelivered) -> bool:
        self._failing.add(parcel.lane)
        self.lanes.hold_up(parcel.lane)
        return self._note(Mark(parcel, failure=failure))

    async def _say(self, parcel: Parcel) -> MessageRef | None:
        notice = parcel.first
        platform = self.platforms[notice.platform]
        if notice.act is Act.REDACT:
            await platform.redact(MessageRef(notice.room, notice.words["message"]))
            return None
        assert parcel.card is not None
        if notice.act is Act.EDIT:
            await platform.edit(MessageRef(notice.room, notice.words["message"]), parcel.card)
            return None
        place = Place(notice.platform, notice.room, notice.thread or None, notice.direct)
        if notice.account and not notice.direct:
            return await platform.whisper(place, notice.account, parcel.card, parcel.key)
        return await platform.post(place, parcel.card, parcel.key)

    # -- marks ---------------------------------------------------------------------------------------------------
    def _note(self, mark: Mark) -> bool:
        self._marks.append(mark)
        if self._marking is None:
            self._marking = asyncio.ensure_future(self._write_marks())
        return mark.is_sent

    async def marked(self) -> None:
        """Wait until the marks so far are written, or cannot be now; they are kept until they are."""
        if self._marking is None and self._marks:
            self._marking = asyncio.ensure_future(self._write_marks())
        if self._marking is not None:
            await asyncio.shield(self._marking)

    async def _write_marks(self) -> None:
        try:
            while self._marks:
                marks = tuple(self._marks)
                await self.together.write(Piece(partial(self._mark_in, marks), partial(self._mark, marks)))
                del self._marks[: len(marks)]
                self._failing = {m.parcel.lane for m in self._marks if m.failure is not None}
        except DatabaseTrouble as trouble:
            log.warning("%s marks wait for the database: %s", len(self._marks), type(trouble).__name__)
        finally:
            self._marking = None

    def _mark(self, marks: Sequence[Mark]) -> None:
        with self.database.transaction() as connection:
            self._mark_in(marks, Store(connection, self.ring))

    def _mark_in(self, marks: Sequence[Mark], house: Store) -> None:
        now = self.clock.now()
        house.notices.sent([_as_sent(n, m) for m in marks if m.is_sent for n in m.parcel.notices], now)
        house.notices.let_go(n for m in marks if not m.is_sent and m.failure is None for n in m.parcel.notices)
        for mark in marks:
            if mark.failure is not None:
                self._fail(house, mark.parcel, mark.failure, now)
        for lane in {m.parcel.lane for m in marks if m.failure is not None}:
            self.lanes.hold_up(lane)  # what took its place before this was written

    def _fail(self, house: Store, parcel: Parcel, failure: NotDelivered, now: datetime) -> None:
        wait = spread(asked_for(failure) or own_wait(parcel.first.attempts))  # one for all, they stay together
        for notice in parcel.notices:
            strikes = notice.strikes + self._counts(failure, notice.platform)
            more = {"attempts": notice.attempts + 1, "strikes": strikes, "why": failure.kind[:64], "holder": ""}
            if failure.final or strikes >= MOST_ATTEMPTS:
                if house.notices.settle(notice, NoticeState.DEAD, now, **more):
                    buried(house, notice, now)
            else:
                more |= {"batch": notice.batch if failure.unknown else "", "not_before": now + wait}
                house.notices.settle(notice, NoticeState.NEW, now, **more)

    def _counts(self, failure: NotDelivered, platform: str) -> bool:
        """Whether it counts against the notice: not where the platform names a time to come back, or is down."""
        is_down = self.breaker(platform).is_open and is_platforms(failure)
        return not is_down and (failure.retry_after is None or failure.unknown)


def _as_sent(notice: Notice, mark: Mark) -> tuple[Notice, str, str]:
    message = mark.message
    return (notice, message.room, message.message) if message else (notice, notice.room, notice.message)
