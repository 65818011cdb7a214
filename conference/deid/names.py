"""From readings to marks: runs of likely names and places, with initials and particles between them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise

from conference.deid.chat import asked, trailing
from conference.deid.lexicon import Lexicon, fold
from conference.deid.model import Kind, Mark
from conference.deid.patterns import Page, Rule, Table
from conference.deid.reading import KINDS, Reading
from conference.deid.tokens import Shape, Token

_LINKS = frozenset(
    [
    "de", "la", "del", "der", "den", "van", "von", "da", "di", "do", "dos", "das", "du", "le", "el", "al", "bin",
    "ibn", "ben", "abu", "st", "san", "santa", "mac", "o",
])  # fmt: skip
_TWO = "aj|bj|cj|dj|ej|jj|mj|pj|rj|tj|jt|jd|jp|jc|jb|jr|kc|kj|lj|jw|rd|dw|cw"
_SPELT, _PAIR, _SIGNED, _ABOUT = "a name spelt out", "two initials", "initials that sign", "initials before an age"
_FORMS = (
    (
        "initials",
        rf"(?i)\b(?:(?:with|saw|mom|dad|son|brother|husband|partner|bf|client|pt|told|called|hi|hey|thanks)\s(?P<v>{_TWO})\b|(?P<w>{_TWO})(?=['’]s\s|\s(?:is|was|says|said|called|came|told|wants|missed|reports|denies)\b))",
    ),
    ("initial", r"(?i)\b(?:dr|mr|mrs|ms|miss|prof)\.?\s(?P<v>[a-z](?:[-./]?[a-z])?)(?![\w'’])"),
    (_SPELT, r"(?<![\w'’-])(?:[A-Za-z][ ,-]{1,2}){3,20}[A-Za-z](?![\w'’-])"),
    # Who dictated and who typed: "RTD/cmb", "ERJ:tk", "MD/ljs".
    (
        "initials",
        r"(?<![\w/:])(?P<v>[A-Z]{2,4}[:/][a-z]{2,3}\d{0,2})(?=\.?\s{0,3}(?:$|\n|[A-Z]|[Dd]ictated|typed|\d))"
        r"|(?:M\.D\./|\binitials?:? )(?P<w>(?-i:[A-Z]{2,3}(?:/[a-z]{2,3})?|[a-z]{2,3}/[a-z]{2,3}))\b",
    ),
    (
        "initial",
        r"\b(?:saw|met|with|client|pt|patient|from|by|called|signed|only|named|told|for)\W{1,3}(?P<v>[A-HJ-Z])\.(?=\s[a-z]|[\"'”)])",
    ),
    (
        "initial",
        r"\b(?:couple|partners|spouses|clients|siblings|twins|patients|both|kids|parents)\W{1,3}(?P<v>[A-Z])\.?\s?(?:and|&|\+)\s?(?P<w>[A-Z])\b",
    ),
    # Whom the note is about: "JT 17 nonbinary", "A.B., 45M".
    (
        _ABOUT,
        r"(?:\A|\n)\W{0,3}(?P<v>[A-Z]\.?[A-Z]\.?(?:[A-Z]\.?)?)(?=,?\s\d{1,2}(?:[ -]?(?:[MFmf]|[Yy]/?[Oo]|yrs?|years?|NB|nb)\b|\s(?:male|female|nonbinary|trans|they|she|he|wom[ae]n|m[ae]n|girl|boy)\b))",
    ),
    (_SIGNED, r"[\n.!?]\s{1,3}(?P<v>[A-Z]{2,3})(?=\.?\s{0,3}\Z)"),
    (_PAIR, r"(?<![\w./])(?:[A-Z]\.\s?(?:[A-Z]\.\s?){0,2}[A-Z]\.|[a-z]\.\s?[a-z]\.)(?![\w])"),
)
# Letters outside the Latin and Greek alphabets (Greek letters serve as symbols, alone).
_FOREIGN = re.compile(
    r"[\u0370-\u03ff]{3,}|[\u0400-\u1dff\u2e80-\ud7ff\uf900-\ufaff\ufe70-\ufeff\U00020000-\U0002ffff]+"
)
_SUFFIXES = frozenset(
    [
    "like", "style", "based", "type", "positive", "negative", "related", "year", "old", "led", "free", "sign",
    "on", "off", "up", "out", "in", "up-to-date", "to", "and", "the", "a", "pre", "post", "non", "area", "born",
    "bound", "only", "wide", "ray", "level", "dose", "day", "week", "month", "time", "hour",
])  # fmt: skip
VOTE, CLEARED, BESIDE = -3.0, -1.0, -2.5  # log odds that hide a word; one that a list clears; one beside a hidden word
QUIET = 0.5  # how much clearer they must be where letter case tells nothing
HAND = 0.5  # what a point of the judgement by hand adds to the vote
FIGURE, LETTER, DAY = -1.5, -0.5, -1.5  # log odds that hide a number, a single letter, a word of a date
PLAIN = 5.5  # points of the judgement by hand that hide a word whatever the vote
PROVEN = 3.0  # log odds that hide a word of grammar, of kin or one that a vocabulary explains
SURE = 3.0  # log odds from which a word is hidden without doubt
TOLD, UNTOLD = 2.25, -0.25  # added to the log odds in a text with an identifier beyond doubt, and in one without
_GAPS = frozenset([" ", "-", "'s ", "’s ", " & ", "'", ". "])


# The forms of dates tell a weekday from a habit.
_WEEKDAYS = frozenset(
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "mon", "tue", "wed", "thu", "fri"]
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_TITLES = frozenset(["dr", "drs", "mr", "mrs", "ms", "miss", "prof"])  # these stay before a name
_WHY = {
    Kind.NAME: "name", Kind.LOCATION: "place smaller than a state", Kind.DATE: "date finer than a year", Kind.AGE: "age over 89",
    Kind.ID: "number that identifies",
}  # fmt: skip
_RANKS = {Kind.NAME: 41, Kind.LOCATION: 40}


def names(page: Page, readings: list[Reading], lexicon: Lexicon, is_told: bool) -> list[Mark]:
    """Marks of people and of single-word places; `is_told`: the text holds an identifier beyond doubt."""
    text = page.text
    decide(text, readings, is_told)
    found = [_mark(text, r) for r in readings if r.hidden]
    found += _initials(text, readings)
    found += _formed(page, lexicon)
    found += _hyphens(text, readings)
    found += _links(readings)
    found += asked(readings)
    found += trailing(text, found)
    found = _beside(text, readings, found)
    found += _phrases(text, [r.token for r in readings], lexicon)
    return found


def _beside(text: str, readings: list[Reading], marks: list[Mark]) -> list[Mark]:
    """House numbers and codes that stand beside a place: "92597 Jahu 80"."""
    if not any(mark.kind is Kind.LOCATION for mark in marks):
        return marks
    tokens = [r.token for r in readings]
    at_start = {t.start: i for i, t in enumerate(tokens)}
    at_end = {t.end: i for i, t in enumerate(tokens)}
    found = []
    for mark in marks:
        first, last = at_start.get(mark.start), at_end.get(mark.end)
        if mark.kind is Kind.LOCATION and first is not None and last is not None:
            start, end = _house(text, tokens, first), _code(text, tokens, last)
            mark = mark if (start, end) == (mark.start, mark.end) else replace(mark, start=start, end=end)
        found.append(mark)
    return found


def _house(text: str, tokens: list[Token], at: int) -> int:
    """Where the place begins, a house number before it included."""
    place, before = tokens[at], tokens[at - 1] if at else None
    house = (
        before is not None
        and before.text.isdigit()
        and 3 <= len(before.text) <= 6
        and text[before.end : place.start] == " "
        and text[before.start - 1 : before.start] not in (".", "/", ",")
    )
    return before.start if before is not None and house else place.start


def _code(text: str, tokens: list[Token], at: int) -> int:
    """Where the place ends, a code that closes the line or the sentence behind it included."""
    place, after = tokens[at], tokens[at + 1] if at + 1 < len(tokens) else None
    if after is None or not after.text.isdigit() or len(after.text) > 5 or text[place.end : after.start] != " ":
        return place.end
    then = tokens[at + 2] if at + 2 < len(tokens) else None
    closing = then is None or then.text in ",\n" or (then.text == "." and text[then.end : then.end + 1].isspace())
    return after.end if closing else place.end


def decide(text: str, readings: list[Reading], is_told: bool) -> None:
    """Say of each word whether it is hidden; beside a hidden word less is enough, and in a text that tells more."""
    lean = TOLD if is_told or any(r.vote >= SURE and _hidden(r, 0.0) for r in readings) else UNTOLD
    least = VOTE - HAND * PLAIN - lean  # under which no judgement by hand short of `PLAIN` hides a word
    for reading in readings:
        maybe = reading.vote >= least or reading.name >= PLAIN or reading.place >= PLAIN
        reading.hidden = maybe and _hidden(reading, lean)
    words = [r for r in readings if r.token.is_word] if any(r.hidden for r in readings) else []
    for order in (words, words[::-1]):
        for one, other in pairwise(order):
            if one.hidden and not other.hidden:
                first, last = sorted((one.token, other.token), key=lambda t: t.start)
                if text[first.end : last.start] in _GAPS:
                    other.hidden = not (other.explained or other.token.key in _TITLES) and other.vote + lean >= BESIDE


def _hidden(reading: Reading, lean: float) -> bool:
    """Whether the tagger's vote hides the word, the judgement by hand helping; a cleared one needs a clearer vote."""
    token, vote = reading.token, (reading.person_vote if reading.wide else reading.vote) + lean
    if not token.is_word:
        return vote >= FIGURE and token.text.isdecimal() and not (token.masked or _is_year(reading))
    if token.key in _TITLES:
        return False
    if len(token.key) < 2:
        return vote >= LETTER
    if reading.explained or reading.servant:
        return vote >= PROVEN and not (reading.wide and reading.servant)
    if KINDS[reading.kind] not in _RANKS:
        return vote >= DAY and token.key not in _WEEKDAYS
    if reading.harmless or reading.wide:
        return vote >= CLEARED
    by_hand = max(reading.name, reading.place)
    return by_hand >= PLAIN or vote + HAND * by_hand >= VOTE + QUIET * reading.quiet


