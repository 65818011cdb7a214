"""Recurring meetings: made, shown, changed, skipped, stopped, and planned on as time goes by."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from conference.meeting import Meeting
from tests.conversations.harness import START, Chat, chat, make_team, refusal, text_of

WEEKLY = (
    'series create "Weekly case conference" every tue 08:00 for 60m kind conference '
    "quorum psychiatry,primary-care closes 24h"
)


def coming(bot: Chat) -> list[str]:
    """The coming meetings' local times, the earliest first."""
    return [f"{m.start_at.astimezone(ZoneInfo(m.zone)):%a %d %b %H:%M}" for m in _meetings(bot)]


def _meetings(bot: Chat) -> list[Meeting]:
    with bot.store() as store:
        return [m for m in store.coming_meetings() if m.start_at > bot.clock.now()]


# -- create ------------------------------------------------------------------------------------------------------
def test_a_series_plans_its_meetings(bot: Chat) -> None:
    """The next three weeks are planned, the first meeting is announced with quorum and answers."""
    made = bot.says("carla", WEEKLY)
    assert "S-1 Weekly case conference is set up." in made.in_room
    assert "every tue, 08:00 America/New_York, 1 hour, conference" in made.in_room
    assert coming(bot) == ["Tue 24 Nov 08:00", "Tue 01 Dec 08:00", "Tue 08 Dec 08:00"]
    assert "missing psychiatry, primary-care" in made.in_room
    assert not bot.presses("pat", "Yes").refused


@pytest.mark.parametrize(
    ("rhythm", "first"),
    [
        ("every weekday 08:15", ["Tue 24 Nov 08:15", "Wed 25 Nov 08:15", "Thu 26 Nov 08:15", "Fri 27 Nov 08:15"]),
        ("every weekday 10:00", ["Mon 23 Nov 10:00", "Tue 24 Nov 10:00"]),
        ("every other tue 08:00", ["Tue 24 Nov 08:00", "Tue 08 Dec 08:00"]),
        ("every other mon 08:00", ["Mon 30 Nov 08:00", "Mon 14 Dec 08:00"]),
        ("every 1st mon of the month 16:00", ["Mon 07 Dec 16:00"]),
        ("monthly on the 15th noon", ["Tue 15 Dec 12:00"]),
        ("every tue and thu at 9am", ["Tue 24 Nov 09:00", "Thu 26 Nov 09:00", "Tue 01 Dec 09:00"]),
    ],
)
def test_the_rhythms_of_the_contract(bot: Chat, rhythm: str, first: list[str]) -> None:
    """The first day that fits begins the series, and intervals count from it."""
    bot.says("carla", f'series create "X" {rhythm}')
    assert coming(bot)[: len(first)] == first


def test_the_wall_clock_stays_over_the_year() -> None:
    """Eight o'clock stays eight o'clock when summer time begins."""
    with chat(start=START.replace(year=2027, month=3, day=8)) as bot:
        make_team(bot)
        bot.says("carla", WEEKLY)
        assert coming(bot)[:2] == ["Tue 09 Mar 08:00", "Tue 16 Mar 08:00"]
        first, second = _meetings(bot)[:2]
        assert second.start_at - first.start_at == timedelta(days=7, hours=-1)


def test_the_teams_holidays_are_skipped(bot: Chat) -> None:
    """Christmas Day is a Friday in 2026; the week before and after are planned."""
    bot.says("carla", "team holidays US")
    bot.says("carla", 'series create "X" every fri 08:00')
    bot.passes(START.replace(month=12, day=7))
    assert coming(bot) == ["Fri 11 Dec 08:00", "Fri 18 Dec 08:00"]


def test_planning_goes_on_and_never_twice(bot: Chat) -> None:
    """After three weeks the next ones are there, each date once."""
    bot.says("carla", WEEKLY)
    bot.passes(START + timedelta(days=21))
    assert coming(bot) == ["Tue 15 Dec 08:00", "Tue 22 Dec 08:00", "Tue 29 Dec 08:00"]
    assert "M-4" in bot.says("nora", "calendar").text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ('series create "X"', "Say how often and when, e.g. every tue 08:00."),
        ('series create "X" every tue', "Say the time as well"),
        ('series create "X" every now and then 08:00', "as a rhythm"),
        ('series create "X" biweekly 08:00', "every 2 weeks"),
        ('series create "X" every tue 25:00', "as a time of day"),
        ('series create "X" every tue 08:00 for 13h', "from 1 minute to 12 hours"),
        ("series create every tue 08:00", 'Say what: "title" in quotes.'),
        ("series change S-1 often", "as a rhythm"),
        ("series change S-9 every thu 09:00", "There is no series S-9. `series` lists them."),
        ("series skip S-1 wed", "S-1 does not meet on Wed 25 Nov 2026"),
        ("series skip S-1 20 nov 2026", "which has passed"),
        ("series stop", "Say which series, e.g. S-2."),
    ],
)
def test_a_series_that_cannot_be(bot: Chat, words: str, says: str) -> None:
    """What stands stays as it was."""
    bot.says("carla", WEEKLY)
    before = coming(bot), bot.says("carla", "series").text
    assert says in refusal(bot.says("carla", words))
    assert (coming(bot), bot.says("carla", "series").text) == before


