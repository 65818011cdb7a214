"""Natural times: what each form means, what is refused and in which words; no text breaks the reader."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.grammar.times import (
    TimeProblem,
    read_clock,
    read_date,
    read_duration,
    read_moment,
    read_span,
    read_zone,
    show_date,
    show_moment,
    take_duration,
    take_moment,
)

NEW_YORK = ZoneInfo("America/New_York")
ZONES = [
    ZoneInfo(name)
    for name in (
        "America/New_York",
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "America/Sao_Paulo",
        "Africa/Casablanca",
        "Asia/Kolkata",
        "Pacific/Apia",
        "UTC",
    )
]
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # a Tuesday, 10:00 in New York

MEANT = {
    "fri": "Fri 27 Nov 2026, 00:00 EST",
    "next fri": "Fri 4 Dec 2026, 00:00 EST",
    "this fri": "Fri 27 Nov 2026, 00:00 EST",
    "tue": "Tue 1 Dec 2026, 00:00 EST",
    "tue 14:00": "Tue 24 Nov 2026, 14:00 EST",
    "tue 8am": "Tue 1 Dec 2026, 08:00 EST",
    "Tuesday at 9": "Tue 1 Dec 2026, 09:00 EST",
    "next tue 8 am": "Tue 1 Dec 2026, 08:00 EST",
    "now": "Tue 24 Nov 2026, 10:00 EST",
    "today": "Tue 24 Nov 2026, 00:00 EST",
    "today 15:30": "Tue 24 Nov 2026, 15:30 EST",
    "tonight": "Tue 24 Nov 2026, 20:00 EST",
    "tonight at 9": "Tue 24 Nov 2026, 21:00 EST",
    "tomorrow 14:00": "Wed 25 Nov 2026, 14:00 EST",
    "14:00 tomorrow": "Wed 25 Nov 2026, 14:00 EST",
    "8am on fri": "Fri 27 Nov 2026, 08:00 EST",
    "2026-12-01": "Tue 1 Dec 2026, 00:00 EST",
    "2026-12-01T08:00": "Tue 1 Dec 2026, 08:00 EST",
    "2026-12-01 08:00": "Tue 1 Dec 2026, 08:00 EST",
    "2026-12-01T08:00Z": "Tue 1 Dec 2026, 03:00 EST",
    "2026-12-01T08:00+02:00": "Tue 1 Dec 2026, 01:00 EST",
    "tomorrow 14:00 UTC": "Wed 25 Nov 2026, 09:00 EST",
    "tomorrow 14:00 utc+5:30": "Wed 25 Nov 2026, 03:30 EST",
    "tomorrow 14:00 Europe/Berlin": "Wed 25 Nov 2026, 08:00 EST",
    "24 dec": "Thu 24 Dec 2026, 00:00 EST",
    "dec 24": "Thu 24 Dec 2026, 00:00 EST",
    "thu, 24 Dec": "Thu 24 Dec 2026, 00:00 EST",
    "Dec 24, 2026 at 9": "Thu 24 Dec 2026, 09:00 EST",
    "the 24th of december": "Thu 24 Dec 2026, 00:00 EST",
    "sept 3": "Fri 3 Sep 2027, 00:00 EDT",
    "24.12.2026": "Thu 24 Dec 2026, 00:00 EST",
    "24.12. 9.30": "Thu 24 Dec 2026, 09:30 EST",
    "12/24/2026": "Thu 24 Dec 2026, 00:00 EST",
    "24/12/2026": "Thu 24 Dec 2026, 00:00 EST",
    "12/12/2026": "Sat 12 Dec 2026, 00:00 EST",
    "5 dec 2026 09:00": "Sat 5 Dec 2026, 09:00 EST",
    "29 feb": "Tue 29 Feb 2028, 00:00 EST",
    "on the 15th 9:00": "Tue 15 Dec 2026, 09:00 EST",
    "in 2 weeks": "Tue 8 Dec 2026, 10:00 EST",
    "in 2 weeks at 9": "Tue 8 Dec 2026, 09:00 EST",
    "in 3 months": "Wed 24 Feb 2027, 10:00 EST",
    "in 15m": "Tue 24 Nov 2026, 10:15 EST",
    "in half an hour": "Tue 24 Nov 2026, 10:30 EST",
    "3 days from now": "Fri 27 Nov 2026, 10:00 EST",
    "1 day 2 hours": "Wed 25 Nov 2026, 12:00 EST",
    "2w": "Tue 8 Dec 2026, 10:00 EST",
    "45m": "Tue 24 Nov 2026, 10:45 EST",
    "2d": "Thu 26 Nov 2026, 10:00 EST",
    "2h": "Tue 24 Nov 2026, 12:00 EST",
    "at 14h": "Tue 24 Nov 2026, 14:00 EST",
    "end of month": "Mon 30 Nov 2026, 00:00 EST",
    "by the end of next month": "Thu 31 Dec 2026, 00:00 EST",
    "noon": "Tue 24 Nov 2026, 12:00 EST",
    "midday": "Tue 24 Nov 2026, 12:00 EST",
    "at 9": "Wed 25 Nov 2026, 09:00 EST",
    "until 5 dec": "Sat 5 Dec 2026, 00:00 EST",
    "by 24 dec 9am": "Thu 24 Dec 2026, 09:00 EST",
}


@pytest.mark.parametrize(("words", "shown"), MEANT.items())
def test_a_form_means_its_moment(words: str, shown: str) -> None:
    """Every form that is promised is read in the speaker's zone."""
    assert show_moment(read_moment(words, NOW, NEW_YORK).at, NEW_YORK) == shown


