"""The scripts on a real homeserver, in encrypted rooms: everybody has a client, and what they see is what it shows.

The people, their devices and their keys stay from one script to the next. The bot and all rooms are new in each.
"""

import asyncio
import atexit
import re
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from adapters.card import Form
from adapters.platform import ChatPlatform, Invocation, MessageRef, Outcome, Place, Receive
from bot.clock import MovableClock
from storage.database import Database
from storage.keys import KeyRing
from tests.conversations.relay import Shown
from tests.matrix.house import House
from tests.matrix.people import DEADLINE, Heard, Person, new_person
from tests.matrix.synapse import passing_folder, shared_synapse

# A client completes a name however it is typed; an account that is written out stays as it is.
_CALLED = re.compile(r"@([A-Za-z]\w*)\b(?![\w.-]*:\w)")
_KEYS_LAST = 20  # scripts in each of which a new bot takes one of a person's fifty one-time keys
_BUTTON = re.compile(r"^\d+\. (?:\W+ )?([^:\n]+): !confer .*$", re.MULTILINE)


@dataclass
class _Company:
    """Everybody who has been in a script of this run, by the name they have in scripts."""

    folder: tempfile.TemporaryDirectory[str]
    people: dict[str, Person] = field(default_factory=dict)
    scripts: Counter[str] = field(default_factory=Counter)

    def end(self) -> None:
        for person in self.people.values():
            lasting_loop().run_until_complete(person.stop())
        self.folder.cleanup()

    async def person(self, name: str) -> Person:
        if name not in self.people:
            # They look at what is new where it matters; eight clients that follow every word would cost most of the time.
            made = await new_person(shared_synapse().url, Path(self.folder.name) / name, name, looking=False)
            await made.client.set_displayname(name)  # as the scripts call people
            self.people[name] = made
        self.scripts[name] += 1
        if self.scripts[name] % _KEYS_LAST == 0:
            await self.people[name].looks()
        return self.people[name]


@cache
def _company() -> _Company:
    """It parts with the process."""
    company = _Company(passing_folder("confer-people-"))
    atexit.register(company.end)
    return company


@cache
def lasting_loop() -> asyncio.AbstractEventLoop:
    """Where everybody's client lives."""
    return asyncio.new_event_loop()


@dataclass
class _Room:
    """A room, and the people in it in the order in which they came; who has left stands last."""

    id: str
    inside: list[Person]
    left: list[Person] = field(default_factory=list)
    knowing: list[Person] = field(default_factory=list)
    """Who has looked since the last one came or left, and so knows for whom to encrypt."""


