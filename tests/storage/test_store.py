"""A team's things: what is kept comes back equal, what is erased is as if it had never been, what is undone is undone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from bot.app import begin_house
from conference.agenda import Agenda, Item, ItemState
from conference.case import Case, CaseState, Identifier, Part, Section
from conference.consent import Category, Grant
from conference.decision import Decision, DecisionId, DecisionKind, Dissent
from conference.meeting import Answer, Correction, Meeting, MeetingId, MeetingKind, MeetingState, Phase, Signed
from conference.minutes import MinutesPart
from conference.people import Account, Attention, CaseId, Discipline, Member, Role, Team, TeamId
from conference.recurrence import read_recurrence
from conference.series import Series
from conference.task import Chase, Task, TaskId, TaskKind, TaskState
from storage.database import Database
from storage.keys import KeyRing, RootKey
from storage.migrate import migrate
from storage.store import Store, TeamStore

NOW = datetime(2026, 11, 23, 14, 0, 7, 123456, tzinfo=UTC)
NORTH, SOUTH = TeamId("north"), TeamId("south")
PAT, NORA, CASE = Account("pat"), Account("@nora:example.org"), CaseId("C-7K2P")
NURSING = Discipline("nursing")


def team(ref: TeamId = NORTH) -> Team:
    return Team(ref, f"{ref} clinic – “größer”", "America/New_York", "memory", f"{ref}-room", NOW, PAT)


def member() -> Member:
    quiet = Attention("Europe/Berlin", (time(18), time(8, 30)), time(8), NOW + timedelta(days=3), PAT)
    roles = frozenset({Role.GUEST, Role.OBSERVER})
    return Member(NORTH, NORA, "Nora Ø", NURSING, roles, NOW, quiet, CASE, NOW + timedelta(days=2))


def case() -> Case:
    made = Case(
        CASE, NORTH, PAT, CaseState.DRAFT, NOW,
        {Identifier.PATIENT: "Maria Lopez", Identifier.MRN: "88-172"},
        {Section.QUESTION: "What next?", Section.SEXUAL_HEALTH: "No desire\nsince May"},
        frozenset({"parkinson"}), frozenset({"lakeview", "choir"}),
        (Grant(Category.HIV, frozenset({NURSING}), date(2027, 1, 1)), Grant(Category.GENERAL, frozenset())),
    )  # fmt: skip
    made = made.approve((Part.of(Section.QUESTION, "What next?"),), PAT, NOW)
    return replace(made.discuss(NOW, date(2027, 2, 1)), passed_over=2, why="labs", deferred_until=date(2026, 12, 1))


def meeting() -> Meeting:
    item = Item(
        1, "", timedelta(minutes=15), "new case", PAT, CASE, ItemState.CURRENT, "M-0", NOW, timedelta(seconds=90),
        frozenset({NURSING}),
    )  # fmt: skip
    return Meeting(
        MeetingId("M-1"), NORTH, "MDT", MeetingKind.HUDDLE, MeetingState.SIGNED, NOW, timedelta(minutes=45),
        "America/New_York", PAT, Agenda((item, replace(item, number=2, case=None, title="Form")), is_locked=True),
        (NURSING,), timedelta(hours=1), "S-1", NOW,
        datetime(2026, 11, 23, 9), True, datetime(2026, 11, 23, 10), 3, (  # noqa: DTZ001 - local times
            NOW, NOW + timedelta(days=1)), {PAT: (1, 2)},
        {NORA: Answer.MAYBE}, (PAT, NORA), PAT, Phase.CLARIFY, NOW, NOW, NOW, "ill",
        Signed("ab" * 32, ("cd" * 32,), PAT, NOW, (Correction(NORA, "TSH was 2.1", NOW),)),
    )  # fmt: skip


def series() -> Series:
    rule = read_recurrence("every other tue")
    return Series(
        ref="S-1", team=NORTH, title="Weekly", kind=MeetingKind.CONFERENCE, rule=rule, start=datetime(2026, 11, 24, 8),  # noqa: DTZ001
        zone="America/New_York", length=timedelta(hours=1), created_by=PAT, quorum=(NURSING,),
    )  # fmt: skip


def decision() -> Decision:
    return Decision(
        DecisionId("D-1"), NORTH, CASE, "Taper", NOW, PAT, DecisionKind.MEDICAL_FIRST, "rebound", ("wait", "switch"),
        "slowly", "M-1", (Dissent(NORA, "too early", NOW),),
    )  # fmt: skip


def task() -> Task:
    return Task(
        TaskId("T-1"), NORTH, "Check TSH", TaskState.BLOCKED, NOW, PAT, TaskKind.LAB, NORA, NURSING,
        NOW + timedelta(days=2), CASE, "M-1", TaskId("T-9"), "no phone", "", NOW + timedelta(days=1), Chase.DISCIPLINE,
    )  # fmt: skip


def part(position: int = 1, of: CaseId | None = CASE) -> MinutesPart:
    return MinutesPart(MeetingId("M-1"), position, "Case", "D-1: Taper\n  because rebound", of)


@pytest.fixture
def database(url: str) -> Iterator[tuple[Database, KeyRing]]:
    ring = KeyRing(RootKey.new())
    with Database.open(url) as opened:
        migrate(opened)
        begin_house(opened, ring, NOW)
        with opened.transaction() as connection:
            Store(connection, ring).begin_team(team(), NOW)
            Store(connection, ring).begin_team(team(SOUTH), NOW)
        yield opened, ring


@pytest.fixture
def north(database: tuple[Database, KeyRing]) -> Iterator[TeamStore]:
    opened, ring = database
    with opened.transaction() as connection:
        store = Store(connection, ring).of_team(NORTH)
        store.begin_case(case(), NOW)
        yield store


KINDS = {
    "teams": (team, "north"), "members": (member, NORA), "cases": (case, CASE), "meetings": (meeting, "M-1"),
    "series": (series, "S-1"), "decisions": (decision, "D-1"), "tasks": (task, "T-1"), "minutes": (part, "M-1/1"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_kept_comes_back_equal(north: TeamStore, kind: str) -> None:
    """Every field of every kind of thing, to the microsecond; by name and in the list, and again after a change."""
    make, ref = KINDS[kind]
    things, value = getattr(north, kind), make()
    for _ in range(2):
        things.save(value)
        assert things.get(ref) == value
        assert value in things.all()
    assert things.get("X-1") is None


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "teams"])
def test_no_team_reads_another_s(north: TeamStore, kind: str) -> None:
    """The same reference in another team is another thing, or none."""
    make, ref = KINDS[kind]
    getattr(north, kind).save(make())
    south = Store(north.connection, north.ring).of_team(SOUTH)
    assert getattr(south, kind).get(ref) is None
    assert getattr(south, kind).all() == ()


def test_references_count_for_each_team_and_kind(north: TeamStore) -> None:
    """No gaps, no sharing."""
    south = Store(north.connection, north.ring).of_team(SOUTH)
    assert [north.next_ref("T"), north.next_ref("T"), north.next_ref("D"), south.next_ref("T")] == [
        "T-1",
        "T-2",
        "D-1",
        "T-1",
    ]


def test_a_case_is_found_by_its_record_number(north: TeamStore) -> None:
    """Through the blind index alone, and not in another team."""
    assert north.cases_with_mrn("88-172") == (case(),)
    assert north.cases_with_mrn("88-173") == ()
    assert Store(north.connection, north.ring).of_team(SOUTH).cases_with_mrn("88-172") == ()


def test_an_erased_case_vanishes_with_all_that_is_its_own(north: TeamStore) -> None:
    """Case, decisions, items and its part of the minutes; everything else stays, and its reference is not given again."""
    for kind in ("decisions", "tasks", "minutes", "meetings"):
        getattr(north, kind).save(KINDS[kind][0]())
    north.minutes.save(part(0, None))
    north.tasks.save(replace(task(), ref=TaskId("T-2"), case=None))
    north.remember(PAT, "1", "task add", "T-1", NOW)
    north.erase_case(CASE, NOW)
    assert north.cases.get(CASE) is None
    assert north.cases.all() == ()
    assert north.cases_in(*CaseState) == ()
    assert north.cases_with_mrn("88-172") == ()
    assert north.decisions_on(CASE) == ()
    assert north.tasks_on(CASE) == ()
    assert north.tasks.get("T-1") is None
    assert [t.ref for t in north.pending_tasks()] == ["T-2"]
    assert north.count_pending() == 1
    assert north.minutes_of("M-1") == (part(0, None),)
    assert north.meetings.get("M-1") == meeting()
    assert north.last_undoable(PAT, NOW) is None
    assert north.has_case_ref(CASE)
    assert not north.has_case_ref("C-8K2P")


def remembered(north: TeamStore) -> None:
    north.remember(PAT, "memory:1", "task due", "T-1", NOW)
    north.changes.rows.clear()


def test_put_back_restores_what_was(north: TeamStore) -> None:
    """A changed row is as it was, to the searched columns; a new one is gone."""
    north.tasks.save(task())
    north.changes.rows.clear()
    north.tasks.save(replace(task(), due_at=NOW + timedelta(days=9), owner=PAT))
    north.tasks.save(replace(task(), ref=TaskId("T-2")))
    remembered(north)
    last = north.last_undoable(PAT, NOW)
    assert last is not None
    assert (last.act, last.subject, last.invocation) == ("task due", "T-1", "memory:1")
    assert north.put_back(last)
    assert north.tasks.get("T-1") == task()
    assert north.tasks_of(NORA) == (task(),)
    assert north.tasks_of(PAT) == ()
    assert north.tasks.get("T-2") is None
    assert north.last_undoable(PAT, NOW) is None


def test_put_back_of_several_saves_goes_to_the_first(north: TeamStore) -> None:
    """A thing that one act saved twice is as it was before the act."""
    north.tasks.save(task())
    north.changes.rows.clear()
    for title in ("One", "Two"):
        north.tasks.save(replace(task(), title=title))
    remembered(north)
    last = north.last_undoable(PAT, NOW)
    assert last is not None
    assert north.put_back(last)
    assert north.tasks.get("T-1") == task()


@pytest.mark.parametrize("meanwhile", ["changed", "removed", "undone"])
def test_put_back_refuses_what_has_moved_on(north: TeamStore, meanwhile: str) -> None:
    """Changed by somebody else, gone, or put back already: then nothing is restored."""
    north.tasks.save(task())
    remembered(north)
    last = north.last_undoable(PAT, NOW)
    assert last is not None
    if meanwhile == "changed":
        north.tasks.save(replace(task(), title="Other"))
    elif meanwhile == "removed":
        north.tasks.remove("T-1")
    else:
        assert north.put_back(last)
    assert not north.put_back(last)


def test_undo_is_one_s_own_and_recent(north: TeamStore) -> None:
    """Another's change is not offered, nor an old one; the newest comes first."""
    north.tasks.save(task())
    remembered(north)
    assert north.last_undoable(NORA, NOW) is None
    assert north.last_undoable(PAT, NOW + timedelta(seconds=1)) is None
    north.remember(PAT, "memory:2", "task drop", "T-1", NOW)
    newest = north.last_undoable(PAT, NOW)
    assert newest is not None
    assert newest.act == "task drop"
