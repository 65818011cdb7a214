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


def test_an_answer_about_a_case_goes_to_its_asker_alone_while_a_stranger_is_there(bot: Chat) -> None:
    """Decisions, items and agendas of a case are not shown to somebody outside the team; other answers are."""
    case = approved(bot, "pat")
    bot.says("carla", 'meeting schedule "Conf" tue 08:00 for 60m')
    bot.joins("mallory")
    for words in (
        f'decide {case} "Taper SSRI" prefers "fewer drugs"',
        f'task add "Check TSH" case {case}',
        f"case present {case} M-1",
    ):
        answer = bot.says("pat", words)
        assert answer.in_room == ""
        assert "mallory is in the room" in answer.private
        assert case in answer.private
    assert "Order chairs" in bot.says("pat", 'task add "Order chairs"').in_room
    bot.platform.leave("case-room", "mallory")
    assert case in bot.says("pat", f'task add "Check TSH again" case {case}').in_room


def test_what_concerns_everyone_is_said_in_the_room_when_typed_in_private(bot: Chat) -> None:
    """A meeting planned in the direct room is announced to the team, and its invitation lives there."""
    answer = bot.whispers("carla", 'meeting schedule "Conf" tue 08:00 for 60m')
    assert "M-1 Conf" in answer.private
    assert "M-1 Conf" in answer.in_room
    assert "case-room" in {s.place.room for s in bot.says("nora", "rsvp yes").edited}
    assert bot.whispers("pat", 'task add "Order chairs"').in_room == ""
