"""What the local Slack knows: workspaces, people, channels, messages, tokens, and every rule that an app broke."""

import itertools
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Payload = dict[str, Any]


@dataclass
class User:
    id: str
    name: str
    team: str
    guest: bool = False
    stranger: bool = False
    deleted: bool = False
    is_bot: bool = False


@dataclass
class Message:
    ts: str
    channel: str
    user: str
    text: str = ""
    blocks: list[Payload] = field(default_factory=list)
    metadata: Payload | None = None
    thread_ts: str | None = None
    files: list[Payload] = field(default_factory=list)
    bot_id: str = ""
    only_for: str | None = None
    deleted: bool = False
    edited: bool = False
    subtype: str = ""

    def shown(self, *, with_metadata: bool = False) -> Payload:
        """The message object as the Web API and events give it."""
        shown: Payload = {"type": "message", "ts": self.ts, "user": self.user, "text": self.text}
        optional: Payload = {
            "bot_id": self.bot_id,
            "blocks": self.blocks,
            "thread_ts": self.thread_ts,
            "files": self.files,
            "subtype": self.subtype,
        }
        shown |= {name: value for name, value in optional.items() if value}
        if with_metadata and self.metadata:
            shown["metadata"] = self.metadata
        return shown


@dataclass
class Channel:
    id: str
    name: str
    team: str
    kind: str = "channel"
    """``channel`` (public), ``group`` (private), ``im`` or ``mpim``."""
    members: set[str] = field(default_factory=set)
    messages: list[Message] = field(default_factory=list)
    ext_shared: bool = False
    archived: bool = False

    @property
    def scope(self) -> str:
        """The noun of its scopes: ``channels:history``, ``im:read``."""
        return {"channel": "channels", "group": "groups"}.get(self.kind, self.kind)

    def find(self, ts: str | None) -> Message | None:
        return next((m for m in self.messages if m.ts == ts and not m.deleted), None)


@dataclass
class Team:
    """One workspace and the app's installation in it."""

    id: str
    name: str
    bot_user: str
    bot_id: str
    scopes: set[str]
    enterprise: str = ""


@dataclass
class Token:
    team: str
    scopes: set[str]
    expires_at: float | None = None
    revoked: bool = False


@dataclass
class View:
    id: str
    root_id: str
    team: str
    user: str
    body: Payload
    hash: str
    opened_by: str = ""
    """The trigger it was opened with."""


@dataclass
class Trigger:
    team: str
    user: str
    at: float
    used: bool = False
    view: str = ""


@dataclass
class ResponseUrl:
    channel: str
    user: str
    at: float
    uses: int = 0
    message: str = ""


@dataclass
class World:
    """All of it. ``breaches`` collects, in sentences, each documented rule that the app broke."""

    clock: Callable[[], float] = time.time
    teams: dict[str, Team] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    refresh_tokens: dict[str, str] = field(default_factory=dict)
    """Each good for one use, and the team it belongs to."""
    views: dict[str, View] = field(default_factory=dict)
    stacks: dict[str, list[str]] = field(default_factory=dict)
    """The views that a person has open, by user, the last on top."""
    homes: dict[str, View] = field(default_factory=dict)
    triggers: dict[str, Trigger] = field(default_factory=dict)
    response_urls: dict[str, ResponseUrl] = field(default_factory=dict)
    files: dict[str, Payload] = field(default_factory=dict)
    external_ids: dict[str, str] = field(default_factory=dict)
    """Views by the names that the app gave them."""
    at_home: set[str] = field(default_factory=set)
    """Who has opened the app's Home tab."""
    home_tab: bool = True
    messages_tab: bool = True
    messages_at_once: int = 0
    """The most that a reading of history gives; 0 for the documented 999."""
    breaches: list[str] = field(default_factory=list)
    sent: list[tuple[str, Payload]] = field(default_factory=list)
    """Every call of the Web API with its arguments, for what must never have left the bot."""
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _last_ts: float = 0

    def breach(self, words: str) -> None:
        self.breaches.append(words)

    def new_id(self, letter: str) -> str:
        return f"{letter}0{next(self._numbers):07d}"

    def next_ts(self) -> str:
        """A message's time stamp, later than every one before."""
        self._last_ts = max(self.clock(), self._last_ts + 0.000_001)
        return f"{self._last_ts:.6f}"

    def add_team(self, name: str, scopes: set[str], enterprise: str = "") -> Team:
        sister = next((t for t in self.teams.values() if enterprise and t.enterprise == enterprise), None)
        # An organisation has one bot user for all of its workspaces.
        bot = self.users[sister.bot_user] if sister else self.add_user("confer", "", is_bot=True)
        team = Team(self.new_id("T"), name, bot.id, self.new_id("B"), scopes, enterprise)
        bot.team = team.id
        self.teams[team.id] = team
        return team

    def add_user(self, name: str, team: str, **flags: bool) -> User:
        user = User(self.new_id("U"), name, team, **flags)
        self.users[user.id] = user
        return user

    def add_channel(self, team: str, name: str, kind: str = "channel", *members: str) -> Channel:
        letter = "D" if kind == "im" else "C"
        channel = Channel(self.new_id(letter), name, team, kind, set(members))
        self.channels[channel.id] = channel
        return channel

    def direct(self, team: str, user: str) -> Channel:
        """The direct conversation of the person with the bot."""
        pair = {user, self.teams[team].bot_user}
        found = (c for c in self.channels.values() if c.kind == "im" and c.members == pair)
        return next(found, None) or self.add_channel(team, "", "im", *pair)

    def issue_token(self, team: str, *, lasts: float | None = None) -> str:
        """A bot token; with ``lasts`` it is a rotating one that expires after so many seconds."""
        prefix = "xoxe.xoxb-" if lasts is not None else "xoxb-"
        token = prefix + secrets.token_hex(16)
        until = None if lasts is None else self.clock() + lasts
        scopes = next(t.scopes for t in self.teams.values() if team in (t.id, t.enterprise))
        self.tokens[token] = Token(team, set(scopes), until)
        return token

    def issue_refresh_token(self, team: str) -> str:
        token = "xoxe-1-" + secrets.token_hex(16)
        self.refresh_tokens[token] = team
        return token

    def add_trigger(self, team: str, user: str, view: str = "") -> str:
        trigger = f"{next(self._numbers)}.{secrets.token_hex(8)}"
        self.triggers[trigger] = Trigger(team, user, self.clock(), view=view)
        return trigger

    def fill(self, view: View, body: Payload) -> None:
        """Show the body in the view; each iteration has a hash of its own."""
        view.hash = f"{self.clock():.0f}.{self.new_id('h')}"
        for block in body.get("blocks") or ():
            block.setdefault("block_id", self.new_id("b"))
        view.body = {
            **body,
            "id": view.id,
            "root_view_id": view.root_id or view.id,
            "hash": view.hash,
            "team_id": view.team,
            "state": {"values": {}},
        }

    def post(self, channel: Channel, message: Message) -> Message:
        channel.messages.append(message)
        return message
