"""Posts that people see once: a random key in each message's metadata, and a look into the history in doubt."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec

from adapters.card import Card, File
from adapters.platform import MessageRef, NotDelivered, Place
from adapters.slack import ids
from adapters.slack.api import Api
from adapters.slack.directory import Directory
from adapters.slack.kept import Kept
from adapters.slack.ledger import Entry, Ledger, Spot
from adapters.slack.render import Page, Sealing, pages
from adapters.slack.text import typed
from adapters.slack.upload import file_name, length_of, upload

log = logging.getLogger(__name__)

EVENT_TYPE = "confer_message"
SECOND = 1.0
"""Slack takes one post a second and channel."""
UPDATE = 1.5
UPDATES = 10
"""chat.update takes 50 a minute and workspace: ten at once, then one every so many seconds."""
MARGIN = 600.0
"""How far our clock and Slack's may differ when a post is looked up."""
LOOKS = 2
"""A post is sent again once it was looked for so many times."""
_MISSING = {"message_not_found", "file_not_found", "file_deleted"}

Obj = dict[str, Any]


@dataclass(slots=True)
class Look:
    """How far a post in doubt was looked for. ``times``: how often everything was read."""

    cursor: str = ""
    times: int = 0


@dataclass(slots=True)
class Posting:
    api: Api
    directory: Directory
    kept: Kept
    ledger: Ledger
    clock: Callable[[], float] = time.time
    every: float = SECOND
    look_again: float = SECOND
    """Seconds between the two looks before something is sent again."""
    spoken_to: str = "@confer "
    """What stands before a command in a channel; unlike the slash command it works in threads too."""
    commands: frozenset[str] = frozenset()
    _looks: dict[str, Look] = field(default_factory=dict)

    async def post(self, place: Place, card: Card, key: str, *, origin: Place | None = None) -> MessageRef:
        """The card in the place, once for this key. ``origin``: where its buttons act, if not there."""
        if (await self.directory.channel(place.room)).shared:
            raise NotDelivered("externally_shared", final=True)
        files = [block for block in card.blocks if isinstance(block, File)]
        origin = None if origin == place else origin
        shown = await self.pages(card, origin, place.room)
        entry = Entry(secrets.token_hex(16), self.clock(), place.room)
        known = await self.ledger.begin_post(key, entry)
        if known is not None:
            if len(known.done) == len(shown) + len(files):
                return MessageRef(place.room, known.done[0])
            entry = msgspec.structs.replace(known, doubt=True)
            if not known.doubt:
                await self.ledger.save_post(key, entry)
        entry = await self._parts(place, key, entry, shown, files, look=known is not None and known.doubt)
        message = MessageRef(place.room, entry.done[0])
        if len(entry.done) > 1 or origin:
            await self._note_spot(message, entry, len(shown), origin)
        return message

    async def pages(self, card: Card, origin: Place | None, room: str) -> list[Page]:
        """The card as messages of the room, and what its buttons hide kept."""
        channel, team = ids.split(room)
        names = await self.directory.names(_named_in(card))
        before = "" if channel.startswith("D") else self.spoken_to

        def named(text: str) -> str:
            named = ids.ACCOUNT.sub(lambda match: f"@{names.get(match[0], match[0][1:])}", text)
            return typed(named, before, self.commands)

        def mention(account: str) -> str:
            user, of = ids.split(account)
            return f"<@{user}>" if of == team and user.isalnum() else ""

        sealed = self.kept.begin(card)
        shown = pages(card, Sealing(sealed.value, ids.origin(origin) if origin else "", mention, named))
        await self.kept.keep(sealed)
        return shown

    async def _parts(
        self, place: Place, key: str, entry: Entry, shown: Sequence[Page], files: Sequence[File], *, look: bool
    ) -> Entry:
        """Send what is not there yet, noting each part as soon as Slack has it."""
        parts: list[Page | File] = [*shown, *files]
        for number in range(len(entry.done), len(parts)):
            try:
                part = await self._part(place, entry, number, parts[number], look=look)
            except NotDelivered as failure:
                if not failure.unknown and not look:  # what was not found may still come to light
                    await self.ledger.save_post(key, msgspec.structs.replace(entry, doubt=False))
                raise
            look = False
            entry = msgspec.structs.replace(entry, done=(*entry.done, part))
            if number + 1 == len(parts):
                self.ledger.note_post(key, msgspec.structs.replace(entry, doubt=False))
            else:
                await self.ledger.save_post(key, entry)
        return entry

    async def _part(self, place: Place, entry: Entry, number: int, part: Page | File, *, look: bool) -> str:
        """The part's time stamp or file: as it is found, where it may be there, or else as it is sent."""
        thread = place.thread or (entry.done[0] if entry.done else None)
        nonce = f"{entry.nonce}-{number}"
        wanted = partial(_by_name, part) if isinstance(part, File) else partial(_by_key, nonce)
        if look and (found := await self._find(place.room, thread, nonce, entry.at, wanted)):
            return found
        if isinstance(part, File):
            channel, team = ids.split(place.room)
            return await upload(self.api, team, channel, thread, part, patience=self.look_again / 2)
        return await self._send(place.room, thread, part, nonce)

    async def _send(self, room: str, thread: str | None, page: Page, nonce: str) -> str:
        channel, team = ids.split(room)
        await self.api.pace.turn(f"post {room}", self.every)
        answer = await self.api.call(
            team,
            "chat.postMessage",
            channel=channel,
            text=page.text,
            blocks=page.blocks,
            thread_ts=thread,
            metadata={"event_type": EVENT_TYPE, "event_payload": {"key": nonce}},
            unfurl_links=False,
            unfurl_media=False,
        )
        return str(answer["ts"])

    async def _find(
        self, room: str, thread: str | None, nonce: str, since: float, wanted: Callable[[Obj], str | None]
    ) -> str | None:
        """The part that is there already; None once two looks have not found it. Holds where no look is possible."""
        try:
            found = await self._look(room, thread, self._looks.setdefault(nonce, Look()), since, wanted)
        except NotDelivered as failure:
            if failure.final:
                del self._looks[nonce]
            log.error("a post cannot be confirmed and is held: %s", failure.kind)
            raise NotDelivered("unconfirmed", unknown=True, retry_after=failure.retry_after or 60) from None
        del self._looks[nonce]
        return found

    async def _look(
        self, room: str, thread: str | None, look: Look, since: float, wanted: Callable[[Obj], str | None]
    ) -> str | None:
        """Read what was said since then, twice; goes on where an earlier call was held up, for some may read but a
        page a minute."""
        channel, team = ids.split(room)
        while look.times < LOOKS:
            answer = await self.api.call(
                team,
                "conversations.replies" if thread else "conversations.history",
                channel=channel,
                ts=thread,
                oldest=f"{since - MARGIN:.6f}",
                include_all_metadata=True,
                limit=200,
                cursor=look.cursor or None,
            )
            if found := next(filter(None, map(wanted, answer.get("messages", ()))), None):
                return found
            look.cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not look.cursor:
                look.times += 1
                await asyncio.sleep(self.look_again if look.times < LOOKS else 0)
        return None

    async def _note_spot(self, message: MessageRef, entry: Entry, pages_shown: int, origin: Place | None) -> None:
        where = ids.origin(origin) if origin else ""
        spot = Spot(self.clock(), where, entry.done[1:pages_shown], entry.done[pages_shown:])
        await self.ledger.save_spot(message, spot)

    # -- what stands ---------------------------------------------------------------------------------------------
    async def edit(self, message: MessageRef, card: Card) -> None:
        """Another card in the same message; further pages are written anew below it."""
        _, team = ids.split(message.room)
        spot = await self.ledger.spot(message) or Spot(self.clock())
        if spot.gone:
            raise NotDelivered("message_not_found", final=True)
        origin = ids.from_origin(spot.origin, team)
        first, *further = await self.pages(card, origin, message.room)
        await self._update(message.room, message.message, first)
        if not further and not spot.pages:
            return
        kept = []
        for number, page in enumerate(further):
            if number < len(spot.pages):
                await self._update(message.room, spot.pages[number], page)
                kept.append(spot.pages[number])
            else:
                kept.append(await self._send(message.room, message.message, page, secrets.token_hex(16)))
        for surplus in spot.pages[len(further) :]:
            await self._delete(MessageRef(message.room, surplus))
        await self.ledger.save_spot(message, msgspec.structs.replace(spot, pages=tuple(kept)))

    async def redact(self, message: MessageRef) -> None:
        """Take it out, with its further pages and files; a second time changes nothing."""
        spot = await self.ledger.spot(message) or Spot(self.clock())
        if spot.gone:
            return
        for page in spot.pages:
            await self._delete(MessageRef(message.room, page), missing=True)
        _, team = ids.split(message.room)
        for file in spot.files:
            await self._take_out(team, "files.delete", {"file": file}, missing=True)
        await self._delete(message)
        await self.ledger.save_spot(message, msgspec.structs.replace(spot, gone=True, pages=(), files=()))

    async def _update(self, room: str, ts: str, page: Page) -> None:
        channel, team = ids.split(room)
        await self.api.pace.turn(f"update {team}", UPDATE * self.every, UPDATES)
        # Blocks always go along: text alone would take them away.
        await self.api.call(team, "chat.update", channel=channel, ts=ts, text=page.text, blocks=page.blocks)

    async def _delete(self, message: MessageRef, *, missing: bool = False) -> None:
        channel, team = ids.split(message.room)
        await self._take_out(team, "chat.delete", {"channel": channel, "ts": message.message}, missing=missing)

    async def _take_out(self, team: str, method: str, about: Obj, *, missing: bool) -> None:
        """Where nobody said what became of it, it is asked for again: then it may be missing."""
        try:
            await self.api.call(team, method, **about)
        except NotDelivered as failure:
            if failure.unknown and not missing:
                await self._take_out(team, method, about, missing=True)
            elif not (missing and failure.kind in _MISSING):
                raise


def _by_key(nonce: str, message: Obj) -> str | None:
    """The message's time stamp, where it has the key."""
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    return str(message["ts"]) if payload.get("key") == nonce else None


def _by_name(wanted: File, message: Obj) -> str | None:
    """The file of that name and length, where it is in the message of a bot."""
    about = (file_name(wanted.name), length_of(wanted))
    files = message.get("files", ()) if message.get("bot_id") else ()
    return next((str(file["id"]) for file in files if (file.get("name"), file.get("size")) == about), None)


def _named_in(card: Card) -> set[str]:
    """The accounts that the card's words name."""
    words = msgspec.structs.replace(card, blocks=tuple(b for b in card.blocks if not isinstance(b, File)))
    return set(ids.ACCOUNT.findall(repr(words)))