@pytest.mark.parametrize("words", MEANT)
def test_a_form_is_taken_whole_from_a_command(words: str) -> None:
    """The words of a time are taken from the front of a command, and no more."""
    tokens = words.split()
    assert take_moment([*tokens, "because", "of", "labs"]) == len(tokens)


REFUSED = {
    "frii": 'I cannot read "frii" as a time. Try fri, tomorrow 14:00, 2026-12-01 or in 2 weeks.',
    "": 'I cannot read "" as a time.',
    "at": 'I cannot read "at" as a time.',
    "dec": 'I cannot read "dec" as a time.',
    "9": 'I cannot read "9" as a time.',
    "a week": 'I cannot read "a week" as a time.',
    "tomorrow 25:00": 'I cannot read "tomorrow 25:00" as a time.',
    "13pm": 'I cannot read "13pm" as a time.',
    "2026-12-01T24:00": 'I cannot read "2026-12-01T24:00" as a time.',
    "fri midnight": "Midnight could be either end of the day; type the date with 00:00 or 23:59.",
    "12/1/2026": "12/1/2026 could be 12 Jan 2026 or 1 Dec 2026. Type the month as a word,",
    "12/1": "12/1 could be 12 Jan or 1 Dec.",
    "31 feb": "There is no 31 Feb; give a date that exists, such as 1 Feb.",
    "30 feb 2027": "There is no 30 Feb 2027;",
    "2026-13-01": "There is no month 13;",
    "2026-02-30T08:00": "There is no 30 Feb 2026;",
    "0000-01-01": "There is no 1 Jan 0;",
    "Wed 1 Dec 2026": "1 Dec 2026 is a Tuesday, not a Wednesday; give one of the two.",
    "2025-01-01": '"2025-01-01" means Wed 1 Jan 2025, which has passed; give a later date.',
    "yesterday": '"yesterday" means Mon 23 Nov 2026, which has passed;',
    "2 weeks ago": '"2 weeks ago" means Tue 10 Nov 2026, which has passed;',
    "today 9:00": '"today 9:00" means Tue 24 Nov 2026, 09:00 EST, which has passed; give a later time.',
    "2099-01-01": '"2099-01-01" is too far away; give a date within 20 years.',
    "in 999999 weeks": "That is too far away;",
    "in 999999h": '"in 999999h" is too far away;',
    "tue 14:00 PST": "Your zone America/New_York goes by EST then, not PST; leave PST out or add UTC.",
    "x" * 81: "That is too long for a time.",
}


@pytest.mark.parametrize(("words", "sentence"), REFUSED.items())
def test_what_is_no_usable_time_is_refused_with_a_sentence(words: str, sentence: str) -> None:
    """A refusal says what to type instead."""
    with pytest.raises(TimeProblem) as refusal:
        read_moment(words, NOW, NEW_YORK)
    assert str(refusal.value).startswith(sentence)


