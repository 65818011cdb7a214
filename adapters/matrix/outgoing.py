"""What the bot says: posts, whispers, edits, redactions, files, and the reactions that stand for buttons."""

import asyncio
import logging
import os
import re
from collections import OrderedDict

import msgspec
from nio.crypto.attachments import encrypt_attachment

from adapters.card import Card, File
from adapters.matrix.connection import Connection, number_of
from adapters.matrix.direct import DirectRooms
from adapters.matrix.http import JSON, MatrixRefused, Unreachable, segment
from adapters.matrix.offers import Offer, offer_of
from adapters.matrix.polls import END, START, end, open_poll, start
from adapters.matrix.render import Piece, bodies, message
from adapters.matrix.rooms import Room
from adapters.platform import MessageRef, NotDelivered, Place

log = logging.getLogger(__name__)

MOST_REMEMBERED = 500
MOST_EDITS = 5_000


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
        events = await self._say(room, place.thread, card, key)
        offer = await self._asking(room, card, offer_of(card, room.id, events[0], place, events))
        await self._stand(room, card, offer, key)
        return MessageRef(self._connection.lasting(room.id), events[0])

    async def whisper(self, place: Place, account: str, card: Card, key: str) -> MessageRef:
        """Show the card to one person in the direct room; its buttons act in the place, or there where none is named."""
        room = await self._direct.with_person(account)
        self._connection.check(room)
        events = await self._say(room, None, card, key)
        acts_in = place if place.room else Place(place.platform, room.id, direct=True)
        await self._stand(room, card, offer_of(card, room.id, events[0], acts_in, events), key)
        return MessageRef(room.id, events[0])

    async def edit(self, ref: MessageRef, card: Card) -> None:
        """Show another card in the same message, which must be the bot's own and still there."""
        room = self._connection.room(ref.room)
        self._connection.check(room)
        await self._check_own(room, ref.message)
        kept = await self._connection.offers.find(ref.message)
        parts = kept.parts if kept and kept.parts else (ref.message,)
        pieces = self._bodies(room, card)
        version = number_of(pieces)
        if self._shown.get(ref.message) != version:
            # A chain: going back to an earlier text is another edit, not the same one again.
            number = number_of("edit", self._run, ref.message, self._shown.get(ref.message, ""), version)
            parts = await self._edit_parts(room, parts, pieces, card.mentions, number)
            self._remember(ref.message, version)
        there = Place("matrix", ref.room, direct=room.is_direct(self._connection.account))
        place = kept.place("matrix") if kept else there
        offer = await self._asking(room, card, offer_of(card, room.id, ref.message, place, parts), kept)
        await self._stand(room, card, offer, number_of("edit", self._run, version), before=kept)

    async def redact(self, ref: MessageRef) -> None:
        """Take the message out, all its parts and all that they ever said; one that is gone already stays so."""
        room = self._connection.room(ref.room)
        found = await self._connection.event(room, ref.message)
        kept = await self._connection.offers.find(ref.message)
        events = kept.events if kept else (ref.message,)
        if not _is_redacted(found):
            for event in reversed(events):
                for edit in await self._edits(room, event, str(found.get("sender"))):
                    await self._redact(room, edit)
                await self._redact(room, event)
        await self._connection.offers.drop(events)

    def close(self) -> None:
        for task in self._shortcuts:
            task.cancel()

    # -- within --------------------------------------------------------------------------------------------------
    def _prefix(self, room: Room) -> str:
        return "" if room.is_direct(self._connection.account) else f"!{self._connection.setup.name} "

    def _bodies(self, room: Room, card: Card) -> list[Piece]:
        return bodies(card, self._prefix(room), self._connection.names(room), self._connection.setup.commands)

    async def _say(self, room: Room, thread: str | None, card: Card, key: str) -> tuple[str, ...]:
        """Send the card: its words in as many events as they need, then its files. The events' ids."""
        files = [block for block in card.blocks if isinstance(block, File)]
        # Before the first word: what fails here has been seen by nobody.
        sealed = [await self._upload(room, file) for file in files]
        pieces = self._bodies(room, card)
        contents = [message(piece, card.mentions if not count else ()) for count, piece in enumerate(pieces)] + sealed
        events = []
        for count, content in enumerate(contents):
            if thread:
                content["m.relates_to"] = self._connection.relations.in_thread(thread)
            number = number_of(key, count) if count else number_of(key)
            events.append(await self._connection.send(room, "m.room.message", content, number))
        self._remember(events[0], number_of(pieces))
        return tuple(events)

    async def _stand(self, room: Room, card: Card, offer: Offer, key: str, before: Offer | None = None) -> None:
        """Remember what is offered under the card, and put its reactions there."""
        if before or offer.choices or len(offer.events) > 1:
            await self._connection.offers.keep(offer)
        if before:
            await self._connection.offers.drop(event for event in before.events if event not in offer.events)
        if card.buttons:
            self._offer_reactions(room, offer.message, card, key)

    async def _asking(self, room: Room, card: Card, offer: Offer, before: Offer | None = None) -> Offer:
        """The offer with the poll that stands beside it from now on; a poll that is decided is ended."""
        wanted = None if room.is_direct(self._connection.account) else open_poll(card)
        answers = tuple(row.text for row in wanted.answers) if wanted else ()
        poll, stands = (before.poll, not before.poll_ended) if before and before.poll else ("", False)
        if before and stands and (wanted is None or before.answers != answers):
            await self._connection.send(room, END, end(poll), number_of("poll end", poll))
            stands = False
        if wanted and not stands:
            content = start(card, wanted)
            if offer.place_thread:
                content["m.relates_to"] = self._connection.relations.in_thread(offer.place_thread)
            poll = await self._connection.send(room, START, content, number_of("poll", offer.message, poll))
        vote = wanted.command if wanted else ""
        return msgspec.structs.replace(offer, poll=poll, poll_ended=wanted is None, vote=vote, answers=answers)

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
        self, room: Room, before: tuple[str, ...], pieces: list[Piece], mentions: tuple[str, ...], number: str
    ) -> tuple[str, ...]:
        """New words in the parts that there are; a text that has grown goes on in further parts. All parts then."""
        parts = list(before)
        for count, piece in enumerate(pieces):
            content = message(piece, mentions if not count else ())
            if count < len(parts):
                edited = as_edit(content, parts[count])
                edit = await self._connection.send(room, "m.room.message", edited, number_of(number, count))
                self._connection.relations.was_edited(edit, parts[count])
            else:
                parts.append(await self._connection.send(room, "m.room.message", content, number_of(number, count)))
        for event in parts[len(pieces) :]:
            await self._redact(room, event)
        return tuple(parts[: len(pieces)])

    async def _check_own(self, room: Room, event: str) -> None:
        if self._connection.is_known_own(event):
            return
        found = await self._connection.event(room, event)
        if found.get("sender") != self._connection.account:
            raise NotDelivered("not_own_message", final=True)
        if _is_redacted(found):
            raise NotDelivered("no_such_message", final=True)
        self._connection.remember_own(event)

    async def _edits(self, room: Room, event: str, sender: str) -> list[str]:
        """The edits of an event: without it, clients show them no more, and the homeserver still has them."""
        path = f"/_matrix/client/v1/rooms/{segment(room.id)}/relations/{segment(event)}/m.replace"
        query, edits = {"limit": "100"}, list[str]()
        try:
            while True:
                page = await self._connection.server.call("GET", path, query=query)
                edits += [str(e["event_id"]) for e in page.get("chunk", []) if e.get("sender") == sender]
                if not page.get("next_batch") or len(edits) > MOST_EDITS:
                    return edits
                query = {**query, "from": str(page["next_batch"])}
        except (MatrixRefused, Unreachable) as trouble:
            raise trouble.as_not_delivered() from None

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


def as_edit(content: JSON, event: str) -> JSON:
    """The content as an edit of the event, with a fallback that says that it is one."""
    return {
        **content,
        "body": f"* {content['body']}",
        "formatted_body": re.sub(r"^(<p>)?", r"\1* ", str(content["formatted_body"]), count=1),
        "m.mentions": {},  # people were called when it was posted
        "m.new_content": content,
        "m.relates_to": {"rel_type": "m.replace", "event_id": event},
    }


def _is_redacted(event: JSON) -> bool:
    unsigned = event.get("unsigned")
    return isinstance(unsigned, dict) and "redacted_because" in unsigned
