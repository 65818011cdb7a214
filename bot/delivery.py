"""From the outbox to the chat: what is due is re-checked, rendered, sent once and marked.

A notice is held by this instance before it goes out and marked as sent after. Where a stop comes in between, the same
key is sent again and the platform makes one message of it. An answer that needs no check when it is sent is held in
the transaction that made it. Marks that come together are written together.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from adapters.card import Card, decode, encode
from adapters.platform import ChatPlatform, MessageRef, NotDelivered, Place
from bot.breaker import Breaker, asked_for, is_platforms, own_wait, spread
from bot.clock import Clock
from bot.lanes import Lanes, Parcel
from bot.notices import digest, render
from bot.present.common import not_taken_out
from bot.sending import Later, Nudge, Rendered, Sending, is_ready, needs_room, tell_of_dead
from bot.settings import Settings
from bot.standing import Standing, elapsed
from conference.case import digest as digest_of
from storage.database import Database, DatabaseTrouble
from storage.keys import KeyRing
from storage.notices import TAKEN_OUT, Act, Lane, Notice, NoticeState
from storage.store import HOUSE, Store

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 8
SEND_WITHIN = 120.0
"""Seconds after which a platform that does not answer counts as one whose answer was lost."""
CLAIM_WITHIN = 0.03
"""Seconds after which a claim stops at the next lane: others want to write as well."""
Members = Mapping[tuple[str, str], frozenset[str] | None]


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
    has_left: bool = False

    def takes(self, notice: Notice) -> bool:
        return is_ready(notice) and self.delivery.takes(notice)

    def reserve(self, notice: Notice) -> None:
        card = decode(notice.card) if notice.card else Card("")
        parcel = Parcel((notice,), card, notice.key, self.delivery.standing.good_until)
        self.parcels.append(parcel)
        self.delivery.lanes.reserve(parcel)

    def rolled_back(self) -> None:
        for parcel in self.parcels:
            parcel.is_void = True
        self.has_left = True


@dataclass(slots=True)
class Delivery:
    database: Database
    ring: KeyRing
    platforms: Mapping[str, ChatPlatform]
    settings: Settings
    clock: Clock
    standing: Standing
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
        """Send what the hand took, its transaction being committed, and what it left."""
        going = self.lanes.start(hand.parcels)
        if hand.has_left:
            await self.drain()
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
        """Whether what is said in this lane now could go out at once."""
        is_well = not self._breaker(notice.platform).is_open
        return is_well and self.standing.is_sure and self._delivers(notice.platform)

    def next_due(self) -> datetime | None:
        """When there is something to do that cannot be done now."""
        now = self.clock.now()
        with self.database.reading() as connection:
            due = Store(connection, self.ring).notices.next_due(self.platforms, after=now)
        rests = [b.until for b in self.breakers.values() if b.until is not None]
        return min((at for at in (due, *rests) if at is not None and at > now), default=None)

    def _delivers(self, platform: str) -> bool:
        lease = self.senders.get(platform)
        return platform in self.platforms and (lease is None or self.standing.may(lease))

    def _breaker(self, platform: str) -> Breaker:
        return self.breakers.setdefault(platform, Breaker())

    # -- what is due ---------------------------------------------------------------------------------------------
    async def _send_due(self) -> int:
        await self.marked()
        sent = 0
        while (going := await self._claimed()) is not None:
            sent += sum(await asyncio.gather(*going))
            await self.marked()
        return sent

    async def _claimed(self) -> "list[asyncio.Future[bool]] | None":
        """What is due now, on its way; None: nothing is."""
        async with self._turn:
            self._next = None  # what becomes due from here on wants a look of its own
            if (rooms := await asyncio.to_thread(self._rooms)) is None:
                return None
            members = dict(zip(rooms, await asyncio.gather(*(self._members(*room) for room in rooms)), strict=True))
            claim = Claim(self, self.clock.now(), members)
            try:
                await asyncio.to_thread(self._claim, claim)
            except BaseException:
                for parcel in claim.taken:
                    parcel.is_void = True
                self.lanes.start(claim.taken)
                raise
            return self.lanes.start(claim.taken) if claim.has_moved else None

    def _ready_platforms(self, now: datetime) -> tuple[list[str], list[str]]:
        """Those that may be sent to, and those that may be tried with one message."""
        mine = [p for p in self.platforms if self._delivers(p)] if self.standing.is_sure else []
        well = [p for p in mine if not self._breaker(p).is_open]
        return well, [p for p in mine if self._breaker(p).lets_probe(now)]

    def _rooms(self) -> tuple[tuple[str, str], ...] | None:
        now = self.clock.now()
        well, probes = self._ready_platforms(now)
        with self.database.reading() as connection:
            return Store(connection, self.ring).notices.rooms_due(now, well + probes)

    def _claim(self, claim: "Claim") -> None:
        """Hold what is due, lane by lane, as long as there is time."""
        began = time.monotonic()
        holder = self.standing.holder
        well, probes = self._ready_platforms(claim.now)
        with self.database.transaction() as connection:
            house = Store(connection, self.ring)
            for lane in house.notices.lanes_due(claim.now, well, holder):
                claim.lane(house, lane)
                if time.monotonic() - began > CLAIM_WITHIN:
                    break
            for platform in probes:
                for lane in house.notices.lanes_due(claim.now, [platform], holder, limit=1):
                    claim.lane(house, lane, is_probe=True)
                    self._breaker(platform).is_probing = bool(claim.found)
            claim.take()

    async def _members(self, platform: str, room: str) -> frozenset[str] | None:
        """Who is in the room; None where the platform cannot say, so that nothing is taken for granted."""
        try:
            return await self.platforms[platform].members(room)
        except NotDelivered as failure:
            log.warning("members of a room unknown: %s", failure.kind)
            return None

    # -- on the platform -----------------------------------------------------------------------------------------
    async def _send(self, parcel: Parcel) -> bool:
        breaker = self._breaker(parcel.first.platform)
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
                await asyncio.to_thread(self._mark, marks)
                del self._marks[: len(marks)]
                self._failing = {m.parcel.lane for m in self._marks if m.failure is not None}
        except DatabaseTrouble as trouble:
            log.warning("%s marks wait for the database: %s", len(self._marks), type(trouble).__name__)
        finally:
            self._marking = None

    def _mark(self, marks: Sequence[Mark]) -> None:
        now = self.clock.now()
        with self.database.transaction() as connection:
            house = Store(connection, self.ring)
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
                    _buried(house, notice, now)
            else:
                more |= {"batch": notice.batch if failure.unknown else "", "not_before": now + wait}
                house.notices.settle(notice, NoticeState.NEW, now, **more)

    def _counts(self, failure: NotDelivered, platform: str) -> bool:
        """Whether it counts against the notice: not where the platform names a time to come back, or is down."""
        is_down = self._breaker(platform).is_open and is_platforms(failure)
        return not is_down and (failure.retry_after is None or failure.unknown)


class Claim:
    """What is held in one transaction: notices that are due, looked at again, and gathered where one person hears."""

    def __init__(self, delivery: Delivery, now: datetime, members: Members) -> None:
        self.now, self._delivery, self._members = now, delivery, members
        self._holder, self._good_until = delivery.standing.holder, delivery.standing.good_until
        self.found: list[Parcel] = []
        self.taken: list[Parcel] = []
        """What has its place in its lane."""
        self.has_moved = False
        """Whether there was anything to look at."""

    def lane(self, house: Store, lane: Lane, *, is_probe: bool = False) -> None:
        """Take what is due there; of a platform that is only tried, one message."""
        nudges: dict[tuple[str, ...], list[tuple[Notice, Nudge]]] = {}
        for notice in house.notices.due(lane, self.now, limit=1 if is_probe else 50):
            self.has_moved = True
            if needs_room(notice) and (notice.platform, notice.room) not in self._members:
                break  # it came after the look at the rooms: the next look will see it
            if nudge := self._looked_at(house, notice, is_probe=is_probe):
                nudges.setdefault((nudge.account, notice.team, notice.batch), []).append((notice, nudge))
        self.found += [self._gathered(house, pairs, is_probe=is_probe) for pairs in nudges.values()]

    def take(self) -> None:
        """Give everything its place, in the order in which it was decided."""
        for parcel in sorted(self.found, key=lambda p: p.first.id):
            self._delivery.lanes.reserve(parcel)
            self.taken.append(parcel)

    def _looked_at(self, house: Store, notice: Notice, *, is_probe: bool) -> Nudge | None:
        """Read again what it is about: a nudge is given back, to be gathered with others."""
        in_room = self._members.get((notice.platform, notice.room))
        match what := _rendered(Sending(house, notice, self.now, self._delivery.settings, in_room)):
            case NotDelivered():
                house.notices.mark(notice, NoticeState.DEAD, why=what.kind[:64], settled_at=self.now)
                _buried(house, notice, self.now)
            case None:
                house.notices.mark(notice, NoticeState.DROPPED, why="no longer applies", settled_at=self.now)
            case Later():
                rule = " ".join(dict.fromkeys([*notice.rule.split(), what.because]))
                anew = {"attempts": 0, "strikes": 0}  # nobody has to wait for it in the meantime
                house.notices.mark(notice, NoticeState.NEW, not_before=what.at, due_at=what.at, rule=rule, **anew)
            case Nudge():
                return what
            case Card():
                house.notices.hold(notice, self._holder, rule=notice.rule)
                held = replace(notice, holder=self._holder)
                self.found.append(Parcel((held,), what, notice.key, self._good_until, is_probe))
        return None

    def _gathered(self, house: Store, pairs: list[tuple[Notice, Nudge]], *, is_probe: bool) -> Parcel:
        """One message for all that one person is to hear now.

        Its key names all of them, so that none is taken for sent. While it may have arrived, it goes out again under
        that key, without what has come since.
        """
        keys = [notice.key for notice, _ in pairs]
        batch = pairs[0][0].batch or _batch(keys)
        key = keys[0] if batch == _batch(keys[:1]) else f"digest:{batch}"
        notices = []
        for notice, nudge in pairs:
            house.notices.hold(notice, self._holder, batch=batch, rule=nudge.rule)
            notices.append(replace(notice, account=nudge.account, holder=self._holder, batch=batch))
        return Parcel(tuple(notices), digest([nudge for _, nudge in pairs]), key, self._good_until, is_probe)


def _batch(keys: Sequence[str]) -> str:
    return digest_of("\n".join(keys))[:40]


def _as_sent(notice: Notice, mark: Mark) -> tuple[Notice, str, str]:
    message = mark.message
    return (notice, message.room, message.message) if message else (notice, notice.room, notice.message)


def _rendered(sending: Sending) -> Rendered | NotDelivered:
    """What to send; a notice that cannot even be rendered must not stop those behind it."""
    try:
        return render(sending)
    except Exception as failure:
        log.error("notice %s cannot be rendered: %s", sending.notice.id, type(failure).__name__)
        return NotDelivered(type(failure).__name__, final=True)


def _buried(house: Store, notice: Notice, now: datetime) -> None:
    """Somebody has to know: the author of a message that stays in the room, the coordinators of what a team misses."""
    if notice.kind == TAKEN_OUT:
        house.notices.add(_please_delete(notice), now)
    elif notice.team != HOUSE:
        tell_of_dead(house.of_team(notice.team), notice, now)


def _please_delete(notice: Notice) -> Notice:
    """Ask the author to remove what the platform does not let the bot remove."""
    card = encode(not_taken_out())
    return replace(notice, key=f"{notice.key}:asked", kind="reply", act=Act.WHISPER, words={}, card=card)
