"""In a case's or a meeting's thread the reference may be left out."""

from adapters.platform import Invocation, MessageRef, Source
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


def test_a_reply_is_about_the_card_it_answers_else_about_its_thread(bot: Chat) -> None:
    """A reply to a card, outside of threads, is about the card; one to a person in a thread is about the thread."""
    bot.says("carla", 'meeting schedule "First" tue 08:00 for 60m')
    second = bot.says("carla", 'meeting schedule "Second" wed 08:00 for 60m').said[0].ref
    third = bot.says("carla", 'meeting schedule "Third" thu 08:00 for 60m').said[0].ref

    def replies(number: str, thread: MessageRef | None, to: MessageRef) -> str:
        place, now = bot.place(thread=thread), bot.clock.now()
        words = Invocation(number, "pat", "pat", place, "rsvp yes", now, Source.TYPED, reply_to=to)
        return bot.receives(words).text

    assert "M-2 Second" in replies("r1", None, second)
    assert "M-3 Third" in replies("r2", second, third)
    assert "M-2 Second" in replies("r3", second, MessageRef(second.room, "said by a person"))
