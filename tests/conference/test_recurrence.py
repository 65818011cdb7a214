"""Recurrence in words, and the same wall clock over the year in zones that change it both ways."""

# ruff: noqa: DTZ001  # a series starts at a naive local time

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conference.local_time import Hour, at_local, hour_of
from conference.recurrence import (
    Recurrence,
    anchored,
    dated,
    first_start,
    read_recurrence,
    take_recurrence,
)

RULES = {
    "every tue": "FREQ=WEEKLY;BYDAY=TU",
    "Every Tuesday": "FREQ=WEEKLY;BYDAY=TU",
    "every tue and thu": "FREQ=WEEKLY;BYDAY=TU,TH",
    "every mon, wed and fri": "FREQ=WEEKLY;BYDAY=MO,WE,FR",
    "weekly on thu": "FREQ=WEEKLY;BYDAY=TH",
    "every weekday": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "every day": "FREQ=DAILY",
    "daily": "FREQ=DAILY",
    "every 2 days": "FREQ=DAILY;INTERVAL=2",
    "weekly": "FREQ=WEEKLY",
    "every other tue": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU",
    "every 2 weeks on mon": "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO",
    "fortnightly on mon": "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO",
    "every 3 weeks on mon and tue": "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,TU",
    "every 1st mon of the month": "FREQ=MONTHLY;BYDAY=1MO",
    "every first mon": "FREQ=MONTHLY;BYDAY=1MO",
    "every 2nd tue of the month": "FREQ=MONTHLY;BYDAY=2TU",
    "every 1st and 3rd mon of the month": "FREQ=MONTHLY;BYDAY=1MO,3MO",
    "every last fri of the month": "FREQ=MONTHLY;BYDAY=-1FR",
    "monthly on the last fri": "FREQ=MONTHLY;BYDAY=-1FR",
    "monthly on the 15th": "FREQ=MONTHLY;BYMONTHDAY=15",
    "every 15th of the month": "FREQ=MONTHLY;BYMONTHDAY=15",
    "monthly on the 31st": "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
    "monthly on the last day": "FREQ=MONTHLY;BYMONTHDAY=-1",
    "every 3 months on the 1st mon": "FREQ=MONTHLY;INTERVAL=3;BYDAY=1MO",
    "monthly": "FREQ=MONTHLY",
    "every other month": "FREQ=MONTHLY;INTERVAL=2",
    "yearly": "FREQ=YEARLY",
    "Tuesdays": "FREQ=WEEKLY;BYDAY=TU",
    "tuesdays and thursdays": "FREQ=WEEKLY;BYDAY=TU,TH",
    "every tue/thu": "FREQ=WEEKLY;BYDAY=TU,TH",
    "weekly tue": "FREQ=WEEKLY;BYDAY=TU",
    "once a week on tue": "FREQ=WEEKLY;BYDAY=TU",
    "mon-fri": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "every working day": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "weekdays": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "every two weeks on tue": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU",
    "tue every 2 weeks": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU",
    "every 2nd week on tue": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU",
    "alternate tuesdays": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU",
    "biweekly on tue": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU",
    "3rd wed of the month": "FREQ=MONTHLY;BYDAY=3WE",
    "the third wednesday of each month": "FREQ=MONTHLY;BYDAY=3WE",
    "every 1st & 3rd tue": "FREQ=MONTHLY;BYDAY=1TU,3TU",
    "last fri monthly": "FREQ=MONTHLY;BYDAY=-1FR",
    "on the 15th of every month": "FREQ=MONTHLY;BYMONTHDAY=15",
    "every last working day of the month": "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "monthly on the first weekday": "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1",
    "quarterly": "FREQ=MONTHLY;INTERVAL=3",
    "every quarter on the 1st mon": "FREQ=MONTHLY;INTERVAL=3;BYDAY=1MO",
}


@pytest.mark.parametrize(("words", "rrule"), RULES.items())
def test_a_phrase_means_its_rule(words: str, rrule: str) -> None:
    """Every form becomes RFC 5545 text, whose own words mean the same rule."""
    rule = read_recurrence(words)
    assert rule.rrule == rrule
    assert read_recurrence(rule.words) == rule