@pytest.mark.parametrize("words", ["yesterday", "2 weeks ago", "last fri", "today 9:00", "2025-01-01"])
def test_the_past_is_read_where_it_is_asked_for(words: str) -> None:
    """What has passed is a time for whoever records what happened."""
    assert read_moment(words, NOW, NEW_YORK, past_ok=True).at < NOW


def test_a_default_time_fills_in_a_day_only() -> None:
    """A day without an hour gets the default, a typed hour stays, and today's passed default is refused."""
    five = time(17)
    moment = read_moment("fri", NOW, NEW_YORK, default_time=five)
    assert show_moment(moment.at, NEW_YORK) == "Fri 27 Nov 2026, 17:00 EST"
    assert not moment.has_time
    assert read_moment("fri 9:00", NOW, NEW_YORK, default_time=five).has_time
    assert read_moment("in 2w", NOW, NEW_YORK, default_time=five).at.astimezone(NEW_YORK).hour == 17
    assert read_moment("in 15m", NOW, NEW_YORK, default_time=five).at == NOW + timedelta(minutes=15)
    with pytest.raises(TimeProblem, match="which has passed"):
        read_moment("today", NOW, NEW_YORK, default_time=time(9))


def test_a_missing_hour_moves_on_and_says_so() -> None:
    """02:30 on the night the clocks go forward is 03:30, and the note says which."""
    moment = read_moment("2027-03-14 02:30", NOW, NEW_YORK)
    assert moment.at == datetime(2027, 3, 14, 7, 30, tzinfo=UTC)
    assert moment.note == (
        "02:30 does not exist on Sun 14 Mar 2027 in America/New_York; I took Sun 14 Mar 2027, 03:30 EDT."
    )


def test_a_repeated_hour_is_its_first_and_says_so() -> None:
    """01:30 on the night the clocks go back is the earlier one, unless its zone's name says otherwise."""
    moment = read_moment("2027-11-07 01:30", NOW, NEW_YORK)
    assert moment.at == datetime(2027, 11, 7, 5, 30, tzinfo=UTC)
    assert "comes twice on Sun 7 Nov 2027" in moment.note
    later = read_moment("2027-11-07 01:30 EST", NOW, NEW_YORK)
    assert later.at == datetime(2027, 11, 7, 6, 30, tzinfo=UTC)
    assert not later.note


def test_now_and_no_time_at_all_keep_the_hour() -> None:
    """Now, and in 0m, are this moment to the second, whatever the default."""
    now = NOW + timedelta(seconds=7)
    for words in ("now", "in 0m"):
        moment = read_moment(words, now, NEW_YORK, default_time=time(17))
        assert moment.at == now
        assert moment.has_time


def test_hours_ahead_are_exact_and_days_ahead_keep_the_clock() -> None:
    """Over the night of a change, 24h and 1d differ by the hour that the change takes."""
    eve = datetime(2027, 3, 13, 20, 0, tzinfo=UTC)  # 15:00 EST
    assert read_moment("in 24h", eve, NEW_YORK).at == eve + timedelta(hours=24)
    assert read_moment("in 1d", eve, NEW_YORK).at == eve + timedelta(hours=23)


def test_today_is_the_speakers_today() -> None:
    """Late in the evening in New York it is tomorrow in Berlin."""
    late = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
    assert read_date("today", late, NEW_YORK) == date(2026, 11, 24)
    assert read_date("today", late, ZoneInfo("Europe/Berlin")) == date(2026, 11, 25)


@pytest.mark.parametrize("words", ["fri 14:00", "in 2h"])
def test_a_date_with_an_hour_is_refused(words: str) -> None:
    """Where only a date is wanted an hour is not silently dropped."""
    with pytest.raises(TimeProblem, match="give only a date"):
        read_date(words, NOW, NEW_YORK)


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("fri until done", 1),
        ("tomorrow kim", 1),
        ("may be later", 0),
        ("a week of labs", 0),
        ("@kim fri", 0),
        ("tue 09:00, wed 14:00", 2),
        ("in a moment", 0),
        ("24 dec 9", 2),
        ("45m kim", 1),
        ("", 0),
    ],
)
def test_taking_stops_at_the_first_other_word(words: str, count: int) -> None:
    """Prose and the rest of a command are left alone."""
    assert take_moment(words.split()) == count