def _is_year(reading: Reading) -> bool:
    return KINDS[reading.kind] is Kind.DATE and _YEAR.fullmatch(reading.token.text) is not None


def _person(reading: Reading) -> bool:
    """Whether the word is hidden, rather as a person than as a place."""
    return reading.hidden and reading.person_vote >= reading.place_vote


def _mark(text: str, reading: Reading) -> Mark:
    token, kind = reading.token, KINDS[reading.kind]
    sure, end = reading.vote >= SURE, token.end
    if kind is Kind.LOCATION and token.owner:  # "at Vaughn's": the ending belongs to the place
        end += 2 if text[end + 1 : end + 2].lower() == "s" else 1
    return Mark(token.start, end, kind, _WHY[kind] if sure else f"perhaps a {_WHY[kind]}", _RANKS.get(kind, 39), sure)


_DOTTED = frozenset(
    [
    "po", "iv", "im", "sc", "sq", "sl", "od", "os", "ou", "bid", "tid", "qid", "qd", "us", "uk", "dc", "md", "do",
    "rn", "np", "pa", "er", "ed", "or", "eg", "ie", "am", "pm", "ad", "bc", "jr", "sr", "st", "dr", "mr", "ms",
    "vs", "phd", "la", "ny", "nj", "eu", "un", "mg", "cc", "hs", "ac", "qod", "wnl", "rom", "llc", "icu", "bp",
    "hr", "tv", "ok", "ny", "dob", "mrn", "ps", "rip", "fh", "sh", "ss", "rr", "tb", "gi", "gu", "cv", "lr", "ml",
    "kg", "cm", "mm", "vs", "ab", "ag", "lm", "rt", "lt", "sx", "hx", "tx", "dx", "rx", "pe", "pt", "ot", "fu",
    "si", "hi", "ci", "tx", "gp", "yo", "go", "fo", "on", "in", "it", "is", "so", "we", "he", "be", "me", "my",
    "pc", "pr", "ca", "ba", "bs", "ma", "et", "al", "no", "ph", "ii", "pt", "re", "id",
])  # fmt: skip


