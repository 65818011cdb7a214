"""The scripts on a real homeserver, in encrypted rooms: everybody has a client, and what they see is what it shows."""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from adapters.card import Form
from adapters.platform import ChatPlatform, Invocation, MessageRef, Outcome, Place, Receive
from bot.clock import MovableClock
from storage.database import Database
from storage.keys import KeyRing
from tests.conversations.relay import Shown
from tests.matrix.house import House
from tests.matrix.people import DEADLINE, Heard, Person
from tests.matrix.synapse import shared_synapse

_BUTTON = re.compile(r"^\d+\. (?:\W+ )?([^:\n]+): !confer .*$", re.MULTILINE)


class MatrixStage:
    mark = "!confer "

    def __init__(self, clock: MovableClock) -> None:
        self._clock = clock
        self._folder = tempfile.TemporaryDirectory(prefix="confer-matrix-", ignore_cleanup_errors=True)
        self._house = House(shared_synapse().url, Path(self._folder.name))
        self._people: dict[str, Person] = {}
        self._rooms: dict[str, str] = {}
        self._making = ""

    @property
    def platform(self) -> ChatPlatform:
        return self._house.platform

    @asynccontextmanager
    async def open(self, receive: Receive) -> AsyncIterator[None]:
        async def hear(said: Invocation) -> Outcome:
            # The homeserver's clock is not the script's.
            return await receive(replace(said, at=self._clock.now()))

        self._house.ear.answer = hear
        with self._folder:
            async with self._house:
                self._house.start()
                yield

    # -- names ---------------------------------------------------------------------------------------------------
    def _mentioned(self, who: str) -> str:
        return self.account(who) if who in self._people else ""

    def account(self, who: str) -> str:
        return self._people[who].account

    def place(self, place: Place) -> Place:
        return Place("matrix", self._rooms[place.room], place.thread, place.direct)

    def room_of(self, room: str) -> str:
        if room not in self._rooms.values():
            connection = self._house.platform._connection
            assert connection
            found = connection.rooms[room]
            with_whom = (f"@{who}" for who, person in self._people.items() if person.account in found.present)
            # The bot greets a room before whoever made it knows that everybody is in it.
            self._rooms[next(with_whom) if found.is_direct(connection.account) else self._making] = room
        return next(name for name, known in self._rooms.items() if known == room)

    def named(self, text: str) -> str:
        for who, person in self._people.items():
            text = text.replace(person.account, f"@{who}")
        return text

    # -- people --------------------------------------------------------------------------------------------------
    async def prepare(self, place: Place, *who: str) -> None:
        """Everybody has an account, and the place is there."""
        for name in who:
            if name not in self._people:
                self._people[name] = await self._house.person(name)
                await self._people[name].client.set_displayname(name)  # as the scripts call people
        if place.direct and place.room not in self._rooms:
            self._rooms[place.room] = await self._house.direct(self._people[place.room[1:]])

    async def join(self, room: str, *who: str) -> None:
        await self.prepare(Place("matrix", room), *who)
        people = [self._people[name] for name in who]
        if room not in self._rooms:
            self._making = room
            self._rooms[room] = await self._house.room(room, *people)
            return
        host = next(iter(self._people.values()))
        for person in people:
            await host.client.room_invite(self._rooms[room], person.account)
            await person.joins(self._rooms[room])
            await host.sees_member(self._rooms[room], person.account)

    async def leave(self, room: str, *who: str) -> None:
        for name in who:
            await self._people[name].client.room_leave(self._rooms[room])

    async def says(self, who: str, place: Place, text: str) -> MessageRef:
        for name in re.findall(r"@([a-z]+)\b(?!:)", text):
            if name != "confer":
                await self.prepare(place, name)
        # A client completes a name however it is typed.
        text = re.sub(r"@([A-Za-z]+)\b(?!:)", lambda m: self._mentioned(m[1].casefold()) or m[0], text)
        relation: dict[str, object] = {}
        if place.thread:
            root = {"event_id": place.thread}
            relation = {
                "m.relates_to": {"rel_type": "m.thread", "is_falling_back": True, "m.in_reply_to": root, **root}
            }
        return MessageRef(place.room, await self._sends(who, self._rooms[place.room], text, **relation))

    async def deletes(self, who: str, message: MessageRef) -> None:
        await self._people[who].client.room_redact(message.room, message.message)

    async def presses(self, who: str, message: MessageRef, label: str) -> None:
        await self._replies(who, message, label)

    async def fills(self, who: str, message: MessageRef, form: Form, fields: Mapping[str, str]) -> None:
        given = fields or {field.name: field.value for field in form.fields}
        await self._replies(who, message, "\n".join(f"{name}: {value}" for name, value in given.items()))

    async def _replies(self, who: str, message: MessageRef, text: str) -> None:
        await self._people[who].is_up_to_date(message.room)
        await self._sends(who, message.room, text, **{"m.relates_to": {"m.in_reply_to": {"event_id": message.message}}})

    async def _sends(self, who: str, room: str, text: str, **content: object) -> str:
        """Say it and wait until the bot has heard it."""
        ear = self._house.ear
        before = len(ear.heard)
        event = await self._people[who].says(room, text, **content)
        async with asyncio.timeout(DEADLINE):
            await ear.hears(before + 1, all_sources=True)
        return event

    async def settle(self) -> None:
        for name, room in list(self._rooms.items()):
            await self._viewer(name).is_up_to_date(room)

    # -- what stands ---------------------------------------------------------------------------------------------
    def shown(self, message: MessageRef) -> Shown | None:
        name = self.room_of(message.room)
        heard = self._viewer(name).heard.get(message.room, {}).get(message.message)
        if heard is None or heard.redacted:
            return None
        direct = name.startswith("@")
        return Shown(self._read(heard), name[1:] if direct else None, direct)

    def _viewer(self, room: str) -> Person:
        return self._people[room[1:]] if room.startswith("@") else next(iter(self._people.values()))

    def _read(self, heard: Heard) -> str:
        """The words without what only leads the eye: list points, and how a button is pressed."""
        text = self.named(heard.text).replace("\n\n", "\n").removeprefix("⚠️ ")
        text = re.sub(r"^• (?:⚠️ )?", "", text, flags=re.MULTILINE)
        return re.sub(r"^(\d+)\. ", r"\1  ", _BUTTON.sub(r"[\1]", text), flags=re.MULTILINE)


def stage(database: Database, ring: KeyRing, clock: MovableClock) -> MatrixStage:
    return MatrixStage(clock)
