"""Street addresses and their tails, also foreign, military and rural ones; 45 CFR 164.514(b)(2)(i)(B)."""

from collections.abc import Iterator
from itertools import compress, count

from conference.deid.gazetteer import STATE_CODES, STATES
from conference.deid.kept import Kept
from conference.deid.lexicon import Lexicon, lexicon
from conference.deid.model import Kind, Mark
from conference.deid.tokens import Shape, Token

_WHY = "street address"
_UNITS = frozenset(["apt", "apartment", "suite", "ste", "trailer", "flat", "psc"])
_MILITARY = frozenset(["apo", "fpo", "dpo"])
_ANCHORS = _UNITS | _MILITARY | {"unit"}
_LINKS = frozenset(
    [
    "de", "la", "le", "du", "des", "da", "do", "dos", "del", "di", "dei", "nad", "u", "ul", "ut", "van", "von",
    "der", "den", "am", "im", "an", "of", "the", "st", "and",
])  # fmt: skip
_ENDINGS = (
    "strasse",
    "straße",
    "straat",
    "gatan",
    "vagen",
    "vej",
    "gade",
    "katu",
    "tie",
    "weg",
    "gasse",
    "veien",
    "utca",
    "laan",
    "plein",
    "platz",
    "allee",
    "gata",
    "veg",
)
_STOP = frozenset(
    [
    "mg", "mcg", "ml", "units", "unit", "days", "day", "weeks", "week", "wks", "wk", "months", "month", "mos",
    "years", "year", "yrs", "yr", "hours", "hour", "hrs", "minutes", "mins", "times", "time", "the", "a", "an",
    "of", "in", "on", "for", "to", "with", "and", "or", "per", "at", "every", "mm", "cm", "kg", "lbs", "lb",
    "percent", "beats", "tablets", "tabs", "tablet", "tab", "pills", "doses", "dose", "patients", "people", "men",
    "women", "episodes", "visits", "sessions", "drinks", "packs", "pack", "more", "less", "is", "was", "his",
    "her", "my", "x", "points", "out", "right", "left", "other", "children", "kids", "sons", "daughters",
    "siblings", "brothers", "sisters", "yo", "male", "female", "p", "g", "bid", "tid", "qid", "qd", "qhs", "prn",
    "po", "daily", "nightly", "am", "pm", "that", "this", "who", "which", "when", "he", "she", "they", "it", "we",
    "i", "you",
])  # fmt: skip
# Street words that are everyday words too: in lower case they need a name or a number of three digits before them.
_EVERYDAY = frozenset(
    [
    "way", "run", "view", "walk", "row", "place", "drive", "path", "close", "square", "loop", "plaza", "court",
    "via", "tie", "route", "pl", "rd", "pike", "ridge", "grove", "circle", "trail", "park", "rue",
])  # fmt: skip
_AMBIGUOUS = _EVERYDAY | frozenset(["dr", "row"])


def addresses(tokens: list[Token], book: Lexicon) -> Iterator[Mark]:
    """Marks of addresses; each is followed to its last line."""
    done = -1
    told = compress(count(), [_TELLING[token.key] for token in tokens])
    coded = [at for at in range(1, len(tokens)) if _coded(tokens, at)]
    for at in sorted({*told, *coded}):
        if at > done and not tokens[at].masked and (span := _span(tokens, at, book)):
            start, last = span
            done = last = _tail(tokens, last)
            yield Mark(tokens[start].start, tokens[last].end, Kind.LOCATION, _WHY, 72)


def _may_tell(key: str) -> bool:
    """Whether an address may stand about the word or number, wherever it stands."""
    return key in _ANCHORS or key in lexicon().lists["street"] or key.isdigit() or key.endswith(_ENDINGS)


_TELLING = Kept(_may_tell)


def _coded(tokens: list[Token], at: int) -> bool:
    """Whether a short word behind a comma or at the begin of a line may be a code that an address has."""
    return tokens[at - 1].text in ",\n" and len(tokens[at].text) <= 3


def _span(tokens: list[Token], at: int, book: Lexicon) -> tuple[int, int] | None:
    """The first and the last word of an address that the word tells; most words tell none."""
    token = tokens[at]
    if not token.is_word:
        return _numbered(tokens, at, book) if token.text.isdigit() else None
    coded = at > 0 and _coded(tokens, at)
    found = _anchored(tokens, at) if coded or token.key in _ANCHORS else None
    return found or (_unnumbered(tokens, at, book) if _is_street(token, book) else None)


