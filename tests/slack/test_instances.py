"""Several instances of the bot behind a balancer, on one PostgreSQL: each thing is done once, whoever hears it."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.slack import SlackPlatform, manifest
from adapters.slack.tokens import Installation
from bot.app import App, begin_house
from bot.cli.slack import SHORTCUTS, is_open
from bot.clock import SystemClock
from bot.settings import Settings
from storage.database import Database
from storage.drawer import SealedDrawer
from storage.inbox import SealedInbox
from storage.keys import KeyRing, RootKey
from storage.migrate import migrate
from tests.postgres import Server
from tests.slack.harness import options_of, play, running
from tests.slack.people import People, text_of
from tests.slack.server import LocalSlack, local_slack
from tests.slack.world import Channel

pytestmark = pytest.mark.postgres


@pytest.fixture
def address(postgres: Server) -> Iterator[str]:
    made = postgres.empty()
    yield made
    postgres.drop(made)


@dataclass
class Cluster:
    slack: LocalSlack
    people: People
    platforms: list[SlackPlatform]
    apps: list[App]

    def behind(self, number: int) -> None:
        """The balancer leads to this one from here on."""
        web = self.platforms[number].web
        assert web
        self.slack.delivery.request_url = f"{web.url}/slack/events"

    async def settle(self) -> None:
        for platform, app in zip(self.platforms, self.apps, strict=True):
            await platform.intake.finish()
            await app.settle()

    def said(self, channel: Channel, words: str) -> int:
        """How many of the bot's messages to everybody hold the words."""
        mine = [m for m in channel.messages if m.bot_id and not m.deleted and not m.only_for]
        return sum(words in text_of(m) for m in mine)


@asynccontextmanager
async def cluster(address: str, folder: Path, *, instances: int = 2, token_lasts: float = 0) -> AsyncIterator[Cluster]:
    """Instances with inboxes of their own, one root key and one database; a token that rotates where it ``lasts``."""
    root = RootKey.new()
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(local_slack(manifest(SHORTCUTS, url="http://bot.test", rotation=True)))
        slack.rates.on, slack.rotation = False, bool(token_lasts)
        team = slack.install()
        token = slack.world.issue_token(team.id, lasts=token_lasts or None)
        found = Cluster(slack, People(slack, team), [], [])
        for number in range(instances):
            database = stack.enter_context(Database.open(address))
            ring, clock = KeyRing(root), SystemClock()
            if number == 0:
                migrate(database)
                begin_house(database, ring, clock.now())
                if token_lasts:
                    _keep(database, ring, slack, token, token_lasts)
            options = options_of(slack, "" if token_lasts else token, http=True, is_open=is_open)
            inbox = SealedInbox(folder / f"inbox-{number}", root, "slack")
            stack.callback(inbox.close)
            platform = SlackPlatform(replace(options), SealedDrawer(database, ring, "slack"), inbox)
            app = App(database, ring, Settings(), clock, {"slack": platform})
            await stack.enter_async_context(running(platform, app.receive))
            found.platforms.append(platform)
            found.apps.append(app)
        found.behind(0)
        yield found
        await slack.delivery.settle()
        await found.settle()


def _keep(database: Database, ring: KeyRing, slack: LocalSlack, token: str, lasts: float) -> None:
    """An installation whose token rotates, as consent would have left it."""
    import msgspec

    team = next(iter(slack.world.teams.values()))
    until = datetime.now(UTC).timestamp() + lasts
    refresh = slack.world.issue_refresh_token(team.id)
    kept = Installation(team.id, team.bot_user, token, refresh_token=refresh, expires_at=until)
    SealedDrawer(database, ring, "slack").put(f"team/{team.id}", msgspec.json.encode(kept))


