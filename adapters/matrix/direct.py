"""The encrypted room of the bot with one person: found, or made when something is to be said there."""

import asyncio
import logging
from collections import defaultdict

from adapters.matrix.connection import Connection
from adapters.matrix.http import JSON, MatrixRefused, Unreachable, segment
from adapters.matrix.rooms import Room

log = logging.getLogger(__name__)


class DirectRooms:
    """One direct room a person; which one is kept in the drawer."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._known: dict[str, str] = {}

    async def with_person(self, account: str) -> Room:
        """The room. Raises :class:`NotDelivered` where none can be made."""
        async with self._turns[account]:
            try:
                return await self._found(account) or await self._made(account)
            except (MatrixRefused, Unreachable) as trouble:
                raise trouble.as_not_delivered() from None

    async def _found(self, account: str) -> Room | None:
        connection = self._connection
        if account not in self._known:
            kept = await connection.kept(f"direct/{account}")
            self._known[account] = kept.decode() if kept else ""
        room = connection.rooms.get(self._known[account])
        if room and account in room.present and self._fits(room, account):
            return room
        if room and room.joined <= {connection.account} and await self._called_back(room, account):
            return room
        fitting = [r for r in connection.rooms.values() if account in r.present and self._fits(r, account)]
        # A room that the person made, or one whose making was interrupted before it was kept.
        for found in sorted(fitting, key=lambda r: (account not in r.joined, r.id)):
            await self._keep(account, found.id)
            return found
        return None

    def _fits(self, room: Room, account: str) -> bool:
        own = self._connection.account
        return room.encrypted and not room.successor and room.present == {own, account} and room.is_direct(own)

    async def _called_back(self, room: Room, account: str) -> bool:
        """The person has left the room: ask them in again."""
        try:
            await self._connection.server.call("POST", f"/rooms/{segment(room.id)}/invite", {"user_id": account})
        except MatrixRefused as refused:
            if refused.passing:
                raise
            return False
        room.invited.add(account)
        return True

    async def _made(self, account: str) -> Room:
        connection = self._connection
        request: JSON = {
            "preset": "private_chat",
            "is_direct": True,
            "invite": [account],
            "initial_state": [
                _state("m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"}),
                # What is said before the person comes in must be readable then, and never to others.
                _state("m.room.history_visibility", {"history_visibility": "invited"}),
                _state("m.room.guest_access", {"guest_access": "forbidden"}),
            ],
        }
        answer = await connection.server.call("POST", "/createRoom", request)
        room_id = str(answer["room_id"])
        room = connection.rooms.setdefault(room_id, Room(room_id))
        room.encrypted = room.marked_direct = True
        room.visibility = "invited"
        room.joined.add(connection.account)
        if account not in room.joined:
            room.invited.add(account)
        connection.machine.remember_encrypted({room_id})
        await self._keep(account, room_id)
        await self._mark(account, room_id)
        return room

    async def _keep(self, account: str, room: str) -> None:
        self._known[account] = room
        await self._connection.keep(f"direct/{account}", room.encode())

    async def _mark(self, account: str, room: str) -> None:
        """Tell other clients of this account what the room is for; nothing depends on it."""
        path = f"/user/{segment(self._connection.account)}/account_data/m.direct"
        try:
            marked = await self._connection.server.call("GET", path)
        except (MatrixRefused, Unreachable):
            marked = {}
        marked[account] = [*(r for r in marked.get(account, []) if r != room), room]
        try:
            await self._connection.server.call("PUT", path, marked)
        except (MatrixRefused, Unreachable) as trouble:
            log.warning("a direct room was not marked as one: %s", trouble)


def _state(kind: str, content: JSON) -> JSON:
    return {"type": kind, "state_key": "", "content": content}
