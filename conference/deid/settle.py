"""Overlapping marks become disjoint findings, each with its placeholder."""

import re
from collections import Counter
from datetime import date

from conference.deid.dates import stand_in
from conference.deid.gazetteer import SMALL_ZIPS, STATE_CODES, STATES
from conference.deid.lexicon import fold
from conference.deid.model import Finding, Kind, Mark

WORDS = {
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


_JOINT = re.compile(r" (?:of|on|at|by|off|and|near|in)(?: the)? ", re.IGNORECASE)


def _belong(text: str, a: Mark, b: Mark) -> bool:
    if b.start < a.end:
        return True
    gap = text[a.end : b.start]
    same = a.kind is b.kind and not (a.stand_in and b.stand_in and a.stand_in != b.stand_in)
    if a.kind is Kind.NAME and same and a.known == b.known:
        initial = len(text[max(a.start, a.end - 12) : a.end].split()[-1]) <= 2
        double = gap == " y " and text[b.start].isupper()
        return gap in (" ", "-", "'", "’", "  ", " -", "") or double or (gap == ". " and initial)
    return (
        a.kind is Kind.LOCATION
        and same
        and a.known == b.known
        and (gap in (" ", ", ", "-", ",", ". ", "", " y ", " & ", "/") or _JOINT.fullmatch(gap) is not None)
    )


def _join(a: Mark, b: Mark) -> Mark:
    top = a if (a.rank, a.end - a.start) >= (b.rank, b.end - b.start) else b
    overlap = b.start < a.end
    return Mark(
        min(a.start, b.start), max(a.end, b.end), top.kind, top.reason, top.rank,
        sure=a.sure or b.sure, known=a.known or b.known if overlap else a.known, stand_in=top.stand_in,
    )  # fmt: skip


def findings(text: str, marks: list[Mark], anchor: date | None) -> tuple[Finding, ...]:
    """The marks with their placeholders; the same person has the same one throughout, numbered as they appear."""
    people = _people(text, marks)
    return tuple(
        Finding(m.start, m.end, m.kind, m.sure, m.known, m.reason, people.get(at) or _replacement(text, m, anchor))
        for at, m in enumerate(marks)
    )


_ROLE = (
    r"dr|drs|doctor|prof|nurse|rn|np|pa|lcsw|lmft|therapist|counsell?or|psychologist|psychiatrist|social worker|sw|pcp|gp|surgeon|attending|resident|"
    r"physio|pharmacist|midwife|consultant|cardiologist|neurologist|urologist|oncologist|clinician|provider|hospitalist|intern|case manager|supervisor|practitioner|dentist|paramedic"
)
_TITLED = re.compile(rf"(?<!\w)(?:{_ROLE})\b[.:,]{{0,2}}\s{{0,2}}\Z", re.IGNORECASE)
_DEGREE = re.compile(
    r",?\s(?:MD|M\.D\.|DO|D\.O\.|RN|NP|FNP|PA-C|PhD|PsyD|LCSW|LMFT|LPC|LICSW|PharmD|PMHNP|CNM|OT|PT|DPT|SLP)\b"
)
_NUMBERED = re.compile(r"\[(clinician|partner|relative|person) \d{1,3}\]\Z")


def _people(text: str, marks: list[Mark]) -> dict[int, str]:
    """The placeholder of each mark of a person; a name that is part of an earlier longer one is the same person.

    Numbers follow the order of appearance and are left out where a role has one person only.
    """
    parts: dict[str, int] = {}
    persons: list[str] = []  # the role of each person, by number
    known: dict[str, int] = {}
    whose: dict[int, int] = {}
    for at, mark in enumerate(marks):
        numbered = _NUMBERED.match(mark.stand_in)
        if mark.kind is not Kind.NAME or (mark.stand_in and not numbered):
            continue
        if numbered:
            number = known.setdefault(mark.stand_in, len(persons))
            words, role = [], numbered[1]
        else:
            key = fold(text[mark.start : mark.end])
            words = [key, *(w for w in key.replace("-", " ").replace(".", " ").split() if len(w) > 1)]
            number = next((parts[w] for w in words if w in parts), len(persons))
            role = "clinician" if _clinical(text, mark) else "name"
        if number == len(persons):
            persons.append(role)
        elif role == "clinician":
            persons[number] = role
        whose[at] = number
        for word in words:
            parts.setdefault(word, number)
    shown = _placeholders(persons)
    return {at: shown[number] for at, number in whose.items()}


def _placeholders(persons: list[str]) -> list[str]:
    """The placeholder of each person from the roles of all."""
    total, seen = Counter(persons), Counter[str]()
    found = []
    for role in persons:
        seen[role] += 1
        found.append(f"[{role} {seen[role]}]" if total[role] > 1 else f"[{role}]")
    return found


def _clinical(text: str, mark: Mark) -> bool:
    """Whether a title, a role or a degree beside the name tells a clinician."""
    return bool(_TITLED.search(text[max(0, mark.start - 24) : mark.start]) or _DEGREE.match(text, mark.end))


_BORN = re.compile(
    r"\b(?:dob|d\.o\.b|born|birth ?date|birthday|date of birth)\b\W{0,4}(?:(?:is|was|on)\s)?\Z", re.IGNORECASE
)


def _replacement(text: str, mark: Mark, anchor: date | None) -> str:
    raw = text[mark.start : mark.end]
    if mark.stand_in:
        return mark.stand_in
    if mark.kind is Kind.DATE:
        born = _BORN.search(text[max(0, mark.start - 26) : mark.start])
        return stand_in(raw, None if born else anchor)
    if mark.kind is Kind.LOCATION and (wider := _wider(raw)):
        return wider
    return f"[{WORDS[mark.kind]}]"


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
