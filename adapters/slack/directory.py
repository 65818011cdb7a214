"""Who and what is in a workspace: people with their names, channels with their members, asked once and remembered a while."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.platform import NotDelivered
from adapters.slack import ids
from adapters.slack.api import Api

PEOPLE_LAST = 3600.0
CHANNELS_LAST = 600.0
MEMBERS_LAST = 300.0
"""An event that somebody came or went ends it at once; this is for an event that never came."""
AT_ONCE = 8
OUTSIDER = " (a guest or an app)"


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    outside: bool = False
    """A guest, somebody of another organisation, a bot or a closed account: not to be served."""


@dataclass(frozen=True, slots=True)
class Channel:
    shared: bool = False
    """Open to another organisation: not to be served."""
    inside: bool = True
    """The bot is a member."""


class Directory:
    def __init__(self, api: Api, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._api, self._clock = api, clock
        self._people: dict[str, tuple[float, Person]] = {}
        self._channels: dict[str, tuple[float, Channel]] = {}
        self._members: dict[str, tuple[float, frozenset[str]]] = {}
        self._direct: dict[str, str] = {}

    async def person(self, account: str) -> Person:
        """The person behind an account. Raises NotDelivered where Slack cannot say."""
        kept = self._people.get(account)
        if kept is None or self._clock() - kept[0] > PEOPLE_LAST:
            user, team = ids.split(account)
            answer = await self._api.call(team, "users.info", user=user)
            kept = self._people[account] = (self._clock(), _person(answer.get("user") or {}, team))
        return kept[1]

    async def channel(self, room: str) -> Channel:
        """What kind of channel the room is. Raises NotDelivered where Slack cannot say."""
        identity, team = ids.split(room)
        if identity.startswith("D"):
            return Channel()
        kept = self._channels.get(room)
        if kept is None or self._clock() - kept[0] > CHANNELS_LAST:
            answer = await self._api.call(team, "conversations.info", channel=identity)
            kept = self._channels[room] = (self._clock(), _channel(answer.get("channel") or {}))
        return kept[1]

    async def is_inside(self, room: str) -> bool:
        """Whether the bot is in the channel; a private one that it is not in does not exist for it."""
        try:
            return (await self.channel(room)).inside
        except NotDelivered as failure:
            if failure.kind in ("channel_not_found", "missing_scope"):
                return False
            raise

    async def members(self, room: str) -> frozenset[str]:
        """The accounts in the room; those that are not to be served, marked as such."""
        kept = self._members.get(room)
        if kept is None or self._clock() - kept[0] > MEMBERS_LAST:
            identity, team = ids.split(room)
            found = self._api.every(team, "conversations.members", "members", channel=identity, limit=200)
            assert self._api.installations
            bot = (await self._api.installations.get(team)).bot_user
            there = [ids.account(user, team) async for user in found if user != bot]
            people = frozenset(await self._told_apart(there))
            kept = self._members[room] = (self._clock(), people)
        return kept[1]

    async def _told_apart(self, accounts: Sequence[str]) -> list[str]:
        """Guests, strangers and other apps under names that no team can hold: nothing of a patient is for them."""
        slots = asyncio.Semaphore(AT_ONCE)

        async def called(account: str) -> str:
            async with slots:
                return account + OUTSIDER if (await self.person(account)).outside else account

        return await asyncio.gather(*map(called, accounts))

    async def direct(self, account: str) -> str:
        """The room of the direct conversation with the person."""
        if account not in self._direct:
            user, team = ids.split(account)
            answer = await self._api.call(team, "conversations.open", users=user)
            self._direct[account] = ids.room(answer["channel"]["id"], team)
        return self._direct[account]

    def is_direct_with(self, account: str, room: str) -> None:
        """A direct message came from there."""
        self._direct.setdefault(account, room)

    def sharing_changed(self, room: str) -> None:
        self._channels.pop(room, None)
        self._members.pop(room, None)

    def members_changed(self, room: str) -> None:
        self._members.pop(room, None)

    def heard_in(self, room: str, *, shared: bool) -> None:
        """An event from the channel said whether it is open to another organisation: Slack need not be asked."""
        self._channels[room] = (self._clock(), Channel(shared))

    async def names(self, accounts: Iterable[str]) -> dict[str, str]:
        """What these people are called; who cannot be asked about is left out."""
        found = {}
        for account in accounts:
            try:
                found[account] = (await self.person(account)).name
            except NotDelivered:
                continue
        return found


def _person(user: dict[str, Any], team: str) -> Person:
    profile = user.get("profile") or {}
    name = profile.get("display_name") or profile.get("real_name") or user.get("real_name") or user.get("name") or ""
    elsewhere = bool(user.get("team_id")) and user["team_id"] != team and not user.get("enterprise_user")
    flags = ("is_restricted", "is_ultra_restricted", "is_stranger", "is_bot", "deleted", "is_invited_user")
    return Person(str(name), outside=elsewhere or any(user.get(flag) for flag in flags))


def _channel(channel: dict[str, Any]) -> Channel:
    shared = bool(channel.get("is_ext_shared") or channel.get("is_pending_ext_shared"))
    return Channel(shared, inside=bool(channel.get("is_member", True)))
