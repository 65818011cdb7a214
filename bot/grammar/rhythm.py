"""A rhythm: how often and at which hour, in the orders in which people say it: every tue 8-9am, 8am on tuesdays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.grammar.clocks import amounts_in, clock_in, length_of, plain, read_clock, zone_names
from conference.recurrence import Recurrence, read_recurrence, take_recurrence
from conference.refusal import Refusal

_LEADS = {"at", "@", "from", "between", "on", "to", "to:"}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What was said of it; what was left out is None, or "" for the zone."""

    rule: Recurrence | None
    at: time | None
    length: timedelta | None = None
    zone: str = ""


def is_rhythm(words: Sequence[str]) -> bool:
    """Whether the words are a rhythm and nothing else, by their form."""
    return _parted(words)[0] is not None


def read_rhythm(words: str) -> Rhythm:
    """The rhythm that the words name. Raises Refusal, ValueError or TimeProblem in one sentence."""
    parts, hours, zone = _parted(words.split())
    if parts is None:
        count = take_recurrence(words.split())
        if count:
            read_clock(" ".join(words.split()[count:]))  # says what is wrong with the hour
        tries = "every tue 08:00, every weekday 8am or monthly on the 15th 12:00"
        raise Refusal(f"I cannot read “{words[:40]}” as a rhythm. Try {tries}.")
    try:
        rule = read_recurrence(" ".join(parts)) if parts else None
    except ValueError as problem:
        raise Refusal(str(problem)) from None
    at, length = hours
    return Rhythm(rule, at, length, zone)


def _parted(words: Sequence[str]) -> tuple[list[str] | None, tuple[time | None, timedelta | None], str]:
    """The words of the recurrence, None where this is no rhythm; the hour with its length; the zone."""
    tokens, zone = list(words), ""
    while tokens and tokens[0].casefold() == "to":
        tokens.pop(0)
    if len(tokens) > 1 and "/" in tokens[-1] and plain(tokens[-1]) in zone_names():
        zone = zone_names()[plain(tokens.pop())]
    count = take_recurrence(tokens)
    if count and count == len(tokens):
        return tokens, (None, None), zone
    if count and (hours := _hours(tokens[count:])):
        return tokens[:count], hours, zone
    for end in range(1, min(len(tokens), 6) + 1):
        if hours := _hours(tokens[:end]):
            rest = tokens[end:]
            if rest and rest[0].casefold() == "on" and not take_recurrence(rest):
                rest = rest[1:]
            if not rest or take_recurrence(rest) == len(rest):
                return rest, hours, zone
    return None, (None, None), ""


def _hours(words: Sequence[str]) -> tuple[time, timedelta | None] | None:
    """An hour (8am), hours (8-9am, 8 to 9) or an hour and a length (8:00, 1h)."""
    tokens = list(words)
    while tokens and tokens[0].casefold() in _LEADS:
        tokens.pop(0)
    for cut in range(len(tokens), 0, -1):
        clock = clock_in(plain(" ".join(tokens[:cut])), bare=True)
        amounts = amounts_in(plain(" ".join(tokens[cut:]))) if cut < len(tokens) else {}
        if clock and amounts is not None and amounts.keys() <= {"hour", "minute"}:
            return clock, length_of(amounts) if amounts else None
    return _span(plain(" ".join(tokens)))


def _span(text: str) -> tuple[time, timedelta | None] | None:
    """From an hour to an hour; "1-2pm" begins in the afternoon, "11-1pm" in the morning."""
    for mark in ("-", " to ", " until ", " and "):
        first, found, last = (part.strip() for part in text.partition(mark))
        ends = clock_in(last, bare=True) if found else None
        if ends is None:
            continue
        half = last[-2:] if last[-2:] in ("am", "pm") and not first.endswith(("am", "pm")) else ""
        begins = [c for c in (clock_in(first + half, bare=True), clock_in(first, bare=True)) if c and c != ends]
        spans = [((_on(ends) - _on(b)) % _DAY, b) for b in begins]
        if spans:
            length, begin = min(spans)
            return begin, length
    return None


def _on(clock: time) -> datetime:
    return datetime.combine(date.min, clock)
