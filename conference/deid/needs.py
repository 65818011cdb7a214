"""What every match of a pattern must hold: a text without it need not be read for the pattern."""

from collections.abc import Iterator
from typing import Any

from conference.deid.leads import LENGTH, Items, Runs, Way, cut, first

_SETS, _ASKED = 3, 32  # sets of runs that are asked for, and the runs of each
_SHAPED = 5  # characters of a run of any letters and figures
_WAYS = Way(LENGTH, _ASKED, shape=False), Way(_SHAPED, _ASKED, shape=True)
_LEAST = 5  # what nearly every text holds is not asked for
_NONE: Runs = frozenset()
_WEIGHTS = {" ": 0, "A": 1, "N": 5, "0": 5, "9": 5}


class Needs:
    """Sets of runs, of each of which every match of a parsed pattern holds one."""

    __slots__ = ("_sets", "signs")

    def __init__(self, tree: Items) -> None:
        self._sets = tuple(map(_signed, _needed(tree)))
        # Every match has one of these characters, in one way of telling or the other.
        self.signs = frozenset(sign for sign, _, _ in self._sets[0]) if self._sets else frozenset("A")

    def met(self, chars: set[str], plain: str, shape: str) -> bool:
        """Whether a text may hold a match that has these characters when told in either way."""
        for signed in self._sets:
            for sign, words, shapes in signed:
                if sign in chars and (any(map(plain.__contains__, words)) or any(map(shape.__contains__, shapes))):
                    break
            else:
                return False
        return True


def _signed(runs: Runs) -> list[tuple[str, list[str], list[str]]]:
    """The runs by their rarest character: each with the plain ones and those of any letters and figures."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    for run in sorted(runs):
        sign = max(run, key=_rarity)
        found.setdefault(sign, ([], []))["A" in run or "N" in run].append(run)
    return [(sign, *both) for sign, both in found.items()]


def _rarity(char: str) -> int:
    """How seldom a text holds the character at all."""
    return 0 if char in "A " else 2 if char.isdecimal() or char == "N" else 1 if char.isalpha() or char in ",." else 3


def _needed(tree: Items) -> list[Runs]:
    """Sets of runs, of each of which every match holds one; the most telling first."""
    found = {_few(runs) for runs in _held(tree, []) if runs}
    kept: list[Runs] = []
    for runs in sorted(found, key=_telling, reverse=True):
        if _telling(runs) > _LEAST and not any(_implied(runs, by) for by in kept):
            kept.append(runs)
    return kept[:_SETS]


def _few(runs: Runs) -> Runs:
    """The runs, or so much of each that they are few enough to ask for."""
    size = _SHAPED
    while len(runs) > _ASKED:
        size -= 1
        runs = cut(frozenset(run[:size] for run in runs))
    return runs


def _implied(runs: Runs, by: Runs) -> bool:
    """Whether a text with one of some runs has one of the others too."""
    return all(any(run in other for run in runs) for other in by)


def _held(items: Items, behind: list[tuple[Any, Any]]) -> Iterator[Runs]:
    """Sets of runs, of each of which every match of the parts in a row, and of those behind them, holds one."""
    rows = list(items)
    for at, (code, argument) in enumerate(rows):
        rest = [*rows[at + 1 :], *behind]
        match str(code):
            case "AT" | "ASSERT" | "ASSERT_NOT":
                continue
            case "SUBPATTERN":
                yield from _held(argument[-1], rest)
            case "MAX_REPEAT" | "MIN_REPEAT" if argument[0]:
                yield from _held(argument[2], rest)  # the last round
            case "BRANCH":
                best = [max(map(_few, _held(part, [])), key=_telling, default=_NONE) for part in argument[1]]
                yield _NONE.union(*best) if all(best) else _NONE
        yield from (cut(first([(code, argument), *rest], way)) for way in _WAYS)


def _telling(found: Runs) -> float:
    """How rare the runs are, and how few: signs tell more than figures, figures more than letters, blanks nothing."""
    weights = [sum(_WEIGHTS.get(char, 3 if char.isalpha() else 6) for char in run) for run in found]
    return min(weights, default=0) - len(found) / 8
