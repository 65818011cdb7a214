"""Natural times as people type them: fri, tomorrow 14:00, 24 dec, in 2 weeks, end of month.

A phrase is a day, a clock or both, in either order; nothing is guessed beyond what the forms below say.
Reading happens in two steps: a phrase is recognised by its form alone, then settled against now in a zone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from dateutil.parser import isoparse
from dateutil.relativedelta import relativedelta
from dateutil.relativedelta import weekday as on_weekday

from bot.grammar.clocks import (
    PLACE_OF,
    TimeProblem,
    amounts_in,
    clock_in,
    length_of,
    longest,
    plain,
    quoted,
    read_clock,
    read_duration,
    read_span,
    read_zone,
    short_enough,
    show_date,
    show_duration,
    show_moment,
    take_duration,
    zone_names,
)
from bot.grammar.dates import Day, day_in
from conference.local_time import Hour, at_local, hour_of

__all__ = [
    "Moment",
    "TimeProblem",
    "read_clock",
    "read_date",
    "read_dates",
    "read_duration",
    "read_moment",
    "read_span",
    "read_zone",
    "show_date",
    "show_duration",
    "show_moment",
    "take_duration",
    "take_moment",
]

TRIES = "fri, tomorrow 14:00, 2026-12-01 or in 2 weeks"
FURTHEST = relativedelta(years=20)
EARLIEST = date(1900, 1, 1)
_STAMP = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[t ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(z|[+-][0-9]{2}:?[0-9]{2})?")
_OFFSET_ZONE = re.compile(r"utc([+-])([0-9]{1,2})(?::([0-5][0-9]))?")
_EXACT = {"hour", "minute", "second"}
_LEADS = {"at", "on", "by", "until", "till", "before", "in", "@"}
_LIST = re.compile(r"\s*[,;]\s*(?:and\s+)?|\s+(?:and|&)\s+", re.IGNORECASE)
_TO = re.compile(r"\s+(?:to|until|till|through|-|–)\s+", re.IGNORECASE)
_WEEKS = {"this week": timedelta(), "next week": timedelta(weeks=1)}
MOST_DATES = timedelta(days=366)
_HOUR_LEADS = {"at", "@", "by", "until", "till", "before"}


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time as someone meant it.

    at is aware UTC. has_time is false where the words name only a day: at is then the default time on it, or
    its first minute, or after a distance such as "in 2 weeks" the present time of day. note is a sentence on
    how a missing or repeated hour was settled, else empty.
    """

    at: datetime
    zone: ZoneInfo
    has_time: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Phrase:
    day: Day | None = None
    clock: time | None = None
    ahead: dict[str, Decimal] | None = None
    back: bool = False
    zone: tzinfo | None = None
    abbreviation: str = ""

    @property
    def has_time(self) -> bool:
        return self.clock is not None or bool(self.ahead and self.ahead.keys() & _EXACT)


def read_moment(
    words: str, now: datetime, zone: ZoneInfo, *, default_time: time | None = None, past_ok: bool = False
) -> Moment:
    """The moment that the words name, as the speaker in this zone means it at now.

    default_time is the time of day of words that name only a day. Raises TimeProblem where the words are no
    time, the date does not exist or can be read in two ways, or, without past_ok, the time has passed.
    """
    phrase = _read(words)
    where = phrase.zone or zone
    here = now.astimezone(where).replace(tzinfo=None)
    exact, has_time = timedelta(), phrase.has_time
    if phrase.ahead:
        local, exact = _moved(here, phrase.ahead, back=phrase.back)
        clock = phrase.clock or (None if has_time else default_time)
        local = datetime.combine(local, clock) if clock else local
    else:
        local = _settled(phrase, here, default_time, past_ok=past_ok)
    if not EARLIEST <= (local + exact).date() <= here.date() + FURTHEST:
        raise TimeProblem(f"{quoted(words)} is too far away; give a date within {FURTHEST.years} years.")
    at, note = _instant(local, where, phrase.abbreviation)
    moment = Moment(at + exact, zone, has_time, "" if exact else note)
    if not past_ok:
        _refuse_past(moment, now, words, whole_day=default_time is None)
    return moment


def read_date(words: str, now: datetime, zone: ZoneInfo, *, past_ok: bool = False) -> date:
    """The date that the words name in this zone. Raises TimeProblem, also where they name an hour."""
    phrase = _read(words)
    if phrase.has_time:
        raise TimeProblem(f"{quoted(words)} names an hour; give only a date, such as fri, 24 dec or 2026-12-01.")
    return read_moment(words, now, zone, past_ok=past_ok).at.astimezone(zone).date()


