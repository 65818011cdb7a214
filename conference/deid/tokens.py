"""A text as words, numbers and signs, each with its place in the original characters."""

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from conference.deid.lexicon import Word, fold, lexicon

# A placeholder that an earlier pass left; it is never looked into again.
PLACEHOLDER = re.compile(
    r"\[(?:name|place|date|phone|e-mail|ssn|record number|plan number|account|licence|link|ip address|id|hidden"
    r"|patient|partner|relative|clinician|person|organisation)(?: \d{1,3})?\]|\(ZIP \d{3}xx\)"
)
_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+|\n|[^\w\s]|_")


_NOTHING = Word(0)


class Shape(Enum):
    """How a word is written."""

    LOWER = "lower"
    TITLE = "title"
    UPPER = "upper"
    MIXED = "mixed"
    OTHER = "other"


@dataclass(slots=True)
class Token:
    """One word, number or sign; `key` is folded and without the possessive."""

    text: str
    start: int
    end: int
    key: str
    shape: Shape
    word: Word
    first: bool = False  # opens a sentence, a line or a list item
    loud: bool = False  # stands in a stretch of capitals, where case tells nothing
    masked: bool = False
    is_word: bool = True  # made of letters and not masked
    owner: bool = False  # written with a possessive ending


def _shape(text: str) -> Shape:
    if not text[0].isalpha():
        return Shape.OTHER
    if text.islower() or not (text[0].isupper() or any(c.isupper() for c in text)):
        return Shape.LOWER
    if len(text) > 1 and text.isupper():
        return Shape.UPPER
    return Shape.TITLE if text[0].isupper() else Shape.MIXED


def _stem(text: str) -> tuple[str, int]:
    """The word without a possessive ending, and the length of that ending."""
    low = text[-2:].lower()
    if len(text) > 2 and low in ("'s", "’s"):
        return text[:-2], 2
    if len(text) > 2 and text[-1] in "'’":
        return text[:-1], 1
    return text, 0


@lru_cache(maxsize=20_000)
def _facts(raw: str) -> tuple[str, int, str, Shape, Word]:
    """The word without its possessive ending, the length of that, its key, how it is written and what is known of it."""
    shape = _shape(raw)
    if shape is Shape.OTHER:
        return raw, 0, raw, shape, _NOTHING
    stem, cut = _stem(raw)
    key = fold(stem)
    return stem, cut, key, shape, lexicon()[key]


def tokenise(text: str) -> list[Token]:
    """Words, numbers and signs of the text in order; spaces are left out, line ends are kept."""
    masks = [m.span() for m in PLACEHOLDER.finditer(text)]
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        start, raw = match.start(), match.group()
        stem, cut, key, shape, word = _facts(raw)
        found.append(
            Token(stem, start, match.end() - cut, key, shape, word, is_word=shape is not Shape.OTHER, owner=cut > 0)
        )
    _mask(found, masks)
    _openings(found)
    _loudness(found)
    return found


def _mask(tokens: list[Token], masks: list[tuple[int, int]]) -> None:
    """Blind the tokens inside placeholders."""
    at = 0
    for token in tokens:
        while at < len(masks) and masks[at][1] <= token.start:
            at += 1
        if at == len(masks):
            return
        if masks[at][0] <= token.start:
            token.masked, token.is_word = True, False


def _openings(tokens: list[Token]) -> None:
    """Mark words that carry a capital merely for opening a sentence or line."""
    opening = True
    for token in tokens:
        token.first = opening and token.shape is not Shape.OTHER
        if token.text in ".!?\n•:;*|" or (token.text == "-" and opening):
            opening = True
        elif token.shape is not Shape.OTHER or token.text.isdigit():
            opening = False


def _loudness(tokens: list[Token]) -> None:
    """Mark stretches of capitals (three words of a line, or most of the line)."""
    line: list[Token] = []
    for token in [*tokens, None]:
        if token is not None and token.text != "\n":
            if token.shape is not Shape.OTHER:
                line.append(token)
            continue
        upper = [t.shape is Shape.UPPER for t in line]
        run = 0
        for at, is_upper in enumerate(upper):
            run = run + 1 if is_upper else 0
            if run >= 3:
                for back in range(at - 2, at + 1):
                    line[back].loud = True
        if line and sum(len(t.text) for t in line if t.shape is Shape.UPPER) > 0.7 * sum(len(t.text) for t in line):
            for t in line:
                t.loud = True
        line = []
