"""What one person is to see: ephemeral where they are looking, in the direct conversation where it would be lost."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import aiohttp

from adapters.card import Card, File
from adapters.platform import MessageRef, NotDelivered, Place
from adapters.slack import ids
from adapters.slack.posting import Posting

log = logging.getLogger(__name__)

LOOKING = 120.0
"""So many seconds after somebody did something in a channel they are taken to look at it."""
URL_LASTS = 25 * 60.0
URL_USES = 5
REMEMBERED = 10_000
_MARK = "e"
_NOT_THERE = {"user_not_in_channel", "not_in_channel", "channel_not_found", "is_archived", "thread_not_found"}


@dataclass(slots=True)
class ResponseUrl:
    """The one way to an ephemeral message once it stands: five uses within thirty minutes of a click in it."""

    url: str
    until: float
    uses: int = 0


@dataclass(slots=True)
class Whispering:
    """What was whispered as an ephemeral message is remembered by this process alone: nobody can look it up, and a
    note of it on disk would be no surer than the bot's own note that it was sent, which follows at once."""

    posting: Posting
    clock: Callable[[], float] = time.time
    _said: "OrderedDict[str, MessageRef]" = field(default_factory=OrderedDict)
    _in_doubt: "OrderedDict[str, None]" = field(default_factory=OrderedDict)
    _looking: "OrderedDict[tuple[str, str], float]" = field(default_factory=OrderedDict)
    _urls: "OrderedDict[MessageRef, ResponseUrl]" = field(default_factory=OrderedDict)

    def is_looking(self, account: str, room: str) -> None:
        """The person did something in the room just now."""
        _remember(self._looking, (account, room), self.clock())

    def pressed_in(self, message: MessageRef, url: str) -> None:
        """A click in an ephemeral message brought its response URL."""
        _remember(self._urls, message, ResponseUrl(url, self.clock() + URL_LASTS))

    async def whisper(self, place: Place, account: str, card: Card, key: str) -> MessageRef:
        """The card for this one person, once for this key; its buttons act in the place."""
        if (said := self._said.get(key)) is not None:
            return said
        if key not in self._in_doubt and self._may_be_ephemeral(place, account, card):
            try:
                if (said := await self._ephemeral(place, account, card)) is not None:
                    _remember(self._said, key, said)
                    return said
            except NotDelivered as failure:
                if failure.unknown:
                    _remember(self._in_doubt, key, None)
                if failure.kind not in _NOT_THERE:
                    raise
        return await self._directly(place, account, card, key)

    async def edit(self, message: MessageRef, card: Card) -> None:
        """Another card in an ephemeral message, by the response URL of a click in it."""
        first, *_ = await self.posting.pages(card, None, message.room)
        await self._respond(message, {"replace_original": True, "text": first.text, "blocks": first.blocks})

    async def redact(self, message: MessageRef) -> None:
        """Take it away where that is possible; a reload does so anyway."""
        try:
            await self._respond(message, {"delete_original": True})
        except NotDelivered as failure:
            log.info("an ephemeral message goes with the next reload: %s", failure.kind)

    def _may_be_ephemeral(self, place: Place, account: str, card: Card) -> bool:
        seen = self._looking.get((account, place.room), 0.0)
        has_files = any(isinstance(block, File) for block in card.blocks)
        return bool(place.room) and not place.direct and not has_files and self.clock() - seen <= LOOKING

    async def _ephemeral(self, place: Place, account: str, card: Card) -> MessageRef | None:
        """Whisper in the channel; None where it is more than one message holds."""
        channel, team = ids.split(place.room)
        if (await self.posting.directory.channel(place.room)).shared:
            raise NotDelivered("externally_shared", final=True)
        shown = await self.posting.pages(card, place, place.room)
        if len(shown) > 1:
            return None
        user, _ = ids.split(account)
        answer = await self.posting.api.call(
            team,
            "chat.postEphemeral",
            channel=channel,
            user=user,
            text=shown[0].text,
            blocks=shown[0].blocks,
            thread_ts=place.thread,
        )
        return ephemeral(place.room, str(answer["message_ts"]))

    async def _directly(self, place: Place, account: str, card: Card, key: str) -> MessageRef:
        if place.direct:
            return await self.posting.post(place, card, key)
        room = await self.posting.directory.direct(account)
        direct = Place(place.platform, room, None, direct=True)
        return await self.posting.post(direct, card, key, origin=place if place.room else None)

    async def _respond(self, message: MessageRef, payload: dict[str, object]) -> None:
        known = self._urls.get(message)
        if known is None or known.uses >= URL_USES or self.clock() > known.until:
            raise NotDelivered("ephemeral_out_of_reach", final=True)
        known.uses += 1
        try:
            async with self.posting.api.session.post(known.url, json=payload) as answer:
                if answer.status != 200:
                    raise NotDelivered("response_url_refused", final=True)
        except (aiohttp.ClientError, TimeoutError):
            raise NotDelivered("no_answer", unknown=True) from None


K = TypeVar("K")
V = TypeVar("V")


def _remember(into: "OrderedDict[K, V]", key: K, value: V) -> None:
    """The newest ten thousand."""
    into[key] = value
    into.move_to_end(key)
    if len(into) > REMEMBERED:
        into.popitem(last=False)


def is_ephemeral(message: MessageRef) -> bool:
    return message.message.startswith(_MARK)


def ephemeral(room: str, ts: str) -> MessageRef:
    return MessageRef(room, f"{_MARK}{ts}")
