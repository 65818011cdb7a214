"""What comes together is written together: one transaction, and one wait for the disk, serves all of it.

Each piece is whole by itself, and nothing is said of any before the transaction is committed. Where one fails, nothing
of the transaction stays and each piece is done alone, as if nobody had come with it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from storage.database import Database, DatabaseBusy
from storage.keys import KeyRing
from storage.store import Store

T = TypeVar("T")

WITHIN = 0.015
"""Seconds after which a transaction takes no more in: the first in it waits for the last."""


@dataclass(slots=True, eq=False)
class Piece(Generic[T]):
    """Something to write. ``within`` does it in a transaction that others share, ``alone`` in one of its own."""

    within: Callable[[Store], T]
    alone: Callable[[], T]
    undone: Callable[[], None] = lambda: None
    """Called where the shared transaction was rolled back, before it is done alone."""
    result: T | None = None
    failure: BaseException | None = None
    over: "asyncio.Future[None] | None" = None


@dataclass(slots=True)
class Together:
    """Writes pieces in the order in which they come, in a thread; those that wait while one is written, at once.

    A server writes for many at a time, and there each piece has a transaction and a thread of its own.
    """

    database: Database
    ring: KeyRing
    _waiting: deque[Piece[Any]] = field(default_factory=deque)
    _working: "asyncio.Task[None] | None" = None

    async def write(self, piece: Piece[T]) -> T:
        """Its result, once it is committed. Raises what it raises."""
        if not self.database.is_sqlite:
            return await asyncio.to_thread(piece.alone)
        piece.over = asyncio.get_running_loop().create_future()
        self._waiting.append(piece)
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        await piece.over
        if piece.failure is not None:
            raise piece.failure
        return piece.result  # type: ignore[return-value]  # it is there, or else there is a failure

    async def _work(self) -> None:
        try:
            while self._waiting:
                for piece in await asyncio.to_thread(self._write):
                    if piece.over is not None and not piece.over.done():
                        piece.over.set_result(None)
        finally:
            self._working = None

    def _write(self) -> list[Piece[Any]]:
        """Write what waits once it is our turn, and what comes meanwhile, as long as there is time; what is done."""
        begun: list[Piece[Any]] = []
        try:
            with self.database.transaction() as connection:
                house, until = Store(connection, self.ring), time.monotonic() + WITHIN
                while self._waiting and (not begun or time.monotonic() < until):
                    begun.append(piece := self._waiting.popleft())
                    piece.result = piece.within(house)
        except BaseException as failure:  # whatever it is, those who wait for this thread have to hear of it
            begun = begun or [self._waiting.popleft() for _ in range(len(self._waiting))]
            for piece in begun:
                piece.undone()
            for piece in begun:
                if isinstance(failure, DatabaseBusy):
                    piece.failure = failure  # alone, each would wait as long again
                else:
                    _alone(piece)
        return begun


def _alone(piece: Piece[Any]) -> None:
    try:
        piece.result = piece.alone()
    except BaseException as failure:
        piece.failure = failure
