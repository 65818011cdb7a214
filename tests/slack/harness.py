"""A Slack platform over a local Slack, for tests: what it keeps is in memory, its inbox a file."""

import asyncio
import itertools
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from adapters.platform import Invocation, Outcome, Place
from adapters.slack import Shortcut, SlackOptions, SlackPlatform, ids, manifest
from storage.inbox import SealedInbox
from storage.keys import RootKey
from tests.slack.people import People
from tests.slack.server import LocalSlack, local_slack
from tests.slack.world import Channel

SHORTCUTS = (
    Shortcut("make_task", "Make an action item", "Turns the message into an action item", "task add {text}"),
    Shortcut("record_decision", "Record as decision", "Records the message as a decision", "decide {text}"),
)
DEADLINE = 10.0


class MemoryDrawer:
    """A drawer that forgets with the test; ``locked`` makes every call wait."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.wait = 0.0

    def get(self, name: str) -> bytes | None:
        self._pause()
        return self.content.get(name)

    def put(self, name: str, content: bytes) -> None:
        self._pause()
        self.content[name] = content

    def swap(self, name: str, there: bytes | None, content: bytes) -> bool:
        self._pause()
        if self.content.get(name) != there:
            return False
        self.content[name] = content
        return True

    def put_all(self, contents: Mapping[str, bytes], new: Mapping[str, bytes]) -> dict[str, bytes]:
        self._pause()
        self.content |= contents
        there = {name: self.content[name] for name in new if name in self.content}
        self.content = {**new, **self.content}
        return there

    def delete(self, name: str) -> None:
        self._pause()
        self.content.pop(name, None)

    def names(self, prefix: str = "") -> tuple[str, ...]:
        return tuple(name for name in self.content if name.startswith(prefix))

    def _pause(self) -> None:
        if self.wait:
            time.sleep(self.wait)


class Ear:
    """A bot that only listens, and carries each id out once as the real one does."""

    def __init__(self) -> None:
        self.heard: list[Invocation] = []
        self.calls = 0
        self.refuses = False
        self.before: Callable[[], Any] | None = None
        self._new = asyncio.Condition()

    async def receive(self, invocation: Invocation) -> Outcome:
        self.calls += 1
        if self.before:
            await self.before()
        if any(one.id == invocation.id for one in self.heard):
            return Outcome(ignored=True)
        self.heard.append(invocation)
        async with self._new:
            self._new.notify_all()
        return Outcome(refused=self.refuses)

    async def hears(self, count: int) -> list[Invocation]:
        """The first so many things that were said; waits for them."""
        async with asyncio.timeout(DEADLINE), self._new:
            await self._new.wait_for(lambda: len(self.heard) >= count)
        return self.heard[:count]


class NoInbox:
    """For a platform that takes nothing in."""

    def put(self, contents: object) -> tuple[int, ...]:
        return ()

    def done(self, number: int) -> None:
        return

    def pending(self) -> tuple[tuple[int, bytes], ...]:
        return ()


@dataclass
class Bot:
    """A running platform with its people around it."""

    slack: LocalSlack
    people: People
    platform: SlackPlatform
    ear: Ear
    drawer: MemoryDrawer
    inbox: Path
    root: RootKey
    _keys: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @property
    def breaches(self) -> list[str]:
        return self.slack.world.breaches

    def place(self, channel: Channel, thread: str | None = None) -> Place:
        return ids.place(channel.id, channel.team, thread)

    def account(self, person: str) -> str:
        return ids.account(self.people.person(person).id, self.people.team.id)

    def key(self) -> str:
        return f"key-{next(self._keys)}"


@asynccontextmanager
async def running(platform: SlackPlatform, receive: Callable[[Invocation], Any]) -> AsyncIterator[None]:
    """The platform takes words in until the block ends."""
    task = asyncio.create_task(platform.run(receive))
    waiting = asyncio.create_task(platform.ready.wait())
    try:
        async with asyncio.timeout(DEADLINE):
            await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        yield
    finally:
        waiting.cancel()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def options_of(slack: LocalSlack, token: str, http: bool, **more: Any) -> SlackOptions:
    options = SlackOptions(
        app_token="" if http else slack.app_token,
        bot_token=token,
        signing_secret=slack.signing_secret,
        client_id=slack.client_id,
        client_secret=slack.client_secret,
        base_url=slack.api,
        port=0,
        covered=True,
        shortcuts=SHORTCUTS,
        every=0,
        patience=0.01,
    )
    return replace(options, **more)


@asynccontextmanager
async def slack_bot(
    *, http: bool = False, ear: Ear | None = None, skew: float = 0.0, **options: Any
) -> AsyncIterator[Bot]:
    """A local Slack with one workspace, and the platform connected to it; ``skew``: seconds that its clock is ahead."""

    def clock() -> float:
        return time.time() + skew

    with tempfile.TemporaryDirectory() as folder:
        async with local_slack(manifest(SHORTCUTS, url="http://bot.test" if http else ""), clock=clock) as slack:
            slack.rates.on = False
            slack.delivery._clock = clock
            team = slack.install()
            people, drawer, root = People(slack, team), MemoryDrawer(), RootKey.new()
            path = Path(folder) / "inbox"
            inbox = SealedInbox(path, root, "slack")
            glance = options.pop("glance", None)
            made = options_of(slack, slack.world.issue_token(team.id), http, **options)
            platform = SlackPlatform(made, drawer, inbox, glance=glance)
            bot = Bot(slack, people, platform, ear or Ear(), drawer, path, root)
            async with running(platform, bot.ear.receive):
                if platform.web:
                    slack.delivery.request_url = f"{platform.web.url}/slack/events"
                yield bot
                await slack.delivery.settle()
            inbox.close()


async def until(condition: Callable[[], Any], within: float = DEADLINE) -> Any:
    """Wait until the condition holds, and give what it gave."""
    async with asyncio.timeout(within):
        while not (found := condition()):  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.005)
        return found


def play(story: Any) -> None:
    """Run a story to its end, within a deadline."""

    async def whole() -> None:
        async with asyncio.timeout(60):
            await story()

    asyncio.run(whole())


def nothing_broken(breaches: Sequence[str]) -> None:
    assert list(breaches) == []
