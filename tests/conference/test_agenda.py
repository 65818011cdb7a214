"""The agenda: its order, and what is proposed for it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conference.agenda import CASE_LENGTH, PATIENCE, Agenda, Candidate, Item, Reason, propose
from conference.case import Case, CaseState
from conference.people import Account, CaseId, TeamId
from conference.refusal import Refusal

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def case(number: int, *, passed_over: int = 0, age: int = 0) -> Case:
    return Case(
        CaseId(f"C-{number:04}"),
        TeamId("t"),
        Account("pat"),
        CaseState.APPROVED,
        NOW - timedelta(days=age),
        passed_over=passed_over,
    )


cases = st.builds(
    lambda number, reason, passed_over, age: Candidate(
        case(number, passed_over=passed_over, age=age), reason, NOW - timedelta(days=age)
    ),
    st.integers(0, 9999),
    st.sampled_from([r for r in Reason if r is not Reason.WAITED]),
    st.integers(0, 4),
    st.integers(0, 60),
)
candidates = st.lists(cases, max_size=8, unique_by=lambda c: c.case.ref)
topics = st.lists(st.integers(1, 40).map(lambda m: Item(0, "topic", timedelta(minutes=m), "suggested")), max_size=4)
times = st.integers(0, 120).map(lambda m: timedelta(minutes=m))


def _agenda(items: list[Item]) -> Agenda:
    agenda = Agenda()
    for item in items:
        agenda = agenda.add(item)
    return agenda


@given(topics, candidates, times)
def test_a_proposal_is_a_permutation_within_its_time(
    items: list[Item], found: list[Candidate], time: timedelta
) -> None:
    """Everything that was on stays on, every candidate is either on or left out, and nothing added exceeds the time."""
    before = _agenda(items)
    after, left_out = propose(before, found, time)
    on = [i.case for i in after.items if i.case]
    assert sorted([*on, *(c.case.ref for c in left_out)]) == sorted(c.case.ref for c in found)
    assert [i for i in after.items if not i.case] == list(before.items)
    assert after.planned <= max(time, before.planned)
    assert len({i.number for i in after.items}) == len(after.items)
    if left_out:
        assert time - after.planned < CASE_LENGTH


@given(topics, candidates, times)
def test_safety_goes_first(items: list[Item], found: list[Candidate], time: timedelta) -> None:
    """Before every topic and every other case, and no other case takes the time of one about safety."""
    after, left_out = propose(_agenda(items), found, time)
    urgent = {c.case.ref for c in found if c.reason is Reason.SAFETY}
    order = [i.case in urgent for i in after.items]
    assert order == sorted(order, reverse=True)
    if any(c.case.ref in urgent for c in left_out):
        assert all(i.case in urgent for i in after.items if i.case)


@given(candidates, times)
def test_the_weight_decides_and_not_the_order_of_asking(found: list[Candidate], time: timedelta) -> None:
    """The same candidates in another order give the same agenda, and each row says why."""
    one, _ = propose(Agenda(), found, time)
    other, _ = propose(Agenda(), reversed(found), time)
    assert [i.case for i in one.items] == [i.case for i in other.items]
    whys = {c.case.ref: c.why for c in found}
    assert all(i.why == whys[i.case] for i in one.items if i.case)


@given(
    st.integers(1, 3),
    st.lists(st.integers(0, 3), min_size=20, max_size=20),
    st.sampled_from([Reason.NEW, Reason.NO_RESPONSE]),
)
def test_nobody_is_passed_over_for_ever(rooms: int, arrivals: list[int], reason: Reason) -> None:
    """Whatever keeps arriving, a case comes on after those that waited at least as long and its patience."""
    waiting = [Candidate(case(n, age=1), reason, NOW - timedelta(days=1)) for n in range(3)]
    first = {c.case.ref for c in waiting}
    fresh = 100
    for week, many in enumerate(arrivals):
        for _ in range(many):
            fresh += 1
            waiting.append(Candidate(case(fresh), Reason.DEFERRED, NOW + timedelta(days=week)))
        agenda, left_out = propose(Agenda(), waiting, rooms * CASE_LENGTH)
        first -= {i.case for i in agenda.items if i.case}
        waiting = [Candidate(c.case.pass_over(), c.reason, c.since) for c in left_out]
    assert not first


def test_a_case_that_waited_goes_before_all_but_safety() -> None:
    """After its patience is up it outweighs reviews and new cases."""
    patient = Candidate(case(1, passed_over=PATIENCE), Reason.NO_RESPONSE, NOW)
    others = [Candidate(case(2), Reason.DEFERRED, NOW), Candidate(case(3), Reason.SAFETY, NOW)]
    agenda, _ = propose(Agenda(), [*others, patient], 3 * CASE_LENGTH)
    assert [i.case for i in agenda.items] == ["C-0003", "C-0001", "C-0002"]


def test_a_case_that_is_on_already_is_not_proposed() -> None:
    """Building twice adds nothing twice."""
    found = [Candidate(case(1), Reason.NEW, NOW)]
    once, _ = propose(Agenda(), found, 4 * CASE_LENGTH)
    twice, left_out = propose(once, found, 4 * CASE_LENGTH)
    assert (twice, left_out) == (once, ())


@given(topics.filter(bool), st.data())
def test_moving_keeps_everything_and_can_be_undone(items: list[Item], data: st.DataObject) -> None:
    """An item moved away and back leaves the agenda as it was."""
    agenda = _agenda(items)
    places = st.integers(1, len(items))
    here, there = data.draw(places), data.draw(places)
    moved = agenda.move(here, there)
    assert moved.at(there) == agenda.at(here)
    assert sorted(i.number for i in moved.items) == sorted(i.number for i in agenda.items)
    assert moved.move(there, here) == agenda


@pytest.mark.parametrize("change", [lambda a: a.add(a.items[0]), lambda a: a.drop(1), lambda a: a.move(1, 1)])
def test_a_locked_agenda_takes_no_change(change) -> None:  # type: ignore[no-untyped-def]
    """The same change passes where the agenda is open."""
    agenda = _agenda([Item(0, "topic", QUARTER, "")])
    change(agenda)
    with pytest.raises(Refusal, match="`agenda unlock` opens it again"):
        change(agenda.lock())
    assert change(agenda.lock().unlock()) == change(agenda)
