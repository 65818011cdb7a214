"""Places with a form: street addresses, postal codes, named care sites and schools.

45 CFR 164.514(b)(2)(i)(B): all subdivisions smaller than a state. Three digits of a ZIP may stay where the area
holds more than 20,000 people; the full code goes and its first three digits stay only then.
"""

import re
from collections.abc import Iterator
from functools import cache

from conference.deid.known import STATE_CODES, STATES
from conference.deid.lexicon import Lexicon
from conference.deid.model import Kind, Mark
from conference.deid.tokens import Shape, Token

# Three-digit ZIP areas of 20,000 or fewer people, 2000 Census, as the Office for Civil Rights lists them in its
# guidance on de-identification (26 November 2012): their codes become 000.
SMALL_ZIPS = frozenset("036 059 063 102 203 556 692 790 821 823 830 831 878 879 884 890 893".split())
_ADDRESS = "street address, (B)"
_STOP = frozenset(
    "mg mcg ml units days day weeks week months month years year hours hour minutes times time the a an of in on for to with and or per at every mm cm kg lbs percent beats tablets tabs "
    "tablet pills doses dose patients people men women episodes visits sessions drinks packs pack more less is was his her x points out steps right left other".split()
)


@cache
def _rules() -> tuple[tuple[int, bool, str, re.Pattern[str]], ...]:
    states = "|".join(sorted(STATE_CODES))
    long = "|".join(re.escape(s) for s in sorted(STATES, key=len, reverse=True))
    return (
        (70, True, "post box, (B)", re.compile(r"\bP\.?\s?O\.?\s?Box\s?#?\s?\d{1,8}\b", re.IGNORECASE)),
        (64, True, "ZIP code, (B)", re.compile(r"\b(?:zip|zip ?code|postal code|postcode|post code)\b[\s:#]{0,3}(?:is\s|was\s|of\s)?(?P<v>\d{5}(?:-\d{4})?|[A-Za-z]\d[A-Za-z] ?\d[A-Za-z]\d|[A-Za-z]{1,2}\d[A-Za-z\d]? ?\d[A-Za-z]{2})\b", re.IGNORECASE)),
        (64, True, "ZIP code, (B)", re.compile(rf"\b(?:(?:{states})|(?i:{states})(?=,? \d{{5}}\b)|(?i:{long})),?\s{{1,3}}(?P<v>\d{{5}}(?:-\d{{4}})?)(?![\d,.]\d)")),
        (64, True, "postal code, (B)", re.compile(r"\b[A-Z]\d[A-Z] ?\d[A-Z]\d\b|\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b")),
        (63, False, "ZIP code, (B)", re.compile(r"(?<![\w.,/-])\d{5}-\d{4}(?![\w-])")),
        (62, True, _ADDRESS, re.compile(r"\b(?:apt|apartment|suite|ste|unit|room|rm|bldg|building|floor|trailer|lot)\b\.?\s?#?\s?(?P<v>\d{1,5}[A-Za-z]?|[A-Z]\d{0,4})(?!\w|\s?(?:mg|ml|mcg|of|nurse|g\b|air))(?=\s?(?:$|[,.;)\n]|[A-Z]|at|in|on))", re.IGNORECASE)),
        (62, True, _ADDRESS, re.compile(r"\b(?:corner of|intersection of|exit)\s(?P<v>[A-Z]\w{2,20}(?:\s(?:and|&)\s[A-Z]\w{2,20})?|\d{1,3})\b")),
        (62, True, _ADDRESS, re.compile(r"\b(?:interstate|i-|route|rt|highway|hwy|us-|county road|cr|state road|sr)\s?#?(?P<v>\d{1,4})\b", re.IGNORECASE)),
    )


def places(text: str, tokens: list[Token], lexicon: Lexicon) -> list[Mark]:
    """Marks of addresses, postal codes and named sites."""
    found = []
    for rank, sure, why, rule in _rules():
        for match in rule.finditer(text):
            start, end = match.span("v" if "v" in rule.groupindex else 0)
            found.append(Mark(start, end, Kind.LOCATION, why, rank, sure))
    found += _streets(text, tokens, lexicon)
    found += _sites(tokens, lexicon)
    return found


def _streets(text: str, tokens: list[Token], lexicon: Lexicon) -> Iterator[Mark]:
    """House number, name, street word, and what follows of the address."""
    suffixes = lexicon.lists["street"]
    for at, token in enumerate(tokens):
        if token.text.isdigit() and len(token.text) <= 6:
            last = _street_end(tokens, at, suffixes, lexicon)
            if last:
                yield Mark(token.start, tokens[_tail(tokens, last)].end, Kind.LOCATION, _ADDRESS, 72)
        elif token.is_word and token.key in suffixes and token.shape is Shape.TITLE and at and token.key not in ("dr", "st", "run", "view", "via", "way", "row", "path", "walk", "place", "court", "loop", "rd", "route", "plaza", "square"):
            start = at
            while start > 0 and tokens[start - 1].shape is Shape.TITLE and not tokens[start - 1].masked and at - start < 3 and tokens[start - 1].text != "\n":
                start -= 1
            specific = [t for t in tokens[start:at] if t.key not in lexicon.lists["generic"] and t.key not in lexicon.lists["harmless"]]
            if specific:
                yield Mark(tokens[start].start, token.end, Kind.LOCATION, _ADDRESS, 61, sure=False)


