"""Words that a proper noun of medicine explains: instruments, signs, stages, schools, brands; `data/terms.txt`."""

from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import compress, count, product

from conference.deid.kept import Kept
from conference.deid.lexicon import fold, lexicon, sections
from conference.deid.tokens import Shape, Token

_JOINTS = frozenset(["-", "/", "&", "and", "‐", ","])
_RESULTS = frozenset(["positive", "negative", "pos", "neg", "equivocal", "bilaterally", "+"])
_BEFORE = frozenset(["positive", "negative", "pos", "neg", "equivocal", "modified", "bilateral", "+"])
_STEPS = frozenset(["grade", "stage", "type", "class", "level", "category", "score", "scores", "group", "zone"])
_ROMAN = frozenset(["i", "ii", "iii", "iv", "v", "vi", "iia", "iib", "iiia", "iiib", "iva", "ivb"])
_FIGURES = frozenset(
    ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
)
# Behind a figure these tell an age, a time, a sum or a room, not a grade.
_UNITS = frozenset(
    ["yo", "y", "yr", "yrs", "year", "years", "m", "f", "am", "pm", "a", "p", "-", "/", ":", "kids", "days", "weeks", "e", "w", "n", "s"]
)  # fmt: skip
# These heads make an eponym of any word before them; "sign" is also a verb and stands apart.
_HEADS = frozenset(
    [
    "scale", "scales", "inventory", "questionnaire", "classification", "criteria", "phenomenon", "syndrome", "disease", "triad", "nodes",
    "nodules", "maneuver", "manoeuvre", "index", "staging", "checklist", "tetrad", "papules", "striae", "palsy", "neuroma", "contracture",
])  # fmt: skip
# These too, but behind a possessive they tell whose.
_THINGS = frozenset(
    [
    "lens", "fields", "osteotomy", "arthroplasty", "coefficient", "nomogram", "curve", "forceps", "retractor", "speculum", "catheter", "balloon",
    "stent", "prosthesis", "flap", "graft", "reflex", "murmur", "trocar", "laryngoscope", "fracture", "angle", "units", "position", "incision",
])  # fmt: skip
_BEHIND = _HEADS | _THINGS | _FIGURES | _ROMAN | {"sign"}  # these may explain whatever stands before them
_SIGN_VERB = frozenset(
    ["the", "a", "an", "his", "her", "this", "it", "off", "for", "in", "out", "up", "on", "and", "that", "my", "your"]
)
_CHAIN = 10  # tokens of eponyms side by side
_STRONG = 4  # as a given name; a single one needs a head


@dataclass(frozen=True, slots=True)
class Terms:
    """The packaged vocabularies; phrases by their first word, the longest first."""

    phrases: dict[str, tuple[tuple[str, ...], ...]]
    surnames: frozenset[str]
    singles: frozenset[str]
    clips: frozenset[str]


@cache
def terms() -> Terms:
    """The vocabularies, read at the first call."""
    lists = sections("terms.txt")
    phrases: dict[str, list[tuple[str, ...]]] = {}
    for entry in lists["phrase"]:
        words = tuple(fold(w) for w in entry.replace("-", " ").split())
        phrases.setdefault(words[0], []).append(words)
    book = lexicon().lists
    return Terms(
        {first: tuple(sorted(found, key=len, reverse=True)) for first, found in phrases.items()},
        frozenset(lists["surname"]) | book["eponym"],
        frozenset(lists["single"]),
        frozenset(w.replace("-", "") for w in lists["clip"]),
    )


def explained(tokens: list[Token]) -> bytearray:
    """One byte a token: 1 where a vocabulary or the frame of an eponym explains it."""
    found, packed, called = bytearray(len(tokens)), terms(), _callers()
    keys, done = [t.key for t in tokens], 0
    for at in _candidates(keys):
        if at < done:
            continue
        if at and found[at - 1] and keys[at] in _FIGURES:
            found[at] = 1
        elif tokens[at].is_word and (_SPECIAL[keys[at]] or _key(tokens, at + 1) in _BEHIND):
            size = 0 if _called(tokens, at, called) else _explained(tokens, at, packed)
            done = at + size
            found[at:done] = b"\1" * size
    return found


def _candidates(keys: list[str]) -> list[int]:
    """Where something may be explained, in order; of most words nothing is."""
    special = compress(count(), map(_SPECIAL.__getitem__, keys))
    behind = [at for at, key in enumerate(keys) if key in _BEHIND]
    return sorted({*special, *behind, *(at - 1 for at in behind if at)})


def _explained(tokens: list[Token], at: int, packed: Terms) -> int:
    """How many tokens from here are explained."""
    return _phrase(tokens, at, packed) or _single(tokens, at) or _eponym(tokens, at, packed)


def _special(key: str) -> bool:
    """Whether the word is such that a vocabulary could explain it; most are not."""
    phrases = terms().phrases
    begins = key in phrases or (key[-1:] == "s" and key[:-1] in phrases)
    return begins or any(_coined(key)) or _inflected(key) or _listed(key)


_SPECIAL = Kept(_special)


@cache
def _callers() -> frozenset[str]:
    """Titles and words of kin, behind which a person stands."""
    lists = lexicon().lists
    return lists["strong_title"] | lists["kin"] | {"named"}


def _called(tokens: list[Token], at: int, called: frozenset[str]) -> bool:
    """Whether a title or a word of kin stands before: then it is a person."""
    before = at - 1
    if before > 0 and tokens[before].text == ".":
        before -= 1
    return before >= 0 and tokens[before].key in called


