"""A text as words, numbers and signs, each with its place in the original characters."""

import re
from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate, islice, pairwise

from conference.deid.kept import Kept
from conference.deid.lexicon import Word, fold, lexicon

# A placeholder that an earlier pass left; it is never looked into again.
PLACEHOLDER = re.compile(
    r"\[(?:name|place|date|phone|e-mail|ssn|record number|plan number|account|licence|link|ip address|id|hidden"
    r"|patient|partner|relative|clinician|person|organisation|90 or older)(?: \d{1,3})?\]|\(ZIP \d{3}xx\)"
    r"|\b90(?: or older|-plus| or more years ago|th-or-later)\b"
)
_MASKS = ("[", "90", "(ZIP ")  # with one of these a placeholder begins
_TOKEN = re.compile(r"([^\W\d_]+(?:['’][^\W\d_]+)*|\d+|\n|[^\w\s]|_)")


_NOTHING = Word(0)
_OPENERS = frozenset(".!?\n•:;*|")  # behind these a word carries a capital merely for opening a sentence or a line


class Shape(IntEnum):
    """How a word is written; the tagger knows the numbers."""

    LOWER = 0
    TITLE = 1
    UPPER = 2
    MIXED = 3
    OTHER = 4


_UPPER, _OTHER = Shape.UPPER, Shape.OTHER


@dataclass(slots=True)
class Token:
    """One word, number or sign; `key` is folded and without the possessive."""

    text: str
    start: int
    end: int
    key: str
    shape: Shape
    word: Word
    first: bool  # opens a sentence, a line or a list item
    loud: bool  # stands in a stretch of capitals, where case tells nothing
    masked: bool
    is_word: bool  # made of letters and not masked
    owner: bool  # written with a possessive ending


def _shape(text: str) -> Shape:
    if not text[0].isalpha():
        return Shape.OTHER
    if text.islower() or not (text[0].isupper() or any(c.isupper() for c in text)):
        return Shape.LOWER
    if len(text) > 1 and text.isupper():
        return Shape.UPPER
    return Shape.TITLE if text[0].isupper() else Shape.MIXED


def _stem(text: str) -> str:
    """The word without a possessive ending."""
    if len(text) > 2 and text[-2:].lower() in ("'s", "’s"):
        return text[:-2]
    if len(text) > 2 and text[-1] in "'’":
        return text[:-1]
    return text


def _facts(raw: str) -> tuple[str, str, Shape, Word]:
    """The word without its possessive ending, its key, how it is written and what is known of it."""
    shape = _shape(raw)
    if shape is Shape.OTHER:
        return raw, raw, shape, _NOTHING
    stem = _stem(raw)
    key = fold(stem)
    return stem, key, shape, lexicon()[key]


_FACTS = Kept(_facts)


def tokenise(text: str) -> list[Token]:
    """Words, numbers and signs of the text in order; spaces are left out, line ends are kept."""
    found, opening, capitals = list[Token](), True, False
    parts = _TOKEN.split(text)  # what stands between tokens, and each token behind it
    starts = accumulate(map(len, parts))
    for raw, start in zip(islice(parts, 1, None, 2), islice(starts, 0, None, 2), strict=False):
        stem, key, shape, word = _FACTS[raw]
        lettered, size = shape is not _OTHER, len(stem)
        first, owner = opening and lettered, size != len(raw)
        found.append(Token(stem, start, start + size, key, shape, word, first, False, False, lettered, owner))
        if lettered:
            opening = False
            capitals = capitals or shape is _UPPER
        elif raw in _OPENERS or (raw == "-" and opening):
            opening = True
        elif raw.isdigit():
            opening = False
    if any(map(text.__contains__, _MASKS)):
        _mask(found, [m.span() for m in PLACEHOLDER.finditer(text)])
    if capitals:
        _loudness(found)
    return found


def _mask(tokens: list[Token], masks: list[tuple[int, int]]) -> None:
    """Blind the tokens inside placeholders."""
    at = 0
    for token in tokens if masks else ():
        while at < len(masks) and masks[at][1] <= token.start:
            at += 1
        if at == len(masks):
            return
        if masks[at][0] <= token.start:
            token.masked, token.is_word = True, False


def _loudness(tokens: list[Token]) -> None:
    """Mark stretches of capitals (three words of a line, or most of the line)."""
    ends = [at for at, token in enumerate(tokens) if token.text == "\n"]
    for before, end in pairwise([-1, *ends, len(tokens)]):
        line = [t for t in tokens[before + 1 : end] if t.shape is not _OTHER]
        upper = [t for t in line if t.shape is _UPPER]
        if len(upper) > 2:
            _raise_stretches(line)
        high, low = sum(len(t.text) for t in upper), len(line) - len(upper)
        # A word in lower case has a letter at least: most lines need no closer look.
        if high > 0.7 * (high + low) and high > 0.7 * sum(len(t.text) for t in line):
            for token in line:
                token.loud = True


def _raise_stretches(line: list[Token]) -> None:
    run = 0
    for at, token in enumerate(line):
        run = run + 1 if token.shape is _UPPER else 0
        if run >= 3:
            for near in line[at - 2 : at + 1]:
                near.loud = True