def _is_street(token: Token, book: Lexicon) -> bool:
    return token.is_word and (
        token.key in book.lists["street"]
        or (len(token.key) > 7 and not token.word.spelled and token.key.endswith(_ENDINGS))
    )


def _numbered(tokens: list[Token], at: int, book: Lexicon) -> tuple[int, int] | None:
    """ "12 Oak Street": a house number, up to six words, a street word."""
    if len(tokens[at].text) > 6:
        return None
    if at and tokens[at - 1].text in "./" and tokens[at - 1].end == tokens[at].start:
        return None
    names: list[Token] = []
    for step in range(at + 1, min(at + 9, len(tokens))):
        token = tokens[step]
        if token.text in ".'-/#" or (token.text.isdigit() and len(token.text) < 6):
            continue
        if not token.is_word or (
            token.key in _STOP and not (names and token.key in _LINKS) and token.key not in ("the",)
        ):
            return None
        if (
            _is_street(token, book)
            and (names or token.key not in book.lists["street"])
            and not _more(tokens, step, book)
        ):
            wave = step + 1 < len(tokens) and tokens[step + 1].key in (
                "elevation",
                "elevations",
                "depression",
                "depressions",
                "segment",
                "segments",
                "changes",
                "wave",
                "abnormality",
            )
            return None if token.key == "st" and wave else (at, step) if _street_like(tokens, at, step, names) else None
        names.append(token)
        if token.key not in _LINKS and token.shape is Shape.LOWER and token.word.common > 11:
            return None
    return None


def _more(tokens: list[Token], at: int, book: Lexicon) -> bool:
    ahead = next((t for t in tokens[at + 1 : at + 3] if t.text != "."), None)
    return ahead is not None and ahead.is_word and ahead.key in book.lists["street"] and ahead.key not in ("st",)


def _street_like(tokens: list[Token], at: int, step: int, names: list[Token]) -> bool:
    word = tokens[step]
    if word.key not in _AMBIGUOUS or word.shape is not Shape.LOWER:
        return True
    return len(tokens[at].text) >= 3 or any(not t.word.spelled or t.word.ratio > 4 for t in names)


def _unnumbered(tokens: list[Token], at: int, book: Lexicon) -> tuple[int, int] | None:
    """ "on Linden Terrace": a street word behind a name, without a house number."""
    token, start = tokens[at], at
    if at == 0:
        return None
    before_it = _LINKS | _STOP | book.lists["place_before"] | book.lists["title"]
    while (
        start > 0
        and at - start < 3
        and tokens[start - 1].is_word
        and (tokens[start - 1].shape is not Shape.LOWER or token.shape is Shape.LOWER)
    ):
        if tokens[start - 1].key in before_it:
            break
        start -= 1
    while start < at and tokens[start].first and tokens[start].word.common > 9:
        start += 1
    part = [t for t in tokens[start:at] if t.key not in book.lists["generic"] and t.key not in book.lists["harmless"]]
    before = tokens[start - 1].key if start else ""
    if not part or token.key in ("dr", "st", "av", "ct", "pl", "al", "tie", "via", "row", "run"):
        return None
    if token.shape is Shape.TITLE and not token.loud:
        return (
            (start, at)
            if token.key not in _EVERYDAY or before in ("on", "at", "near", "off", "to", "and", "of")
            else None
        )
    good = (before in ("on", "off", "along") and token.key not in _EVERYDAY - {"court", "terrace"}) or any(
        t.key in ("street", "avenue", "blvd", "boulevard", "rd", "ave") for t in (token,)
    )
    return (max(start, at - 2), at) if good and before in ("on", "off", "along", "near", "at", "and", "to") else None


