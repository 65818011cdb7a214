"""Single meetings: planned, polled, moved, called off, answered, put in a calendar."""

import re
from datetime import timedelta

import pytest

from adapters.card import File
from tests.conversations.harness import START, Answer, Chat, refusal, text_of

SCHEDULE = 'meeting schedule "Case conference" tue 08:00 for 60m quorum psychiatry,primary-care'
POLL = 'meeting poll "MDT" tue 09:00, wed 14:00, thu 12:30'


def scheduled(bot: Chat) -> Answer:
    return bot.says("carla", SCHEDULE)


# -- schedule ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("when", "shown"),
    [
        ("tue 8am", "Tue 24 Nov 2026, 08:00 EST"),
        ("tomorrow 12:15", "Tue 24 Nov 2026, 12:15 EST"),
        ("fri 14:00", "Fri 27 Nov 2026, 14:00 EST"),
        ("2026-12-01 09:30", "Tue 1 Dec 2026, 09:30 EST"),
        ("in 15m", "Mon 23 Nov 2026, 09:15 EST"),
        ("mon 09:00", "Mon 23 Nov 2026, 09:00 EST"),
        ("24.12. 8am", "Thu 24 Dec 2026, 08:00 EST"),
        ("next tue at noon", "Tue 1 Dec 2026, 12:00 EST"),
        ("14 mar 2027 02:30", "02:30 does not exist on Sun 14 Mar 2027"),
        ("1 nov 2027 01:30", "Mon 1 Nov 2027, 01:30 EDT"),
        ("7 nov 2027 01:30", "01:30 comes twice on Sun 7 Nov 2027"),
    ],
)
def test_a_meeting_at_a_time_in_any_form(bot: Chat, when: str, shown: str) -> None:
    """Weekday, date and zone are always shown; daylight saving is settled and said."""
    planned = bot.says("carla", f'meeting schedule "X" {when}')
    assert shown in planned.in_room
    assert planned.ref("M") == "M-1"


def test_an_invitation_shows_who_what_when(bot: Chat) -> None:
    """The room gets one card with the answers as buttons."""
    planned = scheduled(bot)
    for words in ("M-1 Case conference", "Tue 24 Nov 2026, 08:00 EST, 1 hour", "missing psychiatry, primary-care"):
        assert words in planned.in_room
    assert [b.label for b in planned.buttons] == ["Yes", "No", "Maybe"]


def test_a_huddle_is_short(bot: Chat) -> None:
    """Its kind gives its length unless one is said."""
    assert "15 minutes" in bot.says("carla", 'meeting schedule "Chest pain" tomorrow 12:15 kind huddle').in_room
    assert "20 minutes" in bot.says("carla", 'meeting schedule "X" tomorrow 13:00 kind huddle for 20m').in_room


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ('meeting schedule "X" fri', "Say the time as well, e.g. tue 14:00."),
        ('meeting schedule "X"', "Say when, e.g. tomorrow 14:00."),
        ('meeting schedule "X" 20 nov 2026 09:00', "which has passed; give a later time"),
        ('meeting schedule "X" 30 feb 09:00', "There is no 30 Feb"),
        ('meeting schedule "X" 3/4 09:00', "Type the month as a word"),
        ('meeting schedule "X" tue 08:00 for 13h', "from 1 minute to 12 hours"),
        ('meeting schedule "X" tue 08:00 for 0m', "from 1 minute to 12 hours"),
        ('meeting schedule "X" tue 08:00 kind party', "conference, huddle, round, supervision"),
        ('meeting schedule "X" tue 08:00 quorum dentistry', "I know no discipline"),
        (POLL.partition(",")[0], "Offer 2 to 10 different times"),
        ('meeting poll "MDT" tue 09:00, tue 09:00', "Offer 2 to 10 different times"),
        ('meeting poll "MDT" tue 09:00, wed', "Say the time as well"),
        ('meeting poll "MDT" 20 nov 2026 09:00, tue 09:00', "which has passed"),
    ],
)
def test_a_meeting_that_cannot_be_planned(bot: Chat, words: str, says: str) -> None:
    """The refusal says what to type, and no reference is used up."""
    assert says in refusal(bot.says("carla", words))
    assert "No meetings." in bot.says("carla", "meetings").text
    assert scheduled(bot).ref("M") == "M-1"


@pytest.mark.parametrize(
    "words",
    [SCHEDULE, POLL, "meeting fix M-2 1", "meeting move M-1 thu 09:00", "meeting cancel M-1 because two are ill"],
)
def test_planning_is_for_coordinator_and_facilitator(bot: Chat, words: str) -> None:
    """What they may, a clinician and a stranger may not."""
    scheduled(bot)
    bot.says("carla", POLL)
    assert "that is for: coordinator, facilitator" in refusal(bot.says("nora", words))
    assert "not in a care team" in refusal(bot.says("mallory", words))
    assert not bot.says("pat", words).refused


