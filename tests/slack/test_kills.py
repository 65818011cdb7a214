"""kill -9 at any moment: nothing that was acknowledged is lost, nothing is done or said twice.

The bot runs as the process that people run, `confer run`; the local Slack stays. CI kills a few times, `make soak` a
thousand times: in runs of ``CONFER_KILLS_A_RUN``, each with a seed of its own that stands in the name of the test.
``CONFER_SEED=…`` does one of them again.
"""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.slack import manifest
from bot.cli.slack import SHORTCUTS
from tests.slack.harness import until
from tests.slack.people import People, text_of
from tests.slack.server import LocalSlack, local_slack
from tests.slack.world import Channel

KILLS = int(os.environ.get("CONFER_KILLS", "4"))
A_RUN = min(KILLS, int(os.environ.get("CONFER_KILLS_A_RUN", "25")))
_FIRST = 5 if KILLS == A_RUN else datetime.now(UTC).toordinal()  # others every day, the same in every worker
SEEDS = [
    int(os.environ.get("CONFER_SEED", _FIRST + n)) for n in range(1 if "CONFER_SEED" in os.environ else KILLS // A_RUN)
]
STARTS_WITHIN = 120.0
"""Seconds: a soak shares its machine."""


class Process:
    """`confer run` over the local Slack, killed and started again."""

    def __init__(self, slack: LocalSlack, token: str, folder: Path) -> None:
        self._slack, self._folder = slack, folder
        self._environment = {
            **os.environ,
            "SLACK_BOT_TOKEN": token,
            "SLACK_APP_TOKEN": slack.app_token,
            "CONFER_SLACK_MODE": "socket",
            "CONFER_SLACK_BAA": "true",
            "CONFER_SLACK_BASE_URL": slack.api,
        }
        self._process: asyncio.subprocess.Process | None = None

    async def confer(self, *words: str) -> asyncio.subprocess.Process:
        self._folder.parent.mkdir(exist_ok=True)
        with (self._folder.parent / "out.txt").open("ab") as out:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bot.cli",
                *words,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )

    async def start(self) -> None:
        self._process = await self.confer("run", "--config", str(self._folder / "confer.toml"))
        ended = asyncio.ensure_future(self._process.wait())
        connected = asyncio.ensure_future(self._slack.delivery.connected.wait())
        await asyncio.wait((ended, connected), timeout=STARTS_WITHIN, return_when=asyncio.FIRST_COMPLETED)
        assert not ended.done(), f"the bot ended with {self._process.returncode}: {self._log()}"
        assert connected.done(), f"the bot did not connect: {self._log()}"
        ended.cancel()

    def _log(self) -> str:
        return (self._folder.parent / "out.txt").read_text(errors="replace")[-2000:]

    async def kill(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()
        await until(lambda: not self._slack.delivery.sockets)

    def end(self) -> None:
        """Leave nothing running, however the test ended."""
        if self._process and self._process.returncode is None:
            self._process.kill()

    async def stop(self) -> int:
        assert self._process
        self._process.send_signal(signal.SIGTERM)
        return await self._process.wait()


@asynccontextmanager
async def installation(folder: Path, database: str = "") -> AsyncIterator[tuple[Process, People]]:
    """``database``: a PostgreSQL, else it is a file in the folder."""
    async with local_slack(manifest(SHORTCUTS)) as slack:
        slack.rates.on = False
        slack.delivery.ack_within, slack.delivery.retry_after = 2.0, (0.05, 5.0, 10.0)
        team = slack.install()
        process = Process(slack, slack.world.issue_token(team.id), folder)
        made = await process.confer("init", str(folder), *(("--database", database) if database else ()))
        assert await made.wait() == 0
        try:
            yield process, People(slack, team)
        finally:
            process.end()


@pytest.mark.parametrize("seed", SEEDS)
def test_kills_lose_and_double_nothing(tmp_path: Path, engine: str, url: str, seed: int) -> None:
    """Action items are added while the bot is killed: each is there once, and posted once."""
    database = url if engine == "postgresql" else ""

    async def story() -> None:
        chance = random.Random(seed)
        async with installation(tmp_path / "house", database) as (process, people):
            channel = people.channel("ward", "carla")
            await process.start()
            await people.says("carla", channel, '@confer team create "North clinic" zone UTC')
            await until(lambda: "coordinator" in _read(channel), within=60)
            for n in range(A_RUN):
                saying = asyncio.create_task(
                    people.says("carla", channel, f"@confer agenda add “item{n}x” 5m" if n % 2 else _task(n))
                )
                await asyncio.sleep(chance.random() * 0.12)
                await process.kill()
                await process.start()
                await saying
                await people.says("carla", channel, _task(n + 10_000))
                await until(lambda n=n: f"word{n + 10_000}x" in _read(channel), within=60)
            await until(lambda: all(_count(channel, f"word{n}x") for n in range(0, A_RUN, 2)), within=60)
            counts = {n: _count(channel, f"word{n}x") for n in range(0, A_RUN, 2)}
            assert counts == dict.fromkeys(counts, 1)
            assert await process.stop() == 0

    async def whole() -> None:
        async with asyncio.timeout(120 + 60 * A_RUN):
            await story()

    asyncio.run(whole())


def _task(n: int) -> str:
    return f"@confer task add “word{n}x” for nursing due fri"


def _read(channel: Channel) -> str:
    return "\n".join(text_of(m) for m in channel.messages if m.bot_id and not m.deleted)


def _count(channel: Channel, words: str) -> int:
    """In how many of the bot's messages to everybody the words stand."""
    return sum(words in text_of(m) for m in channel.messages if m.bot_id and not m.deleted and not m.only_for)
