"""Choices of one word and of two, behind their keyword or in quotes."""

import pytest

from tests.conversations.harness import approved, chat, make_team


@pytest.mark.parametrize("kind", ["medical first", '"medical first"', "Medical  First", "plain"])
def test_a_choice_may_have_two_words(kind: str) -> None:
    """What usage shows as one value is read as one value."""
    with chat() as bot:
        make_team(bot)
        case = approved(bot)
        answer = bot.says("pat", f'decide {case} "Check prolactin" kind {kind}')
        assert not answer.refused, answer.text
        assert ("medical first" in answer.text) == ("edical" in kind)


def test_half_a_choice_is_refused() -> None:
    """A word that only begins a choice is not taken for it."""
    with chat() as bot:
        make_team(bot)
        case = approved(bot)
        assert bot.says("pat", f'decide {case} "Check prolactin" kind medical').refused
