"""The smallest honest chat platform: keeps everything in lists, for tests of what stands above it."""

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from adapters.card import Card
from adapters.platform import Invocation, MessageRef, NotDelivered, Outcome, Place, Receive, Source
from adapters.words import addressed

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Said:
    """One message as it stands now: a card of the bot's or a person's text, for all or only one (``to``)."""

    ref: MessageRef
    place: Place
    author: str
    key: str = ""
    card: Card | None = None
    text: str = ""
    to: str | None = None
    removed: bool = False
    earlier: list[Card] = field(default_factory=list)
    """What the message said before it was edited, oldest first."""


@dataclass(slots=True)
class _Fault:
    error: NotDelivered
    taken: bool


class MemoryPlatform:
    """Chat rooms in memory. :meth:`fail` makes the next calls fail as networks do."""

    name = "memory"
    bot = "confer"

    def __init__(self) -> None:
        self.messages: list[Said] = []
        self.edited: list[Said] = []
        """The messages that were edited, as often as they were, the last edit last."""
        self.rooms: dict[str, set[str]] = {}
        self.calls: list[str] = []
        """What was asked of the platform, failures included: ``post KEY``, ``edit ID`` and so on."""
        self._posted: dict[str, MessageRef] = {}
        self._faults: list[_Fault] = []
        self._counter = itertools.count(1)
        self._receive: Receive | None = None
        self._ended = asyncio.Event()

    async def run(self, receive: Receive) -> None:
        """Hand what :meth:`say` and its like bring to ``receive`` until cancelled or :meth:`end`."""
        self._receive = receive
        await self._ended.wait()

    def end(self) -> None:
        self._ended.set()

    def fail(
        self,
        times: int = 1,
        *,
        kind: str = "network",
        unknown: bool = False,
        taken: bool = False,
        retry_after: float | None = None,
        final: bool = False,
    ) -> None:
        """Let the next calls raise :class:`NotDelivered`.

        ``taken`` with ``unknown``: the platform did take it, and only its answer was lost.
        """
        error = NotDelivered(kind, unknown=unknown, retry_after=retry_after, final=final)
        self._faults += [_Fault(error, taken and unknown) for _ in range(times)]

    # What the bot does.

    async def post(self, place: Place, card: Card, key: str) -> MessageRef:
        """Record the card for everyone in the place; the same key records once."""
        return self._once("post", place, card, key)

    async def whisper(self, place: Place, account: str, card: Card, key: str) -> MessageRef:
        """Record the card for one person."""
        where = place if place.room else Place(self.name, f"@{account}", direct=True)
        return self._once("whisper", where, card, key, to=account)

    async def edit(self, message: MessageRef, card: Card) -> None:
        """Put another card into the same message of the bot."""
        fault = self._asked(f"edit {message.message}")
        if not fault or fault.taken:
            said = self.find(message)
            if said is None or said.removed or said.card is None:
                raise NotDelivered("no_such_message", final=True)
            if card != said.card:
                said.earlier.append(said.card)
                said.card = card
                self.edited.append(said)
        _raise(fault)

    async def redact(self, message: MessageRef) -> None:
        """Take the message out for everyone; a second time changes nothing."""
        fault = self._asked(f"redact {message.message}")
        if not fault or fault.taken:
            said = self.find(message)
            if said is None:
                raise NotDelivered("no_such_message", final=True)
            said.removed = True
        _raise(fault)

    async def members(self, room: str) -> frozenset[str]:
        """The accounts that :meth:`join` brought into the room."""
        return frozenset(self.rooms.get(room, ()))

    # What people do and see.

    def join(self, room: str, *accounts: str) -> None:
        self.rooms.setdefault(room, set()).update(accounts)

    def leave(self, room: str, *accounts: str) -> None:
        self.rooms.setdefault(room, set()).difference_update(accounts)

    async def say(self, account: str, place: Place, text: str, at: datetime = EPOCH) -> Outcome:
        """A person's message: a command where it is said to the bot, chat otherwise."""
        self.join(place.room, account)
        said = self._add(Said(self._next_ref(place), place, account, text=text))
        words = addressed(text)
        if words is None and place.direct:
            words = text.strip()
        source = Source.CHAT if words is None else Source.TYPED
        root = MessageRef(place.room, place.thread) if place.thread else None
        return await self.tell(
            account, place, text if words is None else words, source, at, message=said.ref, reply_to=root
        )

    async def press(self, account: str, ref: MessageRef, label: str, at: datetime = EPOCH) -> Outcome:
        """A person's click on the button of that label."""
        said, card = self._shown(account, ref)
        button = next(button for button in card.buttons if button.label == label)
        return await self.tell(account, said.place, button.command, Source.BUTTON, at, message=ref)

    async def submit(self, account: str, ref: MessageRef, fields: Mapping[str, str], at: datetime = EPOCH) -> Outcome:
        """A person's filled form, the message's first; fields not given keep their value."""
        said, card = self._shown(account, ref)
        form = card.forms[0]
        filled = {f.name: fields.get(f.name, f.value) for f in form.fields}
        return await self.tell(account, said.place, form.command, Source.FORM, at, message=ref, fields=filled)

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
        """Hand words to the bot under a new id."""
        if self._receive is None:
            return Outcome(ignored=True)
        given = dict(fields or {})
        number = f"{self.name}:{next(self._counter)}"
        return await self._receive(
            Invocation(number, account, account, place, text, at, source, given, message, reply_to)
        )

    def seen_by(self, account: str, room: str) -> list[Said]:
        """The messages of the room that the person sees, oldest first."""
        inside = account in self.rooms.get(room, ())
        return [
            said
            for said in self.messages
            if said.ref.room == room and not said.removed and (said.to == account or (inside and not said.to))
        ]

    def find(self, ref: MessageRef) -> Said | None:
        return next((said for said in self.messages if said.ref == ref), None)

    # Within.

    def _once(self, verb: str, place: Place, card: Card, key: str, to: str | None = None) -> MessageRef:
        fault = self._asked(f"{verb} {key}")
        if key not in self._posted and (not fault or fault.taken):
            said = self._add(Said(self._next_ref(place), place, self.bot, key=key, card=card, to=to))
            self._posted[key] = said.ref
        _raise(fault)
        return self._posted[key]

    def _add(self, said: Said) -> Said:
        self.messages.append(said)
        return said

    def _next_ref(self, place: Place) -> MessageRef:
        return MessageRef(place.room, f"m{len(self.messages) + 1}")

    def _asked(self, call: str) -> _Fault | None:
        self.calls.append(call)
        return self._faults.pop(0) if self._faults else None

    def _shown(self, account: str, ref: MessageRef) -> tuple[Said, Card]:
        said = self.find(ref)
        assert said, f"there is no message {ref}"
        assert said.card, f"{ref} shows no card"
        assert said in self.seen_by(account, ref.room), f"{account} does not see {ref}"
        return said, said.card


def _raise(fault: _Fault | None) -> None:
    if fault:
        raise fault.error
