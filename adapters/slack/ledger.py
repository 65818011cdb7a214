"""What was posted under which key, and where it stands: in the drawer, so that a restart posts nothing twice.

Nothing of it is remembered here: another instance may have tried since. What is to be written at the same time, of posts
in many places, is written together.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from adapters.platform import MessageRef, SharedDrawer

log = logging.getLogger(__name__)

LASTS = 14 * 86400.0
"""Longer than anything is tried again or edited under its key."""


class Entry(msgspec.Struct, frozen=True):
    """One key's post. ``nonce`` goes into the messages' metadata, so that they can be found again."""

    nonce: str
    at: float
    room: str = ""
    done: tuple[str, ...] = ()
    """Time stamps of the parts that are known to be there: the message, its further pages, its files."""
    doubt: bool = True
    """Whether the part after ``done`` may be there although nobody said so."""


class Spot(msgspec.Struct, frozen=True):
    """One message that stands: where its buttons act, what belongs to it. ``gone``: it was taken out."""

    at: float
    origin: str = ""
    pages: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    gone: bool = False


class _Dated(msgspec.Struct):
    at: float


T = TypeVar("T", Entry, Spot)


@dataclass(slots=True, eq=False)
class _Write:
    """``there``: what was kept under the name before, where ``is_new`` and something was."""

    name: str
    content: bytes
    is_new: bool
    there: "asyncio.Future[bytes | None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Ledger:
    def __init__(self, drawer: SharedDrawer, *, clock: Callable[[], float] = time.time) -> None:
        self._drawer, self._clock = drawer, clock
        self._waiting: list[_Write] = []
        self._writing: asyncio.Task[None] | None = None

    async def begin_post(self, key: str, entry: Entry) -> Entry | None:
        """Note the post before it goes out; where one is noted under the key, it stays, and is given back."""
        there = await self._write(_post(key), entry, is_new=True)
        return None if there is None else msgspec.json.decode(there, type=Entry)

    async def save_post(self, key: str, entry: Entry) -> None:
        await self._write(_post(key), entry)

    def note_post(self, key: str, entry: Entry) -> None:
        """Save it in the background: should this be lost, the message is found by its key."""
        self._write(_post(key), entry).add_done_callback(_look_at)

    async def finish(self) -> None:
        while self._writing is not None:
            await asyncio.wait((self._writing,))  # which goes on where this is cancelled

    async def spot(self, message: MessageRef) -> Spot | None:
        return await self._get(_spot(message), Spot)

    async def save_spot(self, message: MessageRef, spot: Spot) -> None:
        await self._write(_spot(message), spot)

    async def forget_old(self) -> None:
        await asyncio.to_thread(self._forget_old)

    async def _get(self, name: str, kind: type[T]) -> T | None:
        kept = await asyncio.to_thread(self._drawer.get, name)
        return None if kept is None else msgspec.json.decode(kept, type=kind)

    def _write(self, name: str, thing: Entry | Spot, *, is_new: bool = False) -> "asyncio.Future[bytes | None]":
        write = _Write(name, msgspec.json.encode(thing), is_new)
        self._waiting.append(write)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        return write.there

    async def _write_all(self) -> None:
        """What waits, and what comes while it is written, with one write each time."""
        try:
            while self._waiting:
                writes, self._waiting = self._waiting, []
                over, new = ({w.name: w.content for w in writes if w.is_new is kind} for kind in (False, True))
                try:
                    there = await asyncio.to_thread(self._drawer.put_all, over, new)
                except Exception as failure:
                    for waits in (w.there for w in writes if not w.there.done()):
                        waits.set_exception(failure)
                else:
                    for write in (w for w in writes if not w.there.done()):
                        write.there.set_result(there.get(write.name))
        finally:
            self._writing = None

    def _forget_old(self) -> None:
        before = self._clock() - LASTS
        for name in (*self._drawer.names("post/"), *self._drawer.names("spot/")):
            kept = self._drawer.get(name)
            if kept is not None and msgspec.json.decode(kept, type=_Dated).at < before:
                self._drawer.delete(name)


def _look_at(there: "asyncio.Future[bytes | None]") -> None:
    if not there.cancelled() and (failure := there.exception()):
        log.warning("a post could not be noted: %s", type(failure).__name__)


def _post(key: str) -> str:
    return f"post/{hashlib.sha256(key.encode()).hexdigest()[:40]}"


def _spot(message: MessageRef) -> str:
    return f"spot/{message.room}/{message.message}"