@pytest.mark.parametrize("words", RULES)
def test_a_phrase_is_taken_whole_from_a_command(words: str) -> None:
    """The clock and the keywords that follow a recurrence are left."""
    tokens = words.split()
    assert take_recurrence([*tokens, "08:00", "for", "60m"]) == len(tokens)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", 'I cannot read "" as a recurrence. Try every tue'),
        ("every", 'I cannot read "every" as a recurrence.'),
        ("tue", 'I cannot read "tue" as a recurrence.'),
        ("every other weekday", 'I cannot read "every other weekday" as a recurrence.'),
        ("every 99 fortnights", 'I cannot read "every 99 fortnights" as a recurrence.'),
        ("every hour", 'I cannot read "every hour" as a recurrence.'),
        ("every second tue", "Type every other tue or every 2nd tue of the month."),
        ("biweekly", "Type every 2 weeks on mon or every mon and thu."),
        ("twice a month", "Type the days, e.g. every 1st and 3rd mon of the month."),
        ("every 3rd working day of the month", "only the first and the last of a month can be named"),
        ("monthly on the 45th", "No month has a day 45. Try monthly on the 15th."),
        ("every 0 weeks", "A recurrence comes every 1 to 99 weeks."),
        ("every 500 days", "A recurrence comes every 1 to 99 days."),
        ("every " * 20, "That is too long for a recurrence."),
    ],
)
def test_what_is_no_clear_recurrence_is_refused(words: str, sentence: str) -> None:
    """A refusal says what to type instead, also where a phrase has two meanings."""
    with pytest.raises(ValueError) as refusal:
        read_recurrence(words)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    "rrule",
    [
        "",
        "FREQ=SECONDLY",
        "FREQ=HOURLY;INTERVAL=1",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "FREQ=MONTHLY;BYMONTHDAY=31;INTERVAL=12",
        "FREQ=MONTHLY;BYMONTHDAY=15;BYSETPOS=300",
        "FREQ=WEEKLY;COUNT=100000",
        "FREQ=WEEKLY;INTERVAL=0",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=300",
        "FREQ=WEEKLY;BYHOUR=1,2,3;BYMINUTE=4",
        "FREQ=WEEKLY\nDTSTART:19700101T000000",
        "FREQ=WEEKLY;BYDAY=TU\n",
        "FREQ=YEARLY;BYWEEKNO=53",
    ],
)
def test_a_rule_of_another_shape_is_refused(rrule: str) -> None:
    """A stored rule cannot ask for more than the words can."""
    with pytest.raises(ValueError, match="This recurrence is not supported"):
        Recurrence(rrule, "")


CHANGES = [
    # zone, local start of a daily series, its hours in UTC over the change
    (
        "America/New_York",
        datetime(2027, 3, 13, 2, 30),
        ["07:30", "07:30", "06:30"],
    ),  # forward: 02:30 is 03:30
    ("America/New_York", datetime(2027, 11, 6, 1, 30), ["05:30", "05:30", "06:30"]),  # back: the first 01:30
    ("Europe/Berlin", datetime(2027, 3, 27, 2, 0), ["01:00", "01:00", "00:00"]),
    ("Europe/Berlin", datetime(2027, 10, 30, 2, 30), ["00:30", "00:30", "01:30"]),
    (
        "Australia/Lord_Howe",
        datetime(2027, 10, 2, 2, 15),
        ["15:45", "15:45", "15:15"],
    ),  # half an hour forward
    ("Australia/Lord_Howe", datetime(2027, 4, 3, 1, 45), ["14:45", "14:45", "15:15"]),
    ("America/Sao_Paulo", datetime(2018, 11, 3, 0, 0), ["03:00", "03:00", "02:00"]),  # midnight is missing
    ("America/Sao_Paulo", datetime(2019, 2, 15, 23, 30), ["01:30", "01:30", "02:30"]),
    ("Africa/Casablanca", datetime(2027, 2, 6, 2, 30), ["01:30", "01:30", "02:30"]),  # Ramadan, back
    ("Africa/Casablanca", datetime(2027, 3, 13, 2, 30), ["02:30", "02:30", "01:30"]),
    ("Asia/Kolkata", datetime(2027, 3, 13, 2, 30), ["21:00", "21:00", "21:00"]),
]


