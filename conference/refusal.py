"""The one way the domain says no."""

from collections.abc import Mapping, Set
from enum import StrEnum
from typing import TypeVar

State = TypeVar("State", bound=StrEnum)


class Refusal(Exception):
    """Understood and declined. Its text is one plain sentence for the asker that says what to do instead."""

    def __init__(self, text: str, *hints: str):
        super().__init__(text)
        self.text = text
        self.hints = hints
        """Commands that would help, offered as buttons."""


def step(table: Mapping[State, Set[State]], now: State, to: State, thing: str, verb: str) -> State:
    """``to``, if the table of allowed moves lets ``now`` go there; a :class:`Refusal` otherwise."""
    if to not in table.get(now, frozenset()):
        raise Refusal(f"{thing} is {now.value}; it cannot be {verb}.")
    return to
