"""Fifty people at once over the local Slack: acknowledgement and answer, beside a bare Bolt app that echoes.

The local Slack and the bot share a process, so its own work counts against both; the bot has the real dispatcher,
store (SQLite, synced) and delivery. Everybody works in their own channel, so that Slack's pace of one post a second
and channel holds nobody back. There the bot answers for the asker's eyes, which Slack does not keep; in direct
conversations it posts, which is to be there once, and so is noted before.
"""

import asyncio
import logging
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack import SlackPlatform, manifest
from bot.app import App, begin_house
from bot.cli.slack import SHORTCUTS
from bot.clock import SystemClock
from bot.garbage import sparing_what_is_loaded
from bot.settings import Settings
from storage.database import Database
from storage.drawer import SealedDrawer
from storage.inbox import SealedInbox
from storage.keys import KeyRing, RootKey
from storage.migrate import migrate
from tests.bench.report import Figure, percentile, show
from tests.slack.harness import options_of, running
from tests.slack.people import People
from tests.slack.server import LocalSlack, local_slack
from tests.slack.world import Channel, Message, World

Settled = Callable[[], Awaitable[None]]
"""Waits until what the answers left to be done is done: their marks, what is forgotten of the inbox."""
PEOPLE = 50
TURNS = 4
"""The bare app and the bot take turns, so that both meet the same machine."""
ROUNDS = 4
REST = 2.5
"""Seconds before the one round of a turn in direct conversations: Slack takes one post a second in each, and of the
two that the first contact made, the last may just have gone out."""
PAUSE = 0.0
"""Seconds within which all fifty speak once: faster than any ward."""


