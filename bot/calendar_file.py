"""Meetings as an .ics file (RFC 5545) that calendars import, update and cancel by UID and SEQUENCE."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from icalendar import Event, Timezone, vCalAddress

_BEFORE = timedelta(days=400)  # reaches the zone's change before the first entry
_AHEAD = timedelta(days=3660)  # how far the zone's rules reach for an open series


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One meeting, or a series with its RRULE text, or with recurrence_id one occurrence of a series.

    start, end, stamp, without and recurrence_id are aware; the file shows them in zone. organizer is an
    address or a name. Title and description leave the chat with the file: nothing clinical belongs there.
    """

    uid: str
    sequence: int
    start: datetime
    end: datetime
    zone: ZoneInfo
    title: str
    description: str
    cancelled: bool
    stamp: datetime
    organizer: str
    recurrence: str = ""
    without: tuple[datetime, ...] = ()
    recurrence_id: datetime | None = None


def calendar_file(entries: Sequence[CalendarEntry], *, cancel: bool = False) -> bytes:
    """The bytes of an .ics file with these entries; with cancel, one that takes them out of a calendar."""
    from icalendar import Calendar  # heavy, and only asked for now and then

    calendar = Calendar()
    calendar.add("prodid", "-//Confer//Case conferences//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "CANCEL" if cancel else "PUBLISH")
    for zone in {entry.zone.key: entry.zone for entry in entries}.values():
        if zone.key != "UTC":
            calendar.add_component(_zone(zone, [entry for entry in entries if entry.zone.key == zone.key]))
    for entry in entries:
        calendar.add_component(_event(entry, cancelled=cancel or entry.cancelled))
    return bytes(calendar.to_ical())


def _zone(zone: ZoneInfo, entries: Sequence[CalendarEntry]) -> "Timezone":
    """The zone's rules around its entries.

    The library's own generator (7.3) writes an onset in the new offset, where RFC 5545, section 3.6.5, wants
    the old one, and misses changes less than a month apart (Africa/Casablanca around Ramadan).
    """
    from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

    begins = min(entry.start for entry in entries).astimezone(UTC) - _BEFORE
    ends = max(_reaches(entry) for entry in entries).astimezone(UTC)
    timezone = Timezone()
    timezone.add("tzid", zone.key)
    for (old, new, name, is_daylight), onsets in _observances(zone, begins, ends).items():
        part = TimezoneDaylight() if is_daylight else TimezoneStandard()
        part.add("dtstart", onsets[0])
        if onsets[1:]:
            part.add("rdate", onsets[1:])
        part.add("tzoffsetfrom", old)
        part.add("tzoffsetto", new)
        part.add("tzname", name)
        timezone.add_component(part)
    return timezone


def _reaches(entry: CalendarEntry) -> datetime:
    """Until when a calendar has to know the zone's rules for this entry."""
    return max(entry.end, entry.stamp) + _AHEAD if entry.recurrence else entry.end + _BEFORE


def _observances(
    zone: ZoneInfo, begins: datetime, ends: datetime
) -> dict[tuple[timedelta, timedelta, str, bool], list[datetime]]:
    """Local onsets, in the old offset, by old offset, new offset, name and whether that is summer time."""
    found: dict[tuple[timedelta, timedelta, str, bool], list[datetime]] = {}
    at: datetime | None = begins
    old = begins.astimezone(zone).utcoffset() or timedelta()
    while at is not None:
        local = at.astimezone(zone)
        new = local.utcoffset() or timedelta()
        onset = at.replace(tzinfo=None, microsecond=0) + old
        # readers stumble over zones whose winter time is the exception (Europe/Dublin)
        is_summer = new > old or (new == old and (local.dst() or timedelta()) > timedelta())
        found.setdefault((old, new, local.tzname() or zone.key, is_summer), []).append(onset)
        at, old = _next_change(zone, at, ends), new
    return found


def _next_change(zone: ZoneInfo, at: datetime, ends: datetime) -> datetime | None:
    """The next instant before ends at which the zone's offset changes; no zone has changed twice in a day."""
    offset = at.astimezone(zone).utcoffset()
    while at < ends:
        later = at + timedelta(days=1)
        if later.astimezone(zone).utcoffset() != offset:
            while later - at > timedelta(seconds=1):
                middle = at + (later - at) // 2
                at, later = (middle, later) if middle.astimezone(zone).utcoffset() == offset else (at, middle)
            return later.replace(microsecond=0)
        at = later
    return None


def _event(entry: CalendarEntry, *, cancelled: bool) -> "Event":
    from icalendar import Event, vRecur

    event = Event()
    event.add("uid", _clean(entry.uid))
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.stamp)
    event.add("last-modified", entry.stamp)
    event.add("dtstart", _shown(entry.start, entry.zone))
    event.add("dtend", _shown(entry.end, entry.zone))
    event.add("summary", _clean(entry.title))
    if entry.description:
        event.add("description", _clean(entry.description))
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event["ORGANIZER"] = _organizer(entry.organizer)
    if entry.recurrence:
        event.add("rrule", vRecur.from_ical(entry.recurrence))
    if entry.without:
        event.add("exdate", [at.astimezone(entry.zone) for at in entry.without])
    if entry.recurrence_id:
        event.add("recurrence-id", entry.recurrence_id.astimezone(entry.zone))
    return event


def _shown(at: datetime, zone: ZoneInfo) -> datetime:
    """In the zone; in UTC where the hour comes twice and the second is meant, for local time means the first."""
    local = at.astimezone(zone)
    return at.astimezone(UTC) if local.fold else local


def _organizer(organizer: str) -> "vCalAddress":
    from icalendar import vCalAddress

    name = " ".join(_clean(organizer).split())
    if "@" in name and " " not in name:
        return vCalAddress(f"mailto:{name.removeprefix('mailto:')}")
    address = vCalAddress("invalid:nomail")  # PUBLISH asks for an organizer (RFC 5546, 3.2.1); a chat has no mail
    address.params["CN"] = name or "Confer"
    return address


def _clean(text: str) -> str:
    """Text without control characters, which calendars reject, and with lone surrogates replaced."""
    kept = "".join(letter for letter in text if letter in "\n\t" or (letter >= " " and letter != "\x7f"))
    return kept.encode("utf-8", "replace").decode()
