"""The scripts over the local Slack: mentions, clicks and dialogues in, Block Kit out."""

import re
import tempfile
import time
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from adapters.card import Form
from adapters.platform import MessageRef, Place, Receive
from adapters.slack import SlackPlatform, ids, manifest
from bot.cli.slack import COMMANDS, SHORTCUTS, is_open
from bot.clock import MovableClock
from storage.database import Database
from storage.drawer import SealedDrawer
from storage.inbox import SealedInbox
from storage.keys import KeyRing
from tests.conversations.relay import Shown
from tests.slack.harness import options_of, running
from tests.slack.people import People
from tests.slack.server import LocalSlack
from tests.slack.world import Channel, Message, Payload

_CALLED = re.compile(r"@([A-Za-z][\w-]*)")
_QUESTION = re.compile(r"· \d+ of \d+$")


class SlackStage:
    """One workspace; the channel of the script is one of its channels."""

    mark = "@confer "

    def __init__(self, database: Database, ring: KeyRing, clock: MovableClock) -> None:
        began = time.monotonic()
        self._clock = lambda: clock.now().timestamp() + time.monotonic() - began
        self._slack = LocalSlack(manifest(SHORTCUTS), clock=self._clock)
        self._slack.rates.on = False
        self._people = People(self._slack, self._slack.install())
        self._drawer, self._root = SealedDrawer(database, ring, "slack"), ring.root
        self._folder = tempfile.TemporaryDirectory(prefix="confer-slack-")
        self._inbox = SealedInbox(Path(self._folder.name) / "inbox", self._root, "slack")
        token = self._slack.world.issue_token(self._people.team.id)
        self._token = token
        self.platform = self._made("http://127.0.0.1:1/api/")

    def _made(self, api: str) -> SlackPlatform:
        options = options_of(self._slack, self._token, http=False, is_open=is_open, commands=COMMANDS, base_url=api)
        return SlackPlatform(options, self._drawer, self._inbox, clock=self._clock)

    @asynccontextmanager
    async def open(self, receive: Receive) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.callback(self._folder.cleanup)
            stack.callback(self._inbox.close)
            await self._slack.start()
            stack.push_async_callback(self._slack.stop)
            self.platform = self._made(self._slack.api)
            await stack.enter_async_context(running(self.platform, receive))
            yield
            await self._slack.delivery.settle()
            assert self._slack.world.breaches == []

    # -- names ---------------------------------------------------------------------------------------------------
    def account(self, who: str) -> str:
        return ids.account(self._people.person(who).id, self._people.team.id)

    def place(self, place: Place) -> Place:
        return ids.place(self._channel(place.room).id, self._people.team.id, place.thread)

    def room_of(self, room: str) -> str:
        channel = self._slack.world.channels[ids.split(room)[0]]
        if channel.kind != "im":
            return channel.name
        return f"@{next(self._slack.world.users[u].name for u in channel.members if u != self._people.team.bot_user)}"

    def named(self, text: str) -> str:
        for user in self._slack.world.users.values():
            text = text.replace(ids.account(user.id, self._people.team.id), f"@{user.name}")
        return text

    # -- people --------------------------------------------------------------------------------------------------
    async def prepare(self, place: Place, *who: str) -> None:
        return

    async def arrives(self, room: str, by: str) -> None:
        return

    async def join(self, room: str, *who: str) -> None:
        channel = self._channel(room)
        for person in who:
            await self._came_or_went(channel, person, "member_joined_channel")

    async def leave(self, room: str, *who: str) -> None:
        channel = self._channel(room)
        for person in who:
            await self._came_or_went(channel, person, "member_left_channel")

    async def _came_or_went(self, channel: Channel, who: str, kind: str) -> None:
        user = self._people.person(who).id
        (channel.members.add if kind == "member_joined_channel" else channel.members.discard)(user)
        event = {"type": kind, "user": user, "channel": channel.id, "event_ts": self._slack.world.next_ts()}
        await self._people.event(event, channel)

    async def says(self, who: str, place: Place, text: str) -> MessageRef:
        for name in _CALLED.findall(text):
            if name != "confer":
                self._people.person(name)
        message = await self._people.says(who, self._channel(place.room), text, thread=place.thread)
        return MessageRef(place.room, message.ts)

    async def deletes(self, who: str, message: MessageRef) -> None:
        channel = self._slack.world.channels[ids.split(message.room)[0]]
        found = channel.find(message.message)
        assert found
        assert found.user == self._people.person(who).id
        found.deleted = True
        event = {"type": "message", "subtype": "message_deleted", "channel": channel.id, "deleted_ts": found.ts}
        stamp = self._slack.world.next_ts()
        await self._people.event({**event, "channel_type": channel.kind, "ts": stamp, "event_ts": stamp}, channel)

    async def presses(self, who: str, message: MessageRef, label: str) -> None:
        found = next(m for m in self._parts(message) if any(_has(block, label) for block in m.blocks))
        await self._people.presses(who, found, label)

    async def fills(self, who: str, message: MessageRef, form: Form, fields: Mapping[str, str]) -> None:
        """Press the form's button and answer in the direct conversation, one question after the other."""
        await self.presses(who, message, form.label)
        await self.settle(())
        for field in form.fields:
            asked = [m for m in self._people.sees(who, self._people.direct(who)) if _is_question(m)][-1]
            if field.name in fields:
                await self._people.says(who, self._people.direct(who), fields[field.name] or "-")
            else:
                label = "Keep it" if any(_has(block, "Keep it") for block in asked.blocks) else "Skip"
                await self._people.presses(who, asked, label)
            await self.settle(())

    async def settle(self, rooms: Collection[str]) -> None:
        await self.platform.intake.finish()

    # -- what stands ---------------------------------------------------------------------------------------------
    def shown(self, message: MessageRef) -> Shown | None:
        parts = self._parts(message)
        if not parts:
            return None
        first = parts[0]
        to = self._slack.world.users[first.only_for].name if first.only_for else None
        direct = self._slack.world.channels[first.channel].kind == "im"
        return Shown("\n".join(line for part in parts for line in self._lines(part)), to, direct)

    def _parts(self, message: MessageRef) -> list[Message]:
        """The message, its further pages and its files."""
        channel = self._slack.world.channels[ids.split(message.room)[0]]
        first = channel.find(message.message.removeprefix("e"))
        if first is None:
            return []
        key = _key(first)
        further = [m for m in channel.messages if key and not m.deleted and m is not first and _key(m) == key]
        files = [m for m in channel.messages if m.files and not m.deleted and m.thread_ts == first.ts]
        return [first, *further, *files]

    def _lines(self, message: Message) -> Iterator[str]:
        if message.files:
            yield from (f"{file['name']}" for file in message.files)
        for block in message.blocks:
            yield from (self._read(line) for line in _lines_of(block))

    def _read(self, line: str) -> str:
        called = re.sub(r"<@(\w+)>", lambda m: f"@{self._slack.world.users[m[1]].name}", line)
        for written, sign in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
            called = called.replace(written, sign)
        return called

    def _channel(self, room: str) -> Channel:
        return self._people.direct(room[1:]) if room.startswith("@") else self._people.channel(room)