@pytest.mark.parametrize(
    "words", [WEEKLY, "series change S-1 every thu 09:00", "series skip S-1 tue", "series stop S-1"]
)
def test_a_series_is_for_coordinator_and_facilitator(bot: Chat, words: str) -> None:
    """What they may, a clinician and a stranger may not."""
    bot.says("carla", WEEKLY)
    assert "that is for: coordinator, facilitator" in refusal(bot.says("nora", words))
    assert "not in a care team" in refusal(bot.says("mallory", words))
    assert not bot.says("pat", words).refused


def test_the_series_are_listed_for_members(bot: Chat) -> None:
    """Rhythm, zone, length and kind of each; a stranger sees none."""
    assert "`series create" in bot.says("nora", "series").private
    bot.says("carla", WEEKLY)
    listed = bot.says("nora", "series").private
    assert all(words in listed for words in ("S-1", "Weekly case conference", "every tue", "1 hour"))
    assert refusal(bot.says("mallory", "series"))


# -- change, skip, stop ------------------------------------------------------------------------------------------
def test_another_rhythm(bot: Chat) -> None:
    """What was planned before is called off, also in the invitation, and the new first meeting is announced."""
    bot.says("carla", WEEKLY)
    changed = bot.says("carla", "series change S-1 every thu 09:00")
    assert coming(bot) == ["Thu 26 Nov 09:00", "Thu 03 Dec 09:00", "Thu 10 Dec 09:00"]
    assert "Cancelled: M-1, M-2, M-3." in changed.in_room
    assert "(cancelled)" in "".join(text_of(s.card) for s in changed.edited)
    assert "M-4 Weekly case conference" in changed.in_room
    assert [b.label for b in changed.buttons][:3] == ["Yes", "No", "Maybe"]


def test_a_wider_rhythm_keeps_what_still_fits(bot: Chat) -> None:
    """Answers to a meeting that stays are kept, and going back brings the dates back."""
    bot.says("carla", WEEKLY)
    bot.says("pat", "rsvp M-1 yes")
    bot.says("carla", "series change S-1 every tue and thu 08:00")
    assert coming(bot)[:3] == ["Tue 24 Nov 08:00", "Thu 26 Nov 08:00", "Tue 01 Dec 08:00"]
    assert "yes: @pat" in bot.says("carla", "meeting M-1").text
    bot.says("carla", "series change S-1 every thu 08:00")
    bot.says("carla", "series change S-1 every tue 08:00")
    assert coming(bot) == ["Tue 24 Nov 08:00", "Tue 01 Dec 08:00", "Tue 08 Dec 08:00"]


def test_a_change_is_read_in_the_speakers_zone(bot: Chat) -> None:
    """The rhythm follows the clock of whoever set it."""
    bot.says("carla", WEEKLY)
    bot.says("pat", "me zone America/Los_Angeles")
    assert "Thu 26 Nov 2026, 12:00 EST" in bot.says("pat", "series change S-1 every thu 09:00").in_room


def test_a_date_is_skipped_and_taken_back(bot: Chat) -> None:
    """Only that date is called off; undoing brings it back."""
    bot.says("carla", WEEKLY)
    skipped = bot.says("carla", "series skip S-1 1 dec")
    assert "S-1 Weekly case conference skips Tue 1 Dec 2026." in skipped.in_room
    assert coming(bot) == ["Tue 24 Nov 08:00", "Tue 08 Dec 08:00"]
    assert "leaves that date out already" in refusal(bot.says("carla", "series skip S-1 1 dec"))
    assert not bot.says("carla", "undo").refused
    assert coming(bot) == ["Tue 24 Nov 08:00", "Tue 01 Dec 08:00", "Tue 08 Dec 08:00"]


def test_a_date_far_ahead_is_never_planned(bot: Chat) -> None:
    """It is left out when its turn comes."""
    bot.says("carla", WEEKLY)
    assert not bot.says("carla", "series skip S-1 22 dec").refused
    bot.passes(START + timedelta(days=21))
    assert coming(bot) == ["Tue 15 Dec 08:00", "Tue 29 Dec 08:00"]


