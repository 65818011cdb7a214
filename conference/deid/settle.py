"""Overlapping marks become disjoint findings, each with its placeholder."""

import re
from datetime import date

from conference.deid.dates import stand_in
from conference.deid.gazetteer import SMALL_ZIPS, STATE_CODES, STATES
from conference.deid.lexicon import fold
from conference.deid.model import Finding, Kind, Mark

_WORDS = {
    Kind.NAME: "name", Kind.LOCATION: "place", Kind.DATE: "date", Kind.AGE: "90 or older", Kind.PHONE: "phone", Kind.EMAIL: "e-mail", Kind.SSN: "ssn",
    Kind.MRN: "record number", Kind.HEALTH_PLAN: "plan number", Kind.ACCOUNT: "account", Kind.LICENSE: "licence", Kind.URL: "link", Kind.IP: "ip address", Kind.ID: "id",
}  # fmt: skip


def settle(text: str, marks: list[Mark]) -> list[Mark]:
    """Sorted and disjoint: overlapping marks are joined, the higher rank gives the kind; parts of one name too."""
    joined: list[Mark] = []
    for mark in sorted(marks, key=lambda m: (m.start, -m.rank, -m.end)):
        if joined and _belong(text, joined[-1], mark):
            joined[-1] = _join(joined[-1], mark)
        else:
            joined.append(mark)
    return joined


def _belong(text: str, a: Mark, b: Mark) -> bool:
    if b.start < a.end:
        return True
    gap = text[a.end : b.start]
    same = a.kind is b.kind and not (a.stand_in and b.stand_in and a.stand_in != b.stand_in)
    if a.kind is Kind.NAME and same and a.known == b.known:
        initial = len(text[a.start : a.end].split()[-1]) <= 2
        return gap in (" ", "-", "'", "’", "  ", " -", "") or (gap == ". " and initial)
    return a.kind is Kind.LOCATION and same and a.known == b.known and gap in (" ", ", ", "-", ",", ". ", "")


def _join(a: Mark, b: Mark) -> Mark:
    top = a if (a.rank, a.end - a.start) >= (b.rank, b.end - b.start) else b
    overlap = b.start < a.end
    return Mark(
        min(a.start, b.start), max(a.end, b.end), top.kind, top.reason, top.rank,
        sure=a.sure or b.sure, known=a.known or b.known if overlap else a.known, stand_in=top.stand_in,
    )  # fmt: skip


def findings(text: str, marks: list[Mark], anchor: date | None) -> tuple[Finding, ...]:
    """The marks with their placeholders; the same name has the same one throughout."""
    people = _people(text, marks)
    return tuple(
        Finding(m.start, m.end, m.kind, m.sure, m.known, m.reason, _replacement(text, m, people, anchor)) for m in marks
    )


def _people(text: str, marks: list[Mark]) -> dict[str, int]:
    """A number for each different name; one that is part of an earlier longer one shares its number."""
    numbers: dict[str, int] = {}
    parts: dict[str, int] = {}
    count = 0
    for mark in marks:
        if mark.kind is not Kind.NAME or mark.stand_in:
            continue
        key = fold(text[mark.start : mark.end])
        words = [w for w in key.replace("-", " ").replace(".", " ").split() if len(w) > 1]
        number = numbers.get(key) or next((parts[w] for w in words if w in parts), None)
        if number is None:
            count += 1
            number = count
        numbers[key] = number
        for word in words:
            parts.setdefault(word, number)
    return numbers if count > 1 else dict.fromkeys(numbers, 0)


def _replacement(text: str, mark: Mark, people: dict[str, int], anchor: date | None) -> str:
    raw = text[mark.start : mark.end]
    if mark.stand_in and not (mark.kind is Kind.AGE and mark.stand_in == _WORDS[Kind.AGE]):
        return mark.stand_in
    if mark.kind is Kind.DATE:
        return stand_in(raw, anchor)
    if mark.kind is Kind.AGE:
        return "90-or-older" if text[mark.end : mark.end + 1] == "-" else _WORDS[mark.kind]
    if mark.kind is Kind.LOCATION and (wider := _wider(raw)):
        return wider
    number = people.get(fold(raw), 0) if mark.kind is Kind.NAME else 0
    return f"[{_WORDS[mark.kind]} {number}]" if number else f"[{_WORDS[mark.kind]}]"


_STATE = re.compile(
    rf"\b(?:(?P<code>{'|'.join(sorted(STATE_CODES))})|(?i:(?P<name>{'|'.join(sorted(STATES, key=len, reverse=True))})))\b(?:,?\s{{1,3}}(?P<zip>\d{{3}})\d\d(?:-\d{{4}})?)?\W{{0,2}}\Z"
)


def _wider(raw: str) -> str:
    """The state that an address ends with, and the first three digits of its ZIP where its area is large enough."""
    match = _STATE.search(raw)
    if not match or not raw[: match.start()].strip(" ,\n"):
        return ""
    state = match["code"] or match["name"].title()
    digits = match["zip"]
    return f"{state} (ZIP {digits}xx)" if digits and digits not in SMALL_ZIPS else state
