"""What the tagger sees of each word: facts of the lexicon, its form, its lists, the judgement by hand, its vector."""

from bisect import bisect_right
from functools import cache
from zlib import crc32

from conference.deid.arithmetic import NDArray, np
from conference.deid.kept import Kept
from conference.deid.lexicon import lexicon
from conference.deid.reading import Reading
from conference.deid.tokens import Token

_LISTS = (
    "kin", "title", "lead", "pronoun", "spoke", "place_before", "place_lead", "strong_facility", "weak_facility", "landscape", "nation",
    "generic", "eponym", "eponym_head", "eponym_alone", "brand", "clinical", "harmless", "abbreviation", "street", "contraction",
)  # fmt: skip
# How many values each column has. The first columns tell of the word alone, wherever it stands.
_GRAMS, _GRAM = 8, 4096  # how many runs of four letters are told of a word, and into how many bins they fall
_WORD = (160, 64, 16, 49, 10, 16, 8, 64, 1024, 2048, 512, 1024, 16, 4096, 22, 22, 22, *(_GRAM for _ in range(_GRAMS)))
_HERE = (256, 96, 16, 14, 14, 49, 56, 35, 112, 16, 8, 4)
SIZES = (*_WORD, *_HERE)
WORDED = len(_WORD)  # so many columns come first that tell of the word alone
SHARED = range(17, 17 + _GRAMS)  # columns of one table
BLIND = (7, 8, 9, 10, 11, 13, *SHARED)  # columns that tell words apart: learning must also do without them
PAD = 4  # empty places before and behind a text, which tell the net where it ends
_OWN = [size if at not in SHARED[1:] else 0 for at, size in enumerate(SIZES)]
COUNT = sum(_OWN)
START = np.cumsum((0, *_OWN[:-1])).astype(np.int32)
START[SHARED[1:]] = START[SHARED[0]]
_ANY_SHAPE = 5  # beside those of `Shape`: of a word in a text without capitals
_KINDS = {"name": 2, "patient": 2, "partner": 2, "relative": 2, "clinician": 2, "person": 2, "place": 3}

Ids = NDArray[np.int32]
Columns = tuple[int, ...]


@cache
def _listed() -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for at, name in enumerate(_LISTS, 1):
        for word in lexicon().lists[name]:
            found.setdefault(word, []).append(at)
    return found


def _facts(key: str) -> Columns:
    """The columns of the word alone."""
    word, size = lexicon()[key], len(key)
    lists = [*_listed().get(key, [])[:3], 0, 0, 0][:3]
    last, end, begin, whole, *grams = map(crc32, _pieces(key))
    return (
        1, word.ratio * 8 + word.common // 2, word.common, word.given * 7 + word.last, word.place * 2 + word.spelled,
        word.disease * 8 + word.drug * 4 + word.spelled * 2 + word.acronym, word.seen * 2 + (not key.isascii()),
        word.cluster & 63, word.cluster & 1023, 1 + last % 2047, 1 + end % 511, 1 + begin % 1023, min(size, 15),
        1 + whole % 4095 if word.common > 6 else 0, *lists, *(1 + gram % (_GRAM - 1) for gram in grams), *_NO_GRAMS[len(grams) :],
    )  # fmt: skip


def _pieces(key: str) -> list[bytes]:
    """The word's end of three and of two letters, its begin, all of it, and its runs of four letters, its ends marked."""
    marked = f"<{key}>"
    places = range(min(len(marked) - 3, _GRAMS))
    if key.isascii():
        plain, whole = key.encode(), marked.encode()
        return [plain[-3:], plain[-2:], plain[:3], plain, *(whole[at : at + 4] for at in places)]
    return [part.encode() for part in (key[-3:], key[-2:], key[:3], key, *(marked[at : at + 4] for at in places))]


_FACTS = Kept(_facts)


_NO_GRAMS = (0,) * _GRAMS
_NONE = (0,) * (WORDED - 1)
_NOWHERE = (0,) * (len(_HERE) - 3)


def _other(token: Token) -> int:
    """The first column of what is no word: a line end, a number by its length, a placeholder, a sign."""
    if token.masked:
        return 2 + _KINDS.get(token.key, 0)
    if token.text == "\n":
        return 8
    if token.text.isdecimal():
        return _figure(token.text)
    return 60 + ord(token.text[0]) % 100


_STEPS = (1, 13, 24, 32, 60, 90, 100, 116, 1800, 1936, 2031)


def _figure(text: str) -> int:
    """The column of a number, by its length and, of a short one, by what it may count."""
    if len(text) > 4:
        return 9 + min(len(text), 12)
    return 22 + bisect_right(_STEPS, int(text)) + (12 if text[0] == "0" else 24 if len(text) == 4 else 0)


_EDGE = 7  # the first column of the places before and behind a text
OUTSIDE = (0,) * len(_HERE)


def word_columns(token: Token) -> Columns:
    """The columns of the token alone, wherever it stands."""
    return _FACTS[token.key] if token.is_word else (_other(token), *_NONE)


def place_columns(reading: Reading) -> Columns:
    """The columns of the token in its place; the last tell its form, how it is glued, whether a vocabulary explains it."""
    token = reading.token
    beside = reading.formed, 1 + reading.glued, 1 + reading.explained
    if not token.is_word:
        return (*_NOWHERE, *beside)
    word, shape = token.word, _ANY_SHAPE if reading.quiet else int(token.shape)
    return (
        0, ((shape * 2 + token.first) * 2 + token.loud) * 2 + token.owner,
        reading.harmless * 4 + reading.cued * 2 + reading.clinical, _bin(reading.name), _bin(reading.place),
        shape * 7 + max(word.given, word.last), shape * 8 + word.ratio, shape * 5 + min(word.place, 4), shape * 16 + word.common,
        *beside,
    )  # fmt: skip


def place_key(reading: Reading) -> Columns:
    """What tells the `place_columns` of a token from those of others."""
    token = reading.token
    if not token.is_word:
        return reading.formed, reading.glued, reading.explained
    return (
        token.shape + 8 * token.first, token.loud + 2 * token.owner + 4 * reading.quiet,
        reading.harmless + 2 * reading.cued + 4 * reading.clinical, round(reading.name), round(reading.place),
        token.word.short, reading.formed, reading.glued, reading.explained,
    )  # fmt: skip


def _bin(score: float) -> int:
    return 0 if score <= -6 else 13 if score >= 7 else round(score) + 6


EDGE_COLUMNS = (_EDGE, *_NONE)


def numbers(readings: list[Reading]) -> Ids:
    """The active features of each token, the edges of the text padded."""
    edge = [(*EDGE_COLUMNS, *OUTSIDE)] * PAD
    rows = [*edge, *((*word_columns(r.token), *place_columns(r)) for r in readings), *edge]
    found: Ids = np.array(rows, np.int32) + START
    return found