@pytest.mark.parametrize(("zone", "start", "hours"), CHANGES)
def test_the_wall_clock_stays_over_a_change(zone: str, start: datetime, hours: list[str]) -> None:
    """A meeting keeps its local hour; a missing hour moves on, a repeated one is its first."""
    place = ZoneInfo(zone)
    after = at_local(start, place)
    found = tuple(dated(Recurrence("FREQ=DAILY", "every day"), start, place, after, after + timedelta(days=3)))
    assert [f"{at:%H:%M}" for at in found][:3] == hours


def test_a_day_that_a_zone_left_out_does_not_double_the_next() -> None:
    """Samoa had no 30 December 2011; its meeting and the next day's are one."""
    apia, start = ZoneInfo("Pacific/Apia"), datetime(2011, 12, 28, 9)
    after = at_local(start, apia)
    found = tuple(dated(Recurrence("FREQ=DAILY", ""), start, apia, after, after + timedelta(days=4)))
    assert [at.astimezone(apia).day for at in found] == [28, 29, 31, 1]


def test_hours_are_told_apart() -> None:
    """A wall-clock time occurs once, never or twice."""
    berlin = ZoneInfo("Europe/Berlin")
    assert hour_of(datetime(2027, 3, 28, 2, 30), berlin) is Hour.MISSING
    assert hour_of(datetime(2027, 10, 31, 2, 30), berlin) is Hour.TWICE
    assert hour_of(datetime(2027, 10, 31, 3, 30), berlin) is Hour.ONCE
    with pytest.raises(ValueError, match="carries no zone"):
        at_local(datetime(2027, 1, 1, tzinfo=UTC), berlin)


BERLIN = ZoneInfo("Europe/Berlin")
NEXT_YEARS = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))


def days_of(words: str, start: datetime, limit: int = 4) -> list[str]:
    found = tuple(dated(read_recurrence(words), start, BERLIN, *NEXT_YEARS, limit=limit))
    return [f"{at.astimezone(BERLIN):%a %d %b %y}" for at in found]


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("every other tue", ["Tue 05 Jan 27", "Tue 19 Jan 27", "Tue 02 Feb 27", "Tue 16 Feb 27"]),
        ("every weekday", ["Mon 04 Jan 27", "Tue 05 Jan 27", "Wed 06 Jan 27", "Thu 07 Jan 27"]),
        ("every 1st mon of the month", ["Mon 04 Jan 27", "Mon 01 Feb 27", "Mon 01 Mar 27", "Mon 05 Apr 27"]),
        ("every last fri of the month", ["Fri 29 Jan 27", "Fri 26 Feb 27", "Fri 26 Mar 27", "Fri 30 Apr 27"]),
        ("monthly on the 31st", ["Sun 31 Jan 27", "Sun 28 Feb 27", "Wed 31 Mar 27", "Fri 30 Apr 27"]),
        ("yearly", ["Mon 04 Jan 27", "Tue 04 Jan 28", "Thu 04 Jan 29"]),
    ],
)
def test_a_rule_falls_on_its_days(words: str, days: list[str]) -> None:
    """Counted from Monday 4 January 2027."""
    assert days_of(words, datetime(2027, 1, 4, 8)) == days


def test_a_month_too_short_has_its_meeting_on_its_last_day() -> None:
    """Monthly from the 31st passes over no month, and the rule that calendars get says so too."""
    start = datetime(2027, 1, 31, 8)
    assert days_of("monthly", start) == ["Sun 31 Jan 27", "Sun 28 Feb 27", "Wed 31 Mar 27", "Fri 30 Apr 27"]
    assert anchored(read_recurrence("monthly"), start).endswith("BYMONTHDAY=28,29,30,31;BYSETPOS=-1")
    assert anchored(read_recurrence("every tue"), start) == "FREQ=WEEKLY;BYDAY=TU"


def test_a_series_made_after_this_weeks_day_starts_next_week() -> None:
    """Every other Tuesday, made on a Saturday, begins three days later, not ten."""
    assert first_start(read_recurrence("every other tue"), date(2026, 11, 28), time(8)) == datetime(2026, 12, 1, 8)
    assert first_start(read_recurrence("monthly"), date(2026, 11, 28), time(8)) == datetime(2026, 11, 28, 8)