nows = st.integers(1_577_836_800, 2_208_988_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
zones = st.sampled_from(ZONES)
VOCABULARY = [
    *("fri", "tuesday", "next", "last", "this", "today", "tomorrow", "tonight", "now", "noon", "midnight"),
    *("in", "on", "at", "by", "until", "ago", "end", "of", "month", "the", "weeks", "feb", "dec", "am"),
    *("2", "31", "24", "0", "99", "9", "2026", "14:00", "8am", "2w", "45m", "1h30", "utc", "est", "utc+3"),
    *("12/1/2026", "24.12.", "2026-12-01", "2026-12-01t08:00"),
]
phrases = st.lists(st.sampled_from(VOCABULARY), max_size=7).map(" ".join)


def refusal_of(reader: Callable[[], object]) -> str:
    """The sentence with which a reader refuses, empty where it reads."""
    try:
        reader()
    except TimeProblem as refusal:
        return str(refusal)
    return ""


@given(words=st.one_of(st.text(max_size=90), phrases), now=nows, zone=zones, past_ok=st.booleans())
@settings(max_examples=400, deadline=None)
def test_any_text_is_read_or_refused(words: str, now: datetime, zone: ZoneInfo, past_ok: bool) -> None:
    """No text raises anything but a refusal of one line, and nothing past comes out unasked."""
    readers: tuple[Callable[[], object], ...] = (
        lambda: read_date(words, now, zone, past_ok=past_ok),
        lambda: read_duration(words),
        lambda: read_clock(words),
        lambda: read_span(words),
        lambda: read_zone(words),
    )
    for reader in readers:
        assert len(refusal_of(reader).splitlines()) <= 1
    try:
        moment = read_moment(words, now, zone, past_ok=past_ok)
    except TimeProblem:
        return
    assert moment.at.tzinfo is UTC
    today = now.astimezone(zone).date()
    assert past_ok or moment.at >= now or moment.at.astimezone(zone).date() >= today - timedelta(days=1)
    if moment.has_time and not past_ok:
        assert moment.at >= now


@given(words=st.lists(st.one_of(st.sampled_from(VOCABULARY), st.text(max_size=20)), max_size=15))
@settings(max_examples=300, deadline=None)
def test_what_is_taken_is_there_and_is_a_time(words: list[str]) -> None:
    """No more words are taken than there are, and those taken are never unreadable."""
    assert 0 <= take_duration(words) <= len(words)
    count = take_moment(words)
    assert 0 <= count <= len(words)
    if count:
        sentence = refusal_of(lambda: read_moment(" ".join(words[:count]), NOW, NEW_YORK, past_ok=True))
        assert "I cannot read" not in sentence


@given(now=nows, ahead=st.integers(1, 60 * 24 * 365 * 5), zone=zones)
@settings(max_examples=200, deadline=None)
def test_a_shown_moment_reads_back(now: datetime, ahead: int, zone: ZoneInfo) -> None:
    """What the bot shows can be typed back, repeated hours included where the zone tells them apart."""
    at = (now + timedelta(minutes=ahead)).replace(second=0, microsecond=0) + timedelta(minutes=1)
    assert read_moment(show_moment(at, zone), now, zone).at == at


@given(on=st.dates(date(2026, 11, 25), date(2040, 1, 1)))
@settings(deadline=None)
def test_a_shown_date_reads_back(on: date) -> None:
    """A date survives being shown and read, in ISO form too."""
    assert read_date(show_date(on), NOW, NEW_YORK) == on
    assert read_date(on.isoformat(), NOW, NEW_YORK) == on


@pytest.mark.parametrize("words", ["1" * 200_000, "in " * 100_000, "1h" * 100_000, "18:00-" * 50_000, "a " * 100_000])
def test_long_text_is_refused_at_once(words: str) -> None:
    """However long the text, it is refused, and only its first few words are looked at."""
    for reader in (read_duration, read_clock, read_span, read_zone):
        with pytest.raises(TimeProblem):
            reader(words)
    with pytest.raises(TimeProblem):
        read_moment(words, NOW, NEW_YORK)
    assert take_moment([words]) == 0
    assert take_moment(words.split()) <= 12
