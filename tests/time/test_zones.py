"""Local times as zoneinfo has them, day by day over two years in six zones, and what follows when a zone's rules change."""

# ruff: noqa: DTZ001  # wall clocks

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.grammar.times import TimeProblem, read_moment
from bot.series_plan import zones_version
from conference.local_time import Hour, at_local, hour_of
from conference.recurrence import dated, first_start, read_recurrence
from tests.conversations.harness import Chat
from tests.time.zones import ZONES

BEGINS = datetime(2026, 1, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def instants(zone: ZoneInfo) -> dict[datetime, list[datetime]]:
    """Every quarter of an hour of two years from the other side: the instants at which a clock there shows a local time."""
    shown: dict[datetime, list[datetime]] = {}
    for step in range(int(timedelta(days=731) / QUARTER)):
        at = BEGINS + step * QUARTER
        shown.setdefault(at.astimezone(zone).replace(tzinfo=None, fold=0), []).append(at)
    return shown


@pytest.mark.parametrize("name", ZONES)
def test_a_wall_clock_is_the_first_instant_that_shows_it(name: str) -> None:
    """A repeated quarter is its first, a missing one moves on by the gap; the clocks change as often as the zone says."""
    zone = ZoneInfo(name)
    shown = instants(zone)
    first, last = min(shown) + timedelta(days=1), max(shown) - timedelta(days=1)
    local, missing, twice = first, 0, 0
    while local < last:
        at = at_local(local, zone)
        if found := shown.get(local):
            assert at == found[0]
            assert hour_of(local, zone) is (Hour.TWICE if len(found) > 1 else Hour.ONCE)
            twice += len(found) > 1
        else:
            before = next(b for b in (local - n * QUARTER for n in range(1, 99)) if b in shown)
            assert at == shown[before][-1] + (local - before)
            assert hour_of(local, zone) is Hour.MISSING
            missing += 1
        local += QUARTER
    changes = {"Asia/Kathmandu": 0, "Australia/Lord_Howe": 2}.get(name, 4)  # quarters that are lost each year
    assert (missing, twice) == (2 * changes, 2 * changes)


@pytest.mark.parametrize("name", ZONES)
def test_a_daily_meeting_takes_place_once_a_day(name: str) -> None:
    """Also at the hours around a change of the clocks: no day is passed over, none has two."""
    zone, rule = ZoneInfo(name), read_recurrence("every day")
    for hour in (0, 1, 2, 3, 23):
        start = datetime(2026, 1, 2, hour, 30)
        found = tuple(dated(rule, start, zone, BEGINS, BEGINS + timedelta(days=731), limit=1000))
        days = [at.astimezone(zone).date() for at in found]
        assert days == [date(2026, 1, 2) + timedelta(days=n) for n in range(len(days))]
        assert len(days) >= 729


def test_the_leap_day() -> None:
    """It is read where it exists, monthly takes a shorter month's last day, yearly waits for it."""
    berlin, now = ZoneInfo("Europe/Berlin"), datetime(2027, 3, 1, 12, tzinfo=UTC)
    assert read_moment("29 feb 09:00", now, berlin).at == datetime(2028, 2, 29, 8, tzinfo=UTC)
    with pytest.raises(TimeProblem, match="There is no 29 Feb 2027"):
        read_moment("29 feb 2027 09:00", now, berlin, past_ok=True)
    leap = datetime(2028, 2, 29, 9, tzinfo=UTC)
    assert read_moment("in 1 year", leap, berlin).at == datetime(2029, 2, 28, 9, tzinfo=UTC)
    rule = read_recurrence("monthly on the 29th")
    start = first_start(rule, date(2027, 1, 29), datetime(2027, 1, 1, 9).time())
    found = tuple(dated(rule, start, berlin, BEGINS, leap + timedelta(days=1)))
    assert [f"{at:%d %b}" for at in found][:3] == ["29 Jan", "28 Feb", "29 Mar"]
    assert f"{found[-1]:%d %b %Y}" == "29 Feb 2028"


def test_a_zone_gets_new_rules(bot: Chat) -> None:
    """What was planned by the old ones is at the hour that was meant again, in every place where it is shown, once."""
    bot.says("carla", 'series create "Weekly" every tue 08:00')
    bot.says("carla", "meeting move M-2 wed 2 dec 10:00")
    bot.says("carla", 'meeting schedule "Single" thu 12:15')
    bot.says("pat", "rsvp M-1 yes")
    assert bot.says("pat", "meeting M-4").text.count("12:15 EST") == 1
    with bot.store() as store:  # as it would stand if New York had given up winter time in the edition before
        for meeting in store.coming_meetings():
            off = timedelta(hours=1)
            at = meeting.recurrence_at - off if meeting.recurrence_at else None
            store.meetings.save(replace(meeting, start_at=meeting.start_at - off, recurrence_at=at))
        store.teams.save(replace(store.team(), zones="2019a"))
    assert "Tue 24 Nov 2026, 07:00 EST" in bot.says("pat", "meeting M-1").text
    start_again(bot)
    said = bot.waits(minutes=1)
    assert "M-1 Weekly is Tue 24 Nov 2026, 08:00 EST." in said.in_room
    assert "The rules of America/New_York changed; there it stays" in said.in_room
    assert [f"{m.start_at:%d %b %H:%M}" for m in coming(bot)] == [
        "24 Nov 13:00",
        "26 Nov 17:15",
        "02 Dec 15:00",
        "08 Dec 13:00",
    ]
    assert "yes: @pat" in bot.says("pat", "meeting M-1").text
    assert "Tue 24 Nov 2026, 08:00 EST" in bot.says("pat", "meeting M-1").text
    with bot.store() as store:
        assert store.team().zones == zones_version() != ""
    start_again(bot)
    assert not bot.waits(minutes=1).said


def start_again(bot: Chat) -> None:
    bot._loop.run_until_complete(bot.app.start())


def coming(bot: Chat) -> tuple:  # type: ignore[type-arg]
    with bot.store() as store:
        return store.coming_meetings()
