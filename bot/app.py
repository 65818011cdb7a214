"""The one place where everything is put together."""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.platform import ChatPlatform, Invocation, Outcome
from bot.clock import Clock, MovableClock
from bot.commands import TABLE
from bot.delivery import Delivery, Hand
from bot.dispatch import Dispatcher
from bot.fire import Firing, could_not_fire, fire
from bot.series_plan import ZONES, zones_version
from bot.settings import Settings
from bot.standing import HOUSEKEEPING, Standing, elapsed
from bot.together import Piece, Together
from storage.checkpoints import Checkpoints
from storage.database import Database, DatabaseBusy, DatabaseTrouble, attempt, has_turn, wait_for_turn
from storage.keys import KeyRing
from storage.store import HOUSE, Store
from storage.timers import Timer, bring_forward, due_timers, mark_done, next_due, prune_timers

log = logging.getLogger(__name__)

BUSY_WAITS = (1, 2, 4, 8, 16, 32)
"""Seconds before another attempt while another process holds the database: a backup, a migration."""
KEEP_INBOX = timedelta(days=7)
KEEP_SETTLED = timedelta(days=90)
"""How long what was said and what fired is remembered. No key comes again after so long: see docs/decisions."""
LOOK = 1.0
"""Seconds between two looks into the database, where nothing is known to fall due before."""
FIRE_WITHIN = 0.015
"""Seconds after which firing lets others write, where somebody waits."""
FIRE_AT_MOST = 0.3


