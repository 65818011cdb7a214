"""Chat platforms with invented people in them, all driven in the same way by the contract suite.

A platform joins by a context manager that gives a :class:`Chat`, named in ``PLATFORMS``.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol
from zoneinfo import ZoneInfo

from adapters.card import Card
from adapters.console import ConsoleHooks, ConsolePlatform
from adapters.console.forms import Offer
from adapters.console.offers import newest_labelled
from adapters.console.render import card_lines
from adapters.console.world import Message
from adapters.memory import MemoryPlatform
from adapters.platform import ChatPlatform, Invocation, MessageRef, Outcome, Place, Source
from tests.matrix.house import House
from tests.matrix.people import Person
from tests.matrix.synapse import shared_synapse

NOW = datetime(2026, 12, 1, 13, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Seen:
    """One message as a person sees it: all its words, in any layout."""

    ref: MessageRef
    text: str


class Chat(Protocol):
    """Rooms with people, the bot's platform among them, and what came in from it so far."""

    @property
    def platform(self) -> ChatPlatform: ...

    async def hears(self, count: int) -> Sequence[Invocation]:
        """The first ``count`` things that were said since the people came in; waits for them."""

    async def room(self, name: str, *people: str) -> Place:
        """A room with these people and the bot."""

    async def direct(self, person: str) -> Place:
        """The direct room of the person with the bot."""

    def account(self, person: str) -> str:
        """What the platform calls the person."""

    async def says(self, person: str, place: Place, text: str) -> MessageRef: ...

    async def presses(self, person: str, message: MessageRef, label: str) -> None: ...

    async def fills(self, person: str, message: MessageRef, fields: Mapping[str, str]) -> None: ...

    async def sees(self, person: str, place: Place) -> Sequence[Seen]:
        """What the person sees of the place, oldest first, whispers and threads included."""


class Ear:
    """A bot that only listens."""

    def __init__(self) -> None:
        self.heard: list[Invocation] = []

    async def receive(self, invocation: Invocation) -> Outcome:
        self.heard.append(invocation)
        return Outcome()


class MemoryChat:
    def __init__(self, platform: MemoryPlatform, ear: Ear) -> None:
        self.platform = platform
        self._ear = ear

    async def hears(self, count: int) -> Sequence[Invocation]:
        return self._ear.heard[:count]

    async def room(self, name: str, *people: str) -> Place:
        self.platform.join(name, *people)
        return Place("memory", name)

    async def direct(self, person: str) -> Place:
        self.platform.join(f"@{person}", person)
        return Place("memory", f"@{person}", direct=True)

    def account(self, person: str) -> str:
        return person

    async def says(self, person: str, place: Place, text: str) -> MessageRef:
        await self.platform.say(person, place, text)
        return self.platform.messages[-1].ref

    async def presses(self, person: str, message: MessageRef, label: str) -> None:
        await self.platform.press(person, message, label)

    async def fills(self, person: str, message: MessageRef, fields: Mapping[str, str]) -> None:
        await self.platform.submit(person, message, fields)

    async def sees(self, person: str, place: Place) -> Sequence[Seen]:
        seen = self.platform.seen_by(person, place.room)
        return [Seen(said.ref, words_of(said.card) if said.card else said.text) for said in seen]


class ConsoleChat:
    def __init__(self, platform: ConsolePlatform, ear: Ear) -> None:
        self.platform = platform
        self._world = platform.world
        self._ear = ear
        self._before = 0

    async def hears(self, count: int) -> Sequence[Invocation]:
        return self._ear.heard[self._before : self._before + count]

    async def room(self, name: str, *people: str) -> Place:
        for person in people:
            self._world.enter(self._world.person(person), name)
        return Place("console", name)

    async def direct(self, person: str) -> Place:
        return Place("console", f"@{person}", direct=True)

    def account(self, person: str) -> str:
        return person

    async def says(self, person: str, place: Place, text: str) -> MessageRef:
        await self.platform.say(person, place, text)
        message = self._world.number(self._world.last_number)
        assert message
        return self._world.ref(message)

    async def presses(self, person: str, message: MessageRef, label: str) -> None:
        found, button = newest_labelled(self._world, person, "", label)
        assert self._world.ref(found) == message
        assert found.card
        assert button in found.card.buttons
        await self.platform.press(person, found, next(b for b in found.card.buttons if b == button))

    async def fills(self, person: str, message: MessageRef, fields: Mapping[str, str]) -> None:
        offer: Offer = self.platform.forms.newest(person, "")
        assert self._world.ref(offer.message) == message
        await self.platform.submit(person, offer, self.platform.forms.fields(person, offer, fields))

    async def sees(self, person: str, place: Place) -> Sequence[Seen]:
        seen = [m for m in self._world.newest_first(person) if m.room == place.room]
        return [Seen(self._world.ref(message), _words(message)) for message in reversed(seen)]


