"""Words as people type them: quotes of every kind, code spans, several lines."""

from dataclasses import dataclass

from conference.refusal import Refusal

MOST_CHARACTERS = 20_000
DOUBLE = '"“”„‟«»＂'
SINGLE = "'‘’‚‛"
_CLOSES = {"“": '”“"', "„": '“”"', "«": "»", "»": "«", "”": '”"', "‟": '”"', "＂": '＂"', '"': '"'}
_FORBIDDEN = {
    *(chr(c) for c in range(0x20) if chr(c) not in "\n\t\r"),
    *(chr(c) for c in range(0x7F, 0xA0)),
    *"\u200b\u200e\u200f\u061c\u2060\ufeff\u2028\u2029",
    *(chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))),
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


def tokenize(text: str) -> tuple[Token, ...]:
    """The words and quoted groups of a line. Raises :class:`Refusal` for a quote that is never closed."""
    tokens = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        end = _quoted_end(text, at)
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


def _quoted_end(text: str, at: int) -> int | None:
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
        return _close_single(text, at)
    return None


def _close_double(text: str, at: int) -> int | None:
    """Quotes nest: one after a blank and before a word opens, one after a word and before a blank closes."""
    depth = 0
    fallback = None
    for i in range(at, len(text)):
        if text[i] not in DOUBLE:
            continue
        opens = (i == at or text[i - 1].isspace() or text[i - 1] in "([") and not _ends_at(text, i)
        if opens:
            depth += 1
        elif _ends_at(text, i):
            depth -= 1
            if text[i] in _CLOSES.get(text[at], '"') or depth == 0:
                fallback = i + 1
            if depth <= 0:
                return i + 1
    return fallback if depth == 0 else None


def _close_single(text: str, at: int) -> int | None:
    """An apostrophe groups words only if one closes the group at a word's end; otherwise it is a letter."""
    for i in range(at + 2, len(text)):
        if text[i] in SINGLE and _ends_at(text, i) and not text[i - 1].isspace():
            return i + 1
        if text[i] == "\n":
            return None
    return None


def _ends_at(text: str, i: int) -> bool:
    return i + 1 >= len(text) or text[i + 1].isspace() or text[i + 1] in ",;)]"
