"""The people and rooms of the scripts on a real chat service: they act through it, and what they see is read from it.

To a script it is the memory platform: the same names, the same calls. What is said goes the service's own way in and
comes back as the service shows it.
"""

import asyncio
import re
from collections.abc import Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from adapters.card import Card, Form, decode, encode
from adapters.memory import EPOCH, MemoryPlatform, Said
from adapters.platform import ChatPlatform, Invocation, MessageRef, NotDelivered, Outcome, Place, Receive, Source


@dataclass(frozen=True, slots=True)
class Shown:
    """One of the bot's messages as it stands: its words in reading order, and the only one who sees it, if any."""

    text: str
    to: str | None = None
    direct: bool = False


class Stage(Protocol):
    """A chat service with people. Rooms are called as in the scripts; ``@pat`` is pat's direct room."""

    platform: ChatPlatform
    mark: str
    """What people put before words to the bot."""

    def open(self, receive: Receive) -> AbstractAsyncContextManager[None]:
        """The bot takes words in until the block ends."""

    def account(self, who: str) -> str: ...

    def place(self, place: Place) -> Place:
        """A place of the script's as the service calls it."""

    def room_of(self, room: str) -> str:
        """The script's name of a room of the service's."""

    def named(self, text: str) -> str:
        """The text with the script's names for accounts and rooms."""

    async def prepare(self, place: Place, *who: str) -> None:
        """Make sure that these people and the place are there."""

    async def arrives(self, room: str, by: str) -> None:
        """This person asks the bot into the room, where people do so."""

    async def join(self, room: str, *who: str) -> None: ...

    async def leave(self, room: str, *who: str) -> None: ...

    async def says(self, who: str, place: Place, text: str) -> MessageRef: ...

    async def deletes(self, who: str, message: MessageRef) -> None: ...

    async def presses(self, who: str, message: MessageRef, label: str) -> None: ...

    async def fills(self, who: str, message: MessageRef, form: Form, fields: Mapping[str, str]) -> None: ...

    async def settle(self, rooms: Collection[str]) -> None:
        """Wait until all that was said is carried out and seen; the bot has done something in these rooms."""

    def shown(self, message: MessageRef) -> Shown | None:
        """What stands there now; None where nothing does."""


@dataclass(slots=True)
class ShownOnStage(Said):
    """A message of the bot's; ``shown`` is what people read, not what was meant."""

    shown: str = ""


