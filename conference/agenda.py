"""The agenda: what is talked about, in which order, for how long, and why it is on."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from conference.case import Case, CaseState, Section
from conference.people import Account, CaseId, Discipline
from conference.refusal import Refusal

CASE_LENGTH = timedelta(minutes=15)
TOPIC_LENGTH = timedelta(minutes=5)


class ItemState(StrEnum):
    WAITING = "waiting"
    CURRENT = "on now"
    DONE = "done"
    DEFERRED = "deferred"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class Item:
    """One point. ``number`` names it within its agenda for good; people count positions instead."""

    number: int
    title: str
    length: timedelta
    why: str
    presenter: Account | None = None
    case: CaseId | None = None
    state: ItemState = ItemState.WAITING
    carried_from: str | None = None
    began_at: datetime | None = None
    spent: timedelta = timedelta()
    heard: frozenset[Discipline] = frozenset()


@dataclass(frozen=True, slots=True)
class Agenda:
    """Items in their order. A locked agenda changes only in the meeting itself."""

    items: tuple[Item, ...] = ()
    is_locked: bool = False

    @property
    def planned(self) -> timedelta:
        return sum((i.length for i in self.items), timedelta())

    def at(self, position: int) -> Item:
        """The item at a position as people count, from 1."""
        if not 1 <= position <= len(self.items):
            raise Refusal(
                f"The agenda has no item {position}; it has {len(self.items)}."
                if self.items
                else "The agenda is empty."
            )
        return self.items[position - 1]

    def has_case(self, case: CaseId) -> bool:
        return any(i.case == case for i in self.items)

    def add(self, item: Item) -> "Agenda":
        """The agenda with one more item at its end, under a number of its own."""
        self._check_open()
        if item.case and self.has_case(item.case):
            raise Refusal(f"Case {item.case} is on this agenda already.")
        number = max((i.number for i in self.items), default=0) + 1
        return replace(self, items=(*self.items, replace(item, number=number)))

    def drop(self, position: int) -> "Agenda":
        self._check_open()
        gone = self.at(position)
        return replace(self, items=tuple(i for i in self.items if i is not gone))

    def move(self, position: int, to: int) -> "Agenda":
        self._check_open()
        item = self.at(position)
        self.at(to)
        rest = [i for i in self.items if i is not item]
        rest.insert(to - 1, item)
        return replace(self, items=tuple(rest))

    def lock(self) -> "Agenda":
        return replace(self, is_locked=True)

    def unlock(self) -> "Agenda":
        return replace(self, is_locked=False)

    def put(self, item: Item) -> "Agenda":
        """The agenda with the item of the same number replaced."""
        return replace(self, items=tuple(item if i.number == item.number else i for i in self.items))

    def not_reached(self) -> "Agenda":
        """The agenda of a meeting that is over: what is still waiting was not reached."""
        left = (replace(i, state=ItemState.NOT_REACHED) if i.state is ItemState.WAITING else i for i in self.items)
        return replace(self, items=tuple(left))

    def without_case(self, case: CaseId) -> "Agenda":
        """The agenda without a case that was withdrawn or erased; history is kept."""
        return replace(self, items=tuple(i for i in self.items if i.case != case or i.state is not ItemState.WAITING))

    def forget_case(self, case: CaseId) -> "Agenda":
        """The agenda with the bare reference of an erased case: why it was on may tell of the patient."""
        return replace(self, items=tuple(replace(i, why="") if i.case == case else i for i in self.items))

    def _check_open(self) -> None:
        if self.is_locked:
            raise Refusal("The agenda is locked. `agenda unlock` opens it again.")


class Reason(StrEnum):
    """Why a case is proposed, in the order of its weight."""

    SAFETY = "safety first"
    WAITED = "passed over before"
    DEFERRED = "deferred, its time has come"
    REVIEW = "review is due"
    NEW = "new case"
    NO_RESPONSE = "not responding"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A case that could be discussed, and why."""

    case: Case
    reason: Reason
    since: datetime

    @property
    def why(self) -> str:
        times = self.case.passed_over
        if not times:
            return self.reason.value
        return f"{self.reason.value}; passed over {times} time{'s' if times > 1 else ''}"


PATIENCE = 2
"""After so many agendas without it, a case goes before everything but safety: nobody is passed over for ever."""


def candidate(case: Case, today: date, *, flagged: bool = False, responding: bool = True) -> Candidate | None:
    """Why the case would be on an agenda today, or None if nothing calls for it."""
    since = case.discussed_at or case.created_at
    if not case.is_ready or case.state not in (CaseState.APPROVED, CaseState.DEFERRED, CaseState.DISCUSSED):
        return None
    if flagged:
        return Candidate(case, Reason.SAFETY, since)
    if case.state is CaseState.DEFERRED and (case.deferred_until is None or case.deferred_until <= today):
        return Candidate(case, Reason.DEFERRED, since)
    if case.state is CaseState.DISCUSSED and case.review_on is not None and case.review_on <= today:
        return Candidate(case, Reason.REVIEW, since)
    if case.state is CaseState.APPROVED:
        return Candidate(case, Reason.NEW, since)
    if case.state is CaseState.DISCUSSED and not responding:
        return Candidate(case, Reason.NO_RESPONSE, since)
    return None


def needs_safety(case: Case) -> bool:
    """Whether the author's own words under safety report something. "None", "no SI" and the like do not."""
    said = (case.summary.part(Section.SAFETY) if case.summary else "").casefold().strip(" .!")
    return bool(said) and not any(said == calm or said.startswith(f"{calm} ") for calm in _CALM)


_CALM = ("no", "none", "nil", "denies", "denied", "safe", "stable", "no concerns", "n/a", "na", "not a concern", "-")


def propose(
    agenda: Agenda, candidates: Iterable[Candidate], available: timedelta, length: timedelta = CASE_LENGTH
) -> tuple[Agenda, tuple[Candidate, ...]]:
    """The agenda filled within ``available``, and the candidates that found no room.

    What people put on stays where it is, except that safety goes first. Candidates follow by weight:
    safety, the long-waiting, deferred and overdue reviews, new cases, non-responders; within one weight the
    one that waits longest. The result never exceeds ``available`` by its own additions.
    """
    agenda._check_open()
    waiting = [c for c in candidates if not agenda.has_case(c.case.ref)]
    waiting.sort(key=_weight)
    left = available - agenda.planned
    left_out = []
    urgent = []
    for c in waiting:
        if left < length:
            left_out.append(c)
            continue
        left -= length
        item = Item(0, "", length, c.why, presenter=c.case.author, case=c.case.ref)
        agenda = agenda.add(item)
        if c.reason is Reason.SAFETY:
            urgent.append(agenda.items[-1])
    rest = tuple(i for i in agenda.items if i not in urgent)
    return replace(agenda, items=(*urgent, *rest)), tuple(left_out)


def _weight(c: Candidate) -> tuple[int, datetime, str]:
    ranks = list(Reason)
    rank = ranks.index(c.reason)
    if c.reason is not Reason.SAFETY and c.case.passed_over >= PATIENCE:
        rank = ranks.index(Reason.WAITED)
    return rank, c.since, str(c.case.ref)
