"""``bot``: an invented team in one room. ``newcomer``: a bot nobody has spoken to yet."""

from collections.abc import Iterator

import pytest

from tests.conversations.harness import Chat, chat, make_team


@pytest.fixture
def newcomer() -> Iterator[Chat]:
    with chat() as bot:
        yield bot


@pytest.fixture
def bot() -> Iterator[Chat]:
    with chat() as bot:
        make_team(bot)
        yield bot