class Relay(MemoryPlatform):
    """Stands between the scripts and a stage. To the bot it is the stage's platform, to a script the memory's."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage, self.name = stage, stage.platform.name
        self._outcomes: list[Outcome] = []
        self._gone: set[MessageRef] = set()
        self._touched: set[str] = set()
        """The service's rooms in which the bot has done something that nobody has looked at."""
        self.is_watched = True
        """Whether somebody looks at what is done; while a scene is set, nobody has to."""
        self._asked_for: list[MessageRef] = []
        """What the bot could not take out of a room, and asks its author to."""
        self._moves: list[tuple[bool, str, tuple[str, ...]]] = []
        self._ready = asyncio.Event()

    async def run(self, receive: Receive) -> None:
        self._receive = receive
        async with self.stage.open(self._hear):
            self._ready.set()
            await self._ended.wait()

    async def ready(self) -> None:
        await self._ready.wait()

    async def _hear(self, invocation: Invocation) -> Outcome:
        assert self._receive
        outcome = await self._receive(invocation)
        self._outcomes.append(outcome)
        return outcome

    # What the bot does.

    async def post(self, place: Place, card: Card, key: str) -> MessageRef:
        self._may_go_on(f"post {key}")
        return self._noted(await self.stage.platform.post(place, card, key), place, card, key)

    async def whisper(self, place: Place, account: str, card: Card, key: str) -> MessageRef:
        self._may_go_on(f"whisper {key}")
        return self._noted(await self.stage.platform.whisper(place, account, card, key), place, card, key)

    async def edit(self, message: MessageRef, card: Card) -> None:
        self._may_go_on(f"edit {message.message}")
        await self.stage.platform.edit(message, card)
        self._touched.add(message.room)
        said = next(s for s in self.messages if s.ref == self._scripted(message))
        if (card := self._named(card)) != said.card and said.card:
            said.earlier.append(said.card)
            self.edited.append(said)
            said.card = card

    async def redact(self, message: MessageRef) -> None:
        self._may_go_on(f"redact {message.message}")
        try:
            await self.stage.platform.redact(message)
        except NotDelivered:
            self._asked_for.append(self._scripted(message))
            raise
        self._touched.add(message.room)
        self._gone.add(self._scripted(message))
        for said in self.messages:
            said.removed = said.removed or said.ref in self._gone

    async def members(self, room: str) -> frozenset[str]:
        return await self.stage.platform.members(room)

    # What people do and see.

    def join(self, room: str, *accounts: str) -> None:
        """They come in before anything else happens."""
        fresh = set(accounts) - self.rooms.get(room, set())
        super().join(room, *accounts)
        if fresh and not room.startswith("@"):
            self._moves.append((True, room, tuple(a for a in accounts if a in fresh)))

    def leave(self, room: str, *accounts: str) -> None:
        super().leave(room, *accounts)
        self._moves.append((False, room, accounts))

    async def enters(self, account: str, place: Place) -> None:
        """Let the person in, and everybody who was said to come."""
        self.join(place.room, account)
        await self._move()

    async def say(self, account: str, place: Place, text: str, at: datetime = EPOCH) -> Outcome:
        await self.enters(account, place)
        await self.stage.prepare(place, account)
        before = len(self._outcomes)
        text = self.stage.mark + text.removeprefix("!confer ") if text.startswith("!confer ") else text
        ref = await self.stage.says(account, place, text)
        outcome = await self._outcome(before)
        said = MessageRef(place.room, ref.message)
        self._add(Said(said, place, account, text=text, removed=said in self._gone))
        return outcome

    async def press(self, account: str, ref: MessageRef, label: str, at: datetime = EPOCH) -> Outcome:
        self._shown(account, ref)
        before = len(self._outcomes)
        await self.stage.presses(account, self._real(ref), label)
        return await self._outcome(before)

    async def submit(self, account: str, ref: MessageRef, fields: Mapping[str, str], at: datetime = EPOCH) -> Outcome:
        _, card = self._shown(account, ref)
        before = len(self._outcomes)
        await self.stage.fills(account, self._real(ref), card.forms[0], fields)
        return await self._outcome(before)

    async def tell(
        self,
        account: str,
        place: Place,
        text: str,
        source: Source,
        at: datetime = EPOCH,
        *,
        message: MessageRef | None = None,
        reply_to: MessageRef | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> Outcome:
        if source is Source.JOINED:
            await self.stage.arrives(place.room, account)
        number = f"{self.name}:told:{next(self._counter)}"
        told = Invocation(number, account, account, place, text, at, source, dict(fields or {}), message, reply_to)
        return await self.receive(told)

    async def receive(self, said: Invocation) -> Outcome:
        """Hand in the very invocation, its people and rooms called as the service calls them."""
        assert self._receive
        await self._move()
        await self.stage.prepare(said.place, said.account)
        account, place = self.stage.account(said.account), self.stage.place(said.place)
        outcome = await self._receive(replace(said, account=account, place=place))
        await self._settle()
        return outcome

    async def look(self) -> None:
        """Read anew what stands, as people see it."""
        await self._move()
        await self._settle()
        for said in [s for s in self.messages if s.ref in self._asked_for and not s.removed]:
            if self._was_told_to_delete(said.author):
                await self.stage.deletes(said.author, self._real(said.ref))
                said.removed = True
        for said in self.messages:
            if not isinstance(said, ShownOnStage):
                continue
            shown = self.stage.shown(self._real(said.ref))
            said.removed = shown is None
            if shown is not None:
                said.shown = self._unprefixed(shown.text, said)

    # Within.

    async def _settle(self) -> None:
        rooms = self._touched if self.is_watched else set[str]()
        self._touched = self._touched - rooms
        await self.stage.settle(rooms)

    async def _move(self) -> None:
        """Let those come and go of whom the script said so."""
        moves, self._moves = self._moves, []
        for comes, room, who in moves:
            await (self.stage.join if comes else self.stage.leave)(room, *who)

    async def _outcome(self, before: int) -> Outcome:
        await self._settle()
        fresh = self._outcomes[before:]
        told = [outcome for outcome in fresh if not outcome.ignored]
        return (told or fresh or [Outcome(ignored=True)])[-1]

    def _noted(self, ref: MessageRef, asked: Place, card: Card, key: str) -> MessageRef:
        self._touched.add(ref.room)
        shown = self.stage.shown(ref)
        if any(said.key == key for said in self.messages):
            return ref
        room = self.stage.room_of(ref.room)
        thread = None if room.startswith("@") else asked.thread
        place = Place(self.name, room, thread, direct=room.startswith("@"))
        to = room[1:] if room.startswith("@") else shown.to if shown else None
        self._add(ShownOnStage(MessageRef(room, ref.message), place, self.bot, key, self._named(card), to=to))
        return ref

    def _unprefixed(self, text: str, said: Said) -> str:
        """Hints of commands as the bot means them; how one speaks to it is different everywhere."""
        meant = str(said.card)

        def hint(match: re.Match[str]) -> str:
            prefixed = f"`!confer {match[1]}`"
            return prefixed if prefixed in meant else f"`{match[1]}`"

        return re.sub(rf"`{re.escape(self.stage.mark)}([^`\n]+)`", hint, text)

    def _named(self, card: Card) -> Card:
        return decode(self.stage.named(encode(card).decode()).encode())

    def _scripted(self, ref: MessageRef) -> MessageRef:
        return MessageRef(self.stage.room_of(ref.room), ref.message)

    def _real(self, ref: MessageRef) -> MessageRef:
        place = self.stage.place(Place(self.name, ref.room, direct=ref.room.startswith("@")))
        return MessageRef(place.room, ref.message)

    def _was_told_to_delete(self, account: str) -> bool:
        told = [said for said in self.messages[-5:] if said.to == account]
        return any("delete it there yourself" in str(said.card) for said in told)

    def _may_go_on(self, call: str) -> None:
        if fault := self._asked(call):
            raise fault.error


__all__ = ["NotDelivered", "Relay", "Shown", "ShownOnStage", "Stage"]
