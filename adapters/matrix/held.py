"""Messages whose key has not come: kept, asked for, tried again, and in the end answered with a hint."""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec

from adapters.matrix.connection import Connection
from adapters.matrix.hints import NO_KEY, SELDOM, WITHHELD, Hints
from adapters.matrix.http import JSON, MatrixRefused, Unreachable
from adapters.matrix.machine import MEGOLM, send_to_devices
from adapters.matrix.people import Device

log = logging.getLogger(__name__)

Again = Callable[[str, JSON], Awaitable[None]]

MOST_HELD = 500
KEPT = "held"
KEPT_FOR = 86_400.0  # seconds; an older command would not be carried out any more


@dataclass(slots=True)
class _Held:
    room: str
    event: JSON
    asked: bool = False


class Held:
    """What cannot be read yet. It is in the drawer too, so that a stop in between loses nothing."""

    def __init__(self, connection: Connection, hints: Hints) -> None:
        self._connection, self._hints = connection, hints
        self.again: Again | None = None
        """Gives an event its turn once more."""
        self._held: dict[str, _Held] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._withheld: set[tuple[str, str]] = set()
        self._begun: dict[Device, float] = {}

    async def restore(self) -> None:
        """Take up what was held when the programme stopped."""
        assert self.again
        for name in await asyncio.to_thread(self._connection.drawer.names, f"{KEPT}/"):
            kept = await self._connection.kept(name)
            room, event = msgspec.json.decode(kept, type=tuple[str, JSON]) if kept else ("", {})
            if time.time() - event.get("origin_server_ts", 0) / 1000 < KEPT_FOR:
                await self.again(room, event)
            else:
                await asyncio.to_thread(self._connection.drawer.delete, name)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def hold(self, room: str, event: JSON) -> None:
        """Keep the event until its key comes, and tell the sender if it does not."""
        event_id = str(event["event_id"])
        if event_id in self._held:
            return
        self._connection.counters.unreadable += 1
        if len(self._held) >= MOST_HELD:
            await self.release(next(iter(self._held)))
        self._held[event_id] = _Held(room, event)
        await self._connection.keep(f"{KEPT}/{event_id}", msgspec.json.encode((room, event)))
        task = asyncio.get_running_loop().create_task(self._wait(event_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def release(self, event_id: str) -> None:
        """The event was read, or will never be."""
        self._held.pop(event_id, None)
        await asyncio.to_thread(self._connection.drawer.delete, f"{KEPT}/{event_id}")

    async def key_came(self, room: str, session: str) -> None:
        """Try again what was waiting for this key."""
        assert self.again
        for held in list(self._held.values()):
            if held.room == room and held.event["content"].get("session_id") == session:
                self._held.pop(str(held.event["event_id"]), None)
                await self.again(held.room, held.event)

    def withheld(self, content: JSON) -> None:
        """A client says that it does not give us the key of a session."""
        self._withheld.add((str(content.get("room_id")), str(content.get("session_id"))))

    async def _wait(self, event_id: str) -> None:
        with contextlib.suppress(MatrixRefused, Unreachable):
            await self._ask(self._held[event_id])
        await asyncio.sleep(self._connection.setup.patience)
        held = self._held.get(event_id)
        room = self._connection.rooms.get(held.room) if held else None
        if held is None or room is None:
            return
        refused = (held.room, str(held.event["content"].get("session_id"))) in self._withheld
        await self._hints.say(room, str(held.event["sender"]), WITHHELD if refused else NO_KEY, clear=False)

    async def _ask(self, held: _Held) -> None:
        """Ask the sender's device for the key, over a new private session in case the old one is broken."""
        connection, content = self._connection, held.event["content"]
        sender = str(held.event["sender"])
        await connection.people.refresh({sender}, connection.server)
        devices = list(connection.people.person(sender).devices.values())
        asked = [d for d in devices if d.id == content.get("device_id")] or devices
        request = {
            "action": "request",
            "body": {
                "algorithm": MEGOLM,
                "room_id": held.room,
                "session_id": content.get("session_id"),
                "sender_key": content.get("sender_key"),
            },
            "request_id": os.urandom(16).hex(),
            "requesting_device_id": connection.device,
        }
        now = time.monotonic()
        self._begun = {d: at for d, at in self._begun.items() if now - at < SELDOM}
        for device in asked[:5]:
            # Each costs the device a one-time key, of which a storm of such messages must not rob it.
            if device not in self._begun:
                self._begun[device] = now
                await connection.machine.begin_anew(device, connection.server)
        await send_to_devices(connection.server, "m.room_key_request", dict.fromkeys(asked, request))