def test_an_event_that_both_hear_is_carried_out_once(address: str, tmp_path: Path) -> None:
    """A retry reaches the other instance, a click this one or that: one action item, one card, one change."""

    async def story() -> None:
        async with cluster(address, tmp_path) as it:
            channel = it.people.channel("ward", "carla")
            await it.people.says("carla", channel, '@confer team create "North clinic" zone UTC')
            await it.settle()
            message = await it.people.says("carla", channel, "hello")
            message.text = f"<@{it.people.team.bot_user}> task add “word1x” for @carla due fri"
            message.ts = it.slack.world.next_ts()
            event = {**message.shown(), "channel": channel.id, "channel_type": "channel"}
            payload = it.people.event_payload({**event, "type": "app_mention"}, channel)
            body = json.dumps(payload)
            for number in (0, 1, 0, 1):
                it.behind(number)
                headers = {"Content-Type": "application/json", **it.slack.delivery.signature(body)}
                assert await it.slack.delivery.raw(body, headers) == {}
            await it.settle()
            assert it.said(channel, "word1x") == 1
            card = next(m for m in channel.messages if m.bot_id and "word1x" in text_of(m) and not m.only_for)
            it.behind(1)
            await it.people.presses("carla", card, "Done")
            await it.settle()
            assert it.said(channel, "done") >= 1
            assert it.slack.world.breaches == []

    play(story)


def test_a_storm_over_both(address: str, tmp_path: Path) -> None:
    """Forty commands that arrive at either instance, some at both: each is there once."""

    async def story() -> None:
        async with cluster(address, tmp_path) as it:
            channel = it.people.channel("ward", "carla")
            await it.people.says("carla", channel, '@confer team create "North clinic" zone UTC')
            await it.settle()
            it.slack.delivery.retry_after = (0.0, 0.1, 0.1)

            async def one(n: int) -> None:
                it.behind(n % 2)
                if n % 5 == 0:
                    it.slack.faults.deliver("duplicate")
                await it.people.says("carla", channel, f"@confer task add “word{n}x” for @carla due fri")

            for start in range(0, 40, 10):
                await asyncio.gather(*(one(n) for n in range(start, start + 10)))
            await it.slack.delivery.settle()
            await it.settle()
            assert [it.said(channel, f"word{n}x") for n in range(40)] == [1] * 40
            assert it.slack.world.breaches == []

    play(story)


def test_a_refresh_token_is_used_once_by_all(address: str, tmp_path: Path) -> None:
    """The token has ended while both are busy: one of them exchanges it, the other takes what was kept."""

    async def story() -> None:
        async with cluster(address, tmp_path, instances=3, token_lasts=4 * 3600.0) as it:
            for token in it.slack.world.tokens.values():
                token.expires_at = it.slack.clock() - 1
            calls = [p.api.call(it.people.team.id, "auth.test") for p in it.platforms for _ in range(5)]
            assert len(await asyncio.gather(*calls)) == 15
            exchanged = [args for method, args in it.slack.world.sent if method == "oauth.v2.access"]
            assert len(exchanged) == 1
            assert len({p.installations.known[0].token for p in it.platforms}) == 1
            assert it.slack.world.breaches == []

    play(story)


def test_a_lock_whose_holder_died_ends(address: str, tmp_path: Path) -> None:
    """An instance that was killed while it exchanged a token keeps the others waiting for seconds, not for ever."""

    async def story() -> None:
        async with cluster(address, tmp_path, token_lasts=4 * 3600.0) as it:
            drawer, team = it.platforms[0].installations._drawer, it.people.team.id
            left = f"{it.slack.clock() + 0.5:.3f} {secrets.token_hex(4)}".encode()
            assert await asyncio.to_thread(drawer.swap, f"exchange/{team}", None, left)
            assert not await asyncio.to_thread(drawer.swap, f"exchange/{team}", None, b"other")
            for token in it.slack.world.tokens.values():
                token.expires_at = it.slack.clock() - 1
            assert (await it.platforms[1].api.call(team, "auth.test"))["team_id"] == team
            assert it.slack.world.breaches == []

    play(story)