def test_a_stopped_series_plans_nothing_more(bot: Chat) -> None:
    """What was planned is called off, and it cannot be changed any more."""
    bot.says("carla", WEEKLY)
    assert "Cancelled: M-1, M-2, M-3." in bot.says("carla", "series stop S-1").in_room
    bot.passes(START + timedelta(days=10))
    assert coming(bot) == []
    for words in ("series change S-1 every thu 09:00", "series skip S-1 8 dec", "series stop S-1"):
        assert "has been stopped" in refusal(bot.says("carla", words))


def test_taking_a_stop_back_lets_the_series_go_on(bot: Chat) -> None:
    """Its meetings stand again, and new ones are planned as time goes by."""
    bot.says("carla", WEEKLY)
    bot.says("carla", "series stop S-1")
    assert not bot.says("carla", "undo").refused
    assert coming(bot) == ["Tue 24 Nov 08:00", "Tue 01 Dec 08:00", "Tue 08 Dec 08:00"]
    bot.passes(START + timedelta(days=14))
    assert coming(bot) == ["Tue 08 Dec 08:00", "Tue 15 Dec 08:00", "Tue 22 Dec 08:00"]


def test_topics_outlive_a_change_of_rhythm(bot: Chat) -> None:
    """What was on the agendas that are called off is on the first new one."""
    bot.says("carla", WEEKLY)
    bot.says("nora", "agenda add Alpha")
    bot.says("nora", "agenda add Beta meeting M-2")
    bot.says("carla", "series change S-1 every thu 09:00")
    agenda = bot.says("nora", "agenda M-4").text
    assert "Alpha" in agenda
    assert "Beta" in agenda


def test_one_meeting_of_a_series_is_moved_alone(bot: Chat) -> None:
    """The others stay, and the date is not planned again."""
    bot.says("carla", WEEKLY)
    bot.says("carla", "meeting move M-1 wed 10:00")
    bot.passes(START + timedelta(hours=12))
    assert coming(bot) == ["Wed 25 Nov 10:00", "Tue 01 Dec 08:00", "Tue 08 Dec 08:00"]


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ('series create "X" tuesdays 8-9am', "every tue, 08:00 America/New_York, 1 hour"),
        ("series create Weekly MDT tuesdays 8am for 45m", "S-1 Weekly MDT is set up."),
        ('series create "X" at 8am every tuesday', "every tue, 08:00 America/New_York, 1 hour"),
        ('series create "X" every tue 08:00 Europe/Berlin', "every tue, 08:00 Europe/Berlin"),
        ('series create "X" every tue 08:00 zone Berlin', "M-1  Tue 24 Nov 2026, 02:00 EST"),
        ('series create "X" every tue 08:00 starting 5 jan', "M-1  Tue 5 Jan 2027, 08:00 EST"),
        ('series create "X" every tue, 8:00, 1h', "every tue, 08:00 America/New_York, 1 hour"),
        ('series create "X" every tue 08:00 until 5 jan', "until Tue 5 Jan 2027"),
    ],
)
def test_a_series_as_typed_on_a_phone(bot: Chat, words: str, shown: str) -> None:
    """Plurals, spans of hours, the hour first, a zone, a first and a last date."""
    assert shown in bot.says("carla", words).in_room


def test_a_series_ends_on_its_last_date(bot: Chat) -> None:
    """What lies behind it is never planned; an end before the beginning is refused."""
    bot.says("carla", 'series create "X" every tue 08:00 until 8 dec')
    bot.passes(START + timedelta(days=14))
    assert coming(bot) == ["Tue 08 Dec 08:00"]
    assert "end before it begins" in refusal(
        bot.says("carla", 'series create "X" every tue 08:00 until tomorrow starting 1 dec')
    )


def test_only_what_is_named_changes(bot: Chat) -> None:
    """Another hour keeps the days, another length keeps the hour and the answers."""
    bot.says("carla", WEEKLY)
    bot.says("pat", "rsvp M-1 yes")
    assert "45 minutes" in bot.says("carla", "series change S-1 for 45m").in_room
    assert "yes: @pat" in bot.says("carla", "meeting M-1").text
    assert "45 minutes" in bot.says("carla", "meeting M-1").text
    bot.says("carla", "series change S-1 09:00")
    assert coming(bot) == ["Tue 24 Nov 09:00", "Tue 01 Dec 09:00", "Tue 08 Dec 09:00"]
    bot.says("carla", "series change S-1 every thu")
    assert coming(bot)[0] == "Thu 26 Nov 09:00"
    assert "S-1 Case round" in bot.says("carla", 'series change S-1 title "Case round"').in_room
    assert "like that already" in refusal(bot.says("carla", "series change S-1 for 45m"))


