"""What the tagger sees of each word: facts of the lexicon, its form, its lists, the judgement by hand, its vector."""

from collections.abc import Iterator
from functools import cache
from zlib import crc32

from conference.deid.arithmetic import NDArray, np
from conference.deid.lexicon import lexicon
from conference.deid.reading import Reading
from conference.deid.tokens import Shape, Token

_LISTS = (
    "kin", "title", "lead", "pronoun", "spoke", "place_before", "place_lead", "strong_facility", "weak_facility", "landscape", "nation",
    "generic", "eponym", "eponym_head", "eponym_alone", "brand", "clinical", "harmless", "abbreviation", "street", "contraction",
)  # fmt: skip
# How many values each column has. The first columns tell of the word alone, wherever it stands.
_WORD = (128, 64, 16, 49, 10, 16, 8, 64, 1024, 2048, 512, 1024, 16, 4096, 22, 22, 22)
_HERE = (256, 96, 16, 14, 14, 49, 56, 35, 112)
SIZES = (*_WORD, *_HERE)
BLIND = (7, 8, 9, 10, 11, 13)  # columns that tell words apart: learning must also do without them
PAD = 4  # empty places before and behind a text, as many as the tagger looks ahead
_START = np.cumsum((0, *SIZES[:-1])).astype(np.int32)
_EDGE = 1
_SHAPES = {shape: at for at, shape in enumerate(Shape)}
_KINDS = {"name": 2, "patient": 2, "partner": 2, "relative": 2, "clinician": 2, "person": 2, "place": 3}

Ids = NDArray[np.int32]


@cache
def _listed() -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for at, name in enumerate(_LISTS, 1):
        for word in lexicon().lists[name]:
            found.setdefault(word, []).append(at)
    return found


def _hash(text: str, size: int) -> int:
    return 1 + crc32(text.encode()) % (size - 1)


_cache: dict[str, tuple[int, ...]] = {}
_MOST = 20_000  # words whose facts are kept ready


def _facts(token: Token) -> tuple[int, ...]:
    """The columns of the word alone."""
    found = _cache.get(token.key)
    if found is None:
        if len(_cache) >= _MOST:
            _cache.clear()
        found = _cache[token.key] = _made(token)
    return found


def _made(token: Token) -> tuple[int, ...]:
    word, key = token.word, token.key
    lists = [*_listed().get(key, [])[:3], 0, 0, 0][:3]
    return (
        1, word.ratio * 8 + word.common // 2, word.common, word.given * 7 + word.last, word.place * 2 + word.spelled,
        word.disease * 8 + word.drug * 4 + word.spelled * 2 + word.acronym, int(bool(word)) * 2 + (not key.isascii()),
        word.cluster & 63, word.cluster & 1023, _hash(key[-3:], 2048), _hash(key[-2:], 512), _hash(key[:3], 1024), min(len(key), 15),
        _hash(key, 4096) if word.common > 6 else 0, *lists,
    )  # fmt: skip


_NONE = (0,) * (len(_WORD) - 1)
_NOWHERE = (0,) * len(_HERE)


def _other(token: Token) -> int:
    """The first column of what is no word: a line end, a number by its length, a placeholder, a sign."""
    if token.masked:
        return 2 + _KINDS.get(token.key, 0)
    if token.text == "\n":
        return 8
    if token.text.isdigit():
        return 9 + min(len(token.text), 8)
    return 20 + ord(token.text[0]) % 100


def _here(reading: Reading) -> tuple[int, ...]:
    """The columns of the word in its place."""
    token, word = reading.token, reading.token.word
    shape = 5 if reading.quiet else _SHAPES[token.shape]
    case = (shape * 2 + token.first) * 2 + token.loud
    strength = max(word.given, word.last)
    return (
        0, case * 2 + token.owner, reading.harmless * 4 + reading.cued * 2 + reading.clinical, _bin(reading.name), _bin(reading.place),
        shape * 7 + strength, shape * 8 + word.ratio, shape * 5 + min(word.place, 4), shape * 16 + word.common,
    )  # fmt: skip


def _bin(score: float) -> int:
    return max(-6, min(7, round(score))) + 6


def _rows(readings: list[Reading]) -> Iterator[tuple[int, ...]]:
    for reading in readings:
        token = reading.token
        if token.is_word:
            yield (*_facts(token), *_here(reading))
        else:
            yield (_other(token), *_NONE, *_NOWHERE)


def numbers(readings: list[Reading]) -> Ids:
    """A row for each word with the number of one active feature for each column; the edges of the text are padded."""
    edge = (_EDGE + 6, *_NONE, *_NOWHERE)
    rows = [edge] * PAD + list(_rows(readings)) + [edge] * PAD
    found: Ids = np.array(rows, np.int32) + _START
    return found
