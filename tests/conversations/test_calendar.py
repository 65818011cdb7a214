"""Calendar files as people get them: a meeting, a series, the team's, one's own; nothing clinical in any of them."""

import pytest
from icalendar import Calendar, Component

from adapters.card import File
from tests.conversations.harness import Answer, Chat, approved, refusal

WEEKLY = 'series create "Weekly case conference" every tue 08:00 for 60m'


def events(answer: Answer) -> list[Component]:
    assert not answer.in_room
    return list(Calendar.from_ical(content(answer)).walk("VEVENT"))


def content(answer: Answer) -> str:
    (file,) = [block for block in answer.first.blocks if isinstance(block, File)]
    return file.content.decode().replace("\r\n ", "")


def test_a_series_is_one_entry_with_its_exceptions(bot: Chat) -> None:
    """Rule, what is skipped, what is a holiday, and the meeting that was moved by itself."""
    bot.says("carla", "team holidays US")
    bot.says("carla", 'series create "X" every fri 08:00 until 29 jan')
    bot.says("carla", "series skip S-1 11 dec")
    bot.says("carla", "meeting move M-2 thu 3 dec 10:00")
    master, moved = events(bot.says("nora", "calendar S-1"))
    assert master["RRULE"].to_ical() == b"FREQ=WEEKLY;UNTIL=20270130T045959Z;BYDAY=FR"
    assert [f"{gone.dt:%d %b}" for gone in master["EXDATE"].dts] == ["11 Dec", "25 Dec", "01 Jan"]
    assert f"{moved['RECURRENCE-ID'].dt:%d %b %H:%M} {moved['DTSTART'].dt:%d %b %H:%M}" == "04 Dec 08:00 03 Dec 10:00"
    assert master["UID"] == moved["UID"]


@pytest.mark.parametrize(
    "change",
    [
        "series skip S-1 8 dec",
        "series change S-1 every thu 09:00",
        "series change S-1 for 45m",
        "series move S-1 8 dec to 9 dec 10:00",
        "meeting move M-1 wed 10:00",
        "meeting cancel M-2 because rain",
        "team holidays add 8 dec",
        "series stop S-1",
    ],
)
def test_every_change_keeps_the_uid_and_raises_the_sequence(bot: Chat, change: str) -> None:
    """Taking it back raises it again: a calendar passes over what goes back."""
    bot.says("carla", WEEKLY)
    before = events(bot.says("nora", "calendar S-1"))[0]
    assert not bot.says("carla", change).refused
    after = events(bot.says("nora", "calendar S-1"))[0]
    assert not bot.says("carla", "undo").refused
    again = events(bot.says("nora", "calendar S-1"))[0]
    assert before["UID"] == after["UID"] == again["UID"]
    assert before["SEQUENCE"] < after["SEQUENCE"] < again["SEQUENCE"]
    assert (again["RRULE"], again.get("EXDATE")) == (before["RRULE"], before.get("EXDATE"))


def test_a_stopped_series_is_taken_out(bot: Chat) -> None:
    """A cancellation names the same entry."""
    bot.says("carla", WEEKLY)
    bot.says("carla", "series stop S-1")
    file = content(bot.says("nora", "calendar S-1"))
    assert "METHOD:CANCEL" in file
    assert "STATUS:CANCELLED" in file


def test_one_meeting_of_a_series_goes_by_the_series(bot: Chat) -> None:
    """Importing it moves the date in the series' entry and makes no second one; called off, it is cancelled alone."""
    bot.says("carla", WEEKLY)
    bot.says("carla", "meeting move M-1 wed 10:00")
    (master, _), (one,) = events(bot.says("nora", "calendar S-1")), events(bot.says("nora", "calendar M-1"))
    assert one["UID"] == master["UID"]
    assert f"{one['RECURRENCE-ID'].dt:%a %H:%M}" == "Tue 08:00"
    bot.says("carla", "meeting cancel M-2 because rain")
    assert "METHOD:CANCEL" in content(bot.says("nora", "calendar M-2"))


def test_the_teams_calendar_and_ones_own(bot: Chat) -> None:
    """One's own leaves out what one said no to; the week's holds what comes in seven days."""
    bot.says("carla", WEEKLY)
    bot.says("carla", 'meeting schedule "Huddle" wed 12:15 for 15m kind huddle')
    bot.says("carla", 'meeting schedule "Later" in 3 weeks at 12:15')
    bot.says("nora", "rsvp M-4 no")
    bot.says("nora", "rsvp M-2 no")
    team, own = events(bot.says("nora", "calendar team")), events(bot.says("nora", "calendar mine"))
    assert {str(e["SUMMARY"]).split(" (")[0] for e in team} == {"Weekly case conference", "Huddle", "Later"}
    assert {str(e["SUMMARY"]).split(" (")[0] for e in own} == {"Weekly case conference", "Later"}
    assert [f"{gone.dt:%d %b}" for gone in own[0]["EXDATE"].dts] == ["01 Dec"]
    week = events(bot.says("carla", "calendar weekly team"))
    assert {f"{e['DTSTART'].dt:%a %H:%M}" for e in week} == {"Tue 08:00", "Wed 12:15"}
    assert events(bot.says("carla", "calendar weekly case conference"))[0]["UID"].startswith("s-1.")


def test_nothing_clinical_is_in_a_calendar(bot: Chat) -> None:
    """Neither the agenda nor a case's reference, in any of the files."""
    case = approved(bot, background="Lighthouse keeper, low desire.")
    bot.says("carla", WEEKLY)
    bot.says("carla", f"case present {case} M-1")
    bot.says("nora", 'agenda add "Secret topic" meeting M-1')
    for words in ("calendar M-1", "calendar S-1", "calendar team", "calendar mine", "calendar weekly team"):
        file = content(bot.says("nora", words))
        assert not [hidden for hidden in (case, "ighthouse", "Secret", "pat") if hidden in file]


@pytest.mark.parametrize("words", ["calendar S-1", "calendar team", "calendar mine", "calendar M-1"])
def test_a_stranger_gets_no_calendar(bot: Chat, words: str) -> None:
    """As with everything of the team."""
    bot.says("carla", WEEKLY)
    assert "not in a care team" in refusal(bot.says("mallory", words))


def test_what_has_no_calendar(bot: Chat) -> None:
    """A poll has no time yet; a title that nothing has is refused with what to type."""
    bot.says("carla", 'meeting poll "MDT" tue 09:00, wed 14:00')
    assert "has no time yet" in refusal(bot.says("nora", "calendar M-1"))
    assert "`calendar team`" in refusal(bot.says("nora", "calendar of the moon"))
    assert "There is no series S-9" in refusal(bot.says("nora", "calendar S-9"))