def _same(key: str, word: str) -> bool:
    """Whether a word of the text is the entry's, possessives without a sign included."""
    return key == word or (key[-1:] == "s" and key[:-1] == word) or (word[-1:] == "s" and word[:-1] == key)


def _phrase(tokens: list[Token], at: int, packed: Terms) -> int:
    """How many tokens from here are a phrase of the vocabularies."""
    key = tokens[at].key
    choices = packed.phrases.get(key, ()) + (packed.phrases.get(key[:-1], ()) if key[-1:] == "s" else ())
    for words in choices:
        end = at + 1
        for word in words[1:]:
            if end < len(tokens) and tokens[end].text in ("-", "‐", "/"):
                end += 1
            if end >= len(tokens) or not _same(tokens[end].key, word):
                break
            end += 1
        else:
            return end - at
    return 0


@lru_cache(maxsize=20_000)
def _coined(key: str) -> tuple[bool, bool, bool]:
    """Of a word alone: whether it is coined or a form of an everyday word, a clipped name, a drug that bears nobody's name."""
    word, packed = lexicon()[key], terms()
    nobody = not (word.given or word.last or word.place)
    return (
        key in packed.singles and word.given < _STRONG,
        key in packed.clips and word.given < 2 and word.last < _STRONG,
        word.drug and nobody and len(key) > 3,
    )


def _single(tokens: list[Token], at: int) -> int:
    """1 for a word that is explained wherever it stands, or nearly so."""
    token = tokens[at]
    coined, clipped, drug = _coined(token.key)
    known = coined or (clipped and not _titled(token)) or (drug and _key(tokens, at - 1) not in ("of", "at"))
    return int(known or (token.shape is not Shape.TITLE and _inflected(token.key)))


def _titled(token: Token) -> bool:
    """Whether a capital within a sentence speaks for a name."""
    return token.shape is Shape.TITLE and not (token.first or token.loud)


_ENDINGS = ("ing", "ed", "ings", "ly", "ness", "able")
_OPENINGS = ("de", "re", "un", "pre", "non", "over", "under", "mis", "out")


@lru_cache(maxsize=20_000)
def _inflected(key: str) -> bool:
    """A form of an everyday word that the tables lack: "alarmed", "deroofing"."""
    book = lexicon()
    word = book[key]
    if len(key) < 6 or word.given or word.last or word.place or word.spelled:
        return False
    stems = [key, *(key.removeprefix(opening) for opening in _OPENINGS if key.startswith(opening))]
    for stem, ending in product(stems, _ENDINGS):
        base = stem.removesuffix(ending)
        if (
            len(base) > 3
            and base != stem
            and any(book[f].spelled and book[f].common > 5 for f in (base, base + "e", base[:-1]))
        ):
            return True
    return False


@lru_cache(maxsize=20_000)
def _listed(key: str) -> bool:
    surnames = terms().surnames
    return key in surnames or (key[-1:] == "s" and key[:-1] in surnames)


def _eponym(tokens: list[Token], at: int, packed: Terms) -> int:
    """How many tokens from here are an eponym before a head, a result or a grade."""
    end = at
    while end < min(len(tokens), at + _CHAIN) and tokens[end].is_word and _listed(tokens[end].key):
        end += 1
        if end + 1 < len(tokens) and tokens[end].key in _JOINTS and _listed(tokens[end + 1].key):
            end += 1
    if end == at:
        return int(_framed(tokens, at))
    single = end == at + 1
    strong = single and tokens[at].word.given >= _STRONG
    next_ = _key(tokens, end)
    if next_ in lexicon().lists["eponym_head"] or next_ in _HEADS:
        return 0 if strong and next_ not in _HEADS else end - at
    if strong:
        return 0
    if end < len(tokens) and _phrase(tokens, end, packed):
        return end - at
    result = next_ in _RESULTS and _key(tokens, end + 1) != "for"
    return end - at if result or _key(tokens, at - 1) in _BEFORE or _graded(tokens, end) else 0


def _graded(tokens: list[Token], at: int) -> bool:
    """Whether a grade stands here: "II", "type 2", "three", "1A"."""
    figure = _key(tokens, at)
    if figure in _STEPS:
        return True
    if figure in _ROMAN:
        return figure != "i" or tokens[at].shape is Shape.TITLE
    small = figure.isdigit() and len(figure) < 3
    return (
        (small or figure in _FIGURES)
        and _key(tokens, at + 1) not in _UNITS
        and (not small or tokens[at - 1].word.last < 6)
    )


def _framed(tokens: list[Token], at: int) -> bool:
    """Whether a word on no list is an eponym all the same: before a head that only eponyms have, before "II"."""
    token, next_ = tokens[at], _key(tokens, at + 1)
    if len(token.key) < 3 or token.word.given >= _STRONG:
        return False
    if next_ in _HEADS:
        return True
    if next_ in _THINGS:
        return not (token.owner or token.key[-1] == "s" or _key(tokens, at - 1) in ("for", "from"))
    if next_ in _FIGURES and next_ != "one":
        return token.word.given < 2 and token.shape is Shape.TITLE and _key(tokens, at + 2) in (",", ".", ";", "at", "")
    if next_ == "sign":
        return token.owner or (token.shape is Shape.TITLE and _key(tokens, at + 2) not in _SIGN_VERB)
    before = tokens[at - 1] if at else None
    alone = before is None or not before.is_word or before.shape is not Shape.TITLE
    return alone and token.shape is not Shape.UPPER and next_ in _ROMAN and next_ not in ("i", "v")


def _key(tokens: list[Token], at: int) -> str:
    return tokens[at].key if 0 <= at < len(tokens) else ""
