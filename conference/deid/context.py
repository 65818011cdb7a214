"""How likely each word of a text is a person's name or a small place: lexical, written and neighbouring evidence.

45 CFR 164.514(b)(2)(i)(A), (B). What is neither known to be harmless nor explained by its frame stays suspicious.
"""

from functools import cache, lru_cache

from conference.deid.frames import frame, weigh
from conference.deid.gazetteer import STATE_CODES, STATES
from conference.deid.harmless import firm, harmless
from conference.deid.lexicon import Lexicon, Word, lexicon
from conference.deid.neighbours import headlines, neighbours
from conference.deid.reading import Reading
from conference.deid.tokens import Shape, Token

_NAME = (0.0, 0.6, 1.1, 1.7, 2.2, 2.7, 3.0)
_PLACE = (0.0, 0.5, 0.9, 1.7, 2.4)


Judged = tuple[float, float, bool, bool, bool, bool, bool, bool]
Seen = dict[tuple[bool, tuple[str, ...]], Judged]
_BACK, _AHEAD = 4, 3  # words around one that its reading looks at
_SPAN = _BACK + 1 + _AHEAD
_NOBODY = ("",) * _SPAN


def _shown(token: Token) -> str:
    """All that a reading may look at of a word."""
    if not (token.first or token.loud or token.masked or token.owner):
        return token.text
    return f"{token.text}|{token.first + 2 * token.loud + 4 * token.masked + 8 * token.owner}"


class Reader:
    """Reads a text once, word by word, then lets neighbours vote."""

    def __init__(self, tokens: list[Token], book: Lexicon, seen: Seen | None = None) -> None:
        self._tokens = tokens
        self._seen = {} if seen is None else seen
        self._lists = book.lists
        words = [t for t in tokens if t.is_word]
        shapes = [t.shape for t in words]
        openings = [t.shape for t in words if t.first]
        capitals = shapes.count(Shape.TITLE) - openings.count(Shape.TITLE) + shapes.count(Shape.UPPER)
        self._caseless = capitals <= 0.02 * len(words) and openings.count(Shape.LOWER) >= 0.5 * len(openings)
        headlines(tokens)

    def read(self) -> list[Reading]:
        """One reading for each token, in order."""
        shown = (*_NOBODY[:_BACK], *map(_shown, self._tokens), *_NOBODY[:_AHEAD])
        readings = [
            Reading(token)
            if not token.is_word
            else Reading(token, harmless=True, servant=True)
            if token.word.serves and token.shape is Shape.LOWER
            else self._known(shown[at : at + _SPAN], at, token)
            for at, token in enumerate(self._tokens)
        ]
        neighbours(readings, self._lists, caseless=self._caseless)
        return readings

    def _known(self, around: tuple[str, ...], at: int, token: Token) -> Reading:
        """The reading of the word, made once for the same words around it: the second pass meets most of them again."""
        key = self._caseless, around
        found = self._seen.get(key)
        if found is not None:
            return Reading(token, *found)
        made = self._one(at, token)
        self._seen[key] = (
            made.name, made.place, made.cued, made.harmless, made.servant, made.wide, made.quiet, made.clinical,
        )  # fmt: skip
        return made

    def _one(self, at: int, token: Token) -> Reading:
        word = token.word
        capital = token.shape is Shape.TITLE and not token.first and not token.loud
        base, wide, servant, clinical = _alone(token.text, token.key, word, capital)
        base += self._written(token)
        name, place = base + _NAME[max(word.given, word.last)], base + _PLACE[min(word.place, 4)]
        quiet = self._caseless or token.loud
        reading = Reading(token, name, place, servant=servant, wide=wide, quiet=quiet, clinical=clinical)
        around = frame(self._tokens, at, self._lists["title"])
        weigh(around, reading, self._lists)
        if harmless(around, self._lists) and not (reading.cued and max(word.given, word.last) >= 2):
            reading.harmless = True
            reading.servant |= token.key in firm()
            reading.name -= 5
            reading.place -= 5
        return reading

    def _written(self, token: Token) -> float:
        if self._caseless or token.loud:
            return 0.3 if not token.loud else -0.2
        match token.shape:
            case Shape.TITLE:
                return 0.2 if token.first else 1.8
            case Shape.UPPER:
                return -1.5 if len(token.text) <= 4 else 0.0
            case Shape.MIXED:
                return -0.5
            case _:
                return -2.2


@cache
def _affixes() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """How clinical words end, and how they begin."""
    lists = lexicon().lists
    return tuple(lists["ending"]), tuple(lists["prefix"])


def _clinical(key: str) -> bool:
    """Whether the word ends or begins as clinical words do."""
    endings, prefixes = _affixes()
    return len(key) > 5 and (key.endswith(endings) or key.startswith(prefixes))


@lru_cache(maxsize=20_000)
def _alone(text: str, key: str, word: Word, capital: bool) -> tuple[float, bool, bool, bool]:
    """What the word itself tells: how likely a name, whether wide, a servant, clinical."""
    wide = key in lexicon().lists["nation"] or key in STATES or text in STATE_CODES
    clinical = _clinical(key)
    return _lexical(text, key, word, capital, clinical), wide, wide and word.given < 3, clinical


def _lexical(text: str, key: str, word: Word, capital: bool, clinical: bool) -> float:
    """How much the word itself speaks for a name; `capital`: it has one that nothing but a name explains."""
    if len(key) == 1:
        return -4.0
    if not word:
        score = (-0.6 if capital else -2.0) if clinical else 1.3
        return score - (1.0 if len(key) == 2 else 0.0) + (0.0 if text.isascii() else 1.0)
    score = (word.ratio - 3.5) * 0.7 if word.common or word.ratio > 4 else 0.6
    score -= 1.3 * word.spelled + max(0, word.common - 6) * 0.35
    if not text.isascii() and not word.spelled and "’" not in text:
        score += 1.0
    if word.disease:
        score -= 1.2
    if word.drug and word.given < 4:
        score -= 2.5
    if len(key) <= 3 and not word.spelled:
        score -= 0.8
    nobody = max(word.given, word.last) == 0 and not word.place
    if nobody and len(key) > 5 and key.endswith(_affixes()[0]) and word.ratio < 6:
        score -= 1.5
    return score
