"""Hundreds of thousands of words with a number each, in a sixth of the memory that a dict of them takes."""

import re
from array import array
from collections.abc import Iterator


class WordTable:
    """Reads one text of words, of which none comes twice, one a line. A hash table over that text, without an object a word."""

    __slots__ = ("_mask", "_slots", "_starts", "_text", "_values")

    def __init__(self, words: bytes, numbers: bytes):
        """``numbers``: hexadecimal, between blanks, in the order of the words."""
        self._text = words + b"\n"
        self._values = array("I", (int(found[0], 16) for found in re.finditer(rb"\S+", numbers)))
        self._starts = array("I", (found.start() for found in re.finditer(rb"[^\n]+", words)))
        if len(self._values) != len(self._starts):
            raise ValueError("as many words as numbers")
        self._starts.append(len(self._text))
        self._mask = (1 << (2 * len(self._values)).bit_length()) - 1
        self._slots = array("I", bytes(4 * (self._mask + 1)))
        for number in range(len(self._values)):
            at = hash(self._word(number)) & self._mask
            while self._slots[at]:
                at = at + 1 & self._mask
            self._slots[at] = number + 1

    def __len__(self) -> int:
        return len(self._values)

    def get(self, word: str) -> int:
        """The word's number; 0 where it is not there."""
        key = word.encode(errors="replace")
        at = hash(key) & self._mask
        starts = self._starts
        while number := self._slots[at]:
            if self._text[starts[number - 1] : starts[number] - 1] == key:
                return self._values[number - 1]
            at = at + 1 & self._mask
        return 0

    def items(self) -> Iterator[tuple[str, int]]:
        """Each word with its number, in the text's order."""
        return ((self._word(at).decode(), number) for at, number in enumerate(self._values))

    def _word(self, number: int) -> bytes:
        return self._text[self._starts[number] : self._starts[number + 1] - 1]
