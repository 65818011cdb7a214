"""What is known of single words: how common they are, in which case they are written, whom or what they name.

The data are built by `tools/deid/lexicon.py`; nothing is read before the first question.
"""

import lzma
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources

from conference.deid.kept import Kept
from conference.deid.wordtable import WordTable

_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "’": "'", "ı": "i"})


def fold(word: str) -> str:
    """The word without accents, in lower case, as all tables are keyed."""
    if word.isascii():
        return word.lower()
    plain = word.casefold().translate(_PLAIN)
    return "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c))


class Word:
    """The facts of one word, from its packed number; 0 is a word never seen, and false."""

    __slots__ = (
        "acronym", "cluster", "common", "disease", "drug", "given", "last", "place", "ratio", "seen", "serves", "short", "spelled",
    )  # fmt: skip

    def __init__(self, packed: int) -> None:
        self.seen = packed != 0
        self.common = packed & 15  # frequency in lower case, logarithmic, 0 to 15; prose words lie above 5
        self.ratio = packed >> 4 & 7  # how much more often it has a capital, 0 to 7; 3 to 4 is balanced
        self.given = packed >> 7 & 7  # strength as a given name, 0 to 6
        self.last = packed >> 10 & 7  # strength as a surname, 0 to 6
        self.place = packed >> 13 & 7  # 0 not a place; 1 far away, 2 small, 3 above 5,000 people, 4 a large town
        self.disease = packed & 1 << 16 != 0  # ICD-10-CM uses it
        self.drug = packed & 1 << 17 != 0  # it names a drug
        self.spelled = packed & 1 << 18 != 0  # the spelling dictionary has it in lower case
        self.cluster = packed >> 19 & 0xFFF  # its Brown cluster
        self.acronym = packed & 1 << 31 != 0  # it is mostly written in capitals
        self.serves = self.common >= 13 and self.given < 2 and self.last < 5 and not self.place  # a word of grammar
        self.short = packed & 0xFFFF  # all that is told of it together with how it is written

    def __bool__(self) -> bool:
        return self.seen


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All tables, loaded once."""

    words: WordTable
    places: dict[str, int]  # names of several words
    place_heads: frozenset[str]  # the first word of each
    place_pairs: frozenset[str]  # the first two
    nicknames: dict[str, frozenset[str]]
    lists: dict[str, frozenset[str]]
    facts: Kept[str, Word]

    def __getitem__(self, key: str) -> Word:
        return self.facts[key]

    def has(self, name: str, key: str) -> bool:
        """Whether the hand-made list holds the word."""
        return key in self.lists[name]


def read(name: str) -> str:
    """The text of a packaged file."""
    return _bytes(name).decode()


def _bytes(name: str) -> bytes:
    data = resources.files("conference.deid").joinpath("data", name).read_bytes()
    return lzma.decompress(data) if name.endswith(".xz") else data


def sections(file: str) -> dict[str, frozenset[str]]:
    """The hand-made lists of a file: `[name]` opens one, words follow, `#` starts a comment."""
    found: dict[str, set[str]] = {}
    current: set[str] = set()
    for line in read(file).splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("["):
            current = found.setdefault(text.strip("[]"), set())
        else:
            current.update(w.replace("_", " ") for w in text.split())
    return {name: frozenset(words) for name, words in found.items()}


@cache
def lexicon() -> Lexicon:
    """The tables, read at the first call."""
    names, _, values = _bytes("words.txt.xz").partition(b"\n\n")
    places = {k: int(v) for k, _, v in (row.partition("\t") for row in read("places.txt.xz").split("\n"))}
    pets: dict[str, set[str]] = {}
    for row in read("nicknames.txt.xz").split("\n"):
        a, b = row.split("\t")
        pets.setdefault(a, set()).add(b)
        pets.setdefault(b, set()).add(a)
    words = WordTable(names, values)
    return Lexicon(
        words=words,
        places=places,
        place_heads=frozenset(k.partition(" ")[0] for k in places),
        place_pairs=frozenset(k if k.count(" ") == 1 else " ".join(k.split(" ", 2)[:2]) for k in places),
        nicknames={k: frozenset(v) for k, v in pets.items()},
        lists=sections("lists.txt"),
        facts=Kept(lambda key: Word(words.get(key))),
    )
