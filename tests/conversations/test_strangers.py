"""Somebody in the room who is not in the team: nothing about a case is posted there."""

from tests.conversations.harness import Chat, approved, submitted


def test_a_summary_is_held_back_from_a_room_with_a_stranger(bot: Chat) -> None:
    """Its author alone hears why, and once the stranger is in the team it goes out."""
    case = submitted(bot, "pat")
    bot.joins("mallory")
    answer = bot.whispers("pat", f"case approve {case}")
    assert "low desire" not in answer.in_room
    assert "mallory is in the room and not in the team" in answer.private
    bot.says("carla", "team add @mallory nursing")
    assert "low desire" in bot.whispers("pat", f"case approve {case}").in_room


def test_a_summary_is_posted_where_only_the_team_is(bot: Chat) -> None:
    """The same case without the stranger."""
    case = approved(bot, "pat")
    assert any(case in (s.card.title if s.card else "") for s in bot.visible_to("nora"))
