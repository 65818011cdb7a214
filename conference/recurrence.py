"""Recurrence in words: every tue, every other tue, every 1st mon of the month; and the meetings that follow.

A rule is RFC 5545 text in one of few shapes, each of which comes round again within a bounded number of
steps, so that no rule, however it was stored, can keep the bot counting.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from conference.local_time import at_local

WEEKDAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKDAY_OF = {
    **{name: number for number, name in enumerate(WEEKDAY_NAMES)},
    **{name[:3]: number for number, name in enumerate(WEEKDAY_NAMES)},
    "tues": 1,
    "weds": 2,
    "thur": 3,
    "thurs": 3,
}
HORIZON = timedelta(days=3660)  # no calendar is filled further ahead
LONGEST = 80  # characters
TRIES = "every tue, every other tue, every 1st mon of the month or monthly on the 15th"

_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WORKDAYS = range(5)
_FREQ = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}
_ADVERBS = {
    "daily": "day",
    "weekly": "week",
    "fortnightly": "fortnight",
    "monthly": "month",
    "quarterly": "quarter",
    "yearly": "year",
    "annually": "year",
}
_LARGER = {"fortnight": (2, "week"), "quarter": (3, "month")}
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1}
_NUMBERS_IN_WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eight": 8, "ten": 10, "twelve": 12}
_UNCLEAR = {
    "biweekly": "every 2 weeks on mon or every mon and thu",
    "bi-weekly": "every 2 weeks on mon or every mon and thu",
    "bimonthly": "every 2 months or every 1st and 3rd mon of the month",
    "bi-monthly": "every 2 months or every 1st and 3rd mon of the month",
    "twice a week": "the days, e.g. every mon and thu",
    "twice a month": "the days, e.g. every 1st and 3rd mon of the month",
}

_NAMED = {f"{name}s": number for name, number in WEEKDAY_OF.items()} | WEEKDAY_OF
_DAY = "(?:" + "|".join(sorted(_NAMED, key=len, reverse=True)) + ")"
_DAYS = rf"{_DAY}(?:(?:, and | and |, ?| ?[&+/] ?){_DAY})*"
_NTH = r"(?:[1-5](?:st|nd|rd|th)|first|second|third|fourth|fifth|last)"
_NTHS = rf"{_NTH}(?:(?:, and | and |, ?| ?[&+/] ?){_NTH})*"
_OF_MONTH = r"(?: (?:of|in) (?:the|each|every) month| of month)?"
_UNIT = re.compile(
    r"(?:every|each) (?:(other|[0-9]{1,3}|[2-9](?:nd|rd|th)) )?(day|week|fortnight|month|quarter|year)s?(?: (.+))?"
)
_WEEKDAYS = re.compile(rf"(?:every|each) (?:(?:(other) )?({_DAYS})|weekdays?)")
_NTH_OF_MONTH = re.compile(
    rf"(?:every|each) (?:the )?({_NTHS} (?:{_DAY}|weekday)|last day|[0-9]{{1,2}}(?:st|nd|rd|th)){_OF_MONTH}"
)
_SECOND = re.compile(rf"(?:every|each) (?:2nd|second) ({_DAY})")
_NTH_WEEKDAY = re.compile(rf"(?:the )?({_NTHS}) ({_DAY}|weekday){_OF_MONTH}")
_MONTH_DAY = re.compile(r"(?:the )?(?:day )?([0-9]{1,2})(?:st|nd|rd|th)?" + _OF_MONTH)
_LAST_DAY = re.compile(r"(?:the )?last day" + _OF_MONTH)

_SAME: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(?:working|work|business|week)[ -]?days?\b"), "weekday"),
    (re.compile(r"\b(?:mon|monday)s? ?(?:-|to|through) ?(?:fri|friday)s?\b"), "weekday"),
    (re.compile(r"\bsecond (?=weeks?\b|months?\b)"), "2 "),
    (re.compile(r"^(?:every |on )?(?:alternate|alternating) "), "every other "),
    (re.compile(r"^once (?:a|every|each|per) "), "every "),
    (re.compile(r"^all "), "every "),
    (
        re.compile(rf"^(?:on )?(?:the )?({_NTHS} (?:{_DAY}|weekday)|last day|[0-9]{{1,2}}(?:st|nd|rd|th)) of "),
        r"every \1 of ",
    ),
    (re.compile(rf"^({_NTHS} (?:{_DAY}|weekday)) (?:of (?:the|each|every) month|monthly)$"), r"every \1 of the month"),
    (
        re.compile(rf"^(?:on )?({_DAYS}) (every (?:other |[0-9]{{1,2}} )?(?:week|fortnight)s?|fortnightly|weekly)$"),
        r"\2 on \1",
    ),
    (re.compile(r"^bi-?weekly (?=on |[a-z])"), "every 2 weeks "),
    (re.compile(r"^(?:on )?weekday$"), "every weekday"),
)
"""Other words for the same: working days, two weeks, alternate tuesdays, 3rd wed of the month."""

_PLAIN_DAYS = r"(?:MO|TU|WE|TH|FR|SA|SU)(?:,(?:MO|TU|WE|TH|FR|SA|SU)){0,6}"
_NTH_DAYS = r"-?[1-5](?:MO|TU|WE|TH|FR|SA|SU)(?:,-?[1-5](?:MO|TU|WE|TH|FR|SA|SU)){0,4}"
_EVERY_MONTH_HAS = r"-?(?:1[0-9]|2[0-8]|[1-9])"
_NUMBERS = r"(?:INTERVAL=[1-9][0-9]?;)?(?:COUNT=[1-9][0-9]{0,2};)?"
_SHAPES = {
    "FREQ=DAILY": re.compile(_NUMBERS),
    "FREQ=WEEKLY": re.compile(rf"{_NUMBERS}(?:BYDAY={_PLAIN_DAYS};)?"),
    "FREQ=MONTHLY": re.compile(
        rf"{_NUMBERS}(?:BYDAY={_NTH_DAYS};|BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-?1;|BYMONTHDAY={_EVERY_MONTH_HAS}(?:,29|,30|,31){{0,3}};(?:BYSETPOS=-?1;)?)?"
    ),
    "FREQ=YEARLY": re.compile(_NUMBERS),
}


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule (RFC 5545 RRULE text) and the words for it. Raises ValueError for a rule of another shape."""

    rrule: str
    words: str

    def __post_init__(self) -> None:
        if len(self.rrule) > LONGEST or not _is_bounded(self.rrule):
            raise ValueError(f"This recurrence is not supported. Try {TRIES}.")