def test_several_dates_are_skipped_and_one_is_kept(bot: Chat) -> None:
    """The only series need not be named; what was skipped can take place after all, a holiday too."""
    bot.says("carla", "team holidays US")
    bot.says("carla", 'series create "X" every fri 08:00')
    skipped = bot.says("carla", "series skip 4 dec to 1 jan because of the holidays")
    assert "skips Fri 4 Dec 2026, Fri 11 Dec 2026, Fri 18 Dec 2026." in skipped.in_room
    assert coming(bot) == ["Fri 27 Nov 08:00"]
    assert "M-4" in bot.says("carla", "series keep S-1 11 dec").ref("M")
    assert coming(bot) == ["Fri 27 Nov 08:00", "Fri 11 Dec 08:00"]
    bot.says("carla", "series keep S-1 25 dec")
    bot.passes(START + timedelta(days=28))
    assert coming(bot)[0] == "Fri 25 Dec 08:00"
    assert "leaves none of these dates out" in refusal(bot.says("carla", "series keep S-1 8 jan"))


def test_a_date_far_ahead_is_moved(bot: Chat) -> None:
    """It is planned for itself, and its turn makes no second one."""
    bot.says("carla", WEEKLY)
    assert "is now Wed 30 Dec 2026, 10:00 EST" in bot.says("carla", "series move 29 dec to 30 dec 10:00").in_room
    bot.passes(START + timedelta(days=30))
    assert coming(bot) == ["Wed 30 Dec 10:00", "Tue 05 Jan 08:00", "Tue 12 Jan 08:00"]
    assert "does not meet on Wed 6 Jan 2027" in refusal(bot.says("carla", "series move 6 jan to 7 jan 10:00"))


def test_own_days_off_call_off_what_is_planned(bot: Chat) -> None:
    """And bring it back, with a new reference, when they are none after all."""
    bot.says("carla", WEEKLY)
    assert "Cancelled: M-2." in bot.says("carla", "team holidays add 1 dec, 24 dec to 2 jan").in_room
    assert "(cancelled)" not in bot.bot_shows()
    assert coming(bot) == ["Tue 24 Nov 08:00", "Tue 08 Dec 08:00"]
    assert "Tue 1 Dec 2026" in bot.says("nora", "team holidays").private
    assert "Planned: M-4." in bot.says("carla", "team holidays drop 1 dec").in_room
    assert coming(bot) == ["Tue 24 Nov 08:00", "Tue 01 Dec 08:00", "Tue 08 Dec 08:00"]
    assert "a day off of the team's own" in refusal(bot.says("carla", "team holidays drop 1 dec"))


def test_the_team_moves_to_another_zone(bot: Chat) -> None:
    """Series that went by the old zone keep their hour on the clock."""
    bot.says("carla", WEEKLY)
    assert "Times are read in America/Chicago" in bot.says("carla", "team zone Chicago").in_room
    assert "Tue 24 Nov 2026, 08:00 CST" in bot.says("carla", "meeting M-1").text
    assert coming(bot) == ["Tue 24 Nov 08:00", "Tue 01 Dec 08:00", "Tue 08 Dec 08:00"]


def test_a_series_shows_its_dates(bot: Chat) -> None:
    """What is moved stands where it is, what is skipped and what is a holiday is named, in the asker's zone."""
    bot.says("carla", "team holidays US")
    bot.says("carla", 'series create "X" every fri 08:00')
    bot.says("carla", "series skip 4 dec")
    bot.says("carla", "meeting move M-3 thu 10 dec 08:00")
    bot.says("nora", "me zone Europe/Berlin")
    shown = bot.says("nora", "series S-1").private
    assert "Fri 27 Nov 2026, 14:00 CET; Thu 10 Dec 2026, 14:00 CET" in shown
    assert "Skipped: Fri 4 Dec 2026" in shown
    assert "Holidays: Fri 25 Dec 2026, Fri 1 Jan 2027" in shown


def test_the_room_sees_the_zones_of_its_members(bot: Chat) -> None:
    """The team's zone first, then those that members have set and that differ."""
    bot.says("nora", "me zone Europe/Berlin")
    bot.says("gene", "me zone America/Toronto")
    bot.says("wes", "me zone Australia/Sydney")
    assert "Tue 24 Nov 2026, 08:00 EST (14:00 CET, Wed 00:00 AEDT)" in bot.says("carla", WEEKLY).in_room
