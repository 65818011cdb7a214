"""The value of one parameter from its words."""

import re
from datetime import time
from difflib import get_close_matches

from bot.grammar.clocks import clock_in, plain
from bot.grammar.params import Holder, Param, Reading, Type
from bot.grammar.rhythm import read_rhythm
from bot.grammar.times import (
    Moment,
    read_clock,
    read_date,
    read_dates,
    read_duration,
    read_moment,
    read_span,
    read_zone,
)
from conference.people import Account, Ambiguous, Discipline, find_member, read_discipline
from conference.recurrence import WEEKDAY_OF
from conference.refusal import Refusal

END_OF_WORK = time(17, 0)
_LIST = re.compile(r"\s*[,;]\s*(?:and\s+|or\s+)?|\s+(?:and|or|&)\s+", re.IGNORECASE)
_ACCOUNT = re.compile(r"[^\s\"'<>&]{1,200}")


def value(param: Param, words: str, reading: Reading) -> object:
    """The value, of the type that the parameter names. Raises ``Refusal`` or ``TimeProblem`` in plain words."""
    match param.type:
        case Type.MOMENT:
            return read_moment(words, reading.now, reading.zone)
        case Type.MOMENTS:
            return _moments(words, reading)
        case Type.DUE:
            return read_moment(words, reading.now, reading.zone, default_time=END_OF_WORK)
        case Type.DATE:
            return read_date(words, reading.now, reading.zone)
        case Type.DATES:
            return read_dates(words, reading.now, reading.zone)
        case Type.DURATION:
            return read_duration(words)
        case Type.CLOCK:
            return read_clock(words)
        case Type.SPAN:
            return read_span(re.sub(r"^\s*(?:from|between)\s+", "", words, flags=re.IGNORECASE))
        case Type.WEEKDAYS:
            return _weekdays(words)
        case Type.ZONE:
            return read_zone(words)
        case Type.RECURRENCE:
            return read_rhythm(words)
        case _:
            return _name(param, words, reading)


def _name(param: Param, words: str, reading: Reading) -> object:
    match param.type:
        case Type.PERSON:
            return find_member(words, reading.members())
        case Type.NEWCOMER:
            return _newcomer(words)
        case Type.DISCIPLINE:
            return read_discipline(words, reading.disciplines)
        case Type.DISCIPLINES:
            return _disciplines(words, reading)
        case Type.HOLDER:
            return _holder(words, reading)
        case Type.NUMBER:
            return _number(words)
        case Type.NUMBERS:
            return tuple(_number(w) for w in re.split(r"[,\s]+", words) if w and w.casefold() not in ("and", "none"))
        case Type.CHOICE:
            return _choice(param, words)
        case _:
            return words


def parts(words: str) -> list[str]:
    """The members of a list in words: with commas, semicolons or “and”."""
    return [part for part in (w.strip() for w in _LIST.split(words)) if part]


def _moments(words: str, reading: Reading) -> tuple[Moment, ...]:
    """Several times; one without a day beside others that name theirs could mean either day, so it is asked about."""
    them = parts(words)
    bare = [p for p in them if clock_in(plain(p)) is not None]
    if bare and len(bare) < len(them):
        raise Refusal(f"Say the day of “{bare[0][:40]}” as well, e.g. tue {bare[0][:40]}.")
    return tuple(read_moment(p, reading.now, reading.zone) for p in them)


def _weekdays(words: str) -> frozenset[int]:
    """Weekdays in a list, in full or short; the weekend is two of them."""
    found: set[int] = set()
    for name in re.split(r"[\s,;&+/]+", words.casefold()):
        day = WEEKDAY_OF.get(name, WEEKDAY_OF.get(name.removesuffix("s")))
        if day is not None:
            found.add(day)
        elif name in ("weekend", "weekends"):
            found |= {5, 6}
        elif name not in ("", "and", "on"):
            raise Refusal(f"“{name[:40]}” is no weekday. Say them like sat,sun or friday.")
    return frozenset(found)


def _disciplines(words: str, reading: Reading) -> tuple[Discipline, ...]:
    """Disciplines in a list; without commas each word is one."""
    them = parts(words)
    if len(them) == 1 and not _is_discipline(words, reading):
        them = words.split()
    return tuple(dict.fromkeys(read_discipline(p, reading.disciplines) for p in them))


def _is_discipline(words: str, reading: Reading) -> bool:
    try:
        read_discipline(words, reading.disciplines)
    except Refusal:
        return False
    return True


def _newcomer(words: str) -> Account:
    """An account that need not be in the team yet, as the platform spells it."""
    if not _ACCOUNT.fullmatch(words.removeprefix("@")):
        raise Refusal(f"“{words[:40]}” is no account. Mention the person, e.g. @dana.")
    return Account(words)


def _holder(words: str, reading: Reading) -> Holder:
    if words.startswith("@"):
        return Holder(account=find_member(words, reading.members()).account)
    try:
        return Holder(discipline=read_discipline(words, reading.disciplines))
    except Refusal as unknown:
        try:
            return Holder(account=find_member(words, reading.members()).account)
        except Ambiguous:
            raise
        except Refusal as nobody:
            if "Did you mean" in nobody.text:
                raise
            raise Refusal(f"{unknown.text} Or name a person, e.g. @dana.") from None


def _number(words: str) -> int:
    plain = words.strip("#.,")
    if not (plain.isascii() and plain.isdigit() and len(plain) < 6):
        raise Refusal(f"“{words[:40]}” is not a number.")
    return int(plain)


def _choice(param: Param, words: str) -> str:
    said = " ".join(words.casefold().split())
    if said in param.choices:
        return said
    near = get_close_matches(said, param.choices, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"It is one of {', '.join(param.choices)}."
    raise Refusal(f"“{words[:40]}” does not fit here. {hint}")
