"""Clocks, durations, spans and zones: what is read, what is refused, and how they are shown."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.grammar.times import (
    TimeProblem,
    read_clock,
    read_duration,
    read_span,
    read_zone,
    show_date,
    show_duration,
    show_moment,
    take_duration,
)

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("words", "length"),
    [
        ("45m", timedelta(minutes=45)),
        ("2h", timedelta(hours=2)),
        ("1h30", timedelta(minutes=90)),
        ("1h 30m", timedelta(minutes=90)),
        ("1.5h", timedelta(minutes=90)),
        ("90 min", timedelta(minutes=90)),
        ("1 hour and 5 minutes", timedelta(minutes=65)),
        ("2 weeks", timedelta(weeks=2)),
        ("2w", timedelta(weeks=2)),
        ("3d", timedelta(days=3)),
        ("1 hour", timedelta(hours=1)),
        ("half an hour", timedelta(minutes=30)),
        ("30s", timedelta(seconds=30)),
        ("0m", timedelta()),
    ],
)
def test_a_duration_is_read_and_taken(words: str, length: timedelta) -> None:
    """Every form of a length of time is read, and taken whole from a command."""
    assert read_duration(words) == length
    assert take_duration([*words.split(), "kim"]) == len(words.split())


@pytest.mark.parametrize("words", ["", "2", "5m 2h", "2 months", "999999w", "m", "-5m", "1h99", "x" * 99])
def test_what_is_no_duration_is_refused(words: str) -> None:
    """A bare number, units out of order and months are no length of time."""
    with pytest.raises(TimeProblem):
        read_duration(words)


@pytest.mark.parametrize(
    ("words", "clock"),
    [
        ("08:00", time(8)),
        ("8am", time(8)),
        ("8", time(8)),
        ("8.30", time(8, 30)),
        ("20h", time(20)),
        ("20h30", time(20, 30)),
        ("8:30 p.m.", time(20, 30)),
        ("noon", time(12)),
        ("12am", time(0)),
        ("12pm", time(12)),
        ("9 o'clock", time(9)),
    ],
)
def test_a_clock_is_read(words: str, clock: time) -> None:
    """The ways to say a time of day."""
    assert read_clock(words) == clock


@pytest.mark.parametrize("words", ["", "24:00", "8:60", "13pm", "0am", "0800", "x", "8h pm", "٨:٠٠"])
def test_what_is_no_clock_is_refused(words: str) -> None:
    """Hours that no clock shows are refused with examples."""
    with pytest.raises(TimeProblem, match=r"as a time of day\. Try 08:00, 8am or noon\."):
        read_clock(words)


@pytest.mark.parametrize("words", ["18:00-08:00", "18:00 – 08:00", "6pm-8am", "18-8", "18:00 to 8", "18h until 08:00"])
def test_a_span_is_read(words: str) -> None:
    """Quiet hours may run over midnight."""
    assert read_span(words) == (time(18), time(8))


@pytest.mark.parametrize("words", ["", "18:00", "8-8", "18:00-", "25-3"])
def test_what_is_no_span_is_refused(words: str) -> None:
    """A span needs two different times."""
    with pytest.raises(TimeProblem):
        read_span(words)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("america/new_york", "America/New_York"),
        ("berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("lord howe", "Australia/Lord_Howe"),
        ("istanbul", "Europe/Istanbul"),
        ("US/Pacific", "US/Pacific"),
        ("utc", "UTC"),
    ],
)
def test_a_zone_is_read(words: str, name: str) -> None:
    """A zone goes by its name in any case or by its city."""
    assert read_zone(words).key == name


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("berlim", "Did you mean Europe/Berlin?"),
        ("europe/berln", "Did you mean Europe/Berlin?"),
        ("EST", "name a place, such as America/New_York."),
        ("Etc/GMT+5", "Try a city such as Berlin"),
        ("../../etc/passwd", "Try a city such as Berlin"),
        ("localtime", "I do not know the time zone"),
        ("", "I do not know the time zone"),
    ],
)
def test_a_zone_that_is_none_is_refused_with_the_nearest(words: str, sentence: str) -> None:
    """A slip gets the nearest name; what follows no summer time is not taken for a place."""
    with pytest.raises(TimeProblem) as refusal:
        read_zone(words)
    assert sentence in str(refusal.value)


def test_a_moment_is_shown_with_weekday_date_and_zone() -> None:
    """A zone without letters is shown by its offset; today and tomorrow are named where now is known."""
    at = datetime(2026, 12, 1, 14, 0, tzinfo=UTC)
    assert show_moment(at, NEW_YORK) == "Tue 1 Dec 2026, 09:00 EST"
    assert show_moment(at, ZoneInfo("Europe/Istanbul")) == "Tue 1 Dec 2026, 17:00 UTC+3"
    assert show_moment(at, ZoneInfo("Australia/Lord_Howe")) == "Wed 2 Dec 2026, 01:00 UTC+11"
    assert show_moment(at, ZoneInfo("America/Sao_Paulo")) == "Tue 1 Dec 2026, 11:00 UTC-3"
    assert show_moment(at, ZoneInfo("Asia/Kathmandu")) == "Tue 1 Dec 2026, 19:45 UTC+5:45"
    assert show_moment(at, NEW_YORK, at - timedelta(days=1)) == "Tue 1 Dec 2026, 09:00 EST (tomorrow)"
    assert show_moment(at, NEW_YORK, at) == "Tue 1 Dec 2026, 09:00 EST (today)"
    assert show_moment(at, NEW_YORK, at + timedelta(days=1)) == "Tue 1 Dec 2026, 09:00 EST"
    assert show_date(date(2026, 12, 1)) == "Tue 1 Dec 2026"


def test_a_duration_is_shown_in_words() -> None:
    """Weeks are named where they are whole."""
    assert show_duration(timedelta(minutes=90)) == "1 hour 30 minutes"
    assert show_duration(timedelta(days=14)) == "2 weeks"
    assert show_duration(timedelta(days=10)) == "10 days"
    assert show_duration(timedelta()) == "0 minutes"
    assert show_duration(-timedelta(seconds=61)) == "minus 1 minute 1 second"


@given(seconds=st.integers(0, 3600 * 24 * 3660))
@settings(deadline=None)
def test_a_shown_duration_reads_back(seconds: int) -> None:
    """A length of time survives being shown and read."""
    length = timedelta(seconds=seconds)
    assert read_duration(show_duration(length)) == length