class Heard(World):
    """Tells who waits for it that the bot has spoken in a channel."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, asyncio.Future[float]] = {}

    def post(self, channel: Channel, message: Message) -> Message:
        waiting = self.answers.get(channel.id)
        if message.bot_id and waiting and not waiting.done():
            waiting.set_result(time.perf_counter())
        return super().post(channel, message)


def main() -> int:
    """Measure; 1 where a target is missed."""
    logging.disable(logging.CRITICAL)
    return asyncio.run(_measure())


@dataclass
class Times:
    """Seconds from the words to the acknowledgement and to the answer, and of processor time of the whole process."""

    acknowledged: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    worked: float = 0.0

    @property
    def each(self) -> float:
        """Milliseconds of processor time for one answer."""
        return self.worked / len(self.answered) * 1e3


async def _measure() -> int:
    bare, own, bare_posts, own_posts = Times(), Times(), Times(), Times()
    for _ in range(TURNS):
        await _run(_bare, bare)
        await _run(_confer, own)
        await _run(_bare, bare_posts, direct=True)
        await _run(_confer, own_posts, direct=True)
    ratio = percentile(own.answered, 0.5) / percentile(bare.answered, 0.5)
    posted = percentile(own_posts.answered, 0.5) / percentile(bare_posts.answered, 0.5)
    figures = [
        Figure("acknowledgement, p99", percentile(own.acknowledged, 0.99) * 1e3, "ms", 300),
        Figure("command to visible answer, p50", percentile(own.answered, 0.5) * 1e3, "ms"),
        Figure("command to visible answer, p95", percentile(own.answered, 0.95) * 1e3, "ms", 500),
        Figure("processor time of an answer", own.each, "ms"),
        Figure("bare Bolt echo: acknowledgement, p99", percentile(bare.acknowledged, 0.99) * 1e3, "ms"),
        Figure("bare Bolt echo: answer, p50", percentile(bare.answered, 0.5) * 1e3, "ms"),
        Figure("bare Bolt echo: answer, p95", percentile(bare.answered, 0.95) * 1e3, "ms"),
        Figure("bare Bolt echo: processor time of an answer", bare.each, "ms"),
        Figure("processor time beside bare Bolt", own.each / bare.each, ""),
        Figure("answer p50 beside bare Bolt", ratio, "", 1.5),
        Figure("in direct conversations, p50", percentile(own_posts.answered, 0.5) * 1e3, "ms"),
        Figure("in direct conversations, p95", percentile(own_posts.answered, 0.95) * 1e3, "ms", 500),
        Figure("in direct conversations, processor time", own_posts.each, "ms"),
        Figure("in direct conversations, p50 beside bare Bolt", posted, ""),
    ]
    return 0 if show("Slack, fifty people at once", figures) else 1


async def _run(bot: Callable[[LocalSlack, People], object], into: Times, *, direct: bool = False) -> None:
    async with local_slack(manifest(SHORTCUTS)) as slack:
        slack.rates.on = False
        world = slack.world = slack.delivery.world = Heard()
        people = People(slack, slack.install())
        names = [f"p{n}" for n in range(PEOPLE)]
        channels = {n: people.direct(n) if direct else people.channel(f"ward-{n}", n) for n in names}
        async with bot(slack, people) as settled:  # type: ignore[attr-defined]
            await slack.delivery.connected.wait()
            for name, channel in channels.items():  # first contact, made before anything is measured
                await _answered(world, people, name, channel)
            slack.delivery.acknowledgements.clear()
            before = time.process_time()
            await asyncio.sleep(REST if direct else 0)
            for _ in range(1 if direct else ROUNDS):
                waits = [
                    _spoken(world, people, name, channel, PAUSE * n / PEOPLE, into.answered)
                    for n, (name, channel) in enumerate(channels.items())
                ]
                await asyncio.gather(*waits)
            await settled()
            into.worked += time.process_time() - before
            assert bot is _bare or not slack.world.breaches, slack.world.breaches[:3]  # Bolt's own breaches are Bolt's
            into.acknowledged += [a.seconds for a in slack.delivery.acknowledgements]


async def _spoken(world: Heard, people: People, name: str, channel: Channel, after: float, into: list[float]) -> None:
    await asyncio.sleep(after)
    into.append(await _answered(world, people, name, channel))


async def _answered(world: Heard, people: People, name: str, channel: Channel) -> float:
    """Seconds from the words to the first thing the bot says in the channel."""
    answer: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    world.answers[channel.id] = answer
    began = time.perf_counter()
    await people.says(name, channel, "@confer whoami")
    async with asyncio.timeout(30):
        return await answer - began


@asynccontextmanager
async def _bare(slack: LocalSlack, people: People) -> AsyncIterator[Settled]:
    token = slack.world.issue_token(people.team.id)
    app = AsyncApp(client=AsyncWebClient(token=token, base_url=slack.api))

    @app.event("app_mention")
    async def mentioned(event, say):  # type: ignore[no-untyped-def]
        await say(text="You are here.", channel=event["channel"])

    @app.event("message")
    async def said(event, say):  # type: ignore[no-untyped-def]
        if event["channel_type"] == "im":
            await say(text="You are here.", channel=event["channel"])

    web = AsyncWebClient(token=token, base_url=slack.api)
    handler = AsyncSocketModeHandler(app, slack.app_token, web_client=web)
    await handler.connect_async()
    try:
        yield slack.delivery.settle
    finally:
        await handler.close_async()


@asynccontextmanager
async def _confer(slack: LocalSlack, people: People) -> AsyncIterator[Settled]:
    with tempfile.TemporaryDirectory() as folder:
        path, root, clock = Path(folder), RootKey.new(), SystemClock()
        with Database.open(path / "confer.db") as database:
            migrate(database)
            ring = KeyRing(root)
            begin_house(database, ring, clock.now())
            options = options_of(slack, slack.world.issue_token(people.team.id), http=False)
            inbox = SealedInbox(path / "inbox", root, "slack")
            platform = SlackPlatform(replace(options, every=1.0), SealedDrawer(database, ring, "slack"), inbox)
            app = App(database, ring, Settings(), clock, {"slack": platform})
            async with running(platform, app.receive):
                with sparing_what_is_loaded():
                    yield platform.intake.finish
                await platform.intake.finish()


if __name__ == "__main__":
    raise SystemExit(main())
