"""The whole bot over a local Slack: real dispatcher, store and delivery, on a clock that the test moves."""

import re
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters.slack import SlackPlatform, ids, manifest
from bot.app import App, begin_house
from bot.cli.slack import COMMANDS, SHORTCUTS, is_open, wrong_fields
from bot.clock import MovableClock
from bot.glance import glance
from bot.settings import Settings
from storage.checkpoints import Checkpoints
from storage.database import Database
from storage.drawer import SealedDrawer
from storage.inbox import SealedInbox
from storage.keys import KeyRing, RootKey
from storage.migrate import migrate
from storage.store import Store
from tests.slack.harness import options_of, running
from tests.slack.people import People, text_of
from tests.slack.server import LocalSlack, local_slack
from tests.slack.world import Channel, Message

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
"""Monday 23 November 2026, 09:00 in New York."""
TEAM = {"pat": "psychiatry role facilitator", "gene": "primary-care", "nora": "nursing", "thea": "sex-therapy"}


@dataclass
class Ward:
    """A channel with a team in it, and the bot."""

    slack: LocalSlack
    people: People
    platform: SlackPlatform
    app: App
    clock: MovableClock
    channel: Channel
    begin: Callable[[], Awaitable[tuple[SlackPlatform, App]]]
    """Stops the bot, if it runs, and starts it."""
    _seen: set[int] = field(default_factory=set)

    async def restarts(self) -> None:
        """The bot stops, and another process goes on with what is kept."""
        self.platform, self.app = await self.begin()

    async def says(self, who: str, words: str, thread: str | None = None) -> str:
        """``who`` says it to the bot in the channel; what is new to see for them."""
        await self.people.says(who, self.channel, f"@confer {words}", thread=thread)
        return await self.new(who)

    async def commands(self, who: str, words: str) -> str:
        """The same by slash command."""
        await self.people.commands(who, self.channel, words)
        return await self.new(who)

    async def whispers(self, who: str, words: str) -> str:
        """``who`` writes to the bot directly."""
        await self.people.says(who, self.people.direct(who), words)
        return await self.new(who)

    async def presses(self, who: str, label: str) -> str:
        """The newest button of that label that they see."""
        await self.people.presses(who, self.newest(who, label), label)
        return await self.new(who)

    async def fills(self, who: str, label: str = "Fill in", **fields: str) -> str:
        """Open the newest form and answer its questions; what is not given is skipped or kept."""
        await self.presses(who, label)
        given = {name.replace("_", " "): value for name, value in fields.items()}
        while asked := self._asked(who):
            name = next((n for n in given if re.search(rf"\n{n}\b", text_of(asked), re.IGNORECASE)), None)
            if name:
                said = await self.whispers(who, given.pop(name))
            else:
                keep = "Keep it" if "Keep it" in text_of(asked) else "Skip"
                said = await self.presses(who, keep)
            if self._asked(who) is asked:
                return said
        return said

    async def new(self, who: str) -> str:
        """What the bot said since the last look, as this person sees it."""
        await self.platform.intake.finish()
        fresh = [m for m in self.visible(who) if id(m) not in self._seen and m.bot_id]
        self._seen |= {id(m) for m in self.visible(who)}
        return "\n".join(text_of(m) for m in fresh)

    async def passes(self, to: datetime) -> None:
        await self.app.advance(to)

    def newest(self, who: str, label: str) -> Message:
        found = [m for m in self.visible(who) if any(_has(b, label) for b in m.blocks)]
        assert found, f"{who} sees no {label}"
        return found[-1]

    def visible(self, who: str) -> list[Message]:
        everywhere = [m for c in self.slack.world.channels.values() for m in self.people.sees(who, c)]
        return sorted(everywhere, key=lambda m: float(m.ts))

    def in_channel(self) -> str:
        """What everybody in the channel reads."""
        return "\n".join(text_of(m) for m in self.channel.messages if not m.deleted and not m.only_for)

    def _asked(self, who: str) -> Message | None:
        mine = [m for m in self.people.sees(who, self.people.direct(who)) if m.bot_id]
        return mine[-1] if mine and re.search(r"· \d+ of \d+", text_of(mine[-1])) else None


def ref(text: str, letter: str) -> str:
    """The first reference of this kind."""
    found = re.search(rf"\b{letter}-[0-9A-Z]+\b", text)
    assert found, f"no {letter}-… in: {text}"
    return found[0]


@asynccontextmanager
async def ward(*, http: bool = False, settings: Settings | None = None, **options: Any) -> AsyncIterator[Ward]:
    """A bot nobody has spoken to yet, in a channel of a workspace."""
    clock, began = MovableClock(START), time.monotonic()
    at: Callable[[], float] = lambda: clock.now().timestamp() + time.monotonic() - began  # noqa: E731
    with tempfile.TemporaryDirectory() as folder:
        path, root = Path(folder), RootKey.new()
        address = "http://bot.test" if http else ""
        async with local_slack(manifest(SHORTCUTS, url=address), clock=at) as slack:
            slack.rates.on = False
            team = slack.install()
            people, ring = People(slack, team), KeyRing(root)
            with Database.open(path / "confer.db") as database:
                migrate(database)
                begin_house(database, ring, clock.now())
                known = {"is_open": is_open, "commands": COMMANDS, "wrong": wrong_fields}
                made = options_of(slack, slack.world.issue_token(team.id), http, **known, **options)
                async with AsyncExitStack() as runs:

                    async def begin() -> tuple[SlackPlatform, App]:
                        await runs.aclose()
                        inbox = SealedInbox(path / "inbox", ring.root, "slack")
                        runs.callback(inbox.close)
                        kept = (database, ring, inbox, Checkpoints(path / "marks", ring.root))
                        platform, app = _put_together(*kept, made, settings or Settings(), clock, at)
                        await runs.enter_async_context(running(platform, app.receive))
                        if platform.web:
                            slack.delivery.request_url = f"{platform.web.url}/slack/events"
                        return platform, app

                    channel = people.channel("ward", "carla", *TEAM)
                    it = Ward(slack, people, *await begin(), clock, channel, begin)
                    yield it
                    await slack.delivery.settle()
                    await it.platform.intake.finish()


def _put_together(
    database: Database,
    ring: KeyRing,
    inbox: SealedInbox,
    marks: Checkpoints,
    made: Any,
    settings: Settings,
    clock: MovableClock,
    at: Callable[[], float],
) -> tuple[SlackPlatform, App]:
    async def shown(account: str) -> Any:
        with database.reading() as connection:
            return glance(Store(connection, ring), account, clock.now())

    platform = SlackPlatform(made, SealedDrawer(database, ring, "slack"), inbox, glance=shown, clock=at)
    return platform, App(database, ring, settings, clock, {"slack": platform}, marks)


async def make_team(it: Ward) -> None:
    """carla makes the team and adds everyone."""
    await it.says("carla", 'team create "North clinic" zone America/New_York')
    for who, discipline in TEAM.items():
        await it.says("carla", f"team add @{who} {discipline}")


def _has(block: dict[str, Any], label: str) -> bool:
    return any(e.get("text", {}).get("text") == label for e in block.get("elements", ()) if e["type"] == "button")


__all__ = ["START", "Ward", "ids", "make_team", "ref", "ward"]