def read_dates(words: str, now: datetime, zone: ZoneInfo) -> tuple[date, ...]:
    """Dates and spans of dates: 24 dec, 31 dec; 24 dec to 2 jan; next week. Raises TimeProblem; at most a year of them."""
    found: set[date] = set()
    for part in _LIST.split(words.strip(" ,;")):
        first, _, last = _TO.sub("|", part).partition("|")
        if week := _WEEKS.get(plain(part)):
            monday = now.astimezone(zone).date() + relativedelta(weekday=on_weekday(0, -1)) + week
            begins, ends = monday, monday + timedelta(days=6)
        else:
            begins = read_date(first, now, zone)
            ends = read_date(last, at_local(datetime.combine(begins, time()), zone), zone) if last else begins
        if ends - begins > MOST_DATES:
            raise TimeProblem(f"{quoted(part)} is too long; give at most a year at once.")
        found.update(begins + timedelta(days=more) for more in range((ends - begins).days + 1))
    return tuple(sorted(found))


def take_moment(words: Sequence[str]) -> int:
    """How many leading words of a command belong to a time: the longest phrase, 0 for none."""
    return longest(words, lambda text: _phrase_in(plain(text)) is not None)


def _read(words: str) -> _Phrase:
    text = short_enough(words, "a time", TRIES)
    if phrase := _phrase_in(text):
        return phrase
    if "midnight" in text:
        raise TimeProblem("Midnight could be either end of the day; type the date with 00:00 or 23:59.")
    raise TimeProblem(f"I cannot read {quoted(words)} as a time. Try {TRIES}.")


def _phrase_in(text: str) -> _Phrase | None:
    if stamp := _STAMP.fullmatch(text):
        return _stamped(*stamp.groups())
    if text in {"now", "right now"}:
        return _Phrase(ahead={"second": Decimal(0)})
    tokens = text.replace(", ", " ").split()
    lead = tokens.pop(0) if tokens and tokens[0] in _LEADS else ""
    zone, abbreviation = _zone_in(tokens[-1]) if len(tokens) > 1 else (None, "")
    if zone or abbreviation:
        tokens.pop()
    for cut in range(len(tokens), -1, -1):
        front, rest = tokens[:cut], tokens[cut:]
        phrase = _clock_first(front, rest, lead) or _day_first(front, rest, lead)
        if phrase and (phrase.clock or not (zone or abbreviation)):
            return _Phrase(phrase.day, phrase.clock, phrase.ahead, phrase.back, zone, abbreviation)
    return None


def _stamped(day: str, clock: str, offset: str | None) -> _Phrase | None:
    """An ISO 8601 date and time; a date that does not exist is left to be refused with its reason."""
    on = day_in(day)
    try:
        read = isoparse(f"2000-01-01T{clock}{(offset or '').upper()}")
    except ValueError:
        return None
    if read.day != 1:
        return None  # isoparse takes 24:00 for the next day
    return _Phrase(day=on, clock=read.time(), zone=read.tzinfo) if on else None


def _clock_first(front: list[str], rest: list[str], lead: str) -> _Phrase | None:
    if lead == "in":
        return None
    clock = clock_in(" ".join(front), bare=lead in _HOUR_LEADS)
    if clock is None or lead == "on" or (not lead and not rest and amounts_in(" ".join(front))):
        return None  # 2h alone is a distance, 2h after at a clock
    if not rest:
        # the hour comes round again tomorrow
        return _Phrase(day=Day(lambda today: today, again=relativedelta(days=1), any_hour=True), clock=clock)
    day = day_in(" ".join(rest[1:] if rest[0] == "on" else rest))
    return _Phrase(day=day, clock=clock) if day and not day.evening else None


def _day_first(front: list[str], rest: list[str], lead: str) -> _Phrase | None:
    text = " ".join(front)
    asked = bool(rest) and rest[0] in _HOUR_LEADS
    tail = " ".join(rest[1:] if asked else rest)
    if day := day_in(text) if lead != "in" else None:
        clock = clock_in(tail, bare=asked or day.loose) if rest else None
        if clock and day.evening and clock.hour < 12:
            clock = clock.replace(hour=clock.hour + 12) if not re.search("[ap]m|0[0-9]", tail) else clock
        return _Phrase(day=day, clock=clock or day.evening) if clock or not rest else None
    ahead, back = _ahead_in(text, lead)
    clock = clock_in(tail, bare=asked) if rest else None
    if ahead is None or (rest and clock is None) or (clock and ahead.keys() & _EXACT):
        return None
    return _Phrase(clock=clock, ahead=ahead, back=back)


