"""A case: what its author knows, what the team may see, and its way through the conference."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from conference.consent import Category, Grant, not_covered
from conference.people import Account, CaseId, Discipline, TeamId
from conference.refusal import Refusal, step


class CaseState(StrEnum):
    DRAFT = "a draft"
    APPROVED = "approved"
    DEFERRED = "deferred"
    DISCUSSED = "discussed"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"


NEXT: Mapping[CaseState, frozenset[CaseState]] = {
    CaseState.DRAFT: frozenset({CaseState.APPROVED, CaseState.WITHDRAWN, CaseState.ERASED}),
    CaseState.APPROVED: frozenset(
        {
            CaseState.APPROVED,
            CaseState.DISCUSSED,
            CaseState.DEFERRED,
            CaseState.CLOSED,
            CaseState.WITHDRAWN,
            CaseState.ERASED,
        }
    ),
    CaseState.DEFERRED: frozenset(
        {
            CaseState.APPROVED,
            CaseState.DISCUSSED,
            CaseState.DEFERRED,
            CaseState.CLOSED,
            CaseState.WITHDRAWN,
            CaseState.ERASED,
        }
    ),
    CaseState.DISCUSSED: frozenset(
        {
            CaseState.APPROVED,
            CaseState.DISCUSSED,
            CaseState.DEFERRED,
            CaseState.CLOSED,
            CaseState.WITHDRAWN,
            CaseState.ERASED,
        }
    ),
    CaseState.CLOSED: frozenset({CaseState.APPROVED, CaseState.ERASED}),
    CaseState.WITHDRAWN: frozenset({CaseState.APPROVED, CaseState.ERASED}),
    CaseState.ERASED: frozenset(),
}
OPEN = frozenset({CaseState.DRAFT, CaseState.APPROVED, CaseState.DEFERRED, CaseState.DISCUSSED})

HELD_BACK = "(held back for want of consent)"


class Section(StrEnum):
    """The parts of a summary, in the order they are read."""

    QUESTION = "question"
    BACKGROUND = "background"
    MEDICATION = "medication"
    TREATMENT = "treatment"
    SEXUAL_HEALTH = "sexual health"
    GOALS = "goals"
    SAFETY = "safety"

    @property
    def category(self) -> Category:
        """Whose consent the section needs."""
        return Category.SEXUAL_HEALTH if self is Section.SEXUAL_HEALTH else Category.GENERAL


class Identifier(StrEnum):
    """What is known of the people in the case; kept sealed and used only to find and hide them."""

    PATIENT = "patient"
    PEOPLE = "people"
    MRN = "mrn"
    BORN = "born"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"
    EMPLOYER = "employer"
    SCHOOL = "school"


@dataclass(frozen=True, slots=True)
class Part:
    """One approved section, to the letter, with the hash that the sender compares before it posts."""

    section: Section
    text: str
    sha256: str

    @classmethod
    def of(cls, section: Section, text: str) -> "Part":
        return cls(section, text, digest(text))

    def is_intact(self) -> bool:
        return digest(self.text) == self.sha256


@dataclass(frozen=True, slots=True)
class Summary:
    """What the author approved. ``revision`` counts the approvals of this case."""

    parts: tuple[Part, ...]
    approved_at: datetime
    approved_by: Account
    revision: int

    def part(self, section: Section) -> str:
        return next((p.text for p in self.parts if p.section is section), "")


@dataclass(frozen=True, slots=True)
class Case:
    """One person's case. ``texts`` and ``identifiers`` are the author's; others see ``summary`` alone."""

    ref: CaseId
    team: TeamId
    author: Account
    state: CaseState
    created_at: datetime
    identifiers: Mapping[Identifier, str] = field(default_factory=dict)
    texts: Mapping[Section, str] = field(default_factory=dict)
    keep: frozenset[str] = frozenset()
    hide: frozenset[str] = frozenset()
    consents: tuple[Grant, ...] = ()
    summary: Summary | None = None
    deferred_until: date | None = None
    why: str = ""
    passed_over: int = 0
    discussed_at: datetime | None = None
    review_on: date | None = None

    def edit(self, texts: Mapping[Section, str], identifiers: Mapping[Identifier, str]) -> "Case":
        """The case with other words; what is approved stays as it is until the author approves again."""
        if self.state not in OPEN:
            raise Refusal(f"Case {self.ref} is {self.state.value}; it cannot be edited.")
        merged = {**self.texts, **texts}
        known = {**self.identifiers, **identifiers}
        return replace(
            self,
            texts={s: merged[s] for s in Section if merged.get(s, "").strip()},
            identifiers={i: known[i] for i in Identifier if known.get(i, "").strip()},
        )

    def hide_words(self, words: str) -> "Case":
        """The author wants these words hidden wherever they stand."""
        key = fold(words)
        return replace(self, hide=self.hide | {key}, keep=self.keep - {key})

    def keep_words(self, words: str) -> "Case":
        """The author vouches that these words identify nobody."""
        key = fold(words)
        return replace(self, keep=self.keep | {key}, hide=self.hide - {key})

    def approve(self, parts: tuple[Part, ...], by: Account, now: datetime) -> "Case":
        """Fix what the team may see. A deferred or discussed case keeps its state: only its words are new."""
        if not parts:
            raise Refusal(f"Case {self.ref} says nothing yet. Fill it in with `case edit {self.ref}`.")
        summary = Summary(parts, now, by, self.summary.revision + 1 if self.summary else 1)
        if self.state in (CaseState.DEFERRED, CaseState.DISCUSSED):
            return replace(self, summary=summary)
        return replace(self._to(CaseState.APPROVED, "approved"), summary=summary)

    def defer(self, until: date | None, because: str) -> "Case":
        return replace(self._to(CaseState.DEFERRED, "deferred"), deferred_until=until, why=because)

    def discuss(self, now: datetime, review_on: date | None = None) -> "Case":
        case = self._to(CaseState.DISCUSSED, "discussed")
        return replace(case, discussed_at=now, review_on=review_on, passed_over=0, deferred_until=None, why="")

    def pass_over(self) -> "Case":
        """It was due for an agenda and found no time; each time it weighs more."""
        return replace(self, passed_over=self.passed_over + 1)

    def withdraw(self, because: str) -> "Case":
        return replace(self._to(CaseState.WITHDRAWN, "withdrawn"), why=because)

    def close(self, because: str = "") -> "Case":
        return replace(self._to(CaseState.CLOSED, "closed"), why=because)

    def check_erasable(self) -> None:
        step(NEXT, self.state, CaseState.ERASED, self._name, "erased")

    def check_presentable(self) -> None:
        """Refuse a case that cannot go on an agenda."""
        if self.state not in OPEN:
            raise Refusal(f"Case {self.ref} is {self.state.value}; it cannot be presented.")

    def seen_by(self, disciplines: Iterable[Discipline], today: date) -> "Case":
        """The case with only those approved words that all of them may see; a question held back says so."""
        if self.summary is None:
            return self
        them = tuple(disciplines)
        parts = []
        for part in self.summary.parts:
            if not not_covered(part.section.category, self.consents, them, today):
                parts.append(part)
            elif part.section is Section.QUESTION:
                parts.append(Part.of(Section.QUESTION, HELD_BACK))
        return replace(self, summary=replace(self.summary, parts=tuple(parts)))

    @property
    def missing(self) -> tuple[str, ...]:
        """What the case waits for before it can be discussed: the completeness gate."""
        waits = []
        if self.summary is None:
            waits.append("the author's approval")
            if not self.texts.get(Section.QUESTION):
                waits.append("the question")
        elif not self.summary.part(Section.QUESTION):
            waits.append("the question")
        return tuple(waits)

    @property
    def is_shared(self) -> bool:
        """Whether others than the author may see its words: approved once, and not taken back."""
        return self.summary is not None and self.state not in (CaseState.WITHDRAWN, CaseState.ERASED)

    @property
    def is_settled(self) -> bool:
        """Closed, withdrawn, or put off to a day of its own: no agenda takes it by itself."""
        return self.state not in OPEN or (self.state is CaseState.DEFERRED and self.deferred_until is not None)

    @property
    def is_ready(self) -> bool:
        return not self.missing

    def may_become(self, state: CaseState) -> bool:
        return state in NEXT[self.state]

    def _to(self, state: CaseState, verb: str) -> "Case":
        return replace(self, state=step(NEXT, self.state, state, self._name, verb))

    @property
    def _name(self) -> str:
        return f"Case {self.ref}"


def digest(text: str) -> str:
    """SHA-256 of the text, in hexadecimal: what a log may hold of a patient's words."""
    return hashlib.sha256(text.encode()).hexdigest()


def fold(words: str) -> str:
    """Words as compared: case and outer blanks do not matter."""
    return " ".join(words.casefold().split())
