"""What people are called whom somebody named by their account before the bot had met them."""

from collections.abc import Iterator

import pytest

from adapters.platform import Invocation
from tests.conversations.harness import Chat, chat, make_team

ACCOUNT = "@petra-7:clinic.test"


@pytest.fixture
def bot() -> Iterator[Chat]:
    with chat() as bot:
        make_team(bot)
        yield bot


def whoami(bot: Chat, name: str) -> None:
    """She speaks to the bot, and the chat says what she is called."""
    told = Invocation(f"whoami as {name}", ACCOUNT, name, bot.place(), "whoami", bot.clock.now())
    assert not bot.receives(told).refused


def test_the_chat_s_name_is_taken_once_it_is_known(bot: Chat) -> None:
    """Until then her account's own part has to do."""
    bot.says("carla", f"team add {ACCOUNT} nursing")
    assert "@petra-7" in bot.says("carla", "team").text
    whoami(bot, "Petra Lind")
    team = bot.says("carla", "team").text
    assert "@Petra Lind" in team
    assert "petra-7" not in team


def test_the_name_that_a_coordinator_gave_stays(bot: Chat) -> None:
    """Whatever the chat says."""
    bot.says("carla", f"team add {ACCOUNT} nursing name Nurse")
    whoami(bot, "Petra Lind")
    assert "@Nurse" in bot.says("carla", "team").text