def _is_bounded(rrule: str) -> bool:
    """Whether the rule has one of the few shapes that always come round again."""
    freq, _, rest = rrule.partition(";")
    shape = _SHAPES.get(freq)
    return shape is not None and shape.fullmatch(f"{rest};" if rest else "") is not None


def read_recurrence(words: str) -> Recurrence:
    """The rule that the words mean. Raises ValueError with one sentence for the person."""
    if len(words) > LONGEST:
        raise ValueError(f"That is too long for a recurrence. Try {TRIES}.")
    read = _rule_in(_plain(words))
    if isinstance(read, Recurrence):
        return read
    shown = " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())
    raise ValueError(read or f'I cannot read "{shown[:40]}" as a recurrence. Try {TRIES}.')


def take_recurrence(words: Sequence[str]) -> int:
    """How many leading words of a command belong to a recurrence: the longest phrase, 0 for none."""
    best, text = 0, ""
    for count, word in enumerate(words[:12], 1):
        if len(text) + len(word) >= LONGEST:
            break
        text = f"{text} {word}".strip()
        best = count if _rule_in(_plain(text)) is not None else best
    return best


def _plain(words: str) -> str:
    return " ".join(words.casefold().split()).rstrip(",;!?.").strip().replace("–", "-").replace("—", "-")


