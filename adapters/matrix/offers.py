"""What posted cards are: which buttons, forms and polls stand under which message, and which further events belong to it."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable

import msgspec

from adapters.card import Button, Card, Form
from adapters.matrix.inbound import plain_emoji
from adapters.platform import Drawer, Place

MOST_REMEMBERED = 500
KEPT = "offer"
KEPT_FOR = 120 * 86_400.0  # seconds
PARTS_KEPT_FOR = 1_100 * 86_400.0  # seconds; what belongs together is taken out together as long as a case may live


class Offer(msgspec.Struct, frozen=True):
    """The buttons and forms of one message. ``place`` is where they act; a whisper acts where it was asked for.

    It is kept under the message and under each further event of the same card.
    """

    room: str
    message: str
    place_room: str
    place_thread: str | None
    place_direct: bool
    buttons: tuple[Button, ...] = ()
    forms: tuple[Form, ...] = ()
    at: float = 0.0
    """When it was posted."""
    order: tuple[str, ...] = ()
    """``b`` or ``f`` for each choice, as they are numbered in the message."""
    parts: tuple[str, ...] = ()
    """All events that the card's words and files came in, where they are several; ``message`` is the first."""
    poll: str = ""
    """The event of the newest poll beside the message."""
    poll_ended: bool = False
    vote: str = ""
    """The command before the numbers of a vote."""
    answers: tuple[str, ...] = ()
    """What the poll asks."""

    @property
    def choices(self) -> tuple[Button | Form, ...]:
        buttons, forms = iter(self.buttons), iter(self.forms)
        return tuple(next(buttons) if kind == "b" else next(forms) for kind in self.order)

    @property
    def events(self) -> tuple[str, ...]:
        """Every event of the card, the first of them first."""
        return tuple(dict.fromkeys((self.message, *self.parts, *([self.poll] if self.poll else []))))

    def place(self, platform: str) -> Place:
        return Place(platform, self.place_room, self.place_thread, self.place_direct)

    def numbered(self, text: str) -> Button | Form | None:
        """What a reply of just a number, or of just a label, chooses."""
        words = text.strip().rstrip(".").casefold()
        if words.isascii() and words.isdigit() and len(words) < 4:
            number = int(words)
            return self.choices[number - 1] if 0 < number <= len(self.choices) else None
        return next((c for c in self.choices if c.label.casefold() == words), None)

    def reacted(self, emoji: str) -> Button | None:
        """The button that an emoji stands for; never one that is marked as dangerous."""
        wanted = plain_emoji(emoji)
        return next((b for b in self.buttons if b.emoji and not b.danger and plain_emoji(b.emoji) == wanted), None)


def offer_of(card: Card, room: str, message: str, place: Place, parts: tuple[str, ...] = ()) -> Offer:
    order = []
    for block in card.blocks:
        if isinstance(block, Form):
            order.append("f")
        else:
            order += ["b"] * len(getattr(block, "buttons", ()))
    return Offer(
        room=room,
        message=message,
        place_room=place.room,
        place_thread=place.thread,
        place_direct=place.direct,
        buttons=card.buttons,
        forms=card.forms,
        at=time.time(),
        order=tuple(order),
        parts=parts if len(parts) > 1 else (),
    )


class Offers:
    """The offers of messages, in the drawer; the newest are in memory."""

    def __init__(self, drawer: Drawer) -> None:
        self._drawer = drawer
        self._recent: OrderedDict[str, Offer | None] = OrderedDict()

    async def keep(self, offer: Offer) -> None:
        """Remember it, in place of what the message offered before."""
        packed = msgspec.msgpack.encode(offer)
        for event in offer.events:
            self._remember(event, offer)
            await asyncio.to_thread(self._drawer.put, f"{KEPT}/{event}", packed)
        if offer.choices:
            await asyncio.to_thread(self._drawer.put, f"newest/{offer.room}", offer.message.encode())

    async def find(self, message: str) -> Offer | None:
        if message not in self._recent:
            kept = await asyncio.to_thread(self._drawer.get, f"{KEPT}/{message}")
            self._remember(message, msgspec.msgpack.decode(kept, type=Offer) if kept else None)
        return self._recent[message]

    async def newest(self, room: str) -> Offer | None:
        """The newest message of the room that offers anything."""
        kept = await asyncio.to_thread(self._drawer.get, f"newest/{room}")
        return await self.find(kept.decode()) if kept else None

    async def drop(self, events: Iterable[str]) -> None:
        """Forget what stood under these events; they are gone."""
        for event in events:
            if await self.find(event):
                self._remember(event, None)
                await asyncio.to_thread(self._drawer.delete, f"{KEPT}/{event}")

    async def forget_old(self) -> None:
        """What stands under cards that nobody answers any more."""
        for name in await asyncio.to_thread(self._drawer.names, f"{KEPT}/"):
            kept = await asyncio.to_thread(self._drawer.get, name)
            offer = msgspec.msgpack.decode(kept, type=Offer) if kept else None
            await asyncio.sleep(0)  # there may be thousands
            if offer and time.time() - offer.at > (PARTS_KEPT_FOR if offer.parts else KEPT_FOR):
                await asyncio.to_thread(self._drawer.delete, name)

    def _remember(self, message: str, offer: Offer | None) -> None:
        self._recent[message] = offer
        self._recent.move_to_end(message)
        while len(self._recent) > MOST_REMEMBERED:
            self._recent.popitem(last=False)
