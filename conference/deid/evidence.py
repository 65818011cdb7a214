"""All that is known of each word of a text before the net is asked: its reading, its vocabulary, the forms it stands in."""

from dataclasses import dataclass
from functools import cache

from conference.deid import ages, dates, names, places, quasi, structured
from conference.deid.context import Reader, Seen
from conference.deid.lexicon import lexicon
from conference.deid.model import Kind, Mark
from conference.deid.patterns import Page, Search
from conference.deid.reading import Reading
from conference.deid.terms import explained
from conference.deid.tokens import Token, tokenise

_FORMED = {Kind.LOCATION: 1, Kind.DATE: 3, Kind.AGE: 5, Kind.EMAIL: 7, Kind.URL: 7, Kind.IP: 7, Kind.PHONE: 9}
_NUMBERED = 11


@dataclass(frozen=True, slots=True)
class Evidence:
    """The tokens with their readings, which of them a vocabulary explains, and the marks of all forms."""

    page: Page
    tokens: list[Token]
    readings: list[Reading]
    clear: bytearray
    numbers: list[Mark]
    dates: list[Mark]
    ages: list[Mark]
    places: list[Mark]


@cache
def _search() -> Search:
    return Search(
        structured.cued(), structured.formed(), structured.published(),
        dates.table(), ages.table(), places.table(), names.table(), quasi.table(),
    )  # fmt: skip


def read_page(text: str) -> Page:
    """The text as all rules read it."""
    return Page(text, _search())


def evidence(text: str, seen: Seen | None = None) -> Evidence:
    """Read the text as far as rules and tables go."""
    book, page, tokens = lexicon(), read_page(text), tokenise(text)
    readings, clear = Reader(tokens, book, seen).read(), explained(tokens)
    found = Evidence(
        page, tokens, readings, clear, structured.structured(page), list(dates.dates(page)), list(ages.ages(page)),
        places.places(page, tokens, book),
    )  # fmt: skip
    _form(text, found)
    return found


def _form(text: str, found: Evidence) -> None:
    """Write into the readings what kind of form each stands in, whether a vocabulary explains it, how it is glued."""
    codes = bytearray(len(text))
    for mark in (*found.places, *found.numbers, *found.dates, *found.ages):
        code = _FORMED.get(mark.kind, _NUMBERED) + (not mark.sure)
        codes[mark.start : mark.end] = bytes([code]) * (mark.end - mark.start)
    before, end = None, -1
    for reading, is_clear in zip(found.readings, found.clear, strict=True):
        token = reading.token
        reading.explained, reading.formed = is_clear == 1, codes[token.start]
        if token.start == end and before is not None:
            before.glued |= 2
            reading.glued = 1
        before, end = reading, token.end