def _initials(text: str, readings: list[Reading]) -> Iterator[Mark]:
    """Single letters that stand for a name: "J. Smith", "Maria L.", "J.T.", "dr b"."""
    for at in [at for at, reading in enumerate(readings) if len(reading.token.text) == 1 and reading.token.is_word]:
        token = readings[at].token
        dotted = text[token.end : token.end + 1] == "."
        next_ = at + (2 if dotted else 1)
        after = readings[next_ : next_ + 1]
        back = at - (2 if at > 1 and readings[at - 1].token.text == "," else 1)  # also "Strand, K"
        before = readings[back : back + 1] if at else []
        hidden = [
            r
            for r in (*after, *before)
            if r.token.is_word
            and len(r.token.key) > 1
            and _person(r)
            and abs(r.token.start - token.end) < 4 + len(r.token.text)
        ]
        if (
            hidden
            and (token.text.isupper() or dotted or not after or after[0] not in hidden)
            and token.text not in ("I", "a", "i")
        ):
            start = before[0].token.start if back == at - 2 and before[0] in hidden else token.start
            yield Mark(start, token.end, Kind.NAME, "initial", 41, sure=False)


@cache
def table() -> Table[str]:
    """The forms of names, each with its reason."""
    return tuple((why, Rule(re.compile(rule))) for why, rule in _FORMS)


