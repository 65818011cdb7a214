"""The console as a chat platform: one terminal, everybody's rooms, everything printed as it is said."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec

from adapters.card import Button, Card
from adapters.console.forms import Forms, Offer
from adapters.console.render import Line, Span, card_lines, message_lines, paragraph
from adapters.console.shelf import Shelf
from adapters.console.world import BOT, PLATFORM, Message, World, is_direct
from adapters.platform import Invocation, MessageRef, NotDelivered, Outcome, Place, Receive, Source
from adapters.words import addressed, harmless


@dataclass(frozen=True)
class ConsoleHooks:
    """What the console asks of the programme around it."""

    now: Callable[[], datetime]
    advance: Callable[[datetime], Awaitable[None]]
    """Moves the clock and delivers what falls due on the way, in order."""
    settle: Callable[[], Awaitable[None]]
    """Delivers all that is ready now."""
    complete: Callable[[str], Sequence[str]]
    """What may stand in place of a command typed so far, or of its last, unfinished word."""
    zone: Callable[[], ZoneInfo]


class Screen(Protocol):
    def show(self, lines: Sequence[Line]) -> None:
        """Show one message, or one remark of the console."""


class Transcript:
    """A screen of plain lines, as they go into a pipe."""

    def __init__(self, output: Callable[[str], None]) -> None:
        self._output = output

    def show(self, lines: Sequence[Line]) -> None:
        for line in lines:
            self._output(line.text)


class ConsolePlatform:
    """Rooms, threads, whispers, buttons and forms for one terminal; nothing of it outlives the process."""

    name = PLATFORM

    def __init__(self, hooks: ConsoleHooks, output: Callable[[str], None], files: Path | None = None) -> None:
        self.hooks = hooks
        self.world = World()
        self.forms = Forms(self.world)
        self.screen: Screen = Transcript(output)
        self._shelf = Shelf(files)
        self._posted: dict[str, MessageRef] = {}
        self._counter = itertools.count(1)
        self._receive: Receive | None = None
        self._ended = asyncio.Event()

    def listen(self, receive: Receive) -> None:
        self._receive = receive

    def end(self) -> None:
        self._ended.set()

    async def run(self, receive: Receive) -> None:
        """Take words in until cancelled or :meth:`end`."""
        self.listen(receive)
        await self._ended.wait()

    # What the bot does.

    async def post(self, place: Place, card: Card, key: str) -> MessageRef:
        """Show the card to everyone in the place; the same key posts once."""
        return self._once(key, place, card)

    async def whisper(self, place: Place, account: str, card: Card, key: str) -> MessageRef:
        """Show the card to one person, in the place, or in private where none is named; its buttons act there."""
        where = place if place.room else Place(self.name, f"@{account}", direct=True)
        return self._once(key, where, msgspec.structs.replace(card, mentions=()), to=account)

    async def edit(self, message: MessageRef, card: Card) -> None:
        """Show another card in the same message of the bot."""
        found = self.world.find(message)
        if found is None or found.removed:
            raise NotDelivered("no_such_message", final=True)
        if found.card is None:
            raise NotDelivered("not_own_message", final=True)
        card = msgspec.structs.replace(card, mentions=()) if found.to else card
        if card != found.card:
            found.card = card
            self.forms.offered_anew(found)
            self._show(found, "(edited) ")

    async def redact(self, message: MessageRef) -> None:
        """Take the message out for everyone; a second time changes nothing."""
        found = self.world.find(message)
        if found is None:
            raise NotDelivered("no_such_message", final=True)
        self.remove(found)

    async def members(self, room: str) -> frozenset[str]:
        """The accounts in the room; nobody in one that this run has not seen."""
        if is_direct(room):
            return frozenset({room[1:]})
        found = self.world.rooms.get(room)
        return frozenset(found.members) if found else frozenset()

    # What people do.

    async def make_room(self, account: str, room: str) -> Outcome:
        """A new room with this person and the bot in it."""
        self.world.enter(account, room)
        return await self._tell(account, Place(PLATFORM, room, None, is_direct(room)), "", Source.JOINED)

    async def say(self, account: str, place: Place, text: str) -> Outcome:
        """A message of a person; it goes to the bot as a command or as chat."""
        message = self.world.say(place, account, text=text)
        self._show(message)
        said = addressed(text)
        if said is None and place.direct:
            said = text.strip()
        reply_to = self.world.root(message)
        source = Source.CHAT if said is None else Source.TYPED
        words = text if said is None else said
        return await self._tell(account, self.world.place(message), words, source, message=message, reply_to=reply_to)

    async def press(self, account: str, message: Message, button: Button) -> Outcome:
        """A person's click on the button that the message shows."""
        return await self._tell(account, self.world.place(message), button.command, Source.BUTTON, message=message)

    async def submit(self, account: str, offer: Offer, fields: Mapping[str, str]) -> Outcome:
        """A person's filled form; once the bot takes it, it is closed for that person."""
        place = self.world.place(offer.message)
        words = offer.form.command
        outcome = await self._tell(account, place, words, Source.FORM, message=offer.message, fields=fields)
        if not outcome.refused:
            self.forms.taken(account, offer)
        return outcome

    def rewrite(self, message: Message, text: str) -> None:
        """A person's edit of their own message; the bot never takes it as a command."""
        message.text = text
        self._show(message, "(edited) ")

    def remove(self, message: Message) -> None:
        """Take the message out of everybody's sight."""
        if not message.removed:
            message.removed = True
            message.card, message.text = None, ""
            self.screen.show([Line((*_place(message), Span("(removed)", "quiet")))])

    def remark(self, text: str, style: str = "quiet") -> None:
        """A line of the console itself, in no room."""
        self.screen.show(paragraph(text, style))

    # Within.

    def _once(self, key: str, place: Place, card: Card, to: str | None = None) -> MessageRef:
        if (ref := self._posted.get(key)) is None:
            message = self.world.say(place, BOT, card=card, to=self.world.person(to) if to else None)
            ref = self._posted[key] = self.world.ref(message)
            self._show(message)
        return ref

    def _show(self, message: Message, mark: str = "") -> None:
        author = Span(f"<{message.author}> ", "bot" if message.author == BOT else "person")
        body = card_lines(message.card, self._shelf.keep) if message.card else paragraph(message.text)
        self.screen.show(message_lines((*_place(message), author, Span(mark, "quiet")), body))

    async def _tell(
        self,
        account: str,
        place: Place,
        text: str,
        source: Source,
        *,
        message: Message | None = None,
        reply_to: MessageRef | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> Outcome:
        if self._receive is None:
            return Outcome(ignored=True)
        return await self._receive(
            Invocation(
                id=f"{self.world.run}:{next(self._counter)}",
                account=account,
                account_name=self.world.people.get(account, account),
                place=place,
                text=text,
                at=self.hooks.now(),
                source=source,
                fields=dict(fields or {}),
                message=self.world.ref(message) if message else None,
                reply_to=reply_to,
            )
        )


def _place(message: Message) -> tuple[Span, ...]:
    return Span(f"{message.number} ", "number"), Span(f"{harmless(message.where)} ", "room")
