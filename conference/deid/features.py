"""What the tagger sees of a word: bins of the lexicon, the hand-made judgement, the words around."""

from conference.deid.context import Reading
from conference.deid.tokens import Shape, Token

_EDGE = "#"


def features(readings: list[Reading], at: int) -> list[str]:
    """The active features of the word at the position."""
    here = readings[at]
    found = ["1", *_own(here)]
    for step in (-2, -1, 1, 2):
        place = at + step
        if 0 <= place < len(readings) and readings[place].token.text != "\n":
            found += _other(readings[place], step)
        else:
            found.append(f"{_EDGE}{step}")
    if 0 < at < len(readings) - 1:
        found.append(f"b{_short(readings[at - 1].token)}|{_short(readings[at + 1].token)}")
    return found


def _case(token: Token) -> str:
    return f"{token.shape.value[0]}{int(token.first)}{int(token.loud)}"


def _short(token: Token) -> str:
    """The word itself where it is frequent, else its class."""
    if not token.is_word:
        return "0" if token.text.isdigit() else "[]" if token.masked else "/" if token.text == "\n" else token.text
    return (
        token.key if token.word.common > 8 else f"~{token.shape.value[0]}{max(token.word.given, token.word.last) // 2}"
    )


def _own(reading: Reading) -> list[str]:
    token, word = reading.token, reading.token.word
    case = _case(token)
    found = [
        f"s{case}", f"c{word.common // 2}{case}", f"r{word.ratio}{token.shape.value[0]}", f"g{word.given}{case}", f"l{word.last}{case}", f"p{word.place}{case}",
        f"n{_bin(reading.name)}", f"q{_bin(reading.place)}", f"h{int(reading.harmless)}{int(reading.cued)}", f"d{int(word.disease)}{int(word.drug)}{int(word.spelled)}{int(word.acronym)}{case[0]}",
        f"rc{word.ratio}{word.common // 3}", f"gs{word.given}{int(word.spelled)}{word.ratio}", f"k{word.cluster & 63}", f"K{word.cluster & 1023}", f"e{token.key[-3:]}", f"E{token.key[-2:]}{token.shape.value[0]}",
        f"z{min(len(token.key), 10)}",
    ]  # fmt: skip
    if not word:
        found.append(f"u{case}{min(len(token.key), 6)}")
    if not token.text.isascii():
        found.append("x")
    return found


def _bin(score: float) -> int:
    return max(-5, min(6, round(score)))


def _other(reading: Reading, step: int) -> list[str]:
    token, word = reading.token, reading.token.word
    found = [f"w{step}{_short(token)}"]
    if token.is_word:
        found += [
            f"N{step}{_bin(reading.name)}",
            f"k{step}{word.cluster & 63}",
            f"S{step}{token.shape.value[0]}{max(word.given, word.last)}",
        ]
        if token.shape is Shape.LOWER and word.common > 6:
            found.append(f"v{step}{token.key}")
    return found
