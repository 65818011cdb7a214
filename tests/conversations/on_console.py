"""The scripts at the console: what people read is what it printed."""

import re
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from adapters.card import Form
from adapters.console import ConsoleHooks, ConsolePlatform
from adapters.console.render import Line
from adapters.console.world import Message
from adapters.platform import MessageRef, Place, Receive
from bot.clock import MovableClock
from storage.database import Database
from storage.keys import KeyRing
from tests.conversations.relay import Shown


class _Screen:
    """Everything that was printed, by the number of the message."""

    def __init__(self) -> None:
        self.printed: dict[int, str] = {}

    def show(self, lines: list[Line]) -> None:
        first, *further = [line.text for line in lines]
        if head := re.match(r"(\d+) \S+ <confer> (?:\(edited\) )?", first):
            body = [first[head.end() :], *(line.removeprefix("    ") for line in further)]
            self.printed[int(head[1])] = "\n".join(body)


class ConsoleStage:
    mark = "!confer "

    def __init__(self, clock: MovableClock) -> None:
        async def nothing(_at: datetime | None = None) -> None:
            return

        hooks = ConsoleHooks(clock.now, nothing, nothing, lambda _text: [], lambda: ZoneInfo("America/New_York"))
        self.platform = ConsolePlatform(hooks, output=lambda _line: None)
        self._screen = _Screen()
        self.platform.screen = self._screen  # type: ignore[assignment]

    @asynccontextmanager
    async def open(self, receive: Receive) -> AsyncIterator[None]:
        self.platform.listen(receive)
        yield

    def account(self, who: str) -> str:
        return who

    def place(self, place: Place) -> Place:
        return Place(self.platform.name, place.room, place.thread, place.direct)

    def room_of(self, room: str) -> str:
        return room

    def named(self, text: str) -> str:
        return text

    async def prepare(self, place: Place, *who: str) -> None:
        return

    async def arrives(self, room: str, by: str) -> None:
        return

    async def join(self, room: str, *who: str) -> None:
        for person in who:
            self.platform.world.enter(person, room)

    async def leave(self, room: str, *who: str) -> None:
        for person in who:
            self.platform.world.leave(person, room)

    async def says(self, who: str, place: Place, text: str) -> MessageRef:
        before = self.platform.world.last_number
        await self.platform.say(who, self.place(place), text)
        return self.platform.world.ref(self._number(before + 1))

    async def deletes(self, who: str, message: MessageRef) -> None:
        self.platform.remove(self._find(message))

    async def presses(self, who: str, message: MessageRef, label: str) -> None:
        found = self._find(message)
        assert found.card
        await self.platform.press(who, found, next(b for b in found.card.buttons if b.label == label))

    async def fills(self, who: str, message: MessageRef, form: Form, fields: Mapping[str, str]) -> None:
        offer = self.platform.forms.newest(who, "")
        assert self.platform.world.ref(offer.message) == message
        assert offer.form == form
        await self.platform.submit(who, offer, self.platform.forms.fields(who, offer, fields))

    async def settle(self, rooms: Collection[str]) -> None:
        return

    def shown(self, message: MessageRef) -> Shown | None:
        found = self._find(message)
        if found.removed or found.card is None:
            return None
        return Shown(self._screen.printed[found.number], found.to, found.room.startswith("@"))

    def _find(self, message: MessageRef) -> Message:
        found = self.platform.world.find(message)
        assert found
        return found

    def _number(self, number: int) -> Message:
        found = self.platform.world.number(number)
        assert found
        return found


def stage(database: Database, ring: KeyRing, clock: MovableClock) -> ConsoleStage:
    return ConsoleStage(clock)
