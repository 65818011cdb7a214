"""Fixed sentences for people whom the bot cannot or may not answer otherwise, each said seldom."""

import logging
from collections.abc import Callable

from adapters.matrix.connection import Connection, number_of
from adapters.matrix.render import message, plain_piece
from adapters.matrix.rooms import Room
from adapters.platform import NotDelivered

log = logging.getLogger(__name__)

SELDOM = 600.0  # seconds between two hints of one kind to one person in one room

NO_KEY = (
    "I could not read a message here: its key has not reached me. Please send it again; if that does not help, "
    "write /discardsession (Element) or restart your client, then send it once more."
)
WITHHELD = "I could not read a message here: your client does not send its keys to me. Please verify me, or allow unverified devices."
UNSIGNED = (
    "I do not act on messages from this device: its owner has not verified it, so I cannot be sure who writes. "
    "Verify this session from another one of yours (Settings, Sessions), or set up secure backup, then say it again."
)
UNVERIFIED = "I only act for people who have verified me. Open my profile, choose Verify, and compare the emoji with my administrator."
CHANGED = (
    "The identity of this account is not the one that I know. If you have reset it, verify me again "
    "(my profile, Verify) or ask my administrator; until then I do not act on messages from it."
)
POLL_ENDED = "This poll has ended; what you chose now does not count."
IN_CLEAR = "I only act on encrypted messages in this room, and this one was not encrypted."


class Hints:
    """Says a hint once, then not again for a while, so that no storm of bad messages becomes a storm of hints."""

    def __init__(self, connection: Connection, clock: Callable[[], float]) -> None:
        self._connection, self._clock = connection, clock
        self._said: dict[tuple[str, str, str], float] = {}

    async def say(self, room: Room, account: str, text: str, *, clear: bool) -> None:
        """``clear``: in a message that is not encrypted, for a device that gets no keys."""
        now = self._clock()
        self._said = {what: at for what, at in self._said.items() if now - at < SELDOM}
        what = (room.id, account, text)
        if what in self._said:
            return
        self._said[what] = now
        number = number_of("hint", *what, now)
        called = f"{room.names.get(account, account)}: {text}" if account else text
        if clear or not room.encrypted:
            await self._connection.say_clear(room, called, number)
            return
        content = message(plain_piece(called), [account] if account else [], "m.notice")
        try:
            await self._connection.send(room, "m.room.message", content, number)
        except NotDelivered as failure:
            log.warning("a hint was not delivered: %s", failure.kind)
