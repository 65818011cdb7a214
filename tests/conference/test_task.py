"""An action item's way: what its table allows happens, everything else is refused; who may touch it, what it waits for."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from conference.decision import Decision, DecisionId, DecisionKind
from conference.people import Account, CaseId, Discipline, Member, Role, TeamId
from conference.policy import Relation
from conference.refusal import Refusal
from conference.task import NEXT, PENDING, Chase, Task, TaskId, TaskKind, TaskState, hold_on, standing_hold

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
CASE = CaseId("C-7K2P")
PEOPLE = st.sampled_from([Account("nora"), Account("gene")])
MOMENTS = st.integers(1, 60 * 24 * 60).map(lambda minutes: NOW + timedelta(days=7, minutes=minutes))


def item(ref: str = "T-1", kind: TaskKind = TaskKind.OTHER, **more: object) -> Task:
    return replace(Task(TaskId(ref), TeamId("north"), "Call", TaskState.OPEN, NOW, Account("pat"), kind), **more)


def decided(ref: str, kind: DecisionKind, minutes: int = 0) -> Decision:
    at = NOW + timedelta(minutes=minutes)
    return Decision(DecisionId(ref), TeamId("north"), CASE, kind.value, at, Account("pat"), kind)


class Way(RuleBasedStateMachine):
    """Any changes in any order, compared with the table read aloud."""

    @initialize(of_case=st.booleans())
    def begin(self, of_case: bool) -> None:
        self.task = item(case=CASE if of_case else None)

    def moves(self, to: TaskState, act: Callable[[], Task]) -> bool:
        before = self.task
        if to in NEXT[before.state]:
            self.task = act()
            assert self.task.state is to
            return True
        with pytest.raises(Refusal, match=before.state.value):
            act()
        assert self.task is before
        return False

    @rule(by=PEOPLE)
    def claim(self, by: Account) -> None:
        if self.task.owner == by:
            with pytest.raises(Refusal, match="yours already"):
                self.task.claim(by)
        elif self.moves(self.task.state if self.task.is_pending else TaskState.OPEN, lambda: self.task.claim(by)):
            assert self.task.owner == by

    @rule(to=st.none() | PEOPLE)
    def assign(self, to: Account | None) -> None:
        if self.moves(TaskState.OPEN, lambda: self.task.assign(to, None if to else Discipline("nursing"))):
            assert self.task.snoozed_until is None
            assert self.task.chased is Chase.NOBODY

    @rule(at=MOMENTS)
    def due(self, at: datetime) -> None:
        if self.moves(self.task.state, lambda: self.task.move_due(at)):
            assert self.task.due_at == at
            assert not self.task.is_overdue(at - timedelta(seconds=1))
            assert self.task.is_overdue(at)

    @rule()
    def block(self) -> None:
        self.moves(TaskState.BLOCKED, lambda: self.task.block("no phone"))

    @rule()
    def unblock(self) -> None:
        self.moves(TaskState.OPEN, lambda: self.task.unblock())

    @rule(at=MOMENTS)
    def snooze(self, at: datetime) -> None:
        self.moves(self.task.state, lambda: self.task.snooze(at))

    @rule(outcome=st.sampled_from(["", "  ", "TSH 2.1"]), by=PEOPLE)
    def finish(self, outcome: str, by: Account) -> None:
        if self.task.case and not outcome.strip():
            with pytest.raises(Refusal, match="say how it came out"):
                self.task.finish(outcome, by, NOW)
        else:
            self.moves(TaskState.DONE, lambda: self.task.finish(outcome, by, NOW))

    @rule(by=PEOPLE)
    def drop(self, by: Account) -> None:
        self.moves(TaskState.DROPPED, lambda: self.task.drop("moved", by, NOW))

    @invariant()
    def settled_means_closed(self) -> None:
        assert self.task.is_pending is (self.task.state in PENDING)
        assert self.task.is_pending is (self.task.closed_at is None)
        assert not (self.task.case and self.task.state is TaskState.DONE and not self.task.outcome.strip())
        assert self.task.is_pending or not self.task.is_overdue(NOW + timedelta(days=900))


TestWay = Way.TestCase
TestWay.settings = settings(max_examples=30, stateful_step_count=15, deadline=None)


def member(account: str, discipline: str) -> Member:
    roles = frozenset({Role.CLINICIAN})
    return Member(TeamId("north"), Account(account), account, Discipline(discipline), roles, NOW)


@pytest.mark.parametrize(
    ("who", "held"),
    [
        (member("nora", "nursing"), {Relation.OWNER, Relation.DISCIPLINE}),
        (member("nick", "nursing"), {Relation.DISCIPLINE}),
        (member("pat", "psychiatry"), {Relation.CREATOR}),
        (member("wes", "social-work"), set()),
    ],
)
def test_how_people_stand_to_an_item(who: Member, held: set[Relation]) -> None:
    """Its owner, colleagues of the owner's discipline, who added it, and everyone else."""
    assert item(owner=Account("nora")).relations(who, member("nora", "nursing")) == held


