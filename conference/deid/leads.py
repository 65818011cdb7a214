"""With what a match can begin, read off the pattern itself: most patterns need not be tried.

A run is up to four characters in lower case, with `0` for any figure but 9 and a blank for any space; or, of a pattern
of any letters and figures, up to five characters with `A` for any letter and `N` for any figure. A text has starts where
a run of letters, a run of figures or any other character begins, but for a blank before a letter.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate, product
from re import _parser as re_parser  # type: ignore[attr-defined]  # how the library reads a pattern: it has no public name
from typing import Any, NamedTuple

from conference.deid.kept import Kept

Runs = frozenset[str]
Items = Iterable[tuple[Any, Any]]
LENGTH = 4


class Way(NamedTuple):
    """How runs are told: by how many characters, how many of them before they get shorter, whether by any letters and figures."""

    length: int
    most: int
    shape: bool


_LEADS = Way(LENGTH, 400, shape=False)
_OPEN = "\0"  # closes a lead behind which anything may follow
_ANYTHING, _NOTHING = frozenset([_OPEN]), frozenset([""])
_SAME = {"ı": "i", "İ": "i", "ſ": "s"}  # what a pattern without regard to case takes for these
_FIGURES = frozenset("09")  # ages over 89 begin with the second
_WORDS = frozenset("AN_")  # how any character of a word is shaped
_LETTERS = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüý")  # beyond ASCII, with one capital and one small form each
_STARTS = re.compile(r"(?:[^\W\d_]+|\d+)(?: (?=[^\W\d_]))?|.", re.DOTALL)
_CHARS = 6  # characters of a class before it counts as anything


def plain(low: str) -> str:
    """The text in lower case as runs are told, character for character."""
    return low.translate(_PLAIN)


def shaped(plain: str) -> str:
    """The text with one sign for all letters and one for all figures."""
    return plain.translate(_SHAPE)


def starts(plain: str) -> Iterator[int]:
    """The starts of a text, and its end."""
    return accumulate(map(len, _STARTS.findall(plain)), initial=0)


def parsed(pattern: re.Pattern[str]) -> Items:
    """The parts of a pattern in a row, each a code with its argument."""
    found: Items = re_parser.parse(pattern.pattern, pattern.flags)
    return found


def leads(tree: Items) -> Runs | None:
    """The runs with which a match begins, where it begins at a start; None where it may begin with anything or anywhere."""
    found = cut(first(tree, _LEADS))
    return found if found and _opens(tree) and not any(map(_passed, found)) else None


def _passed(run: str) -> bool:
    """Whether the run may stand where a blank leads from one word to the next: there is no start."""
    return run[0] == " " and (len(run) == 1 or run[1].isalpha())


def _plain(char: str) -> str:
    return (char if char == "9" else "0") if char.isdecimal() else " " if char.isspace() else _SAME.get(char, char)


def _shape(char: str) -> str:
    return "N" if char.isdecimal() else "A" if char.isalnum() else char


_PLAIN: Kept[int, str] = Kept(lambda at: _plain(chr(at)))
_SHAPE: Kept[int, str] = Kept(lambda at: _shape(chr(at)))


def first(items: Items, way: Way) -> Runs:
    """The leads of parts in a row, or what they begin with of any letters and figures."""
    found = _NOTHING
    for code, argument in items:
        part = _part(code, argument, way)
        if part is not _NOTHING:
            found = _behind(found, part, way)
            if all(_full(run, way) for run in found):
                break
    return found


def cut(found: Runs) -> Runs:
    """The runs, without those that begin as a shorter one and the sign that more follows; none where one is empty."""
    runs = {run.rstrip(_OPEN) for run in found}
    least = frozenset(run for run in runs if not any(run[:size] in runs for size in range(1, len(run))))
    return least if "" not in runs else frozenset()


def _full(run: str, way: Way) -> bool:
    return len(run) == way.length or run[-1:] == _OPEN


def _behind(found: Runs, more: Runs, way: Way) -> Runs:
    size = way.length
    while size > 1 and len(found) * len(more) > way.most:
        size -= 1
        more = frozenset(run if len(run) <= size else run[:size] + _OPEN for run in more)
    ended = {run for run in found if _full(run, way)}
    return frozenset(ended.union((a + b)[: way.length] for a, b in product(found - ended, more)))


def _part(code: Any, argument: Any, way: Way) -> Runs:
    match str(code):
        case "LITERAL":
            return _chars(argument, argument, way)
        case "IN":
            found = frozenset[str]().union(*(_member(name, value, way) for name, value in argument))
            return found if len(found) <= _CHARS else _ANYTHING
        case "SUBPATTERN":
            return first(argument[-1], way)
        case "BRANCH":
            return frozenset[str]().union(*(first(part, way) for part in argument[1]))
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most, part = argument
            return _repeated(least, most, part, way)
        case "ASSERT" | "ASSERT_NOT" | "AT":
            return _NOTHING
        case _:
            return _ANYTHING


def _chars(low: int, high: int, way: Way) -> Runs:
    """Any of the characters; those that are told otherwise in other texts count as anything."""
    found = [chr(at).lower() for at in range(low, min(high, 255) + 1)]
    told = high < 256 and all(char.isascii() or char in _LETTERS for char in found)
    plain = frozenset(map(_plain, found))
    return (frozenset(map(_shape, plain)) if way.shape else plain) if told else _ANYTHING


def _member(code: Any, argument: Any, way: Way) -> Runs:
    match str(code), str(argument):
        case "LITERAL", _:
            return _chars(argument, argument, way)
        case "RANGE", _:
            return _chars(argument[0], argument[1], way)
        case _, "CATEGORY_DIGIT":
            return frozenset("N") if way.shape else _FIGURES
        case _, "CATEGORY_WORD" if way.shape:
            return _WORDS
        case _, "CATEGORY_SPACE":
            return frozenset(" ")
        case _:
            return _ANYTHING


def _repeated(least: int, most: int, items: Items, way: Way) -> Runs:
    once = first(items, way)
    found, times = _NOTHING if least == 0 else frozenset[str](), _NOTHING
    for count in range(1, min(int(most), way.length) + 1):
        times = _behind(times, once, way)
        if count >= min(least, way.length):
            found |= times
    return found


def _opens(items: Items, edge: str = "") -> bool:
    """Whether every match begins at a start; `edge` is what cannot stand before it: a "word", a "figure" or not known."""
    for code, argument in items:
        match str(code):
            case "AT":
                edge = "word" if str(argument) in ("AT_BOUNDARY", "AT_BEGINNING") else edge
            case "ASSERT_NOT" if argument[0] < 0:
                edge = max(edge, _edge(list(argument[1])))
            case "ASSERT" if argument[0] < 0:
                edge = "word" if _parted(list(argument[1])) else edge
            case "ASSERT_NOT" | "ASSERT":
                pass
            case "SUBPATTERN":
                return _opens(argument[-1], edge)
            case "BRANCH":
                return all(_opens(part, edge) for part in argument[1])
            case _:
                runs = _part(code, argument, _LEADS)
                if not all(_alone(run[0], edge) for run in runs if run):
                    return False
                if "" not in runs:
                    return True
    return edge == "word"


def _parted(behind: list[tuple[Any, Any]]) -> bool:
    """Whether what must stand before ends with a sign or a blank."""
    code, argument = behind[-1]
    return str(code) == "LITERAL" and not chr(argument).isalnum()


def _edge(behind: list[tuple[Any, Any]]) -> str:
    """What a look behind forbids."""
    if len(behind) != 1 or str(behind[0][0]) != "IN":
        return ""
    names = {str(code) if argument is None else str(argument) for code, argument in behind[0][1]}
    if "NEGATE" in names:
        return ""
    return "word" if "CATEGORY_WORD" in names else "figure" if "CATEGORY_DIGIT" in names else ""


def _alone(char: str, edge: str) -> bool:
    """Whether the character behind the edge stands at a start."""
    return edge == "word" or (char in _FIGURES and edge == "figure") or not (char.isalnum() or char == _OPEN)
