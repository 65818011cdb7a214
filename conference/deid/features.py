"""What the tagger sees of a word: bins of the lexicon, the hand-made judgement, the words around."""

from functools import cache

from conference.deid.context import Reading
from conference.deid.lexicon import lexicon
from conference.deid.tokens import Shape, Token

_EDGE = "#"
_LISTS = {
    "k": "kin", "t": "title", "l": "lead", "p": "pronoun", "s": "spoke", "b": "place_before", "m": "place_lead", "f": "strong_facility",
    "w": "weak_facility", "a": "landscape", "n": "nation", "g": "generic", "e": "eponym_head", "c": "clinical", "h": "harmless", "r": "abbreviation",
}  # fmt: skip
_FIRM = frozenset("npkth")  # lists that no vote outweighs
_STEPS = (-3, -2, -1, 1, 2, 3)


@cache
def _classes() -> dict[str, str]:
    """The hand-made lists that hold a word, a letter each."""
    found: dict[str, str] = {}
    for letter, name in _LISTS.items():
        for word in lexicon().lists[name]:
            found[word] = found.get(word, "") + letter
    return found


class Signs:
    """The features of the words of one text; what neighbours share is made once."""

    def __init__(self, readings: list[Reading]) -> None:
        self._readings = readings
        self._classes = _classes()
        self._shown: list[tuple[str, str, str] | None] = [None] * len(readings)

    def of(self, at: int) -> list[str]:
        """The active features of the word at the position."""
        here = self._readings[at]
        case = _case(here)
        found = _own(here, case)
        strength = max(here.token.word.given, here.token.word.last)
        near = {step: self._show(at + step) for step in _STEPS}
        for step, (word, kind, shape) in near.items():
            found.append(f"w{step}{word}")
            found.append(f"C{step}{kind}{case[0]}")
            if -3 < step < 3:
                found.append(f"S{step}{shape}")
                found.append(f"N{step}{self._judged(at + step)}")
        (word1, kind1, shape1), (word2, kind2, shape2) = near[-1], near[1]
        found += [
            f"b{word1}|{word2}", f"B{kind1}|{kind2}|{case}", f"x{word1}|{strength}{case[0]}", f"y{word2}|{strength}{case[0]}",
            f"X{kind1}|{here.token.word.place}{case[0]}", f"a{near[-2][0]}|{word1}", f"A{word2}|{near[2][0]}", f"D{kind1}|{here.token.word.common}{case}",
            f"F{kind2}|{here.token.word.common}{case}", f"i{shape1}|{shape2}|{case}", f"j{near[-2][1]}|{kind1}|{case[0]}",
        ]  # fmt: skip
        if here.token.owner:
            found += [f"P{case}", f"P{kind2}{case[0]}", f"P{strength}{case[0]}"]
        if here.token.word.common > 4:
            found += [f"o{here.token.key}|{word1}", f"O{here.token.key}|{word2}"]
        return found

    def _show(self, at: int) -> tuple[str, str, str]:
        """Of a neighbour: the word where it is frequent, its lists, its form and strength."""
        if not 0 <= at < len(self._readings):
            return (_EDGE, _EDGE, _EDGE)
        made = self._shown[at]
        if made is None:
            token = self._readings[at].token
            word = token.word
            made = self._shown[at] = (
                _short(token),
                self._classes.get(token.key, "") if token.is_word else "/" if token.text == "\n" else token.text[0],
                f"{token.shape.value[0]}{max(word.given, word.last)}{word.place}" if token.is_word else "-",
            )
        return made

    def _judged(self, at: int) -> str:
        if not 0 <= at < len(self._readings):
            return _EDGE
        reading = self._readings[at]
        return f"{_bin(reading.name)}{'h' if reading.harmless else ''}" if reading.token.is_word else "-"


def _case(reading: Reading) -> str:
    """How the word is written and whether that tells anything."""
    token = reading.token
    return f"{'q' if reading.quiet else token.shape.value[0]}{int(token.first)}{int(token.loud)}"


def _short(token: Token) -> str:
    """The word itself where it is frequent, else its class."""
    if not token.is_word:
        return "0" if token.text.isdigit() else "[]" if token.masked else "/" if token.text == "\n" else token.text
    word = token.word
    return token.key if word.common > 7 else f"~{token.shape.value[0]}{max(word.given, word.last) // 2}"


def _own(reading: Reading, case: str) -> list[str]:
    token, word = reading.token, reading.token.word
    key = token.key
    name, place, strength = _bin(reading.name), _bin(reading.place), f"{word.given}{word.last}{word.place}"
    found = [
        "1", f"s{case}", f"c{word.common}{case}", f"r{word.ratio}{case[0]}", f"g{word.given}{case}", f"l{word.last}{case}", f"p{word.place}{case}",
        f"n{name}", f"q{place}", f"n{name}{case}", f"q{place}{case}", f"h{int(reading.harmless)}{int(reading.cued)}",
        f"d{int(word.disease)}{int(word.drug)}{int(word.spelled)}{int(word.acronym)}{case[0]}", f"rc{word.ratio}{word.common // 2}{case[0]}",
        f"gs{strength}{int(word.spelled)}{word.ratio}", f"k{word.cluster & 63}{case[0]}", f"K{word.cluster & 1023}", f"e{key[-3:]}", f"E{key[-2:]}{case[0]}",
        f"f{key[:3]}", f"z{min(len(key), 10)}{case[0]}", f"t{strength}{case}",
    ]  # fmt: skip
    if word.common > 4:
        found += [f"W{key}", f"W{key}{case[0]}"]
    if not word:
        found.append(f"u{case}{min(len(key), 6)}")
        found.append(f"U{key[-3:]}")
    if not token.text.isascii():
        found.append("x")
    if reading.clinical:
        found.append(f"y{case[0]}{int(bool(word))}")
    return found


def _bin(score: float) -> int:
    return max(-6, min(7, round(score)))


def worth(reading: Reading, floor: float) -> bool:
    """Whether the tagger is asked about the word: it may be a name, or a list that clears it may be wrong here."""
    token, word = reading.token, reading.token.word
    if not token.is_word or len(token.key) < 2:
        return False
    if reading.harmless:
        if token.shape is Shape.UPPER or word.common >= 13 or max(word.given, word.last, word.place) < 2:
            return False
        listed = _classes().get(token.key, "")
        return not _FIRM.intersection(listed) or ("n" in listed and word.given >= 3)
    return max(reading.name, reading.place) > floor
