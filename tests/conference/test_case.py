"""A case's way through the conference: what its table allows happens, everything else is refused and changes nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from conference.case import HELD_BACK, NEXT, OPEN, Case, CaseState, Part, Section, fold
from conference.consent import Category, Grant
from conference.people import Account, CaseId, Discipline, TeamId
from conference.refusal import Refusal

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
WORDS = st.text("ab cdé", max_size=12)
SECTIONS = st.dictionaries(st.sampled_from(list(Section)), WORDS, max_size=3)


def draft(**texts: str) -> Case:
    given = {Section(name.replace("_", " ")): text for name, text in texts.items()}
    return Case(CaseId("C-7K2P"), TeamId("north"), Account("pat"), CaseState.DRAFT, NOW).edit(given, {})


def approved(**texts: str) -> Case:
    case = draft(**texts)
    return case.approve(tuple(Part.of(s, t) for s, t in case.texts.items()), case.author, NOW)


class Way(RuleBasedStateMachine):
    """Any words of any people in any order, compared with the table read aloud."""

    @initialize()
    def begin(self) -> None:
        self.case = draft(question="What next?")
        self.approvals = 0

    def moves(self, to: CaseState, act: Callable[[], Case]) -> bool:
        """Do it where the table allows it; otherwise it must be refused with the state in plain words."""
        before = self.case
        if to in NEXT[before.state]:
            self.case = act()
            return True
        with pytest.raises(Refusal, match=before.state.value):
            act()
        assert self.case is before
        return False

    @rule(texts=SECTIONS)
    def edit(self, texts: dict[Section, str]) -> None:
        if self.case.state in OPEN:
            summary = self.case.summary
            self.case = self.case.edit(texts, {})
            assert self.case.summary is summary, "an edit shows nobody anything"
        else:
            with pytest.raises(Refusal):
                self.case.edit(texts, {})

    @rule()
    def approve(self) -> None:
        parts = tuple(Part.of(s, t) for s, t in self.case.texts.items())
        if not parts:
            with pytest.raises(Refusal, match="says nothing"):
                self.case.approve(parts, self.case.author, NOW)
            return
        before = self.case.state
        if self.moves(CaseState.APPROVED, lambda: self.case.approve(parts, self.case.author, NOW)):
            self.approvals += 1
            kept = before in (CaseState.DEFERRED, CaseState.DISCUSSED)
            assert self.case.state is (before if kept else CaseState.APPROVED)

    @rule(until=st.none() | st.dates(date(2026, 11, 24), date(2027, 3, 1)), why=WORDS)
    def defer(self, until: date | None, why: str) -> None:
        if self.moves(CaseState.DEFERRED, lambda: self.case.defer(until, why)):
            assert self.case.is_settled is (until is not None)

    @rule()
    def discuss(self) -> None:
        if self.moves(CaseState.DISCUSSED, lambda: self.case.discuss(NOW)):
            assert self.case.passed_over == 0
            assert self.case.deferred_until is None

    @rule()
    def pass_over(self) -> None:
        self.case = self.case.pass_over()

    @rule(why=WORDS)
    def withdraw(self, why: str) -> None:
        if self.moves(CaseState.WITHDRAWN, lambda: self.case.withdraw(why)):
            assert not self.case.is_shared

    @rule()
    def close(self) -> None:
        self.moves(CaseState.CLOSED, lambda: self.case.close())

    @invariant()
    def what_was_approved_stands_to_the_letter(self) -> None:
        summary = self.case.summary
        assert (summary.revision if summary else 0) == self.approvals
        assert summary is None or all(part.is_intact() for part in summary.parts)

    @invariant()
    def only_the_approved_is_shared(self) -> None:
        assert not (self.case.is_shared and self.case.summary is None)
        assert self.case.is_ready is (self.case.missing == ())

    @invariant()
    def may_become_tells_the_truth(self) -> None:
        assert all(self.case.may_become(state) is (state in NEXT[self.case.state]) for state in CaseState)


TestWay = Way.TestCase
TestWay.settings = settings(max_examples=30, stateful_step_count=15, deadline=None)


def test_an_erased_case_goes_nowhere() -> None:
    """Nothing leads out of erasure, and every other state leads into it."""
    assert NEXT[CaseState.ERASED] == frozenset()
    assert all(CaseState.ERASED in NEXT[state] for state in CaseState if state is not CaseState.ERASED)
    assert set(NEXT) == set(CaseState)


def test_an_altered_part_is_not_intact() -> None:
    """One letter is enough."""
    part = Part.of(Section.GOALS, "to ride again")
    assert part.is_intact()
    assert not Part(part.section, "to ride Again", part.sha256).is_intact()


@pytest.mark.parametrize(
    ("case", "missing"),
    [
        (draft(), ("the author's approval", "the question")),
        (draft(question="What next?"), ("the author's approval",)),
        (approved(background="Sings."), ("the question",)),
        (approved(question="What next?"), ()),
    ],
)
def test_the_completeness_gate(case: Case, missing: tuple[str, ...]) -> None:
    """A case says what it waits for."""
    assert case.missing == missing


def test_seen_by_leaves_out_what_one_of_them_may_not_see() -> None:
    """Consent is asked for everyone at once; the last day counts."""
    case = approved(question="What next?", sexual_health="No desire.", goals="to ride again")
    grant = Grant(Category.SEXUAL_HEALTH, frozenset({Discipline("psychiatry")}), NOW.date())
    one, two = [Discipline("psychiatry")], [Discipline("psychiatry"), Discipline("nursing")]

    def seen(case: Case, *them: Discipline, days: int = 0) -> list[Section]:
        summary = case.seen_by(them, NOW.date() + timedelta(days=days)).summary
        return [p.section for p in summary.parts] if summary else []

    allowed = replace(case, consents=(grant,))
    assert Section.SEXUAL_HEALTH not in seen(case, *one)
    assert Section.SEXUAL_HEALTH in seen(allowed, *one)
    assert Section.SEXUAL_HEALTH not in seen(allowed, *two)
    assert Section.SEXUAL_HEALTH not in seen(allowed, *one, days=1)
    assert Section.GOALS in seen(allowed, *two)


def test_a_question_held_back_says_so() -> None:
    """The case keeps its place on an agenda without its words."""
    case = approved(question="What next?", goals="to ride again")
    nobody = replace(case, consents=(Grant(Category.GENERAL, frozenset()),))
    summary = nobody.seen_by([Discipline("nursing")], NOW.date()).summary
    assert summary is not None
    assert [p.text for p in summary.parts] == [HELD_BACK]


def test_hide_and_keep_answer_each_other() -> None:
    """The last word on a phrase counts, whatever its letter case and blanks."""
    case = draft(background="Lakeview choir").hide_words("Lakeview  Choir")
    assert fold("lakeview choir") in case.hide
    kept = case.keep_words("LAKEVIEW choir")
    assert not kept.hide
    assert fold("lakeview choir") in kept.keep
    assert not kept.hide_words("lakeview choir").keep
