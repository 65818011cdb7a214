"""This instance among others: its name, its leases, and whether they surely still hold.

A lease is renewed long before it is over, and counts here for less time than it counts for the others. That time is
taken from a clock that also runs while the process is stopped or the machine sleeps, and that nobody can set.
"""

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TypeVar

from bot.clock import Clock
from storage.database import Database, DatabaseBusy, DatabaseTrouble
from storage.keys import KeyRing
from storage.leases import Leases
from storage.store import Store

log = logging.getLogger(__name__)
T = TypeVar("T")

LENGTH = 20.0  # seconds after which the others take over from an instance that is silent
SURE = 0.75  # the share of it for which the instance itself relies on its leases
OFTEN = 0.25  # the share of it after which they are renewed
HOUSEKEEPING = "housekeeping"
_INSTANCE = "instance:"
_TRIES = 3  # at the start
_LOOK = 0.2  # seconds between two looks at whether a lease came or went


def elapsed() -> float:
    """Seconds on a clock that goes on through everything."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


class Standing:
    """What this instance may do. ``alone``: the database is its own, and there is nobody to share with."""

    def __init__(
        self, database: Database, ring: KeyRing, clock: Clock, *, alone: bool = True, length: float = LENGTH
    ) -> None:
        self._database, self._ring, self._clock, self.is_alone, self._length = database, ring, clock, alone, length
        self.holder = _name()
        self._wanted: set[str] = set()
        self._held: frozenset[str] = frozenset()
        self._renewed = -length

    @property
    def is_sure(self) -> bool:
        """Whether nobody can have taken over from this instance by now."""
        return self.is_alone or elapsed() < self.good_until

    @property
    def good_until(self) -> float:
        """Up to when, on the clock of :func:`elapsed`, what is held now surely is."""
        return (elapsed() if self.is_alone else self._renewed) + self._length * SURE

    def may(self, name: str) -> bool:
        """Whether this lease is surely held."""
        return self.is_alone or (self.is_sure and name in self._held)

    def recover(self) -> int:
        """At the start: what an instance that is no more held waits again; how many notices."""
        if self.is_alone:
            with self._database.transaction() as connection:
                return Store(connection, self._ring).notices.take_back(living=())
        for _ in range(_TRIES - 1):  # instances that start together can be in each other's way
            with suppress(DatabaseBusy):
                return self._renew()
        return self._renew()

    async def beat(self) -> int:
        """Renew the leases in good time, and succeed those who are silent; how many notices came free by that."""
        if self.is_alone or elapsed() < self._renewed + self._length * OFTEN:
            return 0
        try:
            return await asyncio.to_thread(self._renew)
        except DatabaseTrouble as trouble:
            log.warning("the leases cannot be renewed: %s", type(trouble).__name__)
            return 0

    def _renew(self) -> int:
        began, length = elapsed(), timedelta(seconds=self._length)
        if not self.is_sure:  # somebody may have taken over: what was held under this name is given up
            self.holder, self._held = _name(), frozenset()
        with self._database.transaction() as connection:
            leases = Leases(connection, self.holder, self._clock.now())
            leases.take(_INSTANCE + self.holder, length)
            held = leases.renew(length)
            held |= {name for name in sorted(self._wanted - held) if leases.take(name, length)}
            leases.forget(_INSTANCE, timedelta(days=1))
            freed = Store(connection, self._ring).notices.take_back(living=leases.holders())
        if held - self._held - {_INSTANCE + self.holder}:
            log.info("leases held: %s", ", ".join(sorted(held & self._wanted)))
        self._held, self._renewed = held, began
        return freed

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        """Stay there: renew the leases all the time, and at the end let others have them at once."""
        beats = asyncio.create_task(self._beats())
        try:
            yield
        finally:
            beats.cancel()
            with suppress(asyncio.CancelledError):
                await beats
            with suppress(DatabaseTrouble):
                await asyncio.to_thread(self.give_up)

    async def _beats(self) -> None:
        while True:
            await self.beat()
            await asyncio.sleep(self._length * OFTEN / 5)

    def give_up(self) -> None:
        """At the end: whoever waits for what was held gets it at once."""
        if self.is_alone:
            return
        with self._database.transaction() as connection:
            Leases(connection, self.holder, self._clock.now()).give_back()
        self._held, self._renewed = frozenset(), -self._length

    def want(self, name: str) -> None:
        """Take this lease whenever it is free."""
        self._wanted.add(name)

    async def while_held(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        """Do it while the lease is held: from when it is obtained, stopped when it is lost, and begun anew after."""
        self.want(name)
        while True:
            await self._until(lambda: self.may(name))
            working, losing = (
                asyncio.ensure_future(work()),
                asyncio.ensure_future(self._until(lambda: not self.may(name))),
            )
            try:
                await asyncio.wait((working, losing), return_when=asyncio.FIRST_COMPLETED)
                if working.done():
                    return working.result()
                log.warning("the lease %s was lost", name)
            finally:
                losing.cancel()
                working.cancel()
                with suppress(asyncio.CancelledError):
                    await working

    async def _until(self, true: Callable[[], bool]) -> None:
        if self.is_alone and not true():
            await asyncio.get_running_loop().create_future()
        while not true():  # noqa: ASYNC110 - time alone can make it true, and that tells nobody
            await asyncio.sleep(_LOOK)


def _name() -> str:
    """A name that no instance had before: of the machine, the process, and chance."""
    return f"{socket.gethostname()[:32]}:{os.getpid()}:{secrets.token_hex(4)}"