class MatrixChat:
    """A bot and people with clients of their own on a real homeserver."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.platform = house.start()
        self._people: dict[str, Person] = {}

    async def hears(self, count: int) -> Sequence[Invocation]:
        ear = self._house.ear
        joined = sum(one.source is Source.JOINED for one in ear.heard)
        heard = await ear.hears(count + joined, all_sources=True)
        return [one for one in heard if one.source is not Source.JOINED][:count]

    async def room(self, name: str, *people: str) -> Place:
        for person in people:
            await self._person(person)
        return Place("matrix", await self._house.room(name, *(self._people[person] for person in people)))

    async def direct(self, person: str) -> Place:
        return Place("matrix", await self._house.direct(await self._person(person)), direct=True)

    def account(self, person: str) -> str:
        return self._people[person].account

    async def says(self, person: str, place: Place, text: str) -> MessageRef:
        relation: dict[str, object] = {}
        if place.thread:
            root = {"event_id": place.thread}
            relation = {"rel_type": "m.thread", "is_falling_back": True, "m.in_reply_to": root, **root}
        more = {"m.relates_to": relation} if relation else {}
        return MessageRef(place.room, await self._people[person].says(place.room, text, **more))

    async def presses(self, person: str, message: MessageRef, label: str) -> None:
        await self._replies(person, message, label)

    async def fills(self, person: str, message: MessageRef, fields: Mapping[str, str]) -> None:
        await self._replies(person, message, "\n".join(f"{name}: {value}" for name, value in fields.items()))

    async def sees(self, person: str, place: Place) -> Sequence[Seen]:
        client = await self._person(person)
        seen: list[Seen] = []
        for room in self._house.rooms_of(client.account, place.room):
            await client.is_up_to_date(room)
            seen += [Seen(MessageRef(room, said.event), said.text) for said in client.sees(room)]
        return seen

    async def _person(self, name: str) -> Person:
        if name not in self._people:
            self._people[name] = await self._house.person(name)
        return self._people[name]

    async def _replies(self, person: str, message: MessageRef, text: str) -> None:
        await self._people[person].is_up_to_date(message.room)
        answered = {"m.in_reply_to": {"event_id": message.message}}
        await self._people[person].says(message.room, text, **{"m.relates_to": answered})


def _words(message: Message) -> str:
    return words_of(message.card) if message.card else message.text


def words_of(card: Card) -> str:
    return "\n".join(line.text for line in card_lines(card, lambda _file: ""))


@asynccontextmanager
async def memory_chat() -> AsyncIterator[Chat]:
    platform, ear = MemoryPlatform(), Ear()
    async with _running(platform, ear):
        yield MemoryChat(platform, ear)


@asynccontextmanager
async def console_chat() -> AsyncIterator[Chat]:
    async def nothing(_at: datetime | None = None) -> None:
        return

    hooks = ConsoleHooks(
        now=lambda: NOW,
        advance=nothing,
        settle=nothing,
        complete=lambda _text: [],
        zone=lambda: ZoneInfo("UTC"),
    )
    platform, ear = ConsolePlatform(hooks, output=lambda _line: None), Ear()
    async with _running(platform, ear):
        yield ConsoleChat(platform, ear)


@asynccontextmanager
async def _running(platform: ChatPlatform, ear: Ear) -> AsyncIterator[None]:
    """The platform takes words in until the block ends; being cancelled is its normal end."""
    task = asyncio.create_task(platform.run(ear.receive))
    await asyncio.sleep(0)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def matrix_chat() -> AsyncIterator[Chat]:
    with TemporaryDirectory(prefix="confer-matrix-") as folder:
        async with House(shared_synapse().url, Path(folder)) as house:
            yield MatrixChat(house)


@asynccontextmanager
async def slack_socket() -> AsyncIterator[Chat]:
    from tests.slack.contract import slack_chat  # it builds on what stands above

    async with slack_chat() as chat:
        yield chat


@asynccontextmanager
async def slack_http() -> AsyncIterator[Chat]:
    from tests.slack.contract import slack_http_chat

    async with slack_http_chat() as chat:
        yield chat


PLATFORMS: dict[str, Callable[[], AbstractAsyncContextManager[Chat]]] = {
    "memory": memory_chat,
    "console": console_chat,
    "slack": slack_socket,
    "slack-http": slack_http,
    "matrix": matrix_chat,
}
