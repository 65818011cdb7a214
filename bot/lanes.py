"""Messages on their way: one after another in each lane, no lane waiting for another.

A message takes its place in its lane inside the transaction that holds it, so lanes are in the order of the commits,
and leaves once the transaction is committed.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from adapters.card import Card
from storage.notice import Lane, Notice


@dataclass(slots=True, eq=False)
class Parcel:
    """One message to send, and the notices that it settles (several, where a digest gathers them)."""

    notices: tuple[Notice, ...]
    card: Card | None
    key: str
    good_until: float
    """Up to when it may be begun, on the clock of :func:`bot.standing.elapsed`."""
    is_probe: bool = False
    is_void: bool = False
    """Its transaction was rolled back."""
    is_ready: bool = False
    over: "asyncio.Future[bool] | None" = None

    @property
    def first(self) -> Notice:
        return self.notices[0]

    @property
    def lane(self) -> Lane:
        return self.first.platform, self.first.lane


@dataclass(slots=True)
class Lanes:
    send: Callable[[Parcel], Awaitable[bool]]
    """Sends it and says whether it went out; must not raise."""
    _queues: dict[Lane, deque[Parcel]] = field(default_factory=dict)
    _working: dict[Lane, "asyncio.Task[None]"] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def reserve(self, parcel: Parcel) -> None:
        """Take its place; called in the transaction, from any thread."""
        with self._guard:
            self._queues.setdefault(parcel.lane, deque()).append(parcel)

    def start(self, parcels: Iterable[Parcel]) -> "list[asyncio.Future[bool]]":
        """Committed or rolled back: off they go, or make room; for each, whether it went out."""
        loop, waits = asyncio.get_running_loop(), []
        for parcel in parcels:
            parcel.over, parcel.is_ready = loop.create_future(), True
            waits.append(parcel.over)
            self._wake(parcel.lane)
        return waits

    def hold_up(self, lane: Lane) -> None:
        """Its first message has to wait: those behind it go back, and will come after it again."""
        with self._guard:
            for parcel in self._queues.get(lane, ()):
                parcel.good_until = 0

    async def idle(self) -> None:
        """Wait until nothing is on its way."""
        while self._working:
            await asyncio.wait(self._working.values())

    def _wake(self, lane: Lane) -> None:
        if lane not in self._working:
            self._working[lane] = working = asyncio.get_running_loop().create_task(self._work(lane))
            working.add_done_callback(_look_at_its_end)

    async def _work(self, lane: Lane) -> None:
        try:
            while (parcel := self._next(lane)) is not None:
                assert parcel.over is not None
                try:
                    went = not parcel.is_void and await self.send(parcel)
                except BaseException:  # the programme is being ended
                    parcel.over.cancel()
                    raise
                if not parcel.over.done():
                    parcel.over.set_result(went)
        finally:
            del self._working[lane]

    def _next(self, lane: Lane) -> Parcel | None:
        with self._guard:
            queue = self._queues.get(lane)
            if queue and queue[0].is_ready:
                return queue.popleft()
            if not queue:
                self._queues.pop(lane, None)
            return None


def _look_at_its_end(working: "asyncio.Task[None]") -> None:
    """What ends the programme is raised where it runs; nobody else asks for it."""
    if not working.cancelled():
        working.exception()