def _street_end(tokens: list[Token], at: int, suffixes: frozenset[str], lexicon: Lexicon) -> int | None:
    """The position of the street word of an address whose house number stands at `at`."""
    names = 0
    for step in range(at + 1, min(at + 8, len(tokens))):
        token = tokens[step]
        if token.text in ".,'-" or token.text == "#":
            continue
        if token.text == "\n" or token.masked or token.key in _STOP:
            return None
        if (token.key in suffixes or token.key.endswith(("strasse", "straße", "straat", "gatan", "vagen", "gade", "vej", "tie", "katu", "weg", "gasse"))) and (names or not token.key in suffixes) and _final(tokens, step, suffixes):
            plain = token.shape is Shape.LOWER and token.key in ("way", "run", "view", "walk", "row", "place", "drive", "path", "close", "square", "loop", "plaza", "court", "via", "tie", "route", "pl", "rd")
            between = [t for t in tokens[at + 1 : step] if t.is_word]
            return None if plain and all(t.word.spelled and t.word.ratio < 3 and t.shape is Shape.LOWER for t in between) else step
        if token.is_word and not (token.word.common > 11 and token.shape is Shape.LOWER):
            names += 1
        elif not token.text.isdigit():
            return None
    return None


def _final(tokens: list[Token], at: int, suffixes: frozenset[str]) -> bool:
    """Whether no further street word follows at once ("Park Lane", "St Mary Street")."""
    ahead = [t for t in tokens[at + 1 : at + 3] if t.text != "."]
    return not (ahead and ahead[0].key in suffixes and ahead[0].is_word)


def _tail(tokens: list[Token], last: int) -> int:
    """The last token of the address: unit, town, state, postal code, also on the next lines."""
    best, at, lines = last, last + 1, 0
    seen_place = False
    while at < len(tokens) and at < last + 22:
        token = tokens[at]
        if token.masked:
            break
        if token.text == "\n":
            lines += 1
            if lines > 5 or (at + 1 < len(tokens) and tokens[at + 1].text == "\n"):
                break
        elif token.text.isdigit() and len(token.text) >= 2 or token.key in ("apt", "suite", "ste", "unit", "apartment", "floor"):
            best = at
            if seen_place and token.text.isdigit() and len(token.text) >= 4:
                best = at
        elif token.is_word and (token.shape in (Shape.TITLE, Shape.UPPER) or (token.word.place >= 2 and not token.word.spelled) or token.key in STATES or (len(token.key) == 2 and token.key.upper() in STATE_CODES and tokens[at - 1].text == ",")):
            if token.first and tokens[at - 1].text in ".!?" and token.word.spelled:
                break
            best, seen_place = at, True
        elif token.text in ".!?;:" and not (token.text == "." and len(tokens[at - 1].text) <= 4):
            break
        elif token.text not in ",-.#'/":
            break
        at += 1
    return best


def _sites(tokens: list[Token], lexicon: Lexicon) -> Iterator[Mark]:
    """Named hospitals, clinics, homes and schools; a merely described one ("the community hospital") stays."""
    heads, generic = lexicon.lists["strong_facility"], lexicon.lists["generic"]
    done = -1
    for at, token in enumerate(tokens):
        if not token.is_word or at <= done:
            continue
        two = f"{token.key} {tokens[at + 1].key}" if at + 1 < len(tokens) and tokens[at + 1].is_word else ""
        end = at + 1 if two in heads else at if token.key in heads else None
        if end is None:
            continue
        start = _site_start(tokens, at, lexicon)
        while end + 1 < len(tokens) and tokens[end + 1].is_word and tokens[end + 1].key in heads | {"center", "centre", "system", "hospital", "clinic", "unit"} and tokens[end + 1].shape is tokens[end].shape:
            end += 1
        specific = [t for t in tokens[start:at] if t.is_word and t.key not in generic]
        if specific:
            done = end
            yield Mark(tokens[start].start, tokens[end].end, Kind.LOCATION, "named site, (B)", 63, sure=any(not t.word.spelled for t in specific))


def _site_start(tokens: list[Token], at: int, lexicon: Lexicon) -> int:
    """Walk back from the head over the words of the site's name."""
    generic, start, back = lexicon.lists["generic"], at, at - 1
    titled = tokens[at].shape in (Shape.TITLE, Shape.UPPER) and not tokens[at].loud
    while back >= 0 and at - back <= 6:
        token = tokens[back]
        if token.text in ".'’-&" or (token.text == "," and False):
            back -= 1
            continue
        if not token.is_word or token.text == "\n":
            break
        if titled:
            fits = token.shape in (Shape.TITLE, Shape.UPPER) and not (token.first and token.word.common > 9 and token.key not in generic) or (token.key in ("of", "the", "for", "and", "&") and back > 0 and tokens[back - 1].shape is Shape.TITLE)
        else:
            ordinary = token.word.spelled and token.word.ratio < 4 or token.word.common > 9 or token.word.disease
            fits = token.key in ("st", "mt", "saint") or (token.key in generic and token.key not in _STOP and len(token.key) > 2) or not ordinary
        if not fits or token.key in lexicon.lists["place_before"] or token.key in lexicon.lists["title"] and token.key not in ("st", "saint", "sister", "king", "queen"):
            break
        if not (token.key in generic and not titled and token.key in ("the", "my", "her", "his", "our", "a", "an", "same", "new")):
            start = back
        back -= 1
    while start < at and (tokens[start].key in ("the", "of", "and", "our", "my", "for") or not tokens[start].is_word):
        start += 1
    return start
