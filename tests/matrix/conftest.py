"""One homeserver for all tests of a run."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from tests.matrix.house import House
from tests.matrix.synapse import Synapse, running_synapse

Story = Callable[[House], Awaitable[None]]
Play = Callable[[Story], None]
DEADLINE = 90


@pytest.fixture(scope="session")
def synapse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    with running_synapse(tmp_path_factory.mktemp("synapse")) as running:
        yield running


@pytest.fixture
def play(synapse: Synapse, tmp_path: Path) -> Play:
    """Lets a story happen with people and a bot of its own."""

    def run(story: Story) -> None:
        async def whole() -> None:
            async with asyncio.timeout(DEADLINE), House(synapse.url, tmp_path) as house:
                await story(house)

        asyncio.run(whole())

    return run
