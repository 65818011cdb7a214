"""Whether the running bot is alive and ready, and what its clocks say of the time in between."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from bot.clock import Clock
from bot.standing import elapsed
from storage.database import Database, DatabaseTrouble
from storage.figures import oldest_due
from storage.migrate import head, revision

log = logging.getLogger(__name__)

EVERY = 1.0  # seconds between two beats
STOOD_STILL = 5.0  # seconds that a beat may be late
JUMPED = 2.0  # seconds by which the wall clock may stray between two beats
STUCK = 300.0  # seconds without a tick that began or ended
NO_TICK = "no timer was looked at for {0:.0f} s"
PATIENCE = 5.0  # seconds that the database has to answer


class Pulse:
    """Beats once a second in the event loop. Says when beats stayed away, and when the wall clock was moved."""

    def __init__(self, elapsed: Callable[[], float] = elapsed, wall: Callable[[], float] = time.time) -> None:
        self._elapsed, self._wall = elapsed, wall
        self._beat_at, self._wall_at = elapsed(), wall()
        self._tick_at = self._beat_at
        self.freezes = 0
        self.jumps = 0

    async def run(self, each: Callable[[], None]) -> None:
        """Beat until cancelled; ``each`` is called after every beat."""
        while True:
            self.beat()
            each()
            await asyncio.sleep(EVERY)

    def beat(self) -> None:
        now, wall = self._elapsed(), self._wall()
        passed = now - self._beat_at
        strayed = wall - self._wall_at - passed
        self._beat_at, self._wall_at = now, wall
        if passed > EVERY + STOOD_STILL:
            self.freezes += 1
            log.warning("the programme stood still for %.0f s; what fell due meanwhile goes out now", passed)
        if abs(strayed) > JUMPED:
            self.jumps += 1
            log.warning("the wall clock was moved by %+.0f s", strayed)

    def ticking(self, tick: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """The tick, watched: that it begins, and that it ends."""

        async def watched() -> None:
            self._tick_at = self._elapsed()
            try:
                await tick()
            finally:
                self._tick_at = self._elapsed()

        return watched

    @property
    def since_tick(self) -> float:
        return self._elapsed() - self._tick_at

    def troubles(self) -> tuple[str, ...]:
        """Why this process would better be started anew; nothing while it is well."""
        return (NO_TICK.format(self.since_tick),) if self.since_tick > STUCK else ()


class Service(Protocol):
    """As much of a chat platform as tells whether it is connected."""

    name: str
    ready: asyncio.Event


@dataclass(slots=True)
class Readiness:
    """Whether the bot can do its work now. ``phase`` is what it is doing instead; "" while it runs.

    A platform that another instance serves, by ``is_ours``, need not be connected here.
    """

    database: Database
    services: Mapping[str, Service]
    clock: Clock
    late: timedelta
    is_ours: Callable[[str], bool] = lambda _: True
    phase: str = "starting"
    _revision: str = field(default_factory=head)

    async def reasons(self) -> tuple[str, ...]:
        """Why it cannot, in plain sentences without anybody's words; nothing while it can."""
        found = [self.phase] if self.phase else []
        away = [name for name, service in self.services.items() if self.is_ours(name) and not service.ready.is_set()]
        found += [f"{name} is not connected" for name in away]
        try:
            async with asyncio.timeout(PATIENCE):
                found += await asyncio.to_thread(self._of_database)
        except TimeoutError:
            found.append(f"the database does not answer within {PATIENCE:.0f} s")
        return tuple(found)

    def _of_database(self) -> list[str]:
        try:
            if revision(self.database) != self._revision:
                return ["the database is not at the revision of this version; run `confer migrate`"]
            now = self.clock.now()
            with self.database.reading() as connection:
                oldest = oldest_due(connection, now)
        except DatabaseTrouble:
            return ["the database does not answer"]
        except Exception as trouble:
            log.error("the database cannot be looked at: %s", trouble)
            return ["the database does not answer"]
        if oldest is not None and now - oldest > self.late:
            return [f"what was due {(now - oldest).total_seconds():.0f} s ago still waits"]
        return []
