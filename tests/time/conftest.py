"""The invented team of the conversations, in memory."""

from collections.abc import Iterator

import pytest

from tests.conversations.harness import Chat, chat, make_team


@pytest.fixture
def bot() -> Iterator[Chat]:
    with chat() as bot:
        make_team(bot)
        yield bot
