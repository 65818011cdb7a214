"""The local Slack keeps the platform contract, over sockets and over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.contract import test_chat_platform as contract
from tests.slack.contract import slack_chat, slack_http_chat

STORIES = [name for name in dir(contract) if name.startswith("test_")]
WAYS = {"socket": slack_chat, "http": slack_http_chat}
NOT_ON_SLACK = {"test_bot_may_take_a_persons_message_away"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", [name for name in STORIES if name not in NOT_ON_SLACK])
def test_keeps_the_contract(name: str, way: str) -> None:
    """The same stories as on every platform; Slack alone lets no bot take a person's message away."""

    def play(story: Callable[[Any], Awaitable[None]]) -> None:
        async def whole() -> None:
            async with asyncio.timeout(30), WAYS[way]() as chat:
                await story(chat)

        asyncio.run(whole())

    getattr(contract, name)(play)