@dataclass(slots=True)
class App:
    """The running bot: takes invocations in, fires timers, delivers notices.

    ``alone``: no other instance uses the database. ``senders``: see :class:`bot.delivery.Delivery`.
    """

    database: Database
    ring: KeyRing
    settings: Settings
    clock: Clock
    platforms: Mapping[str, ChatPlatform]
    checkpoints: Checkpoints | None = None
    alone: bool = True
    senders: Mapping[str, str] = field(default_factory=dict)
    together: Together = field(init=False)
    dispatcher: Dispatcher = field(init=False)
    delivery: Delivery = field(init=False)
    standing: Standing = field(init=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _look_at: float = 0
    """When a tick looks into the database next, on the clock of :func:`bot.standing.elapsed`."""
    _draining: set["asyncio.Task[int]"] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.standing = Standing(self.database, self.ring, self.clock, alone=self.alone)
        self.standing.want(HOUSEKEEPING)
        for lease in self.senders.values():
            self.standing.want(lease)
        self.together = Together(self.database, self.ring)
        self.dispatcher = Dispatcher(self.database, self.ring, TABLE, self.settings, self.clock)
        self.delivery = Delivery(
            self.database,
            self.ring,
            self.platforms,
            self.settings,
            self.clock,
            self.standing,
            self.together,
            self.senders,
        )

    async def start(self) -> None:
        """Finish what a stop left half sent, and what fell due meanwhile."""
        await self.delivery.recover()
        await asyncio.to_thread(self._follow_zones)
        await self.settle()

    async def receive(self, invocation: Invocation) -> Outcome:
        """Carry an invocation out and deliver what it said. Raises DatabaseBusy if the database stays so for minutes."""
        for wait in BUSY_WAITS:
            try:
                return await self._carry_out(invocation)
            except DatabaseBusy:
                log.warning("invocation %s waits for the database", invocation.id)
                await asyncio.sleep(wait)
        return await self._carry_out(invocation)

    async def _carry_out(self, invocation: Invocation) -> Outcome:
        hand = self.delivery.hand()
        try:
            outcome = await self.together.write(self._piece(invocation, hand))
        except BaseException:
            hand.rolled_back()
            self.delivery.lanes.start(hand.parcels)
            raise
        try:
            await self.delivery.go(hand)
        except DatabaseTrouble as trouble:  # it is carried out: what it said follows with a later tick
            log.warning("what %s said waits for the database: %s", invocation.id, type(trouble).__name__)
        return outcome

    def _piece(self, invocation: Invocation, hand: Hand) -> Piece[Outcome]:
        return Piece(
            within=lambda house: self.dispatcher.take(Store(house.connection, self.ring, hand), invocation),
            alone=lambda: self.dispatcher.handle(invocation, hand),
            undone=hand.rolled_back,
        )

    async def tick(self) -> None:
        """Fire what is due, and see to it that what is to be said is on its way; mostly there is nothing to do."""
        if elapsed() < self._look_at:
            return
        try:
            await self._look()
        except DatabaseTrouble as trouble:
            log.warning("a tick waits for the database: %s", type(trouble).__name__)
            self._look_at = elapsed() + LOOK

    async def _look(self) -> None:
        await self.delivery.marked()
        due = await asyncio.to_thread(self._next_due, by_now=True)
        now = self.clock.now()
        if due is not None and due <= now:
            async with self._turn:
                while await asyncio.to_thread(self._fire_due):
                    pass
            draining = asyncio.create_task(self.delivery.drain())
            self._draining.add(draining)
            draining.add_done_callback(self._drained)
        wait = (due - now).total_seconds() if due is not None else LOOK
        self._look_at = elapsed() + min(max(wait, 0), LOOK)

    def _drained(self, task: "asyncio.Task[int]") -> None:
        self._draining.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.error("delivery failed: %s", type(failure).__name__)

    async def settle(self) -> None:
        """Fire and deliver all that is due now."""
        async with self._turn:
            while await asyncio.to_thread(self._fire_due) or await self.delivery.drain():
                pass
        await self.delivery.finish()

    async def advance(self, to: datetime) -> None:
        """Move the clock, and deliver what falls due on the way at its own moment, in order."""
        assert isinstance(self.clock, MovableClock)
        await self.settle()
        while (due := await asyncio.to_thread(self._next_due)) is not None and due <= to:
            self.clock.set(due)
            await self.settle()
        self.clock.set(to)  # at which nothing falls due that did not before

    async def housekeeping(self) -> None:
        """Once an hour, on one instance: what was only kept for a while goes; the audit chain gets its signed mark."""
        if not self.standing.may(HOUSEKEEPING):
            return
        await asyncio.to_thread(self._tidy)

    def _fire_due(self) -> int:
        """Fire what is due, several in one transaction, as long as others do not wait for it; how many fired."""
        now, fired = self.clock.now(), 0
        with self.database.reading() as connection:
            due = next_due(connection)
        if due is None or due > now:
            return 0
        busy: set[str] = set()
        with self.database.transaction() as connection:
            began, house = time.monotonic(), Store(connection, self.ring)
            for number, timer in enumerate(due_timers(connection, now)):
                if timer.team in busy or not self._has_turn(house, timer.team, is_first=number == 0):
                    busy.add(timer.team)  # all that follows for this team comes after what it does now
                    continue
                fired += self._fire(house, timer, now)
                took = time.monotonic() - began
                if took > FIRE_AT_MOST or (took > FIRE_WITHIN and self.database.is_wanted):
                    break
        return fired

    def _has_turn(self, house: Store, team: str, *, is_first: bool) -> bool:
        """Wait for the first team alone: whoever waits for one while holding another can wait for ever."""
        if not is_first:
            return has_turn(house.connection, team)
        wait_for_turn(house.connection, team)
        return True

    def _fire(self, house: Store, timer: Timer, now: datetime) -> bool:
        if not mark_done(house.connection, timer, now):
            return False
        firing = Firing(house, timer, now, self.settings)
        try:
            with attempt(house.connection):
                fire(firing)
        except Exception as failure:
            # A timer that cannot be carried out must not stop the others; its kind alone is logged. Where it is the
            # database that fails, the rest of this transaction fails too, and the timer stays.
            log.error("timer %s %s failed: %s", timer.kind, timer.subject, type(failure).__name__)
            could_not_fire(Firing(Store(house.connection, self.ring), timer, now, self.settings))
        return True

    def _follow_zones(self) -> None:
        """Where the world's zones have a new edition, what each team planned is looked at again."""
        edition, now = zones_version(), self.clock.now()
        with self.database.reading() as connection:
            teams = Store(connection, self.ring).team_ids()
        for team in teams:
            with self.database.transaction() as connection:
                wait_for_turn(connection, team)
                store = Store(connection, self.ring).of_team(team)
                if store.team().zones != edition:
                    store.timers.plan(ZONES, {ZONES: now + timedelta(seconds=1)}, now)

    def _next_due(self, *, by_now: bool = False) -> datetime | None:
        """When there is something to do. ``by_now``: a moment that is past counts as well."""
        with self.database.reading() as connection:
            house = Store(connection, self.ring)
            now_due = house.notices.next_due(self.platforms) if by_now else None
            moments = (next_due(connection), now_due, self.delivery.next_due(house))
        return min((moment for moment in moments if moment is not None), default=None)

    def _tidy(self) -> None:
        now = self.clock.now()
        with self.database.transaction() as connection:
            Store(connection, self.ring).forget_inbox(now - KEEP_INBOX)
            bring_forward(connection, "series-plan", now + timedelta(days=2), now)
        while self._prune(now):
            pass
        if self.checkpoints is None:
            return
        with self.database.reading() as connection:
            for team in (HOUSE, *Store(connection, self.ring).team_ids()):
                self.checkpoints.write(connection, team, now)

    def _prune(self, now: datetime) -> bool:
        """A little at a time, so that nobody waits for it; False: nothing is left to prune."""
        with self.database.transaction() as connection:
            gone = prune_timers(connection, now - KEEP_SETTLED)
            return bool(gone + Store(connection, self.ring).notices.prune(now - KEEP_SETTLED))


def begin_house(database: Database, ring: KeyRing, now: datetime) -> None:
    """Check the key against the database, and make what belongs to no team, once."""
    with database.transaction() as connection:
        ring.check(connection)
        if not Store(connection, ring).has_house():
            ring.begin_team(connection, HOUSE, now)
