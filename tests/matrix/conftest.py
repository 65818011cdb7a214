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


@pytest.fixture(scope="session")
def synapse() -> LocalHomeserver:
    return shared_synapse()


@pytest.fixture
def play(synapse: LocalHomeserver, tmp_path: Path) -> Play:
    """Lets a story happen with people and a bot of its own."""

    def run(story: Story) -> None:
        async def whole() -> None:
            async with asyncio.timeout(DEADLINE), House(synapse.url, tmp_path) as house:
                await story(house)

        asyncio.run(whole())

    return run