# -- poll --------------------------------------------------------------------------------------------------------
def test_a_poll_becomes_a_meeting_with_one_click(bot: Chat) -> None:
    """Votes show in the card itself; whoever voted for the time that is fixed has said yes."""
    asked = bot.says("carla", POLL)
    assert re.search(r"\b2\.? +Wed 25 Nov 2026, 14:00 EST", asked.in_room)
    bot.says("pat", "vote M-1 1 2")
    assert "2 votes: @pat, @gene" in _shown(bot.says("gene", "vote 2"))
    fixed = bot.presses("carla", "Fix 2")
    assert "Wed 25 Nov 2026, 14:00 EST" in fixed.in_room
    assert "yes: @pat, @gene" in fixed.in_room
    assert "the time is Wed 25 Nov 2026, 14:00 EST" in _shown(fixed)


def test_a_vote_can_be_changed_and_taken_back(bot: Chat) -> None:
    """Buttons add and remove one time, words replace them all."""
    bot.says("carla", POLL)
    bot.presses("nora", "1")
    assert "Tue 24 Nov 2026, 09:00 EST; Thu 26 Nov 2026, 12:30 EST" in bot.presses("nora", "3").private
    assert "taken back" in bot.says("nora", "vote none").private
    bot.says("nora", "vote 1")
    assert "1 vote: @nora" not in _shown(bot.says("nora", "undo"))
    assert "`vote M-1 none` takes yours back" in refusal(bot.says("nora", "vote"))
    assert refusal(bot.says("nora", "vote 4")) == "M-1 offers the times 1 to 3."


def test_a_time_that_has_passed_is_not_fixed(bot: Chat) -> None:
    """A later one still is."""
    bot.says("carla", POLL)
    bot.passes(START + timedelta(days=1, hours=1))
    assert "Time 1 of M-1 has passed" in refusal(bot.says("carla", "meeting fix M-1 1"))
    assert not bot.says("carla", "meeting fix M-1 2").refused


def test_what_a_poll_and_a_meeting_do_not_take(bot: Chat) -> None:
    """A poll has no time to move and nothing to answer, a planned meeting no votes."""
    bot.says("carla", POLL)
    assert "has no time yet" in refusal(bot.says("carla", "meeting move M-1 fri 09:00"))
    assert "takes no answers now" in refusal(bot.says("nora", "rsvp M-1 yes"))
    bot.says("carla", "meeting fix M-1 3")
    assert "there is no vote to give" in refusal(bot.says("nora", "vote M-1 1"))
    assert "there is no vote to give" in refusal(bot.says("carla", "meeting fix M-1 1"))
    assert not bot.says("nora", "rsvp M-1 yes").refused


# -- move and cancel ---------------------------------------------------------------------------------------------
def test_a_moved_meeting_is_asked_about_again(bot: Chat) -> None:
    """The room hears old and new time, answers start over, the invitation follows."""
    scheduled(bot)
    bot.says("pat", "rsvp yes")
    moved = bot.says("carla", "meeting move M-1 thu 09:00")
    assert "is now Thu 26 Nov 2026, 09:00 EST" in moved.in_room
    assert "It was Tue 24 Nov 2026, 08:00 EST" in moved.in_room
    assert "Thu 26 Nov 2026, 09:00 EST" in _shown(moved)
    assert "nobody has answered yet" in bot.says("carla", "meeting M-1").text


def test_a_meeting_called_off(bot: Chat) -> None:
    """The room hears why; nothing can be done with it any more."""
    scheduled(bot)
    off = bot.says("carla", "meeting cancel M-1 because two of us are ill")
    assert "is cancelled: two of us are ill" in off.in_room
    assert "(cancelled)" in _shown(off)
    assert "M-1 is cancelled" in refusal(bot.says("carla", "meeting move M-1 thu 09:00"))
    assert "M-1 is cancelled" in refusal(bot.says("carla", "meeting cancel M-1 because again"))
    assert "M-1 is cancelled" in refusal(bot.says("nora", "rsvp M-1 yes"))
    assert "M-1 is cancelled" in refusal(bot.says("nora", 'agenda add "Form" meeting M-1'))


