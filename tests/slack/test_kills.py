"""kill -9 at any moment: nothing that was acknowledged is lost, nothing is done or said twice.

The bot runs as the process that people run, `confer run`; the local Slack stays. CI kills a few times, `make soak` a
thousand times: in runs of ``CONFER_KILLS_A_RUN``, each with a seed of its own that stands in the name of the test.
``CONFER_SEED=…`` does one of them again.
"""

import asyncio
import os
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.slack.harness import until
from tests.slack.people import text_of
from tests.slack.programme import installation
from tests.slack.world import Channel

KILLS = int(os.environ.get("CONFER_KILLS", "4"))
A_RUN = min(KILLS, int(os.environ.get("CONFER_KILLS_A_RUN", "25")))
_FIRST = 5 if KILLS == A_RUN else datetime.now(UTC).toordinal()  # others every day, the same in every worker
SEEDS = [
    int(os.environ.get("CONFER_SEED", _FIRST + n)) for n in range(1 if "CONFER_SEED" in os.environ else KILLS // A_RUN)
]


@pytest.mark.parametrize("seed", SEEDS)
def test_kills_lose_and_double_nothing(
    tmp_path: Path, engine: str, url: str, seed: int, record_property: Callable[[str, object], None]
) -> None:
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
    record_property("kills", A_RUN)


def _task(n: int) -> str:
    return f"@confer task add “word{n}x” for nursing due fri"


def _read(channel: Channel) -> str:
    return "\n".join(text_of(m) for m in channel.messages if m.bot_id and not m.deleted)


def _count(channel: Channel, words: str) -> int:
    """In how many of the bot's messages to everybody the words stand."""
    return sum(words in text_of(m) for m in channel.messages if m.bot_id and not m.deleted and not m.only_for)
