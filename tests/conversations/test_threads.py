"""In a case's or a meeting's thread the reference may be left out."""

from tests.conversations.harness import Chat, approved


def test_an_action_item_in_a_case_thread_belongs_to_the_case(bot: Chat) -> None:
    """What is added, decided and listed below a summary is about its case."""
    case = approved(bot)
    summary = next(s.ref for s in bot.platform.messages if s.card and s.card.title == f"Case {case}")
    added = bot.says("pat", 'task add "Check TSH" for nursing due fri', thread=summary)
    assert case in added.text
    assert case in bot.says("pat", 'decide "Taper SSRI" prefers "fewer drugs"', thread=summary).text
    assert "Check TSH" in bot.says("pat", "tasks", thread=summary).text


def test_a_topic_in_a_meeting_thread_goes_to_that_meeting(bot: Chat) -> None:
    """The thread of the later meeting's invitation means the later meeting."""
    bot.says("carla", 'meeting schedule "First" tue 08:00 for 60m')
    second = bot.says("carla", 'meeting schedule "Second" wed 08:00 for 60m').said[0].ref
    assert "M-2" in bot.says("pat", 'agenda add "Triage form" 10m', thread=second).text
    assert "Triage form" in bot.says("pat", "agenda", thread=second).text
    assert "Triage form" not in bot.says("pat", "agenda").text
