"""Patterns in tables, all sought together: each is tried only where it can begin."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import TypeVar

from conference.deid.kept import Kept
from conference.deid.leads import LENGTH, leads, parsed, plain, shaped, starts
from conference.deid.needs import Needs

T = TypeVar("T")
_ESCAPES = re.compile(r"\\.|A-Za-z|\(\?P<\w+>|\(\?i\)")


class Rule:
    """A compiled pattern, whether it reads the lowered text, and where it can begin."""

    __slots__ = ("leads", "low", "needs", "pattern")

    def __init__(self, pattern: re.Pattern[str], low: bool = False) -> None:
        self.pattern, self.low = pattern, low
        tree = parsed(pattern)
        self.leads = leads(tree)
        self.needs = Needs(tree) if self.leads is None else None


Table = tuple[tuple[T, Rule], ...]  # rules in their order, each with what it stands for


class Search:
    """Reads texts for all rules of some tables."""

    def __init__(self, *tables: Table[object]) -> None:
        self.rules = frozenset(rule for table in tables for _, rule in table)
        self._anywhere = [(rule, rule.needs) for rule in self.rules if rule.needs]
        self._led = dict[str, tuple[Rule, ...]]()
        for rule in self.rules:
            for run in rule.leads or ():
                self._led[run] = (*self._led.get(run, ()), rule)
        self._begun = Kept(self._beginning)

    def spots(self, low: str) -> dict[Rule, list[int]]:
        """The rules that a text in lower case may match, with the places where; one without places, anywhere."""
        words, found = plain(low), defaultdict[Rule, list[int]](list)
        shape, chars = shaped(words), {*words, "A", "N"}
        for rule, needs in self._anywhere:
            if not needs.signs.isdisjoint(chars) and needs.met(chars, words, shape):
                found[rule] = []
        for at in starts(words):
            for rule in self._begun[words[at : at + LENGTH]]:
                found[rule].append(at)
        return found

    def _beginning(self, run: str) -> tuple[Rule, ...]:
        """The rules that may begin with what stands at a start; none has two runs of which one begins the other."""
        found = tuple[Rule, ...]()
        for size in range(1, len(run) + 1):
            found += self._led.get(run[:size], ())
        return found


class Page:
    """A text as the rules of a search read it."""

    __slots__ = ("_known", "_spots", "low", "text")

    def __init__(self, text: str, search: Search) -> None:
        self.text, self.low = text, lowered(text)
        self._known, self._spots = search.rules, search.spots(self.low)

    def matches(self, table: Table[T]) -> Iterator[tuple[T, re.Match[str]]]:
        """All matches of the table's rules, rule by rule; those of one rule do not overlap."""
        if table[0][1] not in self._known:
            raise LookupError("a table that the text was not read for")
        for what, rule in table:
            spots = self._spots.get(rule)
            if spots is None:
                continue
            text, end = self.low if rule.low else self.text, 0
            if rule.leads is None:
                for match in rule.pattern.finditer(text):
                    yield what, match
            for at in spots:
                if at >= end and (found := rule.pattern.match(text, at)):
                    end = found.end()
                    yield what, found


def compiled(rule: str) -> Rule:
    """The pattern; one whose own letters are all small needs no case folding on a lowered text."""
    plain = _ESCAPES.sub("", rule)
    if plain == plain.lower() and "(?-i" not in rule:
        return Rule(re.compile(rule.replace("(?i)", "")), low=True)
    return Rule(re.compile(rule, re.IGNORECASE))


def lowered(text: str) -> str:
    """The text in lower case, character for character: a letter whose lower case is longer stays."""
    low = str.lower(text)  # a TypeError where it is no text
    return low if len(low) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