def _formed(page: Page, lexicon: Lexicon) -> Iterator[Mark]:
    """Initials and names that their form tells."""
    for why, match in page.matches(table()):
        for span in _told(match):
            raw = page.text[slice(*span)]
            letters = fold(raw).replace(".", "").replace(" ", "")
            maybe = why in (_PAIR, _SIGNED) or (why is _ABOUT and "." not in raw)
            if maybe and (letters in _DOTTED or lexicon.has("abbreviation", letters)):
                continue
            yield Mark(*span, Kind.NAME, why, 41, sure=why is _SPELT)
    if not page.text.isascii():
        for match in _FOREIGN.finditer(page.text):
            yield Mark(*match.span(), Kind.NAME, "perhaps a name in another script", 30, sure=False)


def _told(match: re.Match[str]) -> list[tuple[int, int]]:
    """The stretches that a form marks: those it names, or all of it."""
    return [match.span(name) for name in match.re.groupindex if match[name]] or [match.span()]


def _hyphens(text: str, readings: list[Reading]) -> Iterator[Mark]:
    """The other half of a hyphenated name: "Ji-woo", "Achterberg-Roach"."""
    for at in [at for at, reading in enumerate(readings) if reading.token.text in "-‐" and 0 < at < len(readings) - 1]:
        a, b = readings[at - 1], readings[at + 1]
        if not (a.token.is_word and b.token.is_word) or b.token.start - a.token.end != 1:
            continue
        for one, other in ((a, b), (b, a)):
            if (
                one.hidden
                and not other.hidden
                and not other.token.word.drug
                and (_half(one, other) or _given_half(readings, at, one, other))
            ):
                yield Mark(other.token.start, other.token.end, Kind.NAME, "name", 41, sure=False)


def _given_half(readings: list[Reading], at: int, one: Reading, other: Reading) -> bool:
    """A short second half in lower case before or behind another name: "Soo-ah Park", "Kim Ji-in"."""
    near = [r for r in (*readings[max(0, at - 2) : at - 1], *readings[at + 2 : at + 3]) if r.token.is_word]
    return (
        one.token.shape is Shape.TITLE
        and other.token.shape is Shape.LOWER
        and len(other.token.key) <= 6
        and other.token.key not in _SUFFIXES
        and any(r.token.shape is Shape.TITLE and r.hidden for r in near)
    )


def _half(one: Reading, other: Reading) -> bool:
    """Whether a word may be the other half of a name."""
    token = other.token
    if token.key in _SUFFIXES or token.word.drug:
        return False
    return token.shape is one.token.shape or one.cued or not (token.word.spelled and token.word.common > 7)


def _links(readings: list[Reading]) -> Iterator[Mark]:
    """Particles between or before name parts: "van der Berg"."""
    for at in [at for at, reading in enumerate(readings[:-1]) if reading.token.key in _LINKS]:
        token = readings[at].token
        if not token.is_word or (at and readings[at - 1].token.text == "/"):
            continue
        ahead = next((r for r in readings[at + 1 : at + 3] if r.token.key not in _LINKS), None)
        if (
            ahead is not None
            and ahead.token.is_word
            and _person(ahead)
            and (token.shape is not Shape.TITLE or not token.first)
        ):
            yield Mark(token.start, token.end, Kind.NAME, "name", 41, sure=False)


def _phrases(text: str, tokens: list[Token], lexicon: Lexicon) -> Iterator[Mark]:
    """Places of several words out of the gazetteer: "Fort Worth"."""
    heads, pairs = lexicon.place_heads, lexicon.place_pairs
    for at in [at for at, token in enumerate(tokens) if token.key in heads and token.is_word]:
        token = tokens[at]
        near = [(step, t) for step, t in enumerate(tokens[at : at + 6]) if t.text not in ".-'"][:4]
        if len(near) < 2 or f"{token.key} {near[1][1].key}" not in pairs:
            continue
        for size in (4, 3, 2):
            part = [t for step, t in near[:size] if step < size + 2]
            class_ = lexicon.places.get(" ".join([t.key for t in part]), 0) if len(part) == size else 0
            if class_ and all(t.is_word for t in part) and _placed(part, class_):
                yield Mark(token.start, part[-1].end, Kind.LOCATION, "place smaller than a state", 45, sure=class_ > 2)
                break


def _placed(part: list[Token], class_: int) -> bool:
    """Whether the words are written as a name, or can hardly be anything else."""
    titled = all(t.shape in (Shape.TITLE, Shape.UPPER) for t in part if t.key not in _LINKS) and not any(
        t.loud for t in part
    )
    common = all(t.word.spelled and t.word.common > 4 for t in part)
    return titled or (class_ > 2 and not common)
