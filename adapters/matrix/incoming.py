"""From an event of a room to an invocation: opened, its author proven, read, handed over once."""

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from adapters.card import Button, Form
from adapters.matrix import hints
from adapters.matrix.admission import Admission
from adapters.matrix.connection import Connection
from adapters.matrix.held import Held
from adapters.matrix.hints import Hints
from adapters.matrix.http import JSON
from adapters.matrix.inbound import Words, accounts, annotation, meant, mentioned, words_of
from adapters.matrix.machine import Opened, Unreadable
from adapters.matrix.offers import Offer
from adapters.matrix.polls import RESPONSES, response, vote
from adapters.matrix.rooms import Room, objection
from adapters.matrix.settings import server_of
from adapters.platform import Invocation, MessageRef, Outcome, Place, Receive, Source

log = logging.getLogger(__name__)

MOST_REMEMBERED = 2_000
MOST_LOOKED_UP = 5  # people in one message

InRoom = Callable[[Room, "Origin", Opened], Awaitable[bool]]


class Forms(Protocol):
    """What takes the answers to forms."""

    async def begin(self, origin: "Origin", offer: Offer, form: Form) -> None:
        """Ask for the form's first field."""

    async def heard(self, room: Room, origin: "Origin", words: Words) -> bool:
        """Whether the words were about a form."""


class Origin:
    """Where an event comes from, as far as it is proven."""

    def __init__(self, room: Room, event: JSON, number: str) -> None:
        self.room, self.event, self.number = room, event, number
        self.sender = str(event["sender"])
        self.id = str(event["event_id"])

    @property
    def at(self) -> datetime:
        stamp = self.event.get("origin_server_ts")
        now = datetime.now(UTC)
        # A homeserver's clock may be ahead; nothing was said in the future.
        return min(datetime.fromtimestamp(stamp / 1000, UTC), now) if isinstance(stamp, int) else now