def _rule_in(text: str) -> Recurrence | str | None:
    """The rule, or the sentence that refuses an unclear one, or None where this is no recurrence."""
    if text in _UNCLEAR:
        return f'"{text}" can mean two things. Type {_UNCLEAR[text]}.'
    if unclear := _SECOND.fullmatch(text):
        day = WEEKDAY_NAMES[_NAMED[unclear[1]]][:3]
        return f'"{text}" can mean two things. Type every other {day} or every 2nd {day} of the month.'
    text = _in_one_way(text)
    if found := _WEEKDAYS.fullmatch(text):
        return _weekly(2 if found[1] else 1, found[2] or "weekday")
    if found := _NTH_OF_MONTH.fullmatch(text):
        return _monthly(1, found[1])
    if found := _UNIT.fullmatch(text):
        interval = {None: 1, "other": 2}.get(found[1]) or int(found[1].rstrip("ndrth"))
        if not 1 <= interval <= 99:
            return f"A recurrence comes every 1 to 99 {found[2]}s. Try {TRIES}."
        return _by_unit(interval, found[2], (found[3] or "").removeprefix("on "))
    return None


def _in_one_way(text: str) -> str:
    """The same phrase in the words that the patterns know."""
    for pattern, same in _SAME:
        text = pattern.sub(same, text)
    for word, number in _NUMBERS_IN_WORDS.items():
        text = text.replace(f"every {word} ", f"every {number} ")
    adverb, _, tail = text.partition(" ")
    if unit := _ADVERBS.get(adverb):
        return f"every {unit} {tail}".strip()
    return f"every {text}" if re.fullmatch(_DAYS, text) and f"{text}s" not in _NAMED and text.endswith("s") else text


def _by_unit(interval: int, unit: str, tail: str) -> Recurrence | str | None:
    factor, unit = _LARGER.get(unit, (1, unit))
    interval *= factor
    if interval > 99:
        return None
    if tail and unit == "week":
        return _weekly(interval, tail) if tail == "weekday" or re.fullmatch(_DAYS, tail) else None
    if tail and unit == "month":
        return _monthly(interval, tail)
    return None if tail else Recurrence(f"FREQ={_FREQ[unit]}{_interval(interval)}", _every(interval, unit))


def _weekly(interval: int, days: str) -> Recurrence:
    named = sorted({_NAMED[name] for name in re.findall(_DAY, days)})
    numbers = list(_WORKDAYS) if days == "weekday" else named
    listed = _joined([WEEKDAY_NAMES[number][:3] for number in numbers])
    words = f"every other {listed}" if interval > 1 else f"every {listed}"
    if interval == 1 and numbers == list(_WORKDAYS):
        words = "every weekday"
    codes = ",".join(_CODES[number] for number in numbers)
    return Recurrence(
        f"FREQ=WEEKLY{_interval(interval)};BYDAY={codes}",
        words if interval <= 2 else f"{_every(interval, 'week')} on {listed}",
    )


def _monthly(interval: int, tail: str) -> Recurrence | str | None:
    every, rule = _every(interval, "month"), f"FREQ=MONTHLY{_interval(interval)}"
    if _LAST_DAY.fullmatch(tail):
        return Recurrence(f"{rule};BYMONTHDAY=-1", f"{every} on the last day")
    if found := _MONTH_DAY.fullmatch(tail):
        day = int(found[1])
        if not 1 <= day <= 31:
            return f"No month has a day {day}. Try monthly on the 15th."
        return Recurrence(rule + _on_day(day), f"{every} on the {_ordinal(day)}")
    if found := _NTH_WEEKDAY.fullmatch(tail):
        numbers = sorted({_number(nth) for nth in re.findall(_NTH, found[1])}, key=lambda nth: nth % 6)
        return _on_nth(interval, numbers, found[2])
    return None


