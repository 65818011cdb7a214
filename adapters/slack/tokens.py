"""The workspaces the bot is installed in and their tokens, rotated by us: ahead of time, one at a time.

Bolt's rotation ignores ``base_url``, runs only when an event comes in, and lets two events race for the single-use
refresh token; the loser's event is lost. Here every call asks for the token, and one lock a team, which all instances of
the bot see, does the rest.
"""

import asyncio
import logging
import secrets
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from adapters.platform import NotDelivered, SharedDrawer

log = logging.getLogger(__name__)

AHEAD = 2 * 3600.0
"""Seconds before its end at which a token is exchanged; Slack's tokens last twelve hours."""
_PREFIX = "team/"
_ORG = "org/"
_LOCK = "exchange/"
LEASE = 30.0
"""Seconds for which an instance keeps the others from exchanging a team's token; longer than Slack's answer takes."""
LOOK_EVERY = 0.1

Exchange = Callable[[str], Awaitable[dict[str, Any]]]
"""Gives Slack's answer to a refresh token."""


class Installation(msgspec.Struct, frozen=True):
    """The bot in one workspace, or in a whole organisation (``team`` is its id then). ``expires_at``: seconds since 1970, None for a token that does not rotate."""

    team: str
    bot_user: str
    token: str
    name: str = ""
    enterprise: str = ""
    bot_id: str = ""
    refresh_token: str = ""
    expires_at: float | None = None
    scopes: tuple[str, ...] = ()


class NotInstalled(NotDelivered):
    """The bot is not, or no more, in that workspace."""

    def __init__(self) -> None:
        super().__init__("not_installed", final=True)


class Installations:
    """Every workspace's installation, sealed in the drawer and remembered while the process runs."""

    def __init__(self, drawer: SharedDrawer, exchange: Exchange, *, clock: Callable[[], float] = time.time) -> None:
        self._drawer, self._exchange, self._clock = drawer, exchange, clock
        self._known: dict[str, Installation] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def load(self) -> tuple[Installation, ...]:
        """All of them, from the drawer and given by configuration."""
        for name in await asyncio.to_thread(self._drawer.names, _PREFIX):
            if (kept := await self._read(name.removeprefix(_PREFIX))) is not None:
                self._known[kept.team] = kept
        return tuple(self._known.values())

    @property
    def known(self) -> tuple[Installation, ...]:
        return tuple(self._known.values())

    def use(self, installation: Installation) -> None:
        """One that the configuration gives: its token does not rotate and is not kept."""
        self._known[installation.team] = installation

    async def save(self, installation: Installation) -> None:
        await asyncio.to_thread(self._drawer.put, _PREFIX + installation.team, msgspec.json.encode(installation))
        self._known[installation.team] = installation

    async def remove(self, team: str) -> None:
        """The app was removed from the workspace, or its tokens were revoked: they are forgotten."""
        self._known.pop(team, None)
        for name in (_PREFIX + team, _ORG + team):
            await asyncio.to_thread(self._drawer.delete, name)

    async def get(self, team: str) -> Installation:
        """The installation with a token that is good now. Raises NotInstalled, or NotDelivered where none is to be had."""
        found = self._known.get(team) or await self._read(team) or await self._of_organisation(team)
        if found is None:
            raise NotInstalled
        if self._is_due(found):
            found = await self.renew(found)
        self._known[team] = found
        return found

    async def belongs(self, team: str, enterprise: str) -> None:
        """The workspace is one of an organisation that installed the app as a whole: its token serves here too."""
        if team not in self._known and team != enterprise:
            await asyncio.to_thread(self._drawer.put, _ORG + team, enterprise.encode())

    async def _of_organisation(self, team: str) -> Installation | None:
        enterprise = await asyncio.to_thread(self._drawer.get, _ORG + team)
        return None if enterprise is None else await self._read(enterprise.decode())

    async def renew(self, old: Installation) -> Installation:
        """Exchange the refresh token, once, whoever asks: who waited for the lock takes what was exchanged meanwhile."""
        if not old.refresh_token:
            raise NotDelivered("token_expired")
        async with self._locks[old.team]:
            kept = await self._read(old.team) or self._known.get(old.team)
            if kept is None:
                raise NotInstalled
            if kept.token != old.token:
                self._known[old.team] = kept
                return kept
            async with self._alone(old.team):
                kept = await self._read(old.team) or kept
                if kept.token != old.token:
                    self._known[old.team] = kept
                    return kept
                return await self._renewed(kept)

    @asynccontextmanager
    async def _alone(self, team: str) -> AsyncIterator[None]:
        """No other instance exchanges the team's token meanwhile; one that died with the lock holds it for seconds."""
        name, mine = _LOCK + team, secrets.token_hex(8)
        while True:
            there = await asyncio.to_thread(self._drawer.get, name)
            held_until = float(there.split()[0]) if there else 0.0
            mark = f"{self._clock() + LEASE:.3f} {mine}".encode()
            if held_until < self._clock() and await asyncio.to_thread(self._drawer.swap, name, there, mark):
                break
            await asyncio.sleep(LOOK_EVERY)
        try:
            yield
        finally:
            await asyncio.to_thread(self._drawer.delete, name)

    async def renew_ahead(self) -> None:
        """Exchange every token that ends soon, so that what is posted by itself finds a good one."""
        for installation in self.known:
            if self._is_due(installation):
                try:
                    await self.renew(installation)
                except NotDelivered as failure:
                    log.warning("a token could not be exchanged: %s", failure.kind)

    async def _renewed(self, old: Installation) -> Installation:
        try:
            grant = await self._exchange(old.refresh_token)
        except NotDelivered as failure:
            # Another instance may have used the token a moment ago and kept the new one where both look.
            kept = await self._read(old.team)
            if kept is not None and kept.token != old.token:
                self._known[old.team] = kept
                return kept
            if old.expires_at is not None and old.expires_at > self._clock() + 1:
                log.warning("a token could not be exchanged yet: %s", failure.kind)
                return old
            raise
        new = renewed(old, grant, self._clock())
        await self.save(new)
        return new

    def _is_due(self, installation: Installation) -> bool:
        return installation.expires_at is not None and installation.expires_at - self._clock() < AHEAD

    async def _read(self, team: str) -> Installation | None:
        kept = await asyncio.to_thread(self._drawer.get, _PREFIX + team)
        return None if kept is None else msgspec.json.decode(kept, type=Installation)


def installed(grant: dict[str, Any], now: float) -> Installation:
    """The installation that an answer of oauth.v2.access brings."""
    lasts = grant.get("expires_in")
    enterprise = (grant.get("enterprise") or {}).get("id") or ""
    return Installation(
        team=enterprise if grant.get("is_enterprise_install") else (grant.get("team") or {}).get("id") or "",
        name=(grant.get("team") or {}).get("name") or "",
        enterprise=enterprise,
        bot_user=grant.get("bot_user_id", ""),
        token=grant["access_token"],
        refresh_token=grant.get("refresh_token", ""),
        expires_at=None if lasts is None else now + float(lasts),
        scopes=tuple(filter(None, str(grant.get("scope", "")).split(","))),
    )


def renewed(old: Installation, grant: dict[str, Any], now: float) -> Installation:
    fresh = installed(grant, now)
    return msgspec.structs.replace(
        old, token=fresh.token, refresh_token=fresh.refresh_token or old.refresh_token, expires_at=fresh.expires_at
    )
