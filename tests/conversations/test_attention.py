"""Attention is cared for: a budget, late words, and why one got them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from adapters.platform import Place
from bot.settings import ReminderSettings, Settings
from tests.conversations.harness import Answer, Chat, chat, make_team, refusal, text_of

FRIDAY = datetime(2026, 11, 27, 22, 0, tzinfo=UTC)
"""Friday 27 November 2026, 17:00 in New York."""


def heard_by(answer: Answer, who: str) -> list[str]:
    return [text_of(s.card) for s in answer.said if s.to == who]


@pytest.fixture
def sparing() -> Iterator[Chat]:
    with chat(settings=Settings(reminders=ReminderSettings(budget=2))) as bot:
        make_team(bot)
        yield bot


# -- the budget --------------------------------------------------------------------------------------------------
def test_more_than_a_day_s_messages_wait_for_the_digest(sparing: Chat) -> None:
    """The third reminder of a day and all after it come gathered the next morning; none is lost."""
    for minute in range(5):
        sparing.says("carla", f'task add "Item {minute}" for @nora due fri 12:0{minute}')
    day = sparing.passes(datetime(2026, 11, 27, 4, 59, tzinfo=UTC))  # until Thursday is over in New York
    assert len(heard_by(day, "nora")) == 2, "reminders a day before"
    (gathered,) = heard_by(sparing.passes(datetime(2026, 11, 27, 13, 0, tzinfo=UTC)), "nora")
    assert "3 things wait for you" in gathered
    assert all(f"Item {n}" in gathered for n in (2, 3, 4))


def test_urgent_and_safety_do_not_count_the_budget(sparing: Chat) -> None:
    """What is given to somebody, and what is about safety, comes at once however much there was."""
    for n in range(4):
        sparing.says("carla", f'task add "Item {n}" for @nora due fri 12:0{n}')
    sparing.says("carla", 'task add "Call crisis team" for @nora due fri 12:09 kind safety')
    day = sparing.passes(datetime(2026, 11, 27, 4, 59, tzinfo=UTC))
    assert any("Call crisis team" in text for text in heard_by(day, "nora"))


# -- late words --------------------------------------------------------------------------------------------------
def asleep(bot: Chat, until: datetime) -> Answer:
    """The programme does not run until then: nothing fires on the way."""
    bot.clock.set(until)
    return bot.waits(0)


def test_a_reminder_that_is_too_late_is_said_to_be_missed(bot: Chat) -> None:
    """A bot that slept through a meeting says which words it owed, and pretends nothing."""
    bot.says("carla", 'meeting schedule "Case conference" 1 dec 08:00 for 60m')
    bot.says("nora", "agenda add Form 10m")
    shown = asleep(bot, datetime(2026, 12, 1, 14, 30, tzinfo=UTC)).in_room
    assert "I missed the reminder for M-1: it was due Tue 1 Dec 2026, 07:45 EST" in shown
    assert "I missed the agenda for M-1" in shown
    assert "I missed the call for cases for M-1" in shown
    assert "begins" not in shown


def test_nothing_is_missed_of_a_meeting_that_was_called_off(bot: Chat) -> None:
    """Nobody waits for its reminder."""
    bot.says("carla", 'meeting schedule "Case conference" 1 dec 08:00 for 60m')
    bot.says("carla", "meeting cancel M-1 because rain")
    assert not asleep(bot, datetime(2026, 12, 1, 14, 30, tzinfo=UTC)).said


def test_an_item_that_is_overdue_is_said_once_with_what_was_owed(bot: Chat) -> None:
    """All reminders that fell due meanwhile are one message, which says that it comes late."""
    bot.says("carla", 'task add "Call pharmacy" for @nora due fri 17:00')
    (only,) = heard_by(asleep(bot, FRIDAY + timedelta(hours=20)), "nora")
    assert only.count("Call pharmacy") == 1
    assert "is overdue" in only
    assert "before that: is due soon" in only
    assert "comes late" in only


def test_an_old_answer_is_not_given_as_if_it_were_true(bot: Chat) -> None:
    """After a day without the platform the asker hears that the answer did not get through, and where to look."""
    bot.platform.fail(100_000)
    bot.says("nora", 'task add "Call pharmacy" for nursing due fri')
    bot.waits(hours=30)
    bot.platform._faults.clear()
    shown = bot.waits(hours=1).text
    assert "My answer to what you said on Mon 23 Nov 2026, 09:00 EST did not get through in time." in shown
    assert "`task T-1` shows how it stands" in shown


# -- why ---------------------------------------------------------------------------------------------------------
def test_why_says_the_rule(bot: Chat) -> None:
    """By name of the thing: due, owner, and how to change it."""
    bot.says("carla", 'task add "Call pharmacy" for @nora due fri 17:00')
    bot.passes(FRIDAY)
    shown = bot.says("nora", "why T-1")
    assert not shown.in_room
    for words in (
        "it is yours",
        "was due",
        "was due within 1 day",
        "sent Fri 27 Nov 2026, 17:00 EST",
        "me quiet",
        "task snooze",
    ):
        assert words in shown.private, words
    assert "nothing unasked about T-1" in bot.says("pat", "why T-1").private


def test_why_knows_what_was_just_given(bot: Chat) -> None:
    bot.says("carla", 'task add "Ring the lab" for @nora due wed')
    assert "it was given to you" in bot.says("nora", "why T-1").private


def test_why_is_asked_of_the_message_itself(bot: Chat) -> None:
    """An answer to the message asks about that message."""
    bot.says("carla", 'task add "Call pharmacy" for @nora due fri 17:00')
    bot.passes(FRIDAY)
    told = next(s for s in reversed(bot.platform.messages) if s.to == "nora")
    here = Place("memory", told.ref.room, told.ref.message, direct=True)
    shown = bot._told(bot.platform.say("nora", here, "why", bot.clock.now()))
    assert "T-1  it is yours" in shown.private
    assert "escalation" not in shown.private


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("me quiet 16:00-18:00", "it waited for the end of your quiet hours"),
        ("me digest 18:00", "it is not urgent and waited for your digest"),
    ],
)
def test_why_it_came_when_it_came(bot: Chat, setting: str, words: str) -> None:
    """Quiet hours and the digest hour are named."""
    bot.whispers("nora", setting)
    bot.says("carla", 'task add "Call pharmacy" for @nora due fri 17:00')
    bot.passes(FRIDAY)
    assert "comes Fri 27 Nov 2026, 18:00 EST" in bot.says("nora", "why T-1").private
    bot.passes(FRIDAY + timedelta(hours=1))
    assert words in bot.says("nora", "why T-1").private


def test_why_names_the_one_who_is_covered_for(bot: Chat) -> None:
    """And escalation its step."""
    bot.whispers("nora", "me away until 5 dec cover @gene")
    bot.says("carla", 'task add "Call pharmacy" for @nora due fri 17:00')
    bot.passes(FRIDAY + timedelta(days=4))
    assert "you cover for @nora" in bot.says("gene", "why T-1").private
    assert "coordinators hear (escalation, third step)" in bot.says("carla", "why T-1").private


def test_why_about_nothing(bot: Chat) -> None:
    """One sentence says how to ask."""
    assert "answer the message with `why`" in refusal(bot.says("nora", "why"))
    assert bot.says("stranger", "why T-1").refused


# -- days off ----------------------------------------------------------------------------------------------------
def off_on_friday(bot: Chat, *settings: str) -> None:
    for setting in ("me off fri sat", *settings):
        assert not bot.whispers("nora", setting).refused
    bot.says("carla", 'task add "Call pharmacy" for @nora due fri 17:00')


def test_nothing_ordinary_comes_on_a_day_off(bot: Chat) -> None:
    """What falls due on a Friday off is heard on Sunday, once, and `why` says so."""
    off_on_friday(bot)
    day = bot.passes(datetime(2026, 11, 29, 4, 59, tzinfo=UTC))  # the end of Saturday in New York
    assert not [text for text in heard_by(day, "nora") if "due now" in text or "overdue" in text]
    (morning,) = heard_by(bot.passes(datetime(2026, 11, 29, 5, 0, tzinfo=UTC)), "nora")
    assert "Call pharmacy" in morning
    assert "it waited for the end of your days off" in bot.says("nora", "why T-1").private


def test_after_days_off_the_quiet_hours_and_the_digest_hold(bot: Chat) -> None:
    """The first working day begins when the person's day begins."""
    off_on_friday(bot, "me quiet 18:00-09:00", "me digest 10:00")
    assert not heard_by(bot.passes(datetime(2026, 11, 29, 14, 59, tzinfo=UTC)), "nora")[1:]
    (digest,) = heard_by(bot.passes(datetime(2026, 11, 29, 15, 0, tzinfo=UTC)), "nora")
    assert "Call pharmacy" in digest


def test_urgent_and_safety_words_come_on_a_day_off(bot: Chat) -> None:
    """What is given to somebody, and what is about safety, does not wait."""
    off_on_friday(bot)
    bot.passes(FRIDAY - timedelta(hours=2))
    bot.says("carla", 'task add "Check potassium" for @nora due 4 dec')
    bot.says("carla", 'task add "Call crisis team" for @nora due today 17:00 kind safety')
    heard = "".join(s.card.title for s in bot.platform.messages if s.to == "nora" and s.card)
    assert "Check potassium" in heard
    assert any("Call crisis team" in text for text in heard_by(bot.passes(FRIDAY), "nora"))


def test_no_days_off_any_more(bot: Chat) -> None:
    """What waited is looked at again at once."""
    off_on_friday(bot)
    bot.passes(FRIDAY)
    assert any("Call pharmacy" in text for text in heard_by(bot.whispers("nora", "me off none"), "nora"))
