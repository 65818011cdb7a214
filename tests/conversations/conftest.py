"""``bot``: an invented team in one room. ``newcomer``: a bot nobody has spoken to yet."""

from collections.abc import Iterator

import pytest

from tests.conversations.harness import Begun, Chat, chat, make_team


@pytest.fixture
def newcomer() -> Iterator[Chat]:
    with chat() as bot:
        yield bot


@pytest.fixture(scope="session")
def team() -> Begun:
    with chat() as bot:
        make_team(bot)
        return Begun.of(bot)


@pytest.fixture
def bot(team: Begun) -> Iterator[Chat]:
    with chat(begun=team) as bot:
        yield bot
