"""With what a match can begin and what it must hold, read off the pattern itself: most patterns need not be tried.

A run is up to four characters in lower case, with `0` for any figure but 9 and a blank for any space. A text has starts
where a run of letters, a run of figures or any other character begins.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate, product
from re import _parser as re_parser  # type: ignore[attr-defined]  # how the library reads a pattern: it has no public name
from typing import Any

Runs = frozenset[str]
_Items = Iterable[tuple[Any, Any]]
_LENGTH = 4
_MOST = 400  # runs with which one pattern begins, before they are told by fewer characters
_OPEN = "\0"  # closes a lead behind which anything may follow
_ANYTHING, _NOTHING = frozenset([_OPEN]), frozenset([""])
_SAME = {"ı": "i", "İ": "i", "ſ": "s"}  # what a pattern without regard to case takes for these
_FIGURES = frozenset(["0", "9"])  # ages over 89 begin with the second
_LETTERS = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüý")  # beyond ASCII, with one capital and one small form each
_STARTS = re.compile(r"[^\W\d_]+|\d+|.", re.DOTALL)
_ASKED = 6  # sets of runs that are asked for
_CHARS = 6  # characters of a class before it counts as anything


def plain(low: str) -> str:
    """The text in lower case as runs are told, character for character."""
    return low.translate(_PLAIN)


def starts(plain: str) -> Iterator[tuple[int, str]]:
    """The starts of a text, each with the run that stands there."""
    return ((at, plain[at : at + _LENGTH]) for at in accumulate(map(len, _STARTS.findall(plain)), initial=0))


def leads(pattern: re.Pattern[str]) -> Runs | None:
    """The runs with which a match begins, where it begins at a start; None where it may begin with anything or anywhere."""
    tree = re_parser.parse(pattern.pattern, pattern.flags)
    found = _cut(_first(tree))
    return found if found and _opens(tree) else None


def needs(pattern: re.Pattern[str]) -> tuple[Runs, ...]:
    """Sets of runs, of each of which every match holds one; the most telling first."""
    found = {runs for runs in _held(re_parser.parse(pattern.pattern, pattern.flags)) if runs}
    return tuple(sorted(found, key=_telling, reverse=True)[:_ASKED])


def _plain(char: str) -> str:
    return (char if char == "9" else "0") if char.isdecimal() else " " if char.isspace() else _SAME.get(char, char)


class _Plain(dict[int, str]):
    """How each character is told, as far as texts have asked."""

    def __missing__(self, at: int) -> str:
        found = self[at] = _plain(chr(at))
        return found


_PLAIN = _Plain()


def _first(items: _Items) -> Runs:
    """The leads of parts in a row."""
    found = _NOTHING
    for code, argument in items:
        if all(map(_full, found)):
            break
        found = _behind(found, _part(code, argument))
    return found


def _cut(found: Runs) -> Runs:
    """The runs, without those that begin as a shorter one and the sign that more follows; none where one is empty."""
    runs = {run.rstrip(_OPEN) for run in found}
    least = frozenset(run for run in runs if not any(run[:size] in runs for size in range(1, len(run))))
    return least if "" not in runs else frozenset()


def _full(run: str) -> bool:
    return len(run) == _LENGTH or run[-1:] == _OPEN


def _behind(found: Runs, more: Runs) -> Runs:
    size = _LENGTH
    while size > 1 and len(found) * len(more) > _MOST:
        size -= 1
        more = frozenset(run if len(run) <= size else run[:size] + _OPEN for run in more)
    return frozenset(a if _full(a) else (a + b)[:_LENGTH] for a, b in product(found, more))


def _part(code: Any, argument: Any) -> Runs:
    match str(code):
        case "LITERAL":
            return _chars(argument, argument)
        case "IN":
            found = frozenset[str]().union(*(_member(*item) for item in argument))
            return found if len(found) <= _CHARS else _ANYTHING
        case "SUBPATTERN":
            return _first(argument[-1])
        case "BRANCH":
            return frozenset[str]().union(*map(_first, argument[1]))
        case "MAX_REPEAT" | "MIN_REPEAT":
            return _repeated(*argument)
        case "ASSERT" | "ASSERT_NOT" | "AT":
            return _NOTHING
        case _:
            return _ANYTHING


def _chars(first: int, last: int) -> Runs:
    """Any of the characters; those that are told otherwise in other texts count as anything."""
    found = [chr(at).lower() for at in range(first, min(last, 255) + 1)]
    told = last < 256 and all(char.isascii() or char in _LETTERS for char in found)
    return frozenset(map(_plain, found)) if told else _ANYTHING


def _member(code: Any, argument: Any) -> Runs:
    match str(code), str(argument):
        case "LITERAL", _:
            return _chars(argument, argument)
        case "RANGE", _:
            return _chars(*argument)
        case _, "CATEGORY_DIGIT":
            return _FIGURES
        case _, "CATEGORY_SPACE":
            return frozenset(" ")
        case _:
            return _ANYTHING


def _repeated(least: int, most: int, items: _Items) -> Runs:
    once = _first(items)
    found, times = _NOTHING if least == 0 else frozenset[str](), _NOTHING
    for count in range(1, min(int(most), _LENGTH) + 1):
        times = _behind(times, once)
        if count >= min(least, _LENGTH):
            found |= times
    return found


def _opens(items: _Items, edge: str = "") -> bool:
    """Whether every match begins at a start; `edge` is what cannot stand before it: a "word", a "figure" or not known."""
    for code, argument in items:
        match str(code):
            case "AT":
                edge = "word" if str(argument) in ("AT_BOUNDARY", "AT_BEGINNING") else edge
            case "ASSERT_NOT" if argument[0] < 0:
                edge = max(edge, _edge(list(argument[1])))
            case "ASSERT_NOT" | "ASSERT":
                pass
            case "SUBPATTERN":
                return _opens(argument[-1], edge)
            case "BRANCH":
                return all(_opens(part, edge) for part in argument[1])
            case _:
                runs = _part(code, argument)
                if not all(_alone(run[0], edge) for run in runs if run):
                    return False
                if "" not in runs:
                    return True
    return edge == "word"


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


def _held(items: _Items) -> Iterator[Runs]:
    """Sets of runs, of each of which every match of the parts in a row holds one."""
    rows = list(items)
    for at, (code, argument) in enumerate(rows):
        yield _cut(_first(rows[at:]))
        match str(code):
            case "SUBPATTERN":
                yield from _held(argument[-1])
            case "MAX_REPEAT" | "MIN_REPEAT" if argument[0]:
                yield from _held(argument[2])
            case "BRANCH":
                best = [max(_held(part), key=_telling, default=frozenset[str]()) for part in argument[1]]
                yield frozenset[str]().union(*best) if all(best) else frozenset()


def _telling(found: Runs) -> tuple[int, int]:
    """How rare the runs are: signs tell more than figures, figures more than letters, blanks nothing."""
    weights = [
        sum(1 if char.isalpha() else 2 if char in _FIGURES else 3 for char in run if char != " ") for run in found
    ]
    return min(weights, default=0), -len(found)