def test_the_window_is_half_open_and_skips_and_limits_hold() -> None:
    """The first instant counts, the last does not, skipped local dates are left out."""
    start = datetime(2027, 1, 5, 8)
    first = at_local(start, BERLIN)
    rule, week = read_recurrence("every tue"), timedelta(weeks=1)
    assert tuple(dated(rule, start, BERLIN, first, first + week)) == (first,)
    assert tuple(dated(rule, start, BERLIN, first + week, first)) == ()
    assert tuple(dated(rule, start, BERLIN, *NEXT_YEARS, limit=2)) == (first, first + week)
    skipped = tuple(dated(rule, start, BERLIN, *NEXT_YEARS, limit=2, without=frozenset({date(2027, 1, 5)})))
    assert skipped == (first + week, first + 2 * week)
    with pytest.raises(ValueError, match="a zone of its own"):
        tuple(dated(rule, first, BERLIN, *NEXT_YEARS))


@pytest.mark.parametrize(
    ("rrule", "start"),
    [
        ("FREQ=DAILY", datetime(1971, 1, 1)),
        ("FREQ=DAILY", datetime(9990, 1, 1)),
        ("FREQ=DAILY;COUNT=999", datetime(1, 1, 2)),
        ("FREQ=MONTHLY;BYDAY=5MO", datetime(1, 2, 3)),
        ("FREQ=MONTHLY;INTERVAL=12;BYDAY=5MO", datetime(2027, 2, 1)),
        ("FREQ=YEARLY;INTERVAL=99", datetime(2024, 2, 29)),
        ("FREQ=MONTHLY;INTERVAL=99;BYMONTHDAY=-28", datetime(2024, 2, 29)),
    ],
)
def test_no_rule_keeps_the_bot_counting(rrule: str, start: datetime) -> None:
    """The oldest and the rarest series come to an end, however far ahead one asks; a rule that spins never returns."""
    far = datetime(9999, 12, 30, tzinfo=UTC)
    found = tuple(dated(Recurrence(rrule, ""), start, BERLIN, NEXT_YEARS[0], far))
    assert len(found) <= 400


VOCABULARY = [
    *("every", "other", "2", "0", "99", "1st", "last", "second", "tue", "and", "fri", ",", "month", "weeks"),
    *("on", "the", "of", "15th", "45th", "day", "monthly", "weekday"),
]
zones = st.sampled_from(["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"])
starts = st.integers(0, 60 * 24 * 365 * 8).map(lambda minutes: datetime(2020, 1, 1) + timedelta(minutes=minutes))


@given(words=st.sampled_from(sorted(RULES)), start=starts, zone=zones, days=st.integers(0, 900))
@settings(max_examples=150, deadline=None)
def test_windows_that_meet_hold_every_meeting_once(words: str, start: datetime, zone: str, days: int) -> None:
    """Planning piece by piece finds what planning at once finds: in order, at the series' hour."""
    place, rule = ZoneInfo(zone), read_recurrence(words)
    begins = at_local(start, place)
    middle, ends = begins + timedelta(days=days), begins + timedelta(days=1000)
    whole = tuple(dated(rule, start, place, begins, ends, limit=2000))
    parts = [tuple(dated(rule, start, place, *window, limit=2000)) for window in ((begins, middle), (middle, ends))]
    assert whole == parts[0] + parts[1]
    assert list(whole) == sorted(set(whole))
    for at in whole:
        local = at.astimezone(place).replace(tzinfo=None, fold=0)
        moved = hour_of(datetime.combine(local.date(), start.time()), place) is Hour.MISSING
        assert local.time() == start.time() or moved


@given(words=st.one_of(st.text(max_size=90), st.lists(st.sampled_from(VOCABULARY), max_size=9).map(" ".join)))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(words: str) -> None:
    """No text raises anything but a plain refusal, and what is taken is never unreadable."""
    with suppress(ValueError):
        read_recurrence(words)
    tokens = words.split()
    count = take_recurrence(tokens)
    assert 0 <= count <= len(tokens)
    try:
        read_recurrence(" ".join(tokens[:count]))
    except ValueError as refusal:
        assert not count or "I cannot read" not in str(refusal)  # noqa: PT017  # either outcome is right


@given(rrule=st.one_of(st.text(max_size=90), st.from_regex(r"\AFREQ=[A-Z]{5,7}(;[A-Z]{5,9}=[-A-Z0-9,]{1,6}){0,3}\Z")))
@settings(deadline=None)
def test_any_rule_text_is_bounded_or_refused(rrule: str) -> None:
    """A rule from outside is held to the same shapes."""
    with suppress(ValueError):
        Recurrence(rrule, "")