def test_an_item_of_a_discipline_is_its_members() -> None:
    """Before anyone has claimed it, too."""
    given_to = item(discipline=Discipline("nursing"))
    assert given_to.relations(member("nick", "nursing")) == {Relation.DISCIPLINE}
    assert given_to.relations(member("wes", "social-work")) == frozenset()


# -- what holds an item back -------------------------------------------------------------------------------------
THERAPY = item("T-1", TaskKind.THERAPY, case=CASE)


def lab(ref: str = "T-2", *, done: int | None = None) -> Task:
    task = item(ref, TaskKind.LAB, case=CASE)
    return task if done is None else task.finish("2.1", Account("nora"), NOW + timedelta(minutes=done))


def others(*tasks: Task) -> dict[TaskId, Task]:
    return {t.ref: t for t in tasks}


def test_paused_therapy_waits_and_nothing_else_does() -> None:
    """Only therapy items are held, only while they are open, and only until therapy is resumed."""
    pause, resume = decided("D-1", DecisionKind.PAUSE_THERAPY), decided("D-2", DecisionKind.RESUME, 1)
    assert "D-1" in hold_on(THERAPY, [pause], {})
    assert not hold_on(item("T-3", TaskKind.LAB, case=CASE), [pause], {})
    assert not hold_on(replace(THERAPY, state=TaskState.DONE), [pause], {})
    assert not hold_on(THERAPY, [pause, resume], {})
    assert not hold_on(THERAPY, [decided("D-1", DecisionKind.PLAIN)], {})


def test_medical_first_waits_for_what_comes_after_it() -> None:
    """Until a lab or medication item is settled after the decision, and as long as one is open."""
    first = [decided("D-1", DecisionKind.MEDICAL_FIRST)]
    assert hold_on(THERAPY, first, {})
    assert "T-2" in hold_on(THERAPY, first, others(lab()))
    assert hold_on(THERAPY, first, others(lab(done=-60))), "a result from before decides nothing"
    assert not hold_on(THERAPY, first, others(lab(done=5)))
    assert "T-3" in hold_on(THERAPY, first, others(lab(done=5), lab("T-3")))


def test_the_later_of_two_decisions_of_one_moment_counts() -> None:
    """Two decisions within one tick of the clock are told apart by their numbers, as numbers."""
    pause, resume = decided("D-9", DecisionKind.PAUSE_THERAPY), decided("D-10", DecisionKind.RESUME)
    assert standing_hold([pause, resume]) is None
    assert standing_hold([resume, pause]) is None
    again = decided("D-11", DecisionKind.PAUSE_THERAPY)
    assert standing_hold([again, resume, pause]) == again


@given(st.lists(st.sampled_from(list(DecisionKind)), max_size=6))
def test_the_newest_decision_about_holding_counts(kinds: list[DecisionKind]) -> None:
    """Plain decisions change nothing; in any order of reading the newest of the others decides."""
    all_of_them = [decided(f"D-{n}", kind, n) for n, kind in enumerate(kinds)]
    about = [d for d in all_of_them if d.kind is not DecisionKind.PLAIN]
    expected = about[-1] if about and about[-1].kind is not DecisionKind.RESUME else None
    assert standing_hold(all_of_them) == standing_hold(all_of_them[::-1]) == expected


def test_what_comes_after_waits() -> None:
    """Any kind of item waits for the one before it, and no longer than that."""
    second = item("T-5", after=TaskId("T-2"))
    assert "T-2" in hold_on(second, [], others(lab()))
    assert not hold_on(second, [], others(lab(done=1)))
    assert not hold_on(second, [], {}), "an erased item holds nothing"