class MatrixStage:
    mark = "!confer "

    def __init__(self, clock: MovableClock) -> None:
        self._clock = clock
        self._folder = passing_folder("confer-matrix-")
        self._house = House(shared_synapse().url, Path(self._folder.name))
        self._people: dict[str, Person] = {}
        self._rooms: dict[str, _Room] = {}

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
        return Place("matrix", self._rooms[place.room].id, place.thread, place.direct)

    def room_of(self, room: str) -> str:
        known = next((name for name, one in self._rooms.items() if one.id == room), "")
        if not known:
            known, person = self._whispered_to(room)
            self._rooms[known] = _Room(room, [person])
        return known

    def _whispered_to(self, room: str) -> tuple[str, Person]:
        """Whom the bot has made the room for."""
        connection = self._house.platform._connection
        assert connection
        assert connection.rooms[room].is_direct(connection.account)
        present = connection.rooms[room].present
        return next((f"@{who}", person) for who, person in self._people.items() if person.account in present)

    def named(self, text: str) -> str:
        for who, person in self._people.items():
            text = text.replace(person.account, f"@{who}")
        return text

    # -- people --------------------------------------------------------------------------------------------------
    async def prepare(self, place: Place, *who: str) -> None:
        """Everybody has an account, and the place is there."""
        for name in who:
            if name not in self._people:
                self._people[name] = await _company().person(name)
        if place.direct and place.room not in self._rooms:
            person = self._people[place.room[1:]]
            self._rooms[place.room] = room = _Room("", [person])
            room.id = await person.makes_room("", self._house.bot, is_direct=True)
            await self._house.ear.is_in(room.id)

    async def arrives(self, room: str, by: str) -> None:
        if room not in self._rooms:
            await self.prepare(Place("matrix", room), by)
            await self._begins(room, self._people[by])

    async def join(self, room: str, *who: str) -> None:
        await self.prepare(Place("matrix", room), *who)
        people = [self._people[name] for name in who]
        if room not in self._rooms and len(people) == 1:
            # The bot greets whoever asks it in; to scripts it has always been there.
            await self._begins(room, await _company().person("host"), *people)
            await self._went(room, self._rooms[room].inside[0])
            return
        if room not in self._rooms:
            await self._begins(room, *people)
            return
        there = self._rooms[room]
        for person in people:
            await there.inside[0].client.room_invite(there.id, person.account)
            await person.client.join(there.id)
            there.inside.append(person)
        there.knowing.clear()

    async def _begins(self, name: str, *people: Person) -> None:
        """An encrypted room with these people, who then ask the bot in."""
        first, *others = people
        levels = {"users": {self._house.bot: 50}}
        room = await first.makes_room(name, *(p.account for p in others), power_level_override=levels)
        self._rooms[name] = _Room(room, list(people))
        await asyncio.gather(*(person.client.join(room) for person in others))
        await first.client.room_invite(room, self._house.bot)
        await self._house.ear.is_in(room)

    async def leave(self, room: str, *who: str) -> None:
        for name in who:
            await self._went(room, self._people[name])

    async def _went(self, room: str, person: Person) -> None:
        there = self._rooms[room]
        await person.client.room_leave(there.id)
        there.inside.remove(person)
        there.left.append(person)
        there.knowing.clear()

    async def says(self, who: str, place: Place, text: str) -> MessageRef:
        for name in _CALLED.findall(text):
            if name != "confer" and name.islower():
                await self.prepare(place, name)
        text = _CALLED.sub(lambda m: self._mentioned(m[1].casefold()) or m[0], text)
        relation: dict[str, object] = {}
        if place.thread:
            root = {"event_id": place.thread}
            relation = {
                "m.relates_to": {"rel_type": "m.thread", "is_falling_back": True, "m.in_reply_to": root, **root}
            }
        return MessageRef(place.room, await self._sends(who, self._rooms[place.room].id, text, **relation))

    async def deletes(self, who: str, message: MessageRef) -> None:
        await self._people[who].client.room_redact(message.room, message.message)

    async def presses(self, who: str, message: MessageRef, label: str) -> None:
        await self._replies(who, message, label)

    async def fills(self, who: str, message: MessageRef, form: Form, fields: Mapping[str, str]) -> None:
        given = fields or {field.name: field.value for field in form.fields}
        await self._replies(who, message, "\n".join(f"{name}: {value}" for name, value in given.items()))

    async def _replies(self, who: str, message: MessageRef, text: str) -> None:
        await self._people[who].joins(message.room)
        await self._sends(who, message.room, text, **{"m.relates_to": {"m.in_reply_to": {"event_id": message.message}}})

    async def _sends(self, who: str, room: str, text: str, **content: object) -> str:
        """Say it and wait until the bot has heard it."""
        ear = self._house.ear
        before = len(ear.heard)
        person, place = self._people[who], self._rooms[self.room_of(room)]
        if person not in place.knowing:
            await person.looks()
            place.knowing.append(person)
        event = await person.says(room, text, **content)
        async with asyncio.timeout(DEADLINE):
            await ear.hears(before + 1, all_sources=True)
        return event

    async def settle(self, rooms: Collection[str]) -> None:
        for room in list(self._rooms.values()):
            if room.id in rooms:
                for viewer in room.inside[:1]:
                    await viewer.is_up_to_date(room.id)

    # -- what stands ---------------------------------------------------------------------------------------------
    def shown(self, message: MessageRef) -> Shown | None:
        name = self.room_of(message.room)
        heard = self._heard(self._rooms[name], message.message)
        if heard is None or heard.redacted:
            return None
        direct = name.startswith("@")
        return Shown(self._read(heard), name[1:] if direct else None, direct)

    def _heard(self, room: _Room, event: str) -> Heard | None:
        """As the first in the room sees it who was there when it was said."""
        seen = (person.heard.get(room.id, {}).get(event) for person in (*room.inside, *room.left))
        return next((heard for heard in seen if heard and (heard.readable or heard.redacted)), None)

    def _read(self, heard: Heard) -> str:
        """The words without what only leads the eye: list points, and how a button is pressed."""
        text = self.named(heard.text).replace("\n\n", "\n").removeprefix("⚠️ ")
        text = re.sub(r"^• (?:⚠️ )?", "", text, flags=re.MULTILINE)
        return re.sub(r"^(\d+)\. ", r"\1.  ", _BUTTON.sub(r"[\1]", text), flags=re.MULTILINE)


def stage(database: Database, ring: KeyRing, clock: MovableClock) -> MatrixStage:
    return MatrixStage(clock)
