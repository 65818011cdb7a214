"""Names and days that only the frames of chat tell: "cc hope", "Booker 1-3", "Payne, m"."""

import re
from collections.abc import Iterator

from conference.deid.model import Kind, Mark
from conference.deid.reading import Reading

_ASKED = frozenset(
    [
    "cc", "ask", "ping", "lmk if", "lmk when", "remind", "loop in", "text", "texted", "email", "emailed", "message", "messaged", "dm",
    "thx", "thanks", "ty", "hey", "hi", "hello", "tell", "told", "asked", "if", "when", "thank you", "fwd to", "forward to", "invite",
])  # fmt: skip
_WEAK_ASKED = frozenset(["if", "when", "text", "hey", "hi", "hello", "thanks", "email", "message"])
_CALLS = frozenset(
    [
    "calls", "called", "texts", "texted", "shows", "asks", "asked", "says", "said", "answers", "emails", "comes",
    "cancels",
])  # fmt: skip
_THEN = frozenset(
    [
    "", ".", ",", ";", "!", "?", ")", "\n", "or", "and", "to", "re", "about", "abt", "if", "on", "&", "that", "pls",
    "please", "for",
])  # fmt: skip
_NEVER = frozenset(
    [
    "may", "can", "any", "so", "long", "see", "page", "note", "art", "son", "man", "love", "day", "in", "my", "me",
    "an", "do", "sun", "pt", "many", "else",
])  # fmt: skip


def asked(readings: list[Reading]) -> Iterator[Mark]:
    """A name that is a word, behind a verb of chat: "cc hope", "ask joy or bill", "lmk if grace calls"."""
    given = [at for at, reading in enumerate(readings) if at and reading.token.word.given >= 3 and not reading.hidden]
    for at in given:
        token, one = readings[at].token, readings[at - 1].token.key
        if not token.is_word or token.key in _NEVER or readings[at].servant:
            continue
        two = f"{readings[at - 2].token.key} {one}" if at > 1 else ""
        if one not in _ASKED and two not in _ASKED:
            continue
        next_ = readings[at + 1].token.key if at + 1 < len(readings) else ""
        weak = one in _WEAK_ASKED and two not in _ASKED
        if next_ in _CALLS or (not weak and next_ in _THEN):
            yield Mark(token.start, token.end, Kind.NAME, "perhaps a name", 41, sure=False)


_DAY = re.compile(
    r"\s(?:on\s)?(?P<v>(?:0?[1-9]|1[0-2])[/-](?:3[01]|[12]\d|0?[1-9]))(?![\w/%]|[-.]\d|\s?(?:mg|mcg|weeks?|wks?|days?|times|hours?|hrs?)\b)"
)


_COMMA = re.compile(r", (?P<v>[A-Za-z])\.?(?=[,;)\n]|\s{2}|\s?\Z)")


def trailing(text: str, marks: list[Mark]) -> Iterator[Mark]:
    """A figure that reads as a day, or an initial, right behind a person: "LAIs due: Booker 1-3", "Payne, M"."""
    for mark in marks:
        if mark.kind is Kind.NAME and (found := _DAY.match(text, mark.end)):
            yield Mark(*found.span("v"), Kind.DATE, "date finer than a year", 60, sure=False)
        if mark.kind is Kind.NAME and (found := _COMMA.match(text, mark.end)):
            yield Mark(*found.span("v"), Kind.NAME, "initial", 41, sure=False)
