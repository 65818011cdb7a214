"""Action items: what was recommended, who owns it, by when, and how it ended."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType

from conference.decision import Decision, DecisionKind
from conference.people import Account, CaseId, Discipline, Member, TeamId
from conference.policy import Relation
from conference.refusal import Refusal, step

TaskId = NewType("TaskId", str)


class TaskState(StrEnum):
    OPEN = "open"
    BLOCKED = "blocked"
    DONE = "done"
    DROPPED = "dropped"


NEXT: Mapping[TaskState, frozenset[TaskState]] = {
    TaskState.OPEN: frozenset({TaskState.OPEN, TaskState.BLOCKED, TaskState.DONE, TaskState.DROPPED}),
    TaskState.BLOCKED: frozenset({TaskState.OPEN, TaskState.BLOCKED, TaskState.DONE, TaskState.DROPPED}),
    TaskState.DONE: frozenset(),
    TaskState.DROPPED: frozenset(),
}
PENDING = frozenset({TaskState.OPEN, TaskState.BLOCKED})


class TaskKind(StrEnum):
    LAB = "lab"
    MEDICATION = "medication"
    THERAPY = "therapy"
    SOCIAL = "social"
    SAFETY = "safety"
    TELL_PATIENT = "tell-patient"
    OTHER = "other"


class Chase(StrEnum):
    """Who has been told so far that an item is late; each step reaches one circle further."""

    NOBODY = "nobody"
    OWNER = "owner"
    DISCIPLINE = "discipline"
    COORDINATOR = "coordinator"


@dataclass(frozen=True, slots=True)
class Task:
    """One action item. Given to a person (``owner``) or to a discipline that has yet to claim it."""

    ref: TaskId
    team: TeamId
    title: str
    state: TaskState
    created_at: datetime
    created_by: Account
    kind: TaskKind = TaskKind.OTHER
    owner: Account | None = None
    discipline: Discipline | None = None
    due_at: datetime | None = None
    case: CaseId | None = None
    meeting: str | None = None
    after: TaskId | None = None
    note: str = ""
    outcome: str = ""
    snoozed_until: datetime | None = None
    chased: Chase = Chase.NOBODY
    closed_at: datetime | None = None
    closed_by: Account | None = None

    @property
    def is_pending(self) -> bool:
        return self.state in PENDING

    def is_overdue(self, now: datetime) -> bool:
        return self.is_pending and self.due_at is not None and self.due_at <= now

    def relations(self, member: Member, owner: Member | None = None) -> frozenset[Relation]:
        """How the member stands to the item: owner, of the owner's discipline, who added it."""
        held = set()
        if self.owner == member.account:
            held.add(Relation.OWNER)
        if member.discipline in (self.discipline, owner.discipline if owner else None):
            held.add(Relation.DISCIPLINE)
        if self.created_by == member.account:
            held.add(Relation.CREATOR)
        return frozenset(held)

    def claim(self, by: Account) -> "Task":
        if self.owner == by:
            raise Refusal(f"{self.ref} is yours already.")
        return replace(self._to(self.state if self.is_pending else TaskState.OPEN, "claimed"), owner=by)

    def assign(self, owner: Account | None, discipline: Discipline | None) -> "Task":
        return replace(
            self._to(TaskState.OPEN, "assigned"),
            owner=owner,
            discipline=discipline,
            chased=Chase.NOBODY,
            note="",
            snoozed_until=None,
        )

    def move_due(self, due_at: datetime) -> "Task":
        return replace(self._to(self.state, "moved"), due_at=due_at, chased=Chase.NOBODY, snoozed_until=None)

    def block(self, why: str) -> "Task":
        return replace(self._to(TaskState.BLOCKED, "blocked"), note=why)

    def unblock(self) -> "Task":
        return replace(self._to(TaskState.OPEN, "unblocked"), note="")

    def snooze(self, until: datetime) -> "Task":
        return replace(self._to(self.state, "snoozed"), snoozed_until=until)

    def finish(self, outcome: str, by: Account, now: datetime) -> "Task":
        """Done. An item of a case says how it came out, or the loop is not closed."""
        if self.case and not outcome.strip():
            raise Refusal(
                f'{self.ref} belongs to case {self.case}: say how it came out, e.g. `task done {self.ref} "TSH 2.1, told patient"`.'
            )
        return replace(self._to(TaskState.DONE, "done"), outcome=outcome, closed_at=now, closed_by=by)

    def drop(self, because: str, by: Account, now: datetime) -> "Task":
        return replace(self._to(TaskState.DROPPED, "dropped"), outcome=because, closed_at=now, closed_by=by)

    def chase(self, reached: Chase) -> "Task":
        return replace(self, chased=reached)

    def _to(self, state: TaskState, verb: str) -> "Task":
        return replace(self, state=step(NEXT, self.state, state, f"Action item {self.ref}", verb))


def hold_on(task: Task, decisions: Iterable[Decision], others: Mapping[TaskId, Task]) -> str:
    """Why the item must wait, in words, or "" when it may go on.

    It waits for the item it comes after; a therapy item waits while therapy is paused, and under "medical first"
    until the case's laboratory and medication items are settled, those that are still to be named among them.
    """
    first = others.get(task.after) if task.after else None
    if first is not None and first.is_pending:
        return f"waits for {first.ref}"
    if task.kind is not TaskKind.THERAPY or not task.is_pending:
        return ""
    standing = standing_hold(decisions)
    if standing is None:
        return ""
    if standing.kind is DecisionKind.PAUSE_THERAPY:
        return f"held back by {standing.ref}: therapy is paused"
    medical = [t for t in others.values() if t.kind in (TaskKind.LAB, TaskKind.MEDICATION)]
    pending = sorted(t.ref for t in medical if t.is_pending)
    if pending:
        return f"held back by {standing.ref}: medical first ({', '.join(pending)})"
    if any(t.closed_at is not None and t.closed_at >= standing.decided_at for t in medical):
        return ""
    return f"held back by {standing.ref}: medical first, and no lab or medication item is named yet"


def standing_hold(decisions: Iterable[Decision]) -> Decision | None:
    """The newest decision about holding therapy back, unless the newest such decision lifts it."""
    about = [d for d in decisions if d.kind is not DecisionKind.PLAIN]
    newest = max(about, key=lambda d: (d.decided_at, len(d.ref), d.ref), default=None)
    return None if newest is None or newest.kind is DecisionKind.RESUME else newest