def _anchored(tokens: list[Token], at: int) -> tuple[int, int] | None:
    """A unit number, a military post or a state code with ZIP: the line before it belongs to the address."""
    token = tokens[at]
    ahead = tokens[at + 1 : at + 3]
    number = next((t for t in ahead if t.text not in ".#"), None)
    unit = (
        (token.key in _UNITS or (token.key == "unit" and at + 2 < len(tokens) and tokens[at + 2].key == "box"))
        and number is not None
        and number.text.isdigit()
        and len(number.text) < 6
    )
    military = token.key in _MILITARY and number is not None and number.key in ("ae", "aa", "ap")
    code = (
        len(token.text) <= 3
        and at > 0
        and tokens[at - 1].text in ",\n"
        and bool(ahead)
        and ahead[0].text.isdigit()
        and len(ahead[0].text) == 5
    )
    if not (unit or military or code):
        return None
    last = at + 1 if not unit else tokens.index(number, at) if number is not None else at
    return _head(tokens, at), last


def _head(tokens: list[Token], at: int) -> int:
    """Walk back to the start of the address: the first number within reach, else the words with a capital."""
    best, back, lines = at, at - 1, 0
    while back >= 0 and at - back <= 14:
        token = tokens[back]
        if (
            token.masked
            or token.text in ":;!?()"
            or (token.text == "." and back and len(tokens[back - 1].text) > 5 and tokens[back + 1].first)
        ):
            break
        if token.text == "\n":
            lines += 1
            if lines > 2:
                break
        elif token.text.isdigit() and len(token.text) <= 6:
            best = back
        elif token.is_word:
            if (
                token.key
                in (
                    "is",
                    "at",
                    "to",
                    "in",
                    "on",
                    "as",
                    "was",
                    "from",
                    "address",
                    "sent",
                    "me",
                    "my",
                    "for",
                    "live",
                    "lives",
                )
                and token.shape is Shape.LOWER
            ):
                break
            if token.shape is not Shape.LOWER and (best > back):
                best = back
        back -= 1
    return best


def _tail(tokens: list[Token], last: int) -> int:
    """The last token of the address: unit, town, state, postal code, also on the next lines."""
    best, at, lines = last, last + 1, 0
    while at < len(tokens) and at < last + 24:
        token = tokens[at]
        if token.masked:
            break
        if token.text == "\n":
            lines += 1
            if lines > 5 or (at + 1 < len(tokens) and tokens[at + 1].text == "\n"):
                break
        elif token.text.isdigit():
            if (
                len(token.text) >= 4
                or tokens[at - 1].key in _UNITS
                or tokens[at - 1].text in ".#"
                or tokens[at - 1].key == "box"
                or (lines == 0 and len(token.text) >= 2 and at == last + 1)
            ):
                best = at
        elif (
            token.key in _UNITS or token.key in _MILITARY or token.key == "box" or (token.is_word and _town(tokens, at))
        ):
            best = at
        elif token.is_word:
            link = token.key in _LINKS and at + 1 < len(tokens) and _town(tokens, at + 1)
            if not link and not _code_ahead(tokens, at):
                break
        elif _stops(tokens, at):
            break
        at += 1
    return best


def _stops(tokens: list[Token], at: int) -> bool:
    """Whether a sign ends the address; the dot of an abbreviation does not."""
    sign, before = tokens[at].text, tokens[at - 1]
    if sign != ".":
        return sign in "!?;:"
    closes = (len(before.text) > 4 or before.text.isdigit()) and before.key not in _UNITS
    return closes and not (at + 1 < len(tokens) and tokens[at + 1].key in _UNITS)


def _town(tokens: list[Token], at: int) -> bool:
    """Whether the word may be a town, state, country or code within an address."""
    token = tokens[at]
    if token.first and tokens[at - 1].text in ".!?" and token.word.spelled and token.key not in _UNITS:
        return False
    if (
        token.first
        and tokens[at - 1].text == "\n"
        and token.word.spelled
        and token.word.ratio < 4
        and not token.word.place
    ):
        return False
    if token.shape in (Shape.TITLE, Shape.UPPER):
        return not (token.loud and token.word.spelled and token.word.ratio < 4 and not token.word.place)
    return (
        (token.word.place >= 2 and not token.word.spelled)
        or token.key in STATES
        or (len(token.key) == 2 and token.key.upper() in STATE_CODES and tokens[at - 1].text == ",")
        or (not token.word)
    )


def _code_ahead(tokens: list[Token], at: int) -> bool:
    """Whether a postal code follows within the same line: the words before it are the town."""
    for token in tokens[at : at + 6]:
        if token.text.isdigit() and len(token.text) == 5:
            return True
        if not (token.is_word and token.key not in _STOP) and token.text not in ",.-'":
            return False
    return False
