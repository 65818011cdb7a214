"""Words as people type them: quotes of every kind, code spans, several lines."""

from bisect import bisect_left
from dataclasses import dataclass

from conference.refusal import Refusal

MOST_CHARACTERS = 20_000
DOUBLE = '"“”„‟«»＂'
SINGLE = "'‘’‚‛"
_FORBIDDEN = {
    *(chr(c) for c in range(0x20) if chr(c) not in "\n\t\r"),
    *(chr(c) for c in range(0x7F, 0xA0)),
    *"\u200b\u200e\u200f\u061c\u2060\ufeff\u2028\u2029",
    *(chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))),
    *(chr(c) for c in range(0xD800, 0xE000)),
}


@dataclass(frozen=True, slots=True)
class Token:
    """One word, or one quoted group. ``start`` and ``end`` are its place in the line, quotes included."""

    text: str
    quoted: bool
    start: int
    end: int

    @property
    def word(self) -> str:
        """What a keyword is compared with; a quoted group is never one."""
        return "" if self.quoted else self.text.casefold()


def check_text(text: str) -> None:
    """Refuse what no message should hold: too much of it, or characters that hide what it says."""
    if len(text) > MOST_CHARACTERS:
        raise Refusal(
            f"That is {len(text):,} characters; I read at most {MOST_CHARACTERS:,}. Send the part that matters."
        )
    bad = next((c for c in text if c in _FORBIDDEN), None)
    if bad is not None:
        raise Refusal(f"The message holds an invisible character (U+{ord(bad):04X}). Type it again without it.")


def quote(text: str) -> str:
    """The text as one quoted group, in the first kind of quotes that gives it back when it is read."""
    for mark in ('"', "`", "```", "'"):
        group = f"{mark}{text}{mark}"
        try:
            if [t.text for t in tokenize(group) if t.quoted] == [text] and len(tokenize(group)) == 1:
                return group
        except Refusal:
            continue
    return '"' + "".join("'" if letter in DOUBLE else letter for letter in text) + '"'


def tokenize(text: str) -> tuple[Token, ...]:
    """The words and quoted groups of a line. Raises :class:`Refusal` for a quote that is never closed."""
    tokens = []
    at = 0
    singles = _single_closers(text)
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        end = _quoted_end(text, at, singles)
        if end is not None:
            width = 3 if text.startswith("```", at) else 1
            tokens.append(Token(text[at + width : end - width].strip(), True, at, end))
        else:
            end = at
            while end < len(text) and not text[end].isspace():
                end += 1
            tokens.append(Token(text[at:end], False, at, end))
        at = end
    return tuple(tokens)


def _quoted_end(text: str, at: int, singles: list[int]) -> int | None:
    """Where the group that opens here ends, or None if nothing opens here."""
    opener = text[at]
    if opener == "`":
        fence = "```" if text.startswith("```", at) else "`"
        close = text.find(fence, at + len(fence))
        if close < 0:
            raise Refusal("A code span is opened with ` and never closed.")
        return close + len(fence)
    if opener in DOUBLE:
        end = _close_double(text, at)
        if end is None:
            raise Refusal(f"A quote is opened with {opener} and never closed. Close it, or leave the quotes out.")
        return end
    if opener in SINGLE:
        return _close_single(text, at, singles)
    return None


def _close_double(text: str, at: int) -> int | None:
    """Quotes nest: one after a blank and before a word opens, one after a word and before a blank closes."""
    depth = 1
    for i in range(at + 1, len(text)):
        if text[i] not in DOUBLE:
            continue
        if _ends_at(text, i):
            depth -= 1
            if depth == 0:
                return i + 1
        elif text[i - 1].isspace() or text[i - 1] in "([":
            depth += 1
    return None


def _single_closers(text: str) -> list[int]:
    """Where an apostrophe could close a group: at a word's end."""
    return [i for i, letter in enumerate(text) if letter in SINGLE and _ends_at(text, i) and not text[i - 1].isspace()]


def _close_single(text: str, at: int, closers: list[int]) -> int | None:
    """An apostrophe groups words only if one closes the group on its line; otherwise it is a letter."""
    place = bisect_left(closers, at + 2)
    if place == len(closers) or "\n" in text[at : closers[place]]:
        return None
    return closers[place] + 1


def _ends_at(text: str, i: int) -> bool:
    return i + 1 >= len(text) or text[i + 1].isspace() or text[i + 1] in ",;)]"
