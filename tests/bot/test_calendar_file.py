"""The .ics file: what calendars need to import, move and cancel a meeting, whatever its zone and text."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar, Component, Timezone

from bot.calendar_file import CalendarEntry, calendar_file

START = datetime(2026, 12, 1, 13, 0, tzinfo=UTC)
ENTRY = CalendarEntry(
    uid="M-8.north@confer",
    sequence=2,
    start=START,
    end=START + timedelta(minutes=60),
    zone=ZoneInfo("America/New_York"),
    title="Weekly case conference",
    description="Agenda in the room.",
    cancelled=False,
    stamp=datetime(2026, 11, 24, 15, 0, tzinfo=UTC),
    organizer="North clinic",
)


def lines_of(*entries: CalendarEntry, cancel: bool = False) -> list[str]:
    """The file's lines, unfolded."""
    return calendar_file(entries, cancel=cancel).decode().replace("\r\n ", "").split("\r\n")


def event_of(*entries: CalendarEntry, cancel: bool = False) -> Component:
    return Calendar.from_ical(calendar_file(entries, cancel=cancel)).walk("VEVENT")[0]


def test_a_meeting_is_published_in_its_zone() -> None:
    """Identity, version, local time with its zone, and the status are all there."""
    lines = lines_of(ENTRY)
    for line in (
        "METHOD:PUBLISH",
        "TZID:America/New_York",
        "UID:M-8.north@confer",
        "SEQUENCE:2",
        "DTSTAMP:20261124T150000Z",
        "DTSTART;TZID=America/New_York:20261201T080000",
        "DTEND;TZID=America/New_York:20261201T090000",
        "SUMMARY:Weekly case conference",
        "STATUS:CONFIRMED",
        'ORGANIZER;CN="North clinic":invalid:nomail',
    ):
        assert line in lines
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-2:] == ["END:VCALENDAR", ""]


def test_a_cancelled_meeting_keeps_its_uid() -> None:
    """A cancellation takes out what was published; one cancelled entry is marked within a publication."""
    cancelled = lines_of(replace(ENTRY, sequence=3), cancel=True)
    assert {"METHOD:CANCEL", "STATUS:CANCELLED", "UID:M-8.north@confer", "SEQUENCE:3"} <= set(cancelled)
    marked = lines_of(replace(ENTRY, cancelled=True), replace(ENTRY, uid="M-9"))
    assert {"METHOD:PUBLISH", "STATUS:CANCELLED", "STATUS:CONFIRMED"} <= set(marked)


def test_a_series_has_its_rule_its_gaps_and_its_moved_meeting() -> None:
    """A rule, a skipped date and a moved occurrence refer to the series' local time."""
    week = timedelta(weeks=1)
    series = replace(ENTRY, recurrence="FREQ=WEEKLY;BYDAY=TU", without=(START + week,))
    moved = replace(ENTRY, start=START + 3 * week, end=START + 4 * week, recurrence_id=START + 2 * week)
    lines = lines_of(series, moved)
    assert "RRULE:FREQ=WEEKLY;BYDAY=TU" in lines
    assert "EXDATE;TZID=America/New_York:20261208T080000" in lines
    assert "RECURRENCE-ID;TZID=America/New_York:20261215T080000" in lines
    assert lines.count("BEGIN:VTIMEZONE") == 1


def test_utc_needs_no_zone() -> None:
    """A meeting in UTC is written with Z."""
    lines = lines_of(replace(ENTRY, zone=ZoneInfo("UTC")))
    assert "DTSTART:20261201T130000Z" in lines
    assert "BEGIN:VTIMEZONE" not in lines


@pytest.mark.parametrize(
    "name",
    [
        "America/New_York",
        "Europe/Berlin",
        "Europe/Dublin",
        "Australia/Lord_Howe",
        "America/Sao_Paulo",
        "Africa/Casablanca",
        "Asia/Kolkata",
    ],
)
def test_the_zone_in_the_file_is_the_zone(name: str) -> None:
    """A calendar that knows no zone names gets the right hour from the file alone, over ten years."""
    zone = ZoneInfo(name)
    content = calendar_file([replace(ENTRY, zone=zone, recurrence="FREQ=WEEKLY;BYDAY=TU")])
    (component,) = Calendar.from_ical(content).walk("VTIMEZONE")
    assert isinstance(component, Timezone)
    written = component.to_tz(lookup_tzid=False)
    for hours in range(0, 24 * 3650, 7):
        at = START + timedelta(hours=hours)
        assert at.astimezone(written).utcoffset() == at.astimezone(zone).utcoffset(), at


def test_an_onset_is_written_in_the_old_offset() -> None:
    """RFC 5545, 3.6.5: clocks go forward at 02:00 standard time."""
    lines = lines_of(
        replace(ENTRY, start=datetime(2027, 6, 1, 12, tzinfo=UTC), end=datetime(2027, 6, 1, 13, tzinfo=UTC))
    )
    forward = lines.index("TZOFFSETTO:-0400", lines.index("TZOFFSETFROM:-0500"))
    assert any("20270314T020000" in line for line in lines[forward - 5 : forward])


def test_lines_are_folded_and_end_as_the_rfc_wants() -> None:
    """CRLF everywhere and at most 75 octets a line, umlauts not cut in two."""
    content = calendar_file([replace(ENTRY, title="Fallkonferenz für sexuelle Gesundheit " * 5, description="ü" * 300)])
    lines = content.split(b"\r\n")
    assert content.count(b"\n") == content.count(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert all(line.decode() is not None for line in lines)


def test_an_address_is_an_organizer_with_mail() -> None:
    """A name without an address stays a name."""
    assert "ORGANIZER:mailto:clinic@example.org" in lines_of(replace(ENTRY, organizer="clinic@example.org"))
    assert "ORGANIZER;CN=Confer:invalid:nomail" in lines_of(replace(ENTRY, organizer=""))


def test_no_entries_are_an_empty_calendar() -> None:
    """A file without meetings is still a file."""
    assert lines_of()[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"]


@given(title=st.text(max_size=200), description=st.text(max_size=400), organizer=st.text(max_size=60))
@settings(deadline=None)
def test_text_cannot_break_out_of_its_line(title: str, description: str, organizer: str) -> None:
    """Whatever people type, the file holds one event with the same properties and their text."""
    entry = replace(ENTRY, title=title, description=f".{description}", organizer=organizer)
    calendar = Calendar.from_ical(calendar_file([entry]))
    (event,) = calendar.walk("VEVENT")
    assert set(event) == set(event_of(ENTRY))
    printable = "".join(letter for letter in title if letter.isprintable() and letter != "\\")
    if title == printable:
        assert event["SUMMARY"] == title


def test_hostile_text_stays_text() -> None:
    """Line breaks in a title or an organizer begin no new property."""
    hostile = 'x\r\nATTENDEE:mailto:evil@example.org\nSTATUS:CANCELLED";X="'
    lines = lines_of(replace(ENTRY, title=hostile, description=hostile, organizer=hostile, uid=hostile))
    assert not [line for line in lines if line.startswith("ATTENDEE")]
    assert [line for line in lines if line.startswith("STATUS")] == ["STATUS:CONFIRMED"]
