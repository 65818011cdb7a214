"""What a function says of the latest keys, asked for as fast as a dict is."""

from collections.abc import Callable, Hashable
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_MOST = 20_000  # keys; then all is made anew


class Kept(dict[K, V]):
    """The answers of a function of one key; the memory they take is bounded."""

    def __init__(self, made: Callable[[K], V]) -> None:
        self._made = made

    def __missing__(self, key: K) -> V:
        found = self._made(key)
        if len(self) >= _MOST:
            self.clear()
        self[key] = found
        return found
