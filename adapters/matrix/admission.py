"""Invitations, arrivals and upgrades: which rooms the bot goes into, and which it leaves again, saying why."""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from adapters.matrix.connection import Connection, number_of
from adapters.matrix.http import JSON, MatrixRefused, Unreachable, segment
from adapters.matrix.rooms import LASTING, Room, objection
from adapters.matrix.settings import server_of
from adapters.platform import Invocation, Place, Source

log = logging.getLogger(__name__)

Hand = Callable[[Invocation], Awaitable[object]]


class Admission:
    """Decides about rooms. What it says is fixed words, and goes out in clear: a refused room may have no keys."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def invited(self, room: str, state: list[JSON]) -> None:
        """Accept an invitation from somebody the bot may work with; turn any other down."""
        connection = self._connection
        inviter, invited = "", Room(room)
        for event in state:
            invited.apply(event, connection.account)
            if event.get("type") == "m.room.member" and event.get("state_key") == connection.account:
                inviter = str(event.get("sender", ""))
        welcome = connection.setup.trusts_account(inviter, server_of(connection.account))
        path = f"/rooms/{segment(room)}/{'join' if welcome else 'leave'}"
        if not welcome:
            log.warning("an invitation from a server that is not configured was turned down")
        try:
            await connection.server.call("POST", path, {})
            if welcome and room not in connection.rooms:
                connection.joining.add(room)
        except MatrixRefused as refused:
            if refused.passing:
                raise
            log.warning("an invitation could not be answered: %s", refused)

    async def arrived(self, room: Room, event: str, hand: Hand) -> None:
        """The bot has come into the room: leave it where it may not work, else introduce it."""
        trouble = objection(room, self._connection.setup, self._connection.account)
        if trouble:
            await self.say(room, trouble[1])
            if trouble[0] in LASTING:
                log.warning("left a room at once: %s", trouble[0])
                await self._leave(room)
            return
        connection = self._connection
        if room.predecessor and connection.lasting(room.id) != room.id:
            return  # a new version of a room where it is known already
        place = Place("matrix", room.id, direct=room.is_direct(connection.account))
        by = room.inviter or connection.account
        await hand(
            Invocation(f"joined:{event}", by, room.names.get(by, by), place, "", datetime.now(UTC), Source.JOINED)
        )

    async def say(self, room: Room, sentence: str) -> None:
        """Tell the room why nothing happens here."""
        text = f"I cannot work here: {sentence}"
        await self._connection.say_clear(room, text, number_of("objection", room.id, sentence, datetime.now(UTC).hour))

    async def upgraded(self, room: Room) -> None:
        """The room's tombstone names a successor: follow it, where one may."""
        if not room.successor:
            return
        connection = self._connection
        connection.move(room.id, room.successor)
        await connection.keep(f"moved/{room.id}", room.successor.encode())
        if room.successor in connection.rooms:
            return
        try:
            await connection.server.call("POST", f"/join/{segment(room.successor)}", {})
            connection.joining.add(room.successor)
        except (MatrixRefused, Unreachable) as trouble:
            log.warning("the new version of a room is not open yet: %s", trouble)  # an invitation will come

    async def _leave(self, room: Room) -> None:
        try:
            await self._connection.server.call("POST", f"/rooms/{segment(room.id)}/leave", {})
        except (MatrixRefused, Unreachable) as trouble:
            log.warning("a room could not be left: %s", trouble)
