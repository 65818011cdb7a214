"""From what an author knows of the people in a case to what the team may read."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from dateutil.parser import ParserError, parse

from conference.case import Case, Identifier, Part, Section, digest
from conference.deid import Draft, Finding, Known, KnownPerson, Quasi, Role, recheck, scan
from conference.people import Member
from conference.refusal import Refusal

_KIN: Mapping[str, Role] = {
    **dict.fromkeys(
        [
            "partner",
            "husband",
            "wife",
            "spouse",
            "boyfriend",
            "girlfriend",
            "fiance",
            "fiancee",
            "fiancé",
            "fiancée",
            "ex",
        ],
        Role.PARTNER,
    ),
    **dict.fromkeys(
        [
            "mother",
            "father",
            "mom",
            "mum",
            "dad",
            "son",
            "daughter",
            "child",
            "brother",
            "sister",
            "sibling",
            "aunt",
            "uncle",
            "cousin",
            "grandmother",
            "grandfather",
            "grandma",
            "grandpa",
            "niece",
            "nephew",
            "parent",
            "stepmother",
            "stepfather",
            "stepson",
            "stepdaughter",
        ],
        Role.RELATIVE,
    ),
    **dict.fromkeys(
        [
            "friend",
            "neighbour",
            "neighbor",
            "colleague",
            "coworker",
            "boss",
            "teacher",
            "roommate",
            "flatmate",
            "landlord",
            "lawyer",
        ],
        Role.OTHER,
    ),
}
Mark = TypeVar("Mark", Finding, Quasi)
_BETWEEN = re.compile(r"[;,\n/]+|\band\b")
_EMAIL = re.compile(r"\S{1,64}@\S{1,190}")


@dataclass(frozen=True, slots=True)
class SectionDraft:
    """One section as the room would see it. Offsets of ``findings`` and ``quasi`` are within ``text``."""

    section: Section
    text: str
    safe: str
    findings: tuple[Finding, ...]
    quasi: tuple[Quasi, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be posted, before anyone has seen it."""

    sections: tuple[SectionDraft, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        return tuple(Part.of(s.section, s.safe) for s in self.sections)

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(f for s in self.sections for f in s.findings)

    @property
    def token(self) -> str:
        """Names this very wording, so that a button pressed late approves what it showed or nothing."""
        return digest("\n".join(f"{p.section}:{p.sha256}" for p in self.parts))[:8]


def preview(case: Case, roster: Iterable[Member]) -> Preview:
    """The sections as one text, so that a person is called the same in all of them, and taken apart again."""
    known = known_people(case, roster)
    texts = [(s, case.texts[s]) for s in Section if case.texts.get(s)]
    whole = _GAP.join(text for _, text in texts)
    draft = scan(whole, known, anchor=case.created_at.date(), keep=case.keep, hide=case.hide)
    sections, at = [], 0
    for section, text in texts:
        sections.append(_cut(section, text, draft, at))
        at += len(text) + len(_GAP)
    return Preview(tuple(sections))


def check_clean(parts: Iterable[Part], case: Case, roster: Iterable[Member]) -> None:
    """The second pass: an approved text in which an identifier is still found is refused."""
    whole = _GAP.join(part.text for part in parts)  # as it was hidden: alone, a section reads differently
    found = recheck(whole, known_people(case, roster), keep=case.keep)
    if found:
        words = " ".join(whole[found[0].start : found[0].end].split())
        raise Refusal(
            f"“{words[:60]}” still reads like it names somebody; nothing was posted. "
            f'`case hide {case.ref} "{words[:60]}"` hides it, `case keep` keeps it, `case edit {case.ref}` rewords it.'
        )


def known_people(case: Case, roster: Iterable[Member] = ()) -> Known:
    """Everyone and everything the sealed record and the roster name, for the matcher."""
    said = case.identifiers
    people = [KnownPerson(Role.PATIENT, tuple(_split(said.get(Identifier.PATIENT, ""))))]
    people += list(_relatives(said.get(Identifier.PEOPLE, "")))
    people += [KnownPerson(Role.CLINICIAN, (m.name,)) for m in roster if len(m.name) > 1]
    organisations = [*_split(said.get(Identifier.EMPLOYER, "")), *_split(said.get(Identifier.SCHOOL, ""))]
    numbers = [*_split(said.get(Identifier.MRN, "")), *_split(said.get(Identifier.PHONE, ""))]
    born = said.get(Identifier.BORN, "")
    return Known(
        people=tuple(p for p in people if p.names),
        birth_on=read_birth(born) if born else None,
        numbers=tuple(numbers),
        emails=tuple(_EMAIL.findall(said.get(Identifier.EMAIL, ""))),
        addresses=tuple(a.strip() for a in re.split(r"[;\n]+", said.get(Identifier.ADDRESS, "")) if a.strip()),
        organisations=tuple(organisations),
    )


def read_birth(words: str) -> date:
    """A date of birth in any usual form; month before day where both would do, as in the record of a US clinic."""
    try:
        born = parse(words.strip()[:40], dayfirst=False).date()
    except (ParserError, OverflowError, ValueError):
        raise Refusal(f"I cannot read “{words[:40]}” as a date of birth. Write it like 1980-02-23.") from None
    return born


def _split(text: str) -> Iterator[str]:
    return (name for name in (n.strip(" .()") for n in _BETWEEN.split(text)) if len(name) > 1)


def _relatives(text: str) -> Iterator[KnownPerson]:
    """``partner Sam Roe; mother Ann`` or ``Sam Roe (husband)``: the kin word gives the role, the rest the name."""
    for entry in _split(text.replace("(", " ").replace(")", " ").replace(":", " ")):
        words = entry.split()
        role = next((_KIN[w.casefold()] for w in words if w.casefold() in _KIN), Role.OTHER)
        name = " ".join(
            w
            for w in words
            if w.casefold() not in _KIN and w.casefold() not in ("his", "her", "their", "the", "a", "my")
        )
        if name:
            yield KnownPerson(role, (name,))


_GAP = "\n\n"


def _cut(section: Section, text: str, draft: Draft, at: int) -> SectionDraft:
    end = at + len(text)
    # A finding that reaches over the gap is cut, not dropped: its part in this section is hidden here.
    findings = tuple(_clip(f, at, end) for f in draft.findings if f.start < end and at < f.end)
    quasi = tuple(_clip(q, at, end) for q in draft.quasi if q.start < end and at < q.end)
    return SectionDraft(section, text, _safe(text, findings), findings, quasi)


def _clip(mark: Mark, at: int, end: int) -> Mark:
    return replace(mark, start=max(mark.start, at) - at, end=min(mark.end, end) - at)


def _safe(text: str, findings: Iterable[Finding]) -> str:
    pieces, last = [], 0
    for finding in findings:
        pieces += [text[last : finding.start], finding.replacement]
        last = finding.end
    return "".join([*pieces, text[last:]])