def stage(database: Database, ring: KeyRing, clock: MovableClock) -> SlackStage:
    return SlackStage(database, ring, clock)


def _key(message: Message) -> str:
    payload = (message.metadata or {}).get("event_payload") or {}
    return str(payload.get("key", "")).rpartition("-")[0]


def _is_question(message: Message) -> bool:
    return any(_QUESTION.search(line) for block in message.blocks[:1] for line in _lines_of(block))


def _has(block: Payload, label: str) -> bool:
    return any(e.get("text", {}).get("text") == label for e in block.get("elements", ()) if e["type"] == "button")


def _lines_of(block: Payload) -> Iterator[str]:
    """The block as a person reads it, bold letters as letters."""
    match block["type"]:
        case "header":
            yield block["text"]["text"]
        case "section":
            for text in filter(None, (block.get("text"), *block.get("fields", ()))):
                yield from _plain(text)
        case "context":
            for element in block["elements"]:
                yield from _plain(element)
        case "actions":
            yield " ".join(f"[{e['text']['text']}]" for e in block["elements"])


def _plain(text: Mapping[str, Any]) -> Iterator[str]:
    words = str(text["text"])
    if text["type"] == "mrkdwn":
        words = re.sub(r"^\*(.+?):\*\s", r"\1: ", words)  # a field's name stands above its value
        words = re.sub(r"^\*(.+?)\*(?=  |$)", r"\1", words, flags=re.MULTILINE)
    yield from words.split("\n")