class Incoming:
    """Takes the events of joined rooms, one room's after the other."""

    def __init__(self, connection: Connection, admission: Admission, said: Hints) -> None:
        self._connection, self._admission, self._hints = connection, admission, said
        self._receive: Receive | None = None
        self.held = Held(connection, said)
        self.forms: Forms | None = None
        self.in_room: InRoom | None = None
        """Takes what is encrypted and no message: the steps of a verification."""
        self._chosen_at: OrderedDict[tuple[str, str], datetime] = OrderedDict()

    def listen(self, receive: Receive) -> None:
        self._receive = receive

    async def take(self, room_id: str, event: JSON) -> None:
        """Take one event. Raises :class:`Unreachable` where the homeserver must be asked and does not answer."""
        room = self._connection.rooms.get(room_id)
        content = event.get("content")
        if room is None or not isinstance(content, dict) or not content or not isinstance(event.get("event_id"), str):
            return
        if event.get("sender") == self._connection.account or "redacted_because" in event.get("unsigned", {}):
            return
        self._connection.relations.was_said(content, event["event_id"])
        match event.get("type"):
            case "m.room.encrypted":
                await self._encrypted(room, event)
            case "m.room.message":
                await self._clear(room, event, content)
            case "m.reaction":
                await self._reaction(room, event, content)
            case kind if kind in RESPONSES and not room.encrypted:
                await self._voted(Origin(room, event, str(event["event_id"])), content)
            case _:
                return

    async def _encrypted(self, room: Room, event: JSON) -> None:
        connection = self._connection
        try:
            opened = connection.machine.open(room.id, event)
        except Unreadable as trouble:
            if trouble.missing:
                await self.held.hold(room.id, event)
            else:
                connection.counters.unreadable += 1
                log.warning("an event could not be read: %s", trouble)
            return
        await self.held.release(str(event["event_id"]))
        connection.counters.read += 1
        # Not the event's id: a homeserver could send the same ciphertext again under another one.
        origin = Origin(room, event, f"megolm:{opened.session}:{opened.index}")
        if self.in_room and await self.in_room(room, origin, opened):
            return
        if opened.type == "m.room.message":
            words = words_of(opened.content, connection.own_in(room))
            spoken = words is not None and (words.said is not None or room.is_direct(connection.account))
            if words and await self._is_author(room, origin, opened, to_us=spoken):
                await self._words(origin, words)
        elif opened.type in RESPONSES and await self._is_author(room, origin, opened, to_us=True):
            await self._voted(origin, opened.content)

    async def _is_author(self, room: Room, origin: Origin, opened: Opened, *, to_us: bool) -> bool:
        """Whether a device of the sender that counts has encrypted it; the homeserver's word is not enough."""
        connection = self._connection
        await connection.people.refresh({origin.sender}, connection.server)
        device = connection.people.device_of(origin.sender, opened.sender_key, opened.ed25519)
        if device is None and not opened.forwarded:
            connection.people.outdate({origin.sender})  # it may be newer than what was looked up
            await connection.people.refresh({origin.sender}, connection.server)
            device = connection.people.device_of(origin.sender, opened.sender_key, opened.ed25519)
        if device and not opened.forwarded and connection.people.counts(device):
            return True
        connection.counters.refused_devices += 1
        log.warning("a message from a device that does not count was refused")
        if to_us:
            person = connection.people.person(origin.sender)
            text = hints.CHANGED if person.changed else hints.UNVERIFIED if device and device.signed else hints.UNSIGNED
            await self._hints.say(room, origin.sender, text, clear=True)
        return False

    async def _clear(self, room: Room, event: JSON, content: JSON) -> None:
        words = words_of(content, self._connection.own_in(room))
        if words is None:
            return
        origin = Origin(room, event, str(event["event_id"]))
        if not room.encrypted:
            await self._words(origin, words)
        elif words.said is not None or room.is_direct(self._connection.account):
            await self._hints.say(room, origin.sender, hints.IN_CLEAR, clear=False)

    async def _words(self, origin: Origin, words: Words) -> None:
        connection, room = self._connection, origin.room
        words = await self._about(room, words)
        direct = room.is_direct(connection.account)
        if await self._objects(room, spoken_to=words.said is not None or direct):
            return
        if self.forms and await self.forms.heard(room, origin, words):
            return
        if await self._chosen(origin, words, direct):
            return
        said = words.said
        if said is None and direct:
            said = words.text
        source = Source.CHAT if said is None else Source.TYPED
        if source is Source.TYPED and not words.text:
            return  # a picture in a direct room
        text = words.text if said is None else self._meant(room, said)
        await self.hand(origin, self._place(room, words.thread), text, source, words.reply_to)

    def _meant(self, room: Room, said: str) -> str:
        """The words with accounts for names: of people in the room, else of those whom the bot meets elsewhere."""
        others = dict(self._connection.names(room)) if "@" in said else {}
        others.pop(self._connection.account, None)
        return meant(meant(said, {a: n for a, n in room.names.items() if a in others}), others)

    async def _about(self, room: Room, words: Words) -> Words:
        """The words as an answer to a card's first event, where they answer a later one of it or an edit.

        What stands in another room cannot be answered here.
        """
        if not words.reply_to:
            return words
        original = await self._connection.original(room, words.reply_to)
        offer = await self._connection.offers.find(original)
        if offer is None:
            return replace(words, reply_to=original)
        return replace(words, reply_to=offer.message if offer.room == room.id else None)

    async def _objects(self, room: Room, *, spoken_to: bool) -> bool:
        trouble = objection(room, self._connection.setup, self._connection.account)
        if trouble and spoken_to:
            await self._admission.say(room, trouble[1])
        return trouble is not None

    async def _chosen(self, origin: Origin, words: Words, direct: bool) -> bool:
        """A reply of just a number or a label; in a direct room a number alone answers the newest offer."""
        text = words.said if words.said is not None else words.text
        if not text or len(text) > 100:
            return False
        offers = self._connection.offers
        offer = await offers.find(words.reply_to) if words.reply_to else None
        if offer is None and direct and text.rstrip(".").isdigit():
            offer = await offers.newest(origin.room.id)
        choice = offer.numbered(text) if offer else None
        if offer is None or choice is None:
            return False
        match choice:
            case Button():
                await self._press(origin, offer, choice)
            case Form():
                if self.forms is None:
                    return False
                await self.forms.begin(origin, offer, choice)
        return True

    async def _reaction(self, room: Room, event: JSON, content: JSON) -> None:
        found = annotation(content)
        if not found or not self._connection.setup.reactions or event["sender"] not in room.joined:
            return
        offer = await self._connection.offers.find(found[0])
        button = offer.reacted(found[1]) if offer and offer.room == room.id else None
        if offer and button and not await self._objects(room, spoken_to=False):
            await self._press(Origin(room, event, str(event["event_id"])), offer, button)

    async def _voted(self, origin: Origin, content: JSON) -> None:
        """An answer to a poll of ours is the vote of this person; an older one that comes late is none."""
        room, found = origin.room, response(content)
        offer = await self._connection.offers.find(found.poll) if found else None
        if found is None or offer is None or offer.room != room.id or offer.poll != found.poll:
            return
        if await self._objects(room, spoken_to=False):
            return
        if offer.poll_ended:
            await self._hints.say(room, origin.sender, hints.POLL_ENDED, clear=False)
            return
        who = (found.poll, origin.sender)
        if origin.at < self._chosen_at.get(who, origin.at):
            return
        self._chosen_at[who] = origin.at
        while len(self._chosen_at) > MOST_REMEMBERED:
            self._chosen_at.popitem(last=False)
        message = MessageRef(self._connection.lasting(room.id), offer.message)
        command = vote(offer.vote, len(offer.answers), found)
        await self.hand(origin, offer.place("matrix"), command, Source.BUTTON, None, message)

    async def _press(self, origin: Origin, offer: Offer, button: Button) -> None:
        message = MessageRef(self._connection.lasting(offer.room), offer.message)
        await self.hand(origin, offer.place("matrix"), button.command, Source.BUTTON, None, message)

    def _place(self, room: Room, thread: str | None) -> Place:
        connection = self._connection
        return Place("matrix", connection.lasting(room.id), thread, room.is_direct(connection.account))

    async def hand(
        self,
        origin: Origin,
        place: Place,
        text: str,
        source: Source,
        reply_to: str | None = None,
        message: MessageRef | None = None,
        fields: dict[str, str] | None = None,
    ) -> Outcome:
        """Hand an invocation over."""
        room = self._connection.lasting(origin.room.id)
        name = origin.room.names.get(origin.sender) or origin.sender.removeprefix("@").partition(":")[0]
        return await self.hand_over(
            Invocation(
                id=origin.number,
                account=origin.sender,
                account_name=name,
                place=place,
                text=text,
                at=origin.at,
                source=source,
                fields=fields or {},
                message=message or MessageRef(room, origin.id),
                reply_to=MessageRef(room, reply_to) if reply_to else None,
                names=await self._mentioned(origin.room, text, source),
            )
        )

    async def _mentioned(self, room: Room, text: str, source: Source) -> dict[str, str]:
        """What those are called who stand in the text; for people's talk nobody is looked up."""
        connection = self._connection
        known = mentioned(text, connection.names(room))
        if source is Source.CHAT:
            return known
        unknown = [account for account in accounts(text) if account not in known]
        trusted = [a for a in unknown if connection.setup.trusts_account(a, server_of(connection.account))]
        asked = {account: await connection.name_of(account) for account in trusted[:MOST_LOOKED_UP]}
        return known | {account: name for account, name in asked.items() if name}

    async def hand_over(self, invocation: Invocation) -> Outcome:
        return await self._receive(invocation) if self._receive else Outcome(ignored=True)
