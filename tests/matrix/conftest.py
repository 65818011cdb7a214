"""One homeserver for all tests of a run."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.cli.sandbox import LocalHomeserver
from tests.matrix.house import House
from tests.matrix.synapse import shared_synapse

Story = Callable[[House], Awaitable[None]]
Play = Callable[[Story], None]
DEADLINE = 90
LONG = 300


@pytest.fixture(scope="session")
def synapse() -> LocalHomeserver:
    return shared_synapse()


@pytest.fixture
def play(synapse: LocalHomeserver, tmp_path: Path) -> Play:
    """Lets a story happen with people and a bot of its own."""
    return _play(synapse.url, tmp_path, DEADLINE)


@pytest.fixture
def play_long(synapse: LocalHomeserver, tmp_path: Path) -> Play:
    """The same for a story in which the bot is started many times."""
    return _play(synapse.url, tmp_path, LONG)


def _play(url: str, folder: Path, deadline: float) -> Play:
    def run(story: Story) -> None:
        async def whole() -> None:
            async with asyncio.timeout(deadline), House(url, folder) as house:
                await story(house)

        asyncio.run(whole())

    return run
