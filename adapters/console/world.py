"""The little world behind the console: rooms, members, messages with their numbers, who sees what."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

from adapters.card import Card
from adapters.platform import MessageRef, Place

BOT = "confer"
PLATFORM = "console"


@dataclass(slots=True)
class Message:
    """What someone said. ``to``: the only one who sees it. ``thread``: the number of its first message."""

    number: int
    room: str
    author: str
    text: str = ""
    card: Card | None = None
    to: str | None = None
    thread: int | None = None
    removed: bool = False

    @property
    def where(self) -> str:
        """``#case-room``, ``#case-room/3`` or ``@dana``."""
        if self.to:
            return f"@{self.to}"
        room = self.room if is_direct(self.room) else f"#{self.room}"
        return f"{room}/{self.thread}" if self.thread else room


@dataclass(slots=True)
class Room:
    name: str
    members: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)


class World:
    """Nothing here is kept over a restart, so message ids carry a random mark of this run."""

    def __init__(self) -> None:
        self.run = secrets.token_hex(5)
        self.people: dict[str, str] = {}
        self.rooms: dict[str, Room] = {}
        self._messages: list[Message] = []

    def person(self, name: str) -> str:
        """The account of that name; made on first use, with the name as it is shown."""
        self.people.setdefault(name.lower(), name)
        return name.lower()

    def introduce(self, name: str) -> None:
        """Make the account known, and its name with capitals once somebody types it so."""
        if self.people.get(name.lower(), name.lower()) == name.lower():
            self.people[name.lower()] = name

    def room(self, name: str) -> Room:
        """The room of that name, made on first use; ``@dana`` is dana's direct room."""
        if name not in self.rooms:
            self.rooms[name] = Room(name, {self.person(name[1:])} if is_direct(name) else set())
        return self.rooms[name]

    def may_enter(self, account: str, room: str) -> bool:
        """In it, or never sent out of it: who was taken out has to be invited back."""
        if is_direct(room):
            return room == f"@{account}"
        found = self.rooms.get(room)
        return found is None or account in found.members or account not in found.left

    def enter(self, account: str, room: str) -> None:
        found = self.room(room)
        found.members.add(account)
        found.left.discard(account)

    def leave(self, account: str, room: str) -> None:
        found = self.room(room)
        found.members.discard(account)
        found.left.add(account)

    def say(
        self, place: Place, author: str, *, text: str = "", card: Card | None = None, to: str | None = None
    ) -> Message:
        """A new message with the next number. A thread that this run does not know is the room itself."""
        self.room(place.room)
        root = self.find(MessageRef(place.room, place.thread)) if place.thread else None
        thread = (root.thread or root.number) if root else None
        message = Message(len(self._messages) + 1, place.room, author, text, card, to, thread)
        self._messages.append(message)
        return message

    def number(self, number: int) -> Message | None:
        return self._messages[number - 1] if 0 < number <= len(self._messages) else None

    def find(self, ref: MessageRef) -> Message | None:
        """The message of a reference, if it is of this run and this room."""
        run, _, number = ref.message.rpartition("-")
        message = self.number(int(number)) if run == self.run and number.isdecimal() else None
        return message if message and message.room == ref.room else None

    def ref(self, message: Message) -> MessageRef:
        return MessageRef(message.room, f"{self.run}-{message.number}")

    def root(self, message: Message) -> MessageRef | None:
        """The first message of the thread that the message is in."""
        first = self.number(message.thread) if message.thread else None
        return self.ref(first) if first else None

    def place(self, message: Message) -> Place:
        """Where the message stands; for a whisper, the place it was whispered in."""
        root = self.root(message)
        return Place(PLATFORM, message.room, root.message if root else None, is_direct(message.room))

    def sees(self, account: str, message: Message, here: str = "") -> bool:
        """Whether the person sees the message; ``here`` is the room they stand in and may yet enter."""
        if message.removed:
            return False
        if message.to:
            return message.to == account
        if message.room == here:
            return self.may_enter(account, here)
        return account in self.room(message.room).members

    def newest_first(self, account: str, here: str = "") -> Iterator[Message]:
        """The messages that the person sees, the newest first."""
        return (message for message in reversed(self._messages) if self.sees(account, message, here))

    @property
    def last_number(self) -> int:
        return len(self._messages)


def is_direct(room: str) -> bool:
    return room.startswith("@")