def _on_nth(interval: int, numbers: Sequence[int], day: str) -> Recurrence | str:
    every, rule = _every(interval, "month"), f"FREQ=MONTHLY{_interval(interval)}"
    listed = _joined([_ordinal(number) for number in numbers])
    if day == "weekday":
        if list(numbers) not in ([1], [-1]):
            return "Of the working days only the first and the last of a month can be named. Try monthly on the 3rd."
        return Recurrence(
            f"{rule};BYDAY=MO,TU,WE,TH,FR;BYSETPOS={numbers[0]}",
            f"{every} on the {'first' if numbers[0] > 0 else 'last'} working day",
        )
    weekday = _NAMED[day]
    codes = ",".join(f"{number}{_CODES[weekday]}" for number in numbers)
    named = f"{listed} {WEEKDAY_NAMES[weekday][:3]}"
    words = f"every {named} of the month" if interval == 1 else f"{every} on the {named}"
    return Recurrence(f"{rule};BYDAY={codes}", words)


def _on_day(day: int) -> str:
    """That day of the month, or a shorter month's last: no meeting is passed over in silence."""
    if day <= 28:
        return f";BYMONTHDAY={day}"
    return f";BYMONTHDAY={','.join(str(number) for number in range(28, day + 1))};BYSETPOS=-1"


def _number(nth: str) -> int:
    return _ORDINALS.get(nth) or int(nth[0])


def _ordinal(number: int) -> str:
    if number < 0:
        return "last"
    ending = "th" if number in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _interval(interval: int) -> str:
    return f";INTERVAL={interval}" if interval > 1 else ""


def _every(interval: int, unit: str) -> str:
    if interval == 1:
        return {"day": "every day", "week": "weekly", "month": "monthly", "year": "yearly"}[unit]
    return f"every {interval} {unit}s"


def _joined(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def anchored(rule: Recurrence, start: datetime) -> str:
    """The RRULE text as it counts from this start: monthly from the 31st takes a shorter month's last day."""
    has_day = "BYDAY" in rule.rrule or "BYMONTHDAY" in rule.rrule
    return rule.rrule if has_day or "=MONTHLY" not in rule.rrule else rule.rrule + _on_day(start.day)


def first_start(rule: Recurrence, on: date, at: time) -> datetime:
    """The naive local start of a series made on this day: the first day that matches; intervals count on."""
    start = datetime.combine(on, at)
    every = re.sub(r";(?:INTERVAL|COUNT)=[0-9]+", "", anchored(rule, start))
    return rrulestr(every, dtstart=start)[0]


def dated(
    rule: Recurrence,
    start: datetime,
    zone: ZoneInfo,
    after: datetime,
    before: datetime,
    *,
    limit: int = 400,
    without: frozenset[date] = frozenset(),
) -> dict[datetime, datetime]:
    """The rule's instants in UTC, each with its local time as the rule says it, from after up to before, which is
    left out; at most limit, within ten years.

    start is naive local time in zone; without holds local dates that are skipped. The wall clock stays the
    same over the year: a missing hour moves one hour on, a repeated hour is its first (RFC 5545, 3.3.5).
    """
    if start.tzinfo is not None:
        raise ValueError("A series starts at a local time without a zone of its own.")
    after = max(after.astimezone(UTC), at_local(start, zone))
    if before <= after:
        return {}
    before = after + min(before - after, HORIZON)
    last = before.astimezone(zone).replace(tzinfo=None)
    text = anchored(rule, start)
    first = _near(text, start, after.astimezone(zone).replace(tzinfo=None))
    found: dict[datetime, datetime] = {}  # a day that a zone left out falls on the next one's meeting
    for local in rrulestr(text, dtstart=first):
        if local - last > timedelta(days=1) or len(found) >= limit:
            break
        at = at_local(local, zone)
        if after <= at < before and local.date() not in without:
            found.setdefault(at, local)
    return found


def _near(text: str, start: datetime, after: datetime) -> datetime:
    """A start shortly before after from which a daily or weekly rule counts alike: old series stay quick."""
    unit = {"FREQ=DAILY": 1, "FREQ=WEEKLY": 7}.get(text.partition(";")[0])
    if unit is None or "COUNT=" in text:
        return start
    interval = re.search(r"INTERVAL=([0-9]+)", text)
    step = timedelta(days=unit * int(interval[1] if interval else 1))
    return start + max(0, (after - start) // step - 2) * step
