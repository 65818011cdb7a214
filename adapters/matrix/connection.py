"""One logged-in account: everything that its parts share, and how an event is sent."""

import asyncio
import hashlib
import logging
import time
from collections import ChainMap, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters.matrix.http import JSON, Homeserver, MatrixRefused, Unreachable, segment
from adapters.matrix.inbound import Own, own_names
from adapters.matrix.machine import Machine
from adapters.matrix.offers import Offers
from adapters.matrix.people import People
from adapters.matrix.relations import Relations, edit_of
from adapters.matrix.rooms import Room, objection
from adapters.matrix.settings import MatrixSetup
from adapters.platform import Drawer, NotDelivered

log = logging.getLogger(__name__)

MOST_REMEMBERED = 2_000
MOST_UPGRADES = 20
SPARING = 600.0  # seconds after a refusal for too many messages


@dataclass(slots=True)
class Counters:
    """What ``confer matrix status`` shows; no content, no names."""

    read: int = 0
    sent: int = 0
    unreadable: int = 0
    refused_devices: int = 0
    synced_at: float | None = None
    """When the homeserver last answered a sync, on the monotonic clock."""


@dataclass
class Connection:
    """The account with its rooms, its keys and the homeserver it speaks to."""

    setup: MatrixSetup
    drawer: Drawer
    server: Homeserver
    account: str
    device: str
    machine: Machine
    people: People
    offers: Offers
    rooms: dict[str, Room] = field(default_factory=dict)
    joining: set[str] = field(default_factory=set)
    """Rooms whose invitation was accepted and that the homeserver has not shown yet."""
    counters: Counters = field(default_factory=Counters)
    relations: Relations = field(default_factory=Relations)
    limited_at: float = float("-inf")
    _mine: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _moved: dict[str, str] = field(default_factory=dict)

    @property
    def own(self) -> Own:
        return own_names(self.account, self.setup.name, ())

    def own_in(self, room: Room) -> Own:
        """What the bot is called in the room: its display name there too."""
        name = room.names.get(self.account)
        return own_names(self.account, self.setup.name, (name,) if name else ())

    def names(self, room: Room) -> Mapping[str, str]:
        """What people are called in the room, or else in another one: in a direct room there are two of them."""
        return ChainMap(room.names, *(other.names for other in self.rooms.values()))

    async def name_of(self, account: str) -> str:
        """What the homeserver says that somebody is called whom the bot has not met; "" where it does not say."""
        try:
            profile = await self.server.call("GET", f"/profile/{segment(account)}/displayname")
        except (MatrixRefused, Unreachable):
            return ""
        name = profile.get("displayname")
        return name if isinstance(name, str) else ""

    # -- rooms that were upgraded --------------------------------------------------------------------------------
    def lasting(self, room: str) -> str:
        """The id under which the bot's other parts know the room: that of its first version."""
        for _ in range(MOST_UPGRADES):
            known = self.rooms.get(room)
            before = known.predecessor if known else ""
            # Both ends must say so: anybody can name a foreign room as the predecessor of an own one.
            if not before or self._moved.get(before) != room:
                return room
            room = before
        return room

    def present(self, room: str) -> str:
        """The id of the room's newest version that the bot is in."""
        for _ in range(MOST_UPGRADES):
            after = self._moved.get(room, "")
            successor = self.rooms.get(after)
            if successor is None or successor.predecessor != room:
                return room
            room = after
        return room

    def move(self, room: str, successor: str) -> None:
        """The room's tombstone names its successor."""
        self._moved[room] = successor

    @property
    def is_limited(self) -> bool:
        """Whether the homeserver slows us down: then only what matters is sent."""
        return time.monotonic() - self.limited_at < SPARING

    def room(self, room: str) -> Room:
        """The joined room, in its newest version. Raises :class:`NotDelivered`."""
        found = self.rooms.get(self.present(room))
        if found is None:
            if room in self.joining:
                raise NotDelivered("still_joining", retry_after=1.0)
            raise NotDelivered("not_in_room", final=True)
        return found

    # -- sending -------------------------------------------------------------------------------------------------
    def check(self, room: Room) -> None:
        """Raise :class:`NotDelivered` where the bot may not speak."""
        if trouble := objection(room, self.setup, self.account):
            raise NotDelivered(trouble[0], final=True)

    async def send(self, room: Room, kind: str, content: JSON, number: str, *, everyone: bool = False) -> str:
        """Send an event, encrypted where the room is; its id. The same number sends one event.

        ``everyone``: devices that do not count read it too; for nothing but their verification. Raises :class:`NotDelivered`.
        """
        try:
            if room.encrypted and kind != "m.reaction":  # clients look for reactions in clear
                content = await self.machine.encrypt(
                    room.id, kind, content, room.present, self.people, self.server, everyone=everyone
                )
                kind = "m.room.encrypted"
            answer = await self.server.call("PUT", f"/rooms/{segment(room.id)}/send/{kind}/{number}", content)
        except (MatrixRefused, Unreachable) as trouble:
            failure = trouble.as_not_delivered()
            if failure.kind == "rate_limited":
                self.limited_at = time.monotonic()
            raise failure from None
        event = str(answer["event_id"])
        self.relations.was_said(content, event)
        self.remember_own(event)
        self.counters.sent += 1
        return event

    async def say_clear(self, room: Room, text: str, number: str) -> None:
        """A fixed sentence, not encrypted, for somebody who could not read it otherwise; failing is no matter."""
        content = {"msgtype": "m.notice", "body": text, "m.mentions": {}}
        try:
            await self.server.call("PUT", f"/rooms/{segment(room.id)}/send/m.room.message/{number}", content)
        except (MatrixRefused, Unreachable) as trouble:
            log.warning("a hint was not delivered: %s", trouble)

    def remember_own(self, event: str) -> None:
        self._mine[event] = None
        while len(self._mine) > MOST_REMEMBERED:
            self._mine.popitem(last=False)

    def forget_own(self, event: str) -> None:
        self._mine.pop(event, None)

    def is_known_own(self, event: str) -> bool:
        return event in self._mine

    async def event(self, room: Room, event: str) -> JSON:
        """A message of the room as the homeserver has it. Raises :class:`NotDelivered`, final where there is none."""
        try:
            return await self.server.call("GET", f"/rooms/{segment(room.id)}/event/{segment(event)}")
        except MatrixRefused as refused:
            if refused.status in (400, 403, 404):
                raise NotDelivered("no_such_message", final=True) from None
            raise refused.as_not_delivered() from None
        except Unreachable as trouble:
            raise trouble.as_not_delivered() from None

    async def original(self, room: Room, event: str) -> str:
        """The message that the event edits, or the event itself; what cannot be looked up stands for itself."""
        found = self.relations.original(event)
        if found is None:
            try:
                found = edit_of((await self.event(room, event)).get("content", {})) or event
            except NotDelivered:
                return event
            self.relations.was_edited(event, found)
        return found

    async def keep(self, name: str, content: bytes) -> None:
        await asyncio.to_thread(self.drawer.put, name, content)

    async def kept(self, name: str) -> bytes | None:
        return await asyncio.to_thread(self.drawer.get, name)


def number_of(*parts: object) -> str:
    """A transaction id: it says nothing of the parts, and the same parts give the same."""
    return "c" + hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:40]
