"""What the bot says: posts, whispers, edits, redactions, files, and the reactions that stand for buttons."""

import asyncio
import logging
import os
from collections import OrderedDict

import msgspec
from nio.crypto.attachments import encrypt_attachment

from adapters.card import Card, File
from adapters.matrix.connection import Connection, number_of
from adapters.matrix.direct import DirectRooms
from adapters.matrix.http import JSON, MatrixRefused, Unreachable, segment
from adapters.matrix.offers import offer_of
from adapters.matrix.render import Piece, bodies, message
from adapters.matrix.rooms import Room
from adapters.platform import MessageRef, NotDelivered, Place

log = logging.getLogger(__name__)

MOST_REMEMBERED = 500


class Outgoing:
    """Carries cards to rooms. Every send names its transaction by its key, so that asking again sends nothing twice."""

    def __init__(self, connection: Connection, direct: DirectRooms) -> None:
        self._connection, self._direct = connection, direct
        self._run = os.urandom(8).hex()
        self._shown: OrderedDict[str, str] = OrderedDict()
        self._shortcuts: set[asyncio.Task[None]] = set()

    async def post(self, place: Place, card: Card, key: str) -> MessageRef:
        """Show the card in the place. Raises :class:`NotDelivered`."""
        room = self._connection.room(place.room)
        self._connection.check(room)
        event = await self._say(room, place.thread, card, key)
        if card.buttons or card.forms:
            await self._connection.offers.keep(offer_of(card, room.id, event, place))
            self._offer_reactions(room, event, card, key)
        return MessageRef(self._connection.lasting(room.id), event)

    async def whisper(self, place: Place, account: str, card: Card, key: str) -> MessageRef:
        """Show the card to one person in the direct room; its buttons act in the place."""
        room = await self._direct.with_person(account)
        self._connection.check(room)
        event = await self._say(room, None, card, key)
        if card.buttons or card.forms:
            await self._connection.offers.keep(offer_of(card, room.id, event, place))
            self._offer_reactions(room, event, card, key)
        return MessageRef(room.id, event)

    async def edit(self, ref: MessageRef, card: Card) -> None:
        """Show another card in the same message, which must be the bot's own and still there."""
        room = self._connection.room(ref.room)
        self._connection.check(room)
        await self._check_own(room, ref.message)
        pieces = bodies(card, self._prefix(room), room.names)
        version = number_of(pieces)
        if self._shown.get(ref.message) != version:
            # A chain: going back to an earlier text is another edit, not the same one again.
            number = number_of("edit", self._run, ref.message, self._shown.get(ref.message, ""), version)
            await self._edit_parts(room, ref.message, pieces, card.mentions, number)
            self._remember(ref.message, version)
        kept = await self._connection.offers.find(ref.message)
        place = kept.place("matrix") if kept else Place("matrix", ref.room)
        if kept or card.buttons or card.forms:
            await self._connection.offers.keep(offer_of(card, room.id, ref.message, place))
            self._offer_reactions(room, ref.message, card, number_of("edit", self._run, version))

    async def redact(self, ref: MessageRef) -> None:
        """Take the message out, all its parts; one that is gone already stays so."""
        room = self._connection.room(ref.room)
        found = await self._connection.event(room, ref.message)
        if not _is_redacted(found):
            for event in reversed(await self._parts(ref.message)):
                await self._redact(room, event)
        await self._connection.offers.drop(ref.message)

    def close(self) -> None:
        for task in self._shortcuts:
            task.cancel()

    # -- within --------------------------------------------------------------------------------------------------
    def _prefix(self, room: Room) -> str:
        return "" if room.is_direct(self._connection.account) else f"!{self._connection.setup.name} "

    async def _say(self, room: Room, thread: str | None, card: Card, key: str) -> str:
        """The events of the card: its words in as many as they need, then its files. The id of the first."""
        files = [block for block in card.blocks if isinstance(block, File)]
        # Before the first word: what fails here has been seen by nobody.
        sealed = [await self._upload(room, file) for file in files]
        pieces = bodies(card, self._prefix(room), room.names)
        contents = [message(piece, card.mentions if not count else ()) for count, piece in enumerate(pieces)] + sealed
        events = []
        for count, content in enumerate(contents):
            if thread:
                content["m.relates_to"] = in_thread(thread)
            number = number_of(key, count) if count else number_of(key)
            events.append(await self._connection.send(room, "m.room.message", content, number))
        if len(events) > 1:
            await self._connection.keep(f"parts/{events[0]}", msgspec.json.encode(events))
        self._remember(events[0], number_of(pieces))
        return events[0]

    async def _upload(self, room: Room, file: File) -> JSON:
        name = os.path.basename(file.name) or "file"  # noqa: PTH119 - a name from a card, not a path of this machine
        kind = "m.image" if file.media_type.startswith("image/") else "m.file"
        info = {"mimetype": file.media_type, "size": len(file.content)}
        content: JSON = {"msgtype": kind, "body": name, "filename": name, "info": info, "m.mentions": {}}
        try:
            if not room.encrypted:
                return {**content, "url": await self._connection.server.upload(file.content)}
            sealed, keys = encrypt_attachment(file.content)
            return {**content, "file": {**keys, "url": await self._connection.server.upload(sealed)}}
        except (MatrixRefused, Unreachable) as trouble:
            raise trouble.as_not_delivered() from None

    async def _edit_parts(
        self, room: Room, first: str, pieces: list[Piece], mentions: tuple[str, ...], number: str
    ) -> None:
        """New words in the parts that there are; a text that has grown goes on in further parts."""
        parts = await self._parts(first)
        for count, piece in enumerate(pieces):
            content = message(piece, mentions if not count else ())
            if count < len(parts):
                await self._connection.send(
                    room, "m.room.message", as_edit(content, parts[count]), number_of(number, count)
                )
            else:
                parts.append(await self._connection.send(room, "m.room.message", content, number_of(number, count)))
        for event in parts[len(pieces) :]:
            await self._redact(room, event)
        if len(parts) > 1:
            await self._connection.keep(f"parts/{first}", msgspec.json.encode(parts[: len(pieces)]))

    async def _parts(self, first: str) -> list[str]:
        kept = await self._connection.kept(f"parts/{first}")
        return msgspec.json.decode(kept, type=list[str]) if kept else [first]

    async def _check_own(self, room: Room, event: str) -> None:
        if self._connection.is_known_own(event):
            return
        found = await self._connection.event(room, event)
        if found.get("sender") != self._connection.account:
            raise NotDelivered("not_own_message", final=True)
        if _is_redacted(found):
            raise NotDelivered("no_such_message", final=True)
        self._connection.remember_own(event)

    async def _redact(self, room: Room, event: str) -> None:
        path = f"/rooms/{segment(room.id)}/redact/{segment(event)}/{number_of('redact', event)}"
        try:
            await self._connection.server.call("PUT", path, {})
        except (MatrixRefused, Unreachable) as trouble:
            raise trouble.as_not_delivered() from None
        self._connection.forget_own(event)

    def _remember(self, event: str, version: str) -> None:
        self._shown[event] = version
        self._shown.move_to_end(event)
        while len(self._shown) > MOST_REMEMBERED:
            self._shown.popitem(last=False)

    def _offer_reactions(self, room: Room, event: str, card: Card, key: str) -> None:
        """Put the emoji under the message, so that one tap does it; later, and no matter if it fails."""
        emoji = tuple(dict.fromkeys(b.emoji for b in card.buttons if b.emoji and not b.danger))
        if emoji and self._connection.setup.reactions and not self._connection.is_limited:
            task = asyncio.get_running_loop().create_task(self._react(room, event, emoji, key))
            self._shortcuts.add(task)
            task.add_done_callback(self._shortcuts.discard)

    async def _react(self, room: Room, event: str, emoji: tuple[str, ...], key: str) -> None:
        for one in emoji:
            relation = {"rel_type": "m.annotation", "event_id": event, "key": one}
            try:
                await self._connection.send(room, "m.reaction", {"m.relates_to": relation}, number_of(key, event, one))
            except NotDelivered as failure:
                log.info("a reaction was not offered: %s", failure.kind)
                return


def in_thread(root: str) -> JSON:
    """The relation of a message in a thread; where threads are not shown it is a reply to the thread's root."""
    return {"rel_type": "m.thread", "event_id": root, "is_falling_back": True, "m.in_reply_to": {"event_id": root}}


def as_edit(content: JSON, event: str) -> JSON:
    """The content as an edit of the event, with a fallback that says that it is one."""
    return {
        **content,
        "body": f"* {content['body']}",
        "formatted_body": f"* {content['formatted_body']}",
        "m.mentions": {},  # people were called when it was posted
        "m.new_content": content,
        "m.relates_to": {"rel_type": "m.replace", "event_id": event},
    }


def _is_redacted(event: JSON) -> bool:
    unsigned = event.get("unsigned")
    return isinstance(unsigned, dict) and "redacted_because" in unsigned