def _ahead_in(text: str, lead: str) -> tuple[dict[str, Decimal] | None, bool]:
    """A distance from now: 2 weeks, in 15m, 3 days from now, 2 weeks ago; and whether it goes back."""
    back = text.endswith(" ago") and not lead
    amounts = amounts_in(text.removesuffix(" ago" if back else " from now"))
    loose = not lead and text[:1].isalpha() and not text.endswith((" ago", " from now"))  # "a week" alone is prose
    if lead in {"at", "@", "on"} or loose or amounts is None:
        return None, back
    calendar = {unit: number for unit, number in amounts.items() if unit not in _EXACT}
    return (amounts if all(number == int(number) for number in calendar.values()) else None), back


def _zone_in(word: str) -> tuple[tzinfo | None, str]:
    """A zone that ends a phrase: utc, utc+3 or a full name; or an abbreviation, checked at its time."""
    if word in {"utc", "z"}:
        return ZoneInfo("UTC"), ""
    if found := _OFFSET_ZONE.fullmatch(word):
        size = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        return (timezone(-size if found[1] == "-" else size), "") if size < timedelta(hours=24) else (None, "")
    if "/" in word and word in zone_names():
        return ZoneInfo(zone_names()[word]), ""
    return None, word if word in PLACE_OF and len(word) > 2 else ""


def _moved(here: datetime, ahead: dict[str, Decimal], *, back: bool) -> tuple[datetime, timedelta]:
    """The wall clock after whole days, weeks, months and years, and the exact hours that come on top."""
    whole = {f"{unit}s": int(ahead[unit]) for unit in ahead.keys() - _EXACT}
    exact = length_of({unit: ahead[unit] for unit in ahead.keys() & _EXACT})
    sign = -1 if back else 1
    try:
        return here + sign * relativedelta(**whole), sign * exact  # type: ignore[arg-type]
    except (ValueError, OverflowError):
        raise TimeProblem(f"That is too far away; give a date within {FURTHEST.years} years.") from None


def _settled(phrase: _Phrase, here: datetime, default_time: time | None, *, past_ok: bool) -> datetime:
    """The wall-clock time of a day and clock; a weekday or a bare clock that has passed comes round again."""
    assert phrase.day is not None
    day, clock = phrase.day.on(here.date()), phrase.clock or default_time or time()
    again = phrase.day.again
    if again and day == here.date():
        passed = phrase.clock is None or datetime.combine(day, phrase.clock) < here
        if passed and not (past_ok and phrase.day.any_hour):
            day += again
    return datetime.combine(day, clock)


def _instant(local: datetime, where: tzinfo, abbreviation: str = "") -> tuple[datetime, str]:
    """The instant in UTC, and how a missing or repeated hour was settled."""
    if not isinstance(where, ZoneInfo):
        return local.replace(tzinfo=where).astimezone(UTC), ""
    at = at_local(local, where)
    hour = hour_of(local, where)
    if abbreviation:
        at = _as_abbreviated(at, local, where, abbreviation)
        hour = Hour.ONCE if hour is Hour.TWICE else hour
    if hour is Hour.MISSING:
        shown = show_moment(at, where)
        return at, f"{local:%H:%M} does not exist on {show_date(local)} in {where.key}; I took {shown}."
    if hour is Hour.TWICE:
        shown = show_moment(at, where)
        return (
            at,
            f"{local:%H:%M} comes twice on {show_date(local)} in {where.key}; I took the first, {shown}.",
        )
    return at, ""


def _as_abbreviated(at: datetime, local: datetime, where: ZoneInfo, abbreviation: str) -> datetime:
    """The instant at which the zone goes by this abbreviation, which also tells a repeated hour apart."""
    second = local.replace(tzinfo=where, fold=1).astimezone(UTC)
    for instant in (at, second):
        if (instant.astimezone(where).tzname() or "").casefold() == abbreviation:
            return instant
    name = at.astimezone(where).tzname()
    short = abbreviation.upper()
    raise TimeProblem(f"Your zone {where.key} goes by {name} then, not {short}; leave {short} out or add UTC.")


def _refuse_past(moment: Moment, now: datetime, words: str, *, whole_day: bool) -> None:
    if moment.at >= now:
        return
    day, today = (at.astimezone(moment.zone).date() for at in (moment.at, now))
    if whole_day and not moment.has_time:
        if day >= today:
            return  # today, without an hour, has not passed
        raise TimeProblem(f"{quoted(words)} means {show_date(day)}, which has passed; give a later date.")
    shown = show_moment(moment.at, moment.zone)
    raise TimeProblem(f"{quoted(words)} means {shown}, which has passed; give a later time.")
