"""A chat server that outlives the bot: a file with one line for each message, edit and removal.

Like a homeserver it makes one message of the same key, whoever asks and however often; two bots may use it at once.
"""

import asyncio
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.card import Card
from adapters.platform import MessageRef, NotDelivered, Place, Receive
from tests.conversations.harness import text_of

Step = Callable[[str], None]


@dataclass(slots=True)
class Message:
    """One message as it stands: ``to`` is empty where the whole room sees it."""

    room: str
    to: str
    key: str
    text: str
    removed: bool = False


class ChatServer:
    """Reads the file; what several bots wrote is in the order in which the server took it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def messages(self) -> list[Message]:
        standing: dict[str, Message] = {}
        for line in self._lines():
            match line["act"]:
                case "say":
                    standing[line["id"]] = Message(line["room"], line["to"], line["key"], line["text"])
                case "edit":
                    standing[line["id"]].text = line["text"]
                case "redact":
                    standing[line["id"]].removed = True
        return list(standing.values())

    def _lines(self) -> Iterator[dict[str, Any]]:
        if self.path.exists():
            yield from map(json.loads, self.path.read_text().splitlines())


@dataclass
class ServedPlatform:
    """The bot's side. ``step`` is told before a call and after it, so that a test may kill the process there."""

    path: Path
    people: Sequence[str]
    step: Step = lambda _: None
    name: str = "memory"
    trouble: Callable[[], NotDelivered | None] = lambda: None
    """Asked before each call for what to raise; where it is ``unknown``, the server took the message all the same."""

    async def run(self, receive: Receive) -> None:
        """Nobody speaks here by themselves: the tests hand invocations to the app."""
        await asyncio.Event().wait()

    async def post(self, place: Place, card: Card, key: str) -> MessageRef:
        return self._say(place.room, "", card, key)

    async def whisper(self, place: Place, account: str, card: Card, key: str) -> MessageRef:
        return self._say(place.room or f"@{account}", account, card, key)

    async def edit(self, message: MessageRef, card: Card) -> None:
        with self._call("edit"):
            self._write({"act": "edit", "id": message.message, "text": text_of(card)})

    async def redact(self, message: MessageRef) -> None:
        with self._call("redact"):
            self._write({"act": "redact", "id": message.message})

    async def members(self, room: str) -> frozenset[str]:
        return frozenset(self.people)

    def _say(self, room: str, to: str, card: Card, key: str) -> MessageRef:
        with self._call("send"):
            line = {"act": "say", "id": key, "key": key, "room": room, "to": to, "text": text_of(card)}
            self._write(line, once=key)
        return MessageRef(room, key)

    @contextmanager
    def _call(self, what: str) -> Iterator[None]:
        self.step(f"before {what}")
        trouble = self.trouble()
        if trouble is not None and not trouble.unknown:
            raise trouble
        yield
        self.step(f"after {what}")
        if trouble is not None:
            raise trouble

    def _write(self, line: dict[str, Any], once: str = "") -> None:
        with self.path.open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            if once and any(json.loads(known).get("key") == once for known in file):
                return
            os.write(file.fileno(), (json.dumps(line) + "\n").encode())