def test_what_was_planned_for_a_cancelled_meeting_goes_to_the_next(bot: Chat) -> None:
    """The room hears where it is now; taking the cancellation back brings it home."""
    scheduled(bot)
    bot.says("carla", 'meeting schedule "Huddle" wed 08:00 kind huddle')
    bot.says("carla", 'meeting schedule "Next" thu 08:00')
    bot.says("nora", "agenda add Triage form 10m")
    off = bot.says("carla", "meeting cancel M-1 because rain")
    assert "What was on its agenda is on that of M-3 now, Thu 26 Nov 2026, 08:00 EST." in off.in_room
    assert "Triage form" in bot.says("nora", "agenda M-3").text
    assert not bot.says("carla", "undo").refused
    assert "Triage form" in bot.says("nora", "agenda M-1").text
    assert "Triage form" not in bot.says("nora", "agenda M-3").text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("meeting move M-1 20 nov 2026 09:00", "which has passed"),
        ("meeting move M-1 tue 08:00", "at that time already"),
        ("meeting move M-1 thu", "Say the time as well"),
        ("meeting move M-1", "Say when"),
        ("meeting cancel M-1", "Say why"),
        ("meeting cancel M-1 because", "after “because”"),
        ("meeting M-99", "There is no meeting M-99"),
        ("meeting move M-99 thu 09:00", "There is no meeting M-99"),
    ],
)
def test_a_change_that_cannot_be(bot: Chat, words: str, says: str) -> None:
    """The meeting stays as it was."""
    scheduled(bot)
    before = bot.says("carla", "meeting M-1").text
    assert says in refusal(bot.says("carla", words))
    assert bot.says("carla", "meeting M-1").text == before


# -- looking -----------------------------------------------------------------------------------------------------
def test_what_is_planned(bot: Chat) -> None:
    """The listing is in order of time; without a reference the next meeting is meant."""
    bot.says("carla", 'meeting schedule "Later" thu 09:00')
    bot.says("carla", 'meeting schedule "Sooner" tue 09:00')
    listing = bot.says("nora", "meetings").private
    assert listing.index("Sooner") < listing.index("Later")
    assert "M-2 Sooner" in bot.says("nora", "meeting").private
    assert "M-1 Later" in bot.says("nora", "meeting m1").private


def test_without_a_meeting_the_answer_says_how_to_plan_one(bot: Chat) -> None:
    """Listing and asking both name the command."""
    assert "`meeting schedule" in bot.says("nora", "meetings").text
    assert "`meeting schedule" in refusal(bot.says("nora", "meeting"))


@pytest.mark.parametrize(
    "words", ["meeting M-1", "meeting M-99", "rsvp M-1 yes", "calendar M-1", "meetings", "vote M-1 1"]
)
def test_a_stranger_learns_nothing_of_meetings(bot: Chat, words: str) -> None:
    """One that exists and one that does not are refused alike."""
    scheduled(bot)
    assert refusal(bot.says("mallory", words)).startswith("You are not in a care team here")


# -- answers -----------------------------------------------------------------------------------------------------
def test_answers_and_quorum(bot: Chat) -> None:
    """By command and by button; the invitation shows who comes and which discipline is missing."""
    scheduled(bot)
    first = bot.says("pat", "rsvp m-1 yes")
    assert "Still missing for the quorum: primary-care" in first.private
    assert "missing primary-care" in _shown(first)
    second = bot.presses("gene", "Yes")
    assert "met (psychiatry, primary-care)" in _shown(second)
    changed = bot.says("pat", "rsvp no")
    assert "no: @pat" in _shown(changed)
    assert "missing psychiatry" in _shown(changed)


def test_in_a_meetings_thread_the_reference_is_left_out(bot: Chat) -> None:
    """The thread of the later meeting means that one, though another comes first."""
    later = bot.says("carla", 'meeting schedule "Later" thu 09:00').said[0].ref
    bot.says("carla", 'meeting schedule "Sooner" tue 09:00')
    assert "M-1 Later" in bot.says("nora", "rsvp yes", thread=later).private
    assert "M-2 Sooner" in bot.says("nora", "rsvp yes").private
    assert "M-1 Later" in bot.says("carla", "meeting cancel because rain", thread=later).in_room


# -- calendar ----------------------------------------------------------------------------------------------------
def test_a_calendar_file_keeps_its_uid_and_raises_its_sequence(bot: Chat) -> None:
    """Planned, moved, cancelled: one entry in everybody's calendar. Nothing of the agenda is in it."""
    scheduled(bot)
    bot.says("nora", 'agenda add "Secret topic"')
    first = _ics(bot.says("nora", "calendar"))
    bot.says("carla", "meeting move M-1 thu 09:00")
    second = _ics(bot.says("nora", "calendar M-1"))
    bot.says("carla", "meeting cancel M-1 because rain")
    third = _ics(bot.says("nora", "calendar M-1"))
    assert _line(first, "UID") == _line(second, "UID") == _line(third, "UID")
    assert [_line(f, "SEQUENCE") for f in (first, second, third)] == ["SEQUENCE:0", "SEQUENCE:1", "SEQUENCE:2"]
    assert "METHOD:CANCEL" in third
    assert "DTSTART;TZID=America/New_York:20261126T090000" in second
    assert "Secret" not in first


def _ics(answer: Answer) -> str:
    assert not answer.in_room
    (file,) = [block for block in answer.first.blocks if isinstance(block, File)]
    assert file.name == "m-1.ics"
    return file.content.decode()


def _line(ics: str, name: str) -> str:
    return next(line for line in ics.splitlines() if line.startswith(f"{name}:"))


def _shown(answer: Answer) -> str:
    """What the messages that were edited show now."""
    return "\n".join(text_of(s.card) for s in answer.edited)
