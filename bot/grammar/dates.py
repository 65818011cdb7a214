"""The forms in which people name a day: fri, next tue, 24 dec, 24.12.2026, the 15th, end of month."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time

from dateutil.parser import isoparse
from dateutil.relativedelta import relativedelta
from dateutil.relativedelta import weekday as on_weekday

from bot.grammar.clocks import MONTHS, TimeProblem, show_date
from conference.recurrence import WEEKDAY_NAMES, WEEKDAY_OF

_EVENING = time(20)
_LONG_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
MONTH_OF = {
    **{long: number for number, long in enumerate(_LONG_MONTHS, 1)},
    **{long[:3]: number for number, long in enumerate(_LONG_MONTHS, 1)},
    "sept": 9,
}
_DAYS_AWAY = {
    "today": 0,
    "tomorrow": 1,
    "yesterday": -1,
    "day after tomorrow": 2,
    "the day after tomorrow": 2,
}
_STEPS = {
    "next week": relativedelta(weeks=1),
    "next month": relativedelta(months=1),
    "next year": relativedelta(years=1),
}
_ENDS = {
    "month": relativedelta(day=31),
    "this month": relativedelta(day=31),
    "next month": relativedelta(months=1, day=31),
    "year": relativedelta(month=12, day=31),
    "this year": relativedelta(month=12, day=31),
}


@dataclass(frozen=True, slots=True)
class Day:
    """A day in words: its date as seen from today, and how the words go on.

    again is the step to the next such day where today's has passed; loose days take a bare hour, as in
    "tomorrow 9"; evening is the hour that the words themselves mean; any_hour marks a clock without a day.
    """

    on: Callable[[date], date]
    again: relativedelta | None = None
    loose: bool = False
    evening: time | None = None
    any_hour: bool = False


def day_in(text: str) -> Day | None:
    """The day that plain words name, else None. Its date may yet be refused with TimeProblem."""
    if text in _DAYS_AWAY:
        days = relativedelta(days=_DAYS_AWAY[text])
        return Day(lambda today: today + days, loose=True)
    if text == "tonight":
        return Day(lambda today: today, loose=True, evening=_EVENING)
    if text in _STEPS:
        return Day(lambda today: today + _STEPS[text])
    if end := _ENDS.get(re.sub(r"^(?:the )?end of (?:the )?", "", text)) if "end of " in text else None:
        return Day(lambda today: today + end)
    return _weekday_in(text) or _dated(text)


def _weekday_in(text: str) -> Day | None:
    which, _, name = text.rpartition(" ")
    number = WEEKDAY_OF.get(name)
    if number is None:
        return None
    monday = relativedelta(weekday=on_weekday(0, -1))
    match which:
        case "":
            coming = relativedelta(weekday=on_weekday(number, +1))
            return Day(lambda today: today + coming, again=relativedelta(weeks=1), loose=True)
        case "this":
            return Day(lambda today: today + monday + relativedelta(days=number), loose=True)
        case "next":
            return Day(lambda today: today + monday + relativedelta(days=7 + number), loose=True)
        case "last":
            before = relativedelta(days=-1, weekday=on_weekday(number, -1))
            return Day(lambda today: today + before, loose=True)
    return None


def _dated(text: str) -> Day | None:
    """A calendar date, perhaps after its weekday, which then has to be right."""
    first, _, rest = text.partition(" ")
    weekday = WEEKDAY_OF.get(first)
    words = text if weekday is None else rest
    for pattern, read in _FORMS:
        if found := pattern.fullmatch(words):
            on = read(*found.groups())
            return Day(on if weekday is None else _on_its_weekday(on, weekday)) if on else None
    return None


def _on_its_weekday(on: Callable[[date], date], weekday: int) -> Callable[[date], date]:
    def checked(today: date) -> date:
        day = on(today)
        if day.weekday() != weekday:
            raise TimeProblem(
                f"{show_date(day)[4:]} is a {WEEKDAY_NAMES[day.weekday()].title()}, not a "
                f"{WEEKDAY_NAMES[weekday].title()}; give one of the two."
            )
        return day

    return checked


def _on(day: int, month: int, year: int | None) -> Callable[[date], date]:
    """That date, or without a year the next such date."""

    def found(today: date) -> date:
        if not 1 <= month <= 12:
            raise TimeProblem(f"There is no month {month}; give a date such as 24 dec or 2026-12-24.")
        years = (year,) if year is not None else tuple(range(today.year, today.year + 9))  # a leap day is 8 years off
        for candidate in years:
            try:
                on = isoparse(f"{candidate:04}-{month:02}-{day:02}").date()
            except ValueError:
                continue
            if year is not None or on >= today:
                return on
        when = f"{MONTHS[month - 1]} {year}" if year is not None else MONTHS[month - 1]
        raise TimeProblem(f"There is no {day} {when}; give a date that exists, such as 1 {when}.")

    return found


def _monthly(day: str) -> Callable[[date], date] | None:
    """The next such day of a month, passing over months that are too short."""
    number = int(day)
    if not 1 <= number <= 31:
        return None

    def found(today: date) -> date:
        firsts = (today + relativedelta(day=1, months=ahead) for ahead in range(4))
        days = (first + relativedelta(day=number) for first in firsts)
        return next(on for on in days if on.day == number and on >= today)

    return found


def _slashed(first: str, second: str, year: str | None) -> Callable[[date], date] | None:
    """Month and day around a slash, read only where one reading exists."""
    one, two = int(first), int(second)
    number = int(year) if year else None
    if one > 12 or two > 12 or one == two:
        return _on(one, two, number) if one > 12 else _on(two, one, number)

    def refused(today: date) -> date:
        tail = f" {year}" if year else ""
        readings = [f"{day} {MONTHS[month - 1]}{tail}" for day, month in ((one, two), (two, one))]
        written = f"{first}/{second}" + (f"/{year}" if year else "")
        raise TimeProblem(
            f"{written} could be {readings[0]} or {readings[1]}. Type the month as a word, such as "
            f"{readings[1].lower()}."
        )

    return refused


_MONTH = "|".join(sorted(MONTH_OF, key=len, reverse=True))
_Reader = Callable[..., Callable[[date], date] | None]
_FORMS: tuple[tuple[re.Pattern[str], _Reader], ...] = (
    (
        re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})"),
        lambda year, _, month, day: _on(int(day), int(month), int(year)),
    ),
    (
        re.compile(r"([0-9]{1,2})\. ?([0-9]{1,2})\. ?([0-9]{4})?"),
        lambda day, month, year: _on(int(day), int(month), int(year) if year else None),
    ),
    (re.compile(r"([0-9]{1,2})/([0-9]{1,2})(?:/([0-9]{4}))?"), _slashed),
    (
        re.compile(rf"(?:the )?([0-9]{{1,2}})(?:st|nd|rd|th|\.)?[ -]?(?:of )?({_MONTH})\.?(?:[ -]([0-9]{{4}}))?"),
        lambda day, month, year: _on(int(day), MONTH_OF[month], int(year) if year else None),
    ),
    (
        re.compile(rf"({_MONTH})\.? ?(?:the )?([0-9]{{1,2}})(?:st|nd|rd|th)?(?: ([0-9]{{4}}))?"),
        lambda month, day, year: _on(int(day), MONTH_OF[month], int(year) if year else None),
    ),
    (re.compile(r"the ([0-9]{1,2})(?:st|nd|rd|th)"), _monthly),
)
