"""What was posted under which key, and where it stands: in the drawer, so that a restart posts nothing twice."""

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

import msgspec

from adapters.platform import Drawer, MessageRef

log = logging.getLogger(__name__)

REMEMBERED = 2_000
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


class Ledger:
    def __init__(self, drawer: Drawer, *, clock: Callable[[], float] = time.time) -> None:
        self._drawer, self._clock = drawer, clock
        self._recent: OrderedDict[str, Entry] = OrderedDict()
        self._writing: set[asyncio.Task[None]] = set()

    async def post(self, key: str) -> Entry | None:
        return self._recent.get(key) or await self._get(_post(key), Entry)

    async def save_post(self, key: str, entry: Entry) -> None:
        self._keep_recent(key, entry)
        await self._put(_post(key), entry)

    def note_post(self, key: str, entry: Entry) -> None:
        """Save it in the background: should this be lost, the message is found by its key."""
        self._keep_recent(key, entry)
        task = asyncio.create_task(self._put(_post(key), entry))
        self._writing.add(task)
        task.add_done_callback(self._written)

    async def finish(self) -> None:
        while self._writing:
            await asyncio.wait(list(self._writing))

    async def spot(self, message: MessageRef) -> Spot | None:
        return await self._get(_spot(message), Spot)

    async def save_spot(self, message: MessageRef, spot: Spot) -> None:
        await self._put(_spot(message), spot)

    async def forget_old(self) -> None:
        await asyncio.to_thread(self._forget_old)

    def _keep_recent(self, key: str, entry: Entry) -> None:
        self._recent[key] = entry
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)

    def _written(self, task: "asyncio.Task[None]") -> None:
        self._writing.discard(task)
        if not task.cancelled() and (failure := task.exception()):
            log.warning("a post could not be noted: %s", type(failure).__name__)

    async def _get(self, name: str, kind: type[T]) -> T | None:
        kept = await asyncio.to_thread(self._drawer.get, name)
        return None if kept is None else msgspec.json.decode(kept, type=kind)

    async def _put(self, name: str, thing: Entry | Spot) -> None:
        await asyncio.to_thread(self._drawer.put, name, msgspec.json.encode(thing))

    def _forget_old(self) -> None:
        before = self._clock() - LASTS
        for name in (*self._drawer.names("post/"), *self._drawer.names("spot/")):
            kept = self._drawer.get(name)
            if kept is not None and msgspec.json.decode(kept, type=_Dated).at < before:
                self._drawer.delete(name)


def _post(key: str) -> str:
    return f"post/{hashlib.sha256(key.encode()).hexdigest()[:40]}"


def _spot(message: MessageRef) -> str:
    return f"spot/{message.room}/{message.message}"
