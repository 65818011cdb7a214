"""Dates finer than a year, 45 CFR 164.514(b)(2)(i)(C), in the forms people write, dictate and type."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

from conference.deid.forms import Form, forms
from conference.deid.model import Kind, Mark
from conference.deid.patterns import Page, Table

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec",
        ),
        1,
    )
    for name in names.split()
}


@cache
def table() -> Table[Form]:
    """The forms of dates."""
    return forms("date_forms.txt")


def dates(page: Page) -> Iterator[Mark]:
    """Marks of all dates finer than a year."""
    for form, match in page.matches(table()):
        start, end = match.span(form.group)
        raw = page.text[start:end]
        end -= len(raw) - len(raw.rstrip(" ,-"))
        if not _harmless(page.text, start, end, form.rank, framed=start > match.start()):
            yield Mark(start, end, Kind.DATE, form.reason, 60 + form.rank * 5, form.sure)


_SCORES = re.compile(
    r"(?:(?i:phq|gad|score[ds]?|scoring|scale|bp|moca|mmse|gcs|strength|pain|apgars?|ef|dose|ratio|titer|vision|acuity|rate[ds]?|rating|visual|mini|mental|mood|anxiety|energy|sleep|grade|murmur|power|reflex(?:es)?|"
    r"dtrs?|pulses?|motor|severity|intensity|distress|sud[s]?|desire|satisfaction|confidence|motivation|libido|function|recall|orientation|orient(?:ed)?|vas|nrs|level|depression|stress|craving|hope|index|tanner|stage|strain|"
    r"suboxone|buprenorphine|zubsolv|percocet|norco|vicodin|advair|lotrel|junel|loestrin|microgestin|caduet|vytorin|sinemet|azor|exforge|symbyax|estrostep|yaz|yasmin|combipatch|prempro|augmentin|bactrim|ratio|iv|lisinopril|hctz|losartan|valsartan|benazepril|was a|only|about|cut|half)"
    r")[\s:=,]{0,3}(?:(?i:is|was|of|at|to|from|score|total|now|scored|item|today|and|a|then|down|up|sum|again|still|intensity|by|or|gait)[\s:=]{1,2}){0,3}(?:\d{1,2}/\d{1,2}\s?(?:->|to|,|→|-|then|and)\s?){0,2}\Z"
)
_CAPITALS = re.compile(
    r"(?:(?<![A-Za-z])(?!(?:MRI|CT|EKG|ECG|LMP|EDD|EDC|DOB|RTC|PET|EEG|XR|US|ED|ER|PN|NS|DC|IUD|TSH|OR|ICU|SNF|DOS)\b)[A-Z][A-Z-]{1,8}(?:-?\d{1,2})?)[\s:=,]{0,3}(?:(?i:is|was|of|at|to|from|score|total|now|scored|item|today|and|a|then|down|up|today|sum|again|still|intensity|by|or|gait|today)[\s:=]{1,2}){0,3}(?:\d{1,2}/\d{1,2}\s?(?:->|to|,|→|-|then|and)\s?){0,2}\Z"
)


# A weekday as a habit: "monday mornings", "mon-fri 9 to 5".
_HABIT = re.compile(
    r"\.?\s(?:mornings|afternoons|evenings|nights)\b|\s?(?:-|–|to|thru|through)\s?(?:fri|friday|thurs?|sat)\b(?!\s\d{1,2}(?:st|nd|rd|th|/))",
    re.IGNORECASE,
)
_DAILY = re.compile(r"(?:mon|monday)\.?\s?(?:-|–|to|thru|through)\s?\Z", re.IGNORECASE)
# What follows a weekday rather than a verb or a star.
_CLOSED = re.compile(
    r"\.?\s?(?:[.,;?!)]|$|\n|(?:nite|night|morning|am|pm|afternoon|evening|eve|at \d|\d)\b)", re.IGNORECASE
)
# Totals of common scales: "MoCA 26/30", "strength 5/5"; no scale counts to 17.
_TOTALS = frozenset([
    "2", "3", "4", "5", "6", "7", "8", "9", "10", "12", "15", "18", "20", "21", "22", "24", "25", "27", "28", "30",
])  # fmt: skip


def _harmless(text: str, start: int, end: int, rank: int, *, framed: bool) -> bool:
    """Forms that a date shares with scores, modal verbs and recurring days."""
    raw = text[start:end]
    low = raw.lower()
    if raw.isalpha() and (_HABIT.match(text, end) or _DAILY.search(text[max(0, start - 12) : start])):
        return True
    if "/" in raw and raw.count("/") == 1 and len(raw) <= 5:
        fraction = re.fullmatch(r"(?:1/[2-5]|2/[35]|3/[45]|[45]/5|\d{1,2}/10)", raw) is not None
        before = text[max(0, start - 40) : start]
        return (
            bool(_SCORES.search(before))
            or (raw.rpartition("/")[2] in _TOTALS and bool(_CAPITALS.search(before)))
            or text[end : end + 1] == "%"
            or (rank == 1 and (fraction or raw in ("24/7", "12/24")))
        )
    if re.fullmatch(r"\d{1,2}/(4|5|6|10)\s?(?:-|–|to|thru|through)\s?\d{1,2}/\1", low):
        return True
    if low.startswith(("second may", "first may", "may one", "second march", "may second", "may first")):
        return not raw[-1].isdigit()
    if (
        not framed
        and re.fullmatch(r"(?:may|march|mar|sun|sat|dec) ?(?:\d{1,2}|first|second|third)?", low)
        and not any(c.isdigit() for c in low)
    ):
        day = low in ("sat", "sun") and _CLOSED.match(text, end) is not None
        return not day and (raw[0].islower() or not raw[:1].isalpha())
    return False


OLDEST_YEAR = 1936  # an earlier year may tell an age over 89


def parse(raw: str) -> date | None:
    """The day that a found date names, where it is whole; month first where both readings fit."""
    low = raw.lower()
    numbers = [int(n) for n in re.findall(r"\d+", low)]
    month = next((MONTHS[w] for w in re.findall(r"[a-z]+", low) if w in MONTHS), None)
    try:
        if month and len(numbers) == 2:
            day, year = (numbers[1], numbers[0]) if numbers[0] > 31 else (numbers[0], numbers[1])
            return date(_century(year), month, day)
        if month is None and len(numbers) >= 3:
            a, b, c = numbers[:3]
            if a > 31:
                return date(a, b, c)
            return date(_century(c), a, b) if a <= 12 else date(_century(c), b, a)
    except ValueError:
        return None
    return None


def _century(year: int) -> int:
    return year if year > 99 else year + (2000 if year < 40 else 1900)


def stand_in(raw: str, anchor: date | None) -> str:
    """What may be said instead: the distance from the anchor, the year, or only that a date stood here."""
    day = parse(raw)
    if day and anchor:
        return _distance(day - anchor)
    year = re.search(r"(?<!\d)(?:19|20)\d\d(?!\d)", raw)
    known = int(year.group()) if year else day.year if day else 0
    return str(known) if known >= OLDEST_YEAR else "[date]"


def _distance(gap: timedelta) -> str:
    """A gap in words, coarse enough to read: days under two weeks, then weeks, months and years."""
    days = abs(gap.days)
    if days == 0:
        return "the same day"
    for size, word in ((365, "year"), (61, "month"), (14, "week"), (1, "day")):
        if days >= size:
            unit = {"year": 365.25, "month": 30.44, "week": 7, "day": 1}[word]
            count = round(days / unit)
            return f"{count} {word}{'s' if count != 1 else ''} {'later' if gap.days > 0 else 'earlier'}"
    raise AssertionError
