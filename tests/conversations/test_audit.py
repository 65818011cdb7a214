"""The audit trail in chat: who did what with a case, for the privacy officer alone."""

import pytest

from storage.audit import verify
from tests.conversations.harness import Chat, approved, submitted


@pytest.fixture
def officer(bot: Chat) -> str:
    bot.says("carla", "team add @petra care-coordination role privacy-officer")
    bot.whispers("petra", "whoami")
    return "petra"


def test_the_trail_of_a_case(bot: Chat, officer: str) -> None:
    """Each act and each look stands there, with who, when and how it ended, and no word of the case."""
    case = approved(bot, background="Sings in the choir.", patient="Maria Lopez")
    bot.whispers("nora", f"case {case}")
    bot.says("pat", f'decide {case} "Taper"')
    bot.says("pat", f'task add "Call the choir" case {case}')
    answer = bot.says(officer, f"audit {case}")
    assert not answer.in_room
    for words in ("@pat: case submit", "@pat: case approve", "@nora: case", "@pat: decide", "@pat: task add",
                  "confer: summary shown", "Mon 23 Nov 2026, 09:00 EST"):  # fmt: skip
        assert words in answer.private, words
    assert not [w for w in ("choir", "Maria", "Taper") if w in answer.private]


def test_a_refused_look_is_in_the_trail(bot: Chat, officer: str) -> None:
    """Who tried to see what they may not see is found under the case."""
    case = submitted(bot)
    assert bot.whispers("nora", f"case {case}").refused
    text = bot.whispers(officer, f"audit {case}").text
    assert "@nora: case" in text
    assert "refused" in text


def test_the_trail_outlives_the_case(bot: Chat, officer: str) -> None:
    """That a case was there, and who erased it, is still known."""
    case = approved(bot)
    bot.whispers("pat", f'case erase {case} sure "for ever"')
    assert "@pat: case erase" in bot.whispers(officer, f"audit {case}").text


def test_the_trail_of_the_team(bot: Chat, officer: str) -> None:
    """Without a case, the team's newest acts."""
    bot.says("carla", 'meeting schedule "Conference" tue 08:00')
    assert "@carla: meeting schedule" in bot.whispers(officer, "audit").text


@pytest.mark.parametrize("who", ["carla", "pat", "nora", "obe", "zed"])
def test_the_trail_is_the_privacy_officer_s(bot: Chat, officer: str, who: str) -> None:
    """Not the coordinator's, not the author's; whether the case exists makes no difference."""
    bot.says("carla", "team add @obe nursing role observer")
    bot.says(who, "whoami")
    case = approved(bot)
    assert not bot.whispers(officer, f"audit {case}").refused
    forbidden, missing = bot.says(who, f"audit {case}"), bot.says(who, "audit C-9ZZ9")
    assert forbidden.refused
    assert forbidden.text == missing.text


def test_looking_at_the_trail_is_in_the_trail(bot: Chat, officer: str) -> None:
    """The officer is watched like everyone."""
    case = approved(bot)
    bot.whispers(officer, f"audit {case}")
    assert f"@{officer}: audit" in bot.whispers(officer, f"audit {case}").text


def test_every_command_adds_to_one_whole_chain(bot: Chat) -> None:
    """After much talk, refusals and timers, the chain verifies and has grown with each command."""
    case = approved(bot)
    with bot.store() as store:
        before = verify(store.connection, store.ring, store.id).rows
    for words in (f"case {case}", "case C-9ZZ9", 'task add "x" due fri', "undo", "nonsense"):
        bot.says("pat", words)
    with bot.store() as store:
        verdict = verify(store.connection, store.ring, store.id)
    assert verdict.ok
    assert verdict.rows == before + 5
