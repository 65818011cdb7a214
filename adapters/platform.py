"""What the bot needs of a chat service, and what passes between the two."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from adapters.card import Card


@dataclass(frozen=True, slots=True)
class Place:
    """A room, or a thread in it. ``direct``: only one person and the bot are in the room."""

    platform: str
    room: str
    thread: str | None = None
    direct: bool = False


@dataclass(frozen=True, slots=True)
class MessageRef:
    """One posted message: the platform's room and message id."""

    room: str
    message: str


class Source(StrEnum):
    """How words reached the bot."""

    TYPED = "typed"
    BUTTON = "button"
    FORM = "form"
    CHAT = "chat"
    """Said in a room, not to the bot: it counts as presence, and a reply to a card may be offered a use."""
    JOINED = "joined"
    """The bot came into a room; nothing was said."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """Words on their way in. ``id`` is the platform's own event id: seen twice, carried out once."""

    id: str
    account: str
    account_name: str
    place: Place
    text: str
    at: datetime
    source: Source = Source.TYPED
    fields: Mapping[str, str] = field(default_factory=dict)
    message: MessageRef | None = None
    """The message that carried the words, where there is one."""
    reply_to: MessageRef | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    """What people call those whom the words mention, by account, where the account does not say it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an invocation, for the adapter alone; what people see comes through ``post`` and ``whisper``."""

    refused: bool = False
    ignored: bool = False


class NotDelivered(Exception):
    """The platform did not take a message. ``unknown``: it may have; look before sending again."""

    def __init__(self, kind: str, *, unknown: bool = False, retry_after: float | None = None, final: bool = False):
        super().__init__(kind)
        self.kind = kind
        self.unknown = unknown
        self.retry_after = retry_after
        self.final = final


class Drawer(Protocol):
    """What a platform keeps across restarts, sealed: its tokens and keys, a form that is half filled.

    Each call is one short transaction of its own and blocks: call it in a thread.
    """

    def get(self, name: str) -> bytes | None:
        """What was put under this name, or None."""

    def put(self, name: str, content: bytes) -> None:
        """Keep it, in place of what was there."""

    def delete(self, name: str) -> None:
        """Forget it; nothing happens where nothing was kept."""

    def names(self, prefix: str = "") -> tuple[str, ...]:
        """The names in use that begin so."""


class SharedDrawer(Drawer, Protocol):
    """A drawer that several instances of the bot open at once."""

    def swap(self, name: str, there: bytes | None, content: bytes) -> bool:
        """Keep it if what is kept is ``there``, or nothing is for None; whether it was. Of two who try, one succeeds."""

    def put_all(self, contents: Mapping[str, bytes], new: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """Keep all of it at once; then of ``new`` what has a name not in use: what is there under the others."""


class Inbox(Protocol):
    """Where a platform puts what came in before it tells the service that it came, apart from the database.

    The service repeats nothing that was acknowledged, and waits for an acknowledgement no longer than seconds, so this
    must work while the database is busy. Calls block: call them in a thread.
    """

    def put(self, contents: Sequence[bytes]) -> tuple[int, ...]:
        """Keep them, sealed, and give their numbers; when this returns they outlive the process."""

    def done(self, number: int) -> None:
        """Forget it: it was carried out."""

    def pending(self) -> tuple[tuple[int, bytes], ...]:
        """What was put and is not done, in order; after a start, what is left."""


Receive = Callable[[Invocation], Awaitable[Outcome]]


class ChatPlatform(Protocol):
    """What the bot needs of a chat service; every platform passes ``tests/contract``.

    ``key`` names a post: the same key posts once, however often it is asked. A ``post`` or ``whisper`` that raises
    :class:`NotDelivered` has not been seen by anyone unless it says ``unknown``.
    """

    name: str

    async def run(self, receive: Receive) -> None:
        """Take words in until cancelled or the platform ends."""

    async def post(self, place: Place, card: Card, key: str) -> MessageRef:
        """Show the card to everyone in the place."""

    async def whisper(self, place: Place, account: str, card: Card, key: str) -> MessageRef:
        """Show the card to one person: ephemeral in the place, or in the direct room with that person."""

    async def edit(self, message: MessageRef, card: Card) -> None:
        """Show another card in the same message."""

    async def redact(self, message: MessageRef) -> None:
        """Take a message out of the room, the bot's own or, where the platform lets it, a person's."""

    async def members(self, room: str) -> frozenset[str]:
        """The accounts in the room, the bot's own left out."""
