"""The one place where everything is put together."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.platform import ChatPlatform, Invocation, Outcome
from bot.clock import Clock, MovableClock
from bot.commands import TABLE
from bot.delivery import Delivery
from bot.dispatch import Dispatcher
from bot.fire import Firing, fire
from bot.series_plan import ZONES, zones_version
from bot.settings import Settings
from storage.checkpoints import Checkpoints
from storage.database import Database, DatabaseBusy
from storage.keys import KeyRing
from storage.store import HOUSE, Store
from storage.timers import bring_forward, due_timers, mark_done, next_due

log = logging.getLogger(__name__)

BUSY_WAITS = (1, 2, 4, 8, 16, 32)
"""Seconds before another attempt while another process holds the database: a backup, a migration."""
KEEP_INBOX = timedelta(days=7)


@dataclass(slots=True)
class App:
    """The running bot: takes invocations in, fires timers, delivers notices."""

    database: Database
    ring: KeyRing
    settings: Settings
    clock: Clock
    platforms: Mapping[str, ChatPlatform]
    checkpoints: Checkpoints | None = None
    dispatcher: Dispatcher = field(init=False)
    delivery: Delivery = field(init=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.dispatcher = Dispatcher(self.database, self.ring, TABLE, self.settings, self.clock)
        self.delivery = Delivery(self.database, self.ring, self.platforms, self.settings, self.clock)

    async def start(self) -> None:
        """Finish what a stop left half sent, and what fell due meanwhile."""
        await self.delivery.recover()
        await asyncio.to_thread(self._follow_zones)
        await self.settle()

    async def receive(self, invocation: Invocation) -> Outcome:
        """Carry an invocation out and deliver what it said. Raises DatabaseBusy if the database stays so for minutes."""
        for wait in BUSY_WAITS:
            try:
                outcome = await asyncio.to_thread(self.dispatcher.handle, invocation)
                break
            except DatabaseBusy:
                log.warning("invocation %s waits for the database", invocation.id)
                await asyncio.sleep(wait)
        else:
            outcome = await asyncio.to_thread(self.dispatcher.handle, invocation)
        await self.delivery.drain()
        return outcome

    async def settle(self) -> None:
        """Fire and deliver all that is due now."""
        async with self._turn:
            while await asyncio.to_thread(self._fire_due) or await self.delivery.drain():
                pass

    async def advance(self, to: datetime) -> None:
        """Move the clock, and deliver what falls due on the way at its own moment, in order."""
        assert isinstance(self.clock, MovableClock)
        await self.settle()
        while (due := await asyncio.to_thread(self._next_due)) is not None and due <= to:
            self.clock.set(due)
            await self.settle()
        self.clock.set(to)
        await self.settle()

    async def housekeeping(self) -> None:
        """Once an hour: what was only kept for a while goes; the audit chain gets its signed mark."""
        await asyncio.to_thread(self._tidy)

    def _fire_due(self) -> int:
        """Fire what is due, one transaction each; how many fired."""
        now = self.clock.now()
        with self.database.reading() as connection:
            due = due_timers(connection, now)
        for timer in due:
            try:
                with self.database.transaction() as connection:
                    if mark_done(connection, timer, now):
                        fire(Firing(Store(connection, self.ring), timer, now, self.settings))
            except Exception as failure:
                # A timer that cannot be carried out must not stop the others; its kind alone is logged.
                log.error("timer %s %s failed: %s", timer.kind, timer.subject, type(failure).__name__)
                with self.database.transaction() as connection:
                    mark_done(connection, timer, now)
        return len(due)

    def _follow_zones(self) -> None:
        """Where the world's zones have a new edition, what each team planned is looked at again."""
        edition, now = zones_version(), self.clock.now()
        with self.database.transaction() as connection:
            house = Store(connection, self.ring)
            for store in (house.of_team(team) for team in house.team_ids()):
                if store.team().zones != edition:
                    store.timers.plan(ZONES, {ZONES: now + timedelta(seconds=1)}, now)

    def _next_due(self) -> datetime | None:
        with self.database.reading() as connection:
            moments = (next_due(connection), Store(connection, self.ring).notices.next_due(self.platforms))
        return min((m for m in moments if m is not None), default=None)

    def _tidy(self) -> None:
        now = self.clock.now()
        with self.database.transaction() as connection:
            Store(connection, self.ring).forget_inbox(now - KEEP_INBOX)
            bring_forward(connection, "series-plan", now + timedelta(days=2), now)
        if self.checkpoints is None:
            return
        with self.database.reading() as connection:
            for team in (HOUSE, *Store(connection, self.ring).team_ids()):
                self.checkpoints.write(connection, team, now)


def begin_house(database: Database, ring: KeyRing, now: datetime) -> None:
    """Check the key against the database, and make what belongs to no team, once."""
    with database.transaction() as connection:
        ring.check(connection)
        if not Store(connection, ring).has_house():
            ring.begin_team(connection, HOUSE, now)
