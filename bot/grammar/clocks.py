"""Clocks, durations and zones: the small words that natural times are made of, read and shown."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

LONGEST = 80  # characters; nobody types a longer time, and every pattern below runs over at most this many
LONGEST_PHRASE = 12  # words
LONGEST_DURATION = timedelta(days=3660)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_UNITS = {
    "year": "y yr yrs year years",
    "month": "mo month months",
    "week": "w wk wks week weeks",
    "day": "d day days",
    "hour": "h hr hrs hour hours",
    "minute": "m min mins minute minutes",
    "second": "s sec secs second seconds",
}
_UNIT_OF = {spelling: unit for unit, spellings in _UNITS.items() for spelling in spellings.split()}
_ORDER = list(_UNITS)
_SECONDS = {"week": 604800, "day": 86400, "hour": 3600, "minute": 60, "second": 1}
_AMOUNT = re.compile(r"(half an?|an?|[0-9]{1,6}(?:[.,][0-9]{1,2})?) ?([a-z]+)(?: and |, ?| )?")
_HOURS_MINUTES = re.compile(r"([0-9]{1,4}) ?h([0-5][0-9])")
_CLOCK = re.compile(r"([0-9]{1,2})(?:[:.h]([0-9]{2})|(h))?(?: ?(am|pm))?(?: o'clock)?")
_SPAN = re.compile(r"(.+?) ?(?:-| to | until ) ?(.+)")
_NAMED_CLOCKS = {"noon": time(12), "midday": time(12)}
_ZONE_ABBREVIATIONS = {
    "America/New_York": "est edt et eastern",
    "America/Chicago": "cst cdt ct central",
    "America/Denver": "mst mdt mt mountain",
    "America/Los_Angeles": "pst pdt pt pacific",
    "Europe/London": "gmt bst wet west gb",
    "Europe/Berlin": "cet cest met",
    "Europe/Athens": "eet eest",
    "Asia/Kolkata": "ist",
    "Asia/Tokyo": "jst",
    "Australia/Sydney": "aest aedt",
    "Pacific/Auckland": "nzst nzdt nz",
    "Pacific/Honolulu": "hst",
}
PLACE_OF = {short: place for place, shorts in _ZONE_ABBREVIATIONS.items() for short in shorts.split()}


class TimeProblem(ValueError):
    """A time that cannot be read or used; the message is one sentence for the person who typed it."""


def plain(words: str) -> str:
    """The words in one case with single blanks, straight dashes and no closing comma."""
    text = " ".join(words.casefold().split()).rstrip(",;!?").strip()
    return text.replace("a.m.", "am").replace("p.m.", "pm").replace("–", "-").replace("—", "-")


def quoted(words: str) -> str:
    """What the person typed, short and on one line, for a refusal."""
    text = "".join(letter if letter.isprintable() else " " for letter in words)
    text = " ".join(text.split())
    return f'"{text[:39]}…"' if len(text) > 40 else f'"{text}"'


def short_enough(words: str, what: str, tries: str) -> str:
    """The plain words; raises TimeProblem at once where they are too long to be what they should be."""
    if len(words) > LONGEST:
        raise TimeProblem(f"That is too long for {what}. Try {tries}.")
    return plain(words)


def clock_in(text: str, *, bare: bool = False) -> time | None:
    """The time of day that plain words say, else None; a bare hour ("9") counts only where asked."""
    if named := _NAMED_CLOCKS.get(text):
        return named
    found = _CLOCK.fullmatch(text)
    if not found or not (bare or any(found.groups()[1:])):
        return None
    hour, minute, whole, half = int(found[1]), int(found[2] or 0), found[3], found[4]
    if half:
        if whole or not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def read_clock(words: str) -> time:
    """A time of day: 08:00, 8am, 8, 8.30, 20h, noon. Raises TimeProblem."""
    tries = "08:00, 8am or noon"
    text = short_enough(words, "a time of day", tries).removeprefix("at ")
    clock = clock_in(text, bare=True)
    if clock is None:
        raise TimeProblem(f"I cannot read {quoted(words)} as a time of day. Try {tries}.")
    return clock


def read_span(words: str) -> tuple[time, time]:
    """Two times of day, as in quiet hours: 18:00-08:00. Raises TimeProblem, also where both are the same."""
    tries = "18:00-08:00"
    found = _SPAN.fullmatch(short_enough(words, "a span of hours", tries))
    begins, ends = (clock_in(part, bare=True) for part in found.groups()) if found else (None, None)
    if begins is None or ends is None:
        raise TimeProblem(f"I cannot read {quoted(words)} as a span of hours. Try {tries}.")
    if begins == ends:
        raise TimeProblem(f"A span of hours needs two different times. Try {tries}.")
    return begins, ends


def amounts_in(text: str) -> dict[str, Decimal] | None:
    """Amounts by unit, largest unit first ("1h30" is one hour and 30 minutes), else None."""
    if short := _HOURS_MINUTES.fullmatch(text):
        return {"hour": Decimal(short[1]), "minute": Decimal(short[2])}
    amounts: dict[str, Decimal] = {}
    at = 0
    while at < len(text):
        found = _AMOUNT.match(text, at)
        unit = _UNIT_OF.get(found[2]) if found else None
        if not found or not unit or any(_ORDER.index(unit) <= _ORDER.index(other) for other in amounts):
            return None
        number = found[1].replace(",", ".")
        amounts[unit] = Decimal("0.5") if number[0] == "h" else Decimal(1) if number[0] == "a" else Decimal(number)
        at = found.end()
    return amounts or None


def length_of(amounts: dict[str, Decimal]) -> timedelta:
    """The exact length of amounts in units of a fixed length; KeyError for months and years."""
    return timedelta(seconds=float(sum(number * _SECONDS[unit] for unit, number in amounts.items())))


def read_duration(words: str) -> timedelta:
    """A length of time: 45m, 2h, 1h30, 90 min, 2 weeks, 2w, 3d, 1 hour, 30s. Raises TimeProblem."""
    tries = "45m, 1h30, 3d or 2 weeks"
    amounts = amounts_in(short_enough(words, "a length of time", tries))
    if amounts is None:
        raise TimeProblem(f"I cannot read {quoted(words)} as a length of time. Try {tries}.")
    if not amounts.keys() <= _SECONDS.keys():
        raise TimeProblem("Months and years differ in length here; give days or weeks, such as 30d or 4 weeks.")
    length = length_of(amounts)
    if length > LONGEST_DURATION:
        raise TimeProblem(f"{quoted(words)} is too long; the longest is ten years.")
    return length


def longest(words: Sequence[str], reads: Callable[[str], bool]) -> int:
    """How many leading words, joined, are read; the longest match, 0 for none."""
    text, ends = "", []
    for word in words[:LONGEST_PHRASE]:
        if len(text) + len(word) > LONGEST:
            break
        text = f"{text} {word}" if text else word
        ends.append(text)
    return next((count for count in range(len(ends), 0, -1) if reads(ends[count - 1])), 0)


def take_duration(words: Sequence[str]) -> int:
    """How many leading words of a command are a length of time, 0 for none."""

    def reads(text: str) -> bool:
        amounts = amounts_in(plain(text))
        return amounts is not None and amounts.keys() <= _SECONDS.keys()

    return longest(words, reads)


@lru_cache(maxsize=1)
def zone_names() -> dict[str, str]:
    """Names of places by their plain form; abbreviations and fixed offsets are no places."""
    names = (name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    countries = (name for name in available_timezones() if name.isalpha() and name.istitle())
    return {name.casefold(): name for name in (*countries, *names, "UTC") if name not in {"Factory", "Zulu"}}


@lru_cache(maxsize=1)
def _zones_by_city() -> dict[str, list[str]]:
    cities: dict[str, list[str]] = {}
    for name in sorted(zone_names().values()):
        if not name.startswith(("US/", "Canada/")):
            cities.setdefault(name.rpartition("/")[2].casefold(), []).append(name)
    return cities


def _same_clock(names: Sequence[str]) -> bool:
    """Whether these are names of one clock, as Asia/Istanbul and Europe/Istanbul are."""
    days = [datetime(year, month, 1) for year in range(2000, 2037) for month in range(1, 13)]  # noqa: DTZ001  # put into each zone below
    return len({tuple(day.replace(tzinfo=ZoneInfo(name)).utcoffset() for day in days) for name in names}) == 1


def read_zone(words: str) -> ZoneInfo:
    """A zone by its IANA name in any case, by its city, or UTC. Raises TimeProblem with the nearest name."""
    tries = "a city such as Berlin, or a name such as America/New_York"
    text = short_enough(words, "a time zone", tries).replace(" ", "_")
    if text in {"utc", "etc/utc", "z", "zulu"}:
        return ZoneInfo("UTC")
    if place := PLACE_OF.get(text):
        raise TimeProblem(f"{quoted(words)} does not follow summer time by itself; name a place, such as {place}.")
    cities = _zones_by_city().get(text, [])
    if len(cities) > 1 and not _same_clock(cities):
        raise TimeProblem(f"{quoted(words)} could be {' or '.join(cities)}. Type one of them in full.")
    name = max(cities, key=len, default=None) or zone_names().get(text)
    if name is None:
        raise TimeProblem(f"I do not know the time zone {quoted(words)}. {_nearest_zone(text) or f'Try {tries}.'}")
    return ZoneInfo(name)


def _nearest_zone(text: str) -> str:
    from rapidfuzz import fuzz, process  # only a slip of the keyboard needs it

    cities = {city: names[-1] for city, names in _zones_by_city().items()}
    found = process.extractOne(text, {**cities, **zone_names()}.keys(), scorer=fuzz.ratio, score_cutoff=75)
    return f"Did you mean {cities.get(found[0]) or zone_names()[found[0]]}?" if found else ""


def show_date(on: date) -> str:
    """A date with its weekday and year: Tue 1 Dec 2026."""
    return f"{WEEKDAYS[on.weekday()]} {on.day} {MONTHS[on.month - 1]} {on.year}"


def zone_label(at: datetime) -> str:
    """The zone of an aware time as people write it: EST, CET, or UTC+5:30 where the zone has no letters."""
    name = at.tzname() or "UTC"
    if name.isalpha():
        return name
    minutes = round((at.utcoffset() or timedelta()).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")


def show_moment(at: datetime, zone: ZoneInfo, now: datetime | None = None) -> str:
    """A time with weekday, date and zone: Tue 1 Dec 2026, 09:00 EST; with now, also whether that is today."""
    local = at.astimezone(zone)
    shown = f"{show_date(local)}, {local:%H:%M} {zone_label(local)}"
    days = (local.date() - now.astimezone(zone).date()).days if now else None
    return shown + {0: " (today)", 1: " (tomorrow)"}.get(days if days is not None else -1, "")


def show_duration(delta: timedelta) -> str:
    """A length of time in words that read_duration takes back: 1 hour 30 minutes, 2 weeks."""
    seconds = round(abs(delta).total_seconds())
    parts = []
    for unit, size in _SECONDS.items():
        if unit == "week" and seconds % size:
            continue  # 10 days say more than 1 week 3 days
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}" + ("s" if count > 1 else ""))
    return ("minus " if delta < timedelta() and parts else "") + (" ".join(parts) or "0 minutes")
