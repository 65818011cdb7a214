"""No question that a command asks walks through a team's whole history: each is answered from an index."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.app import begin_house
from conference.case import CaseState
from conference.people import Account, CaseId, Discipline, Team, TeamId
from conference.task import TaskId
from storage import audit
from storage.database import Database
from storage.drawer import NAMES
from storage.keys import KeyRing, RootKey
from storage.migrate import migrate
from storage.store import Store, TeamStore
from storage.timers import due_timers, next_due, prune_timers
from tests.asking import listening

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
CASE = CaseId("C-7K2P")

QUESTIONS: dict[str, Callable[[TeamStore], object]] = {
    "one case": lambda s: s.cases.get(CASE),
    "one item": lambda s: s.tasks.get("T-1"),
    "cases in a state": lambda s: s.cases_in(CaseState.APPROVED, CaseState.DRAFT),
    "cases with a record number": lambda s: s.cases_with_mrn("123"),
    "coming meetings": lambda s: s.coming_meetings(),
    "past meetings": lambda s: s.past_meetings(),
    "running meetings": lambda s: s.running_meetings(),
    "meetings with a poll": lambda s: s.polled_meetings(),
    "meetings of a series": lambda s: s.meetings_of_series("S-1", NOW),
    "decisions on a case": lambda s: s.decisions_on(CASE),
    "decisions of a meeting": lambda s: s.decisions_of_meeting("M-1"),
    "a person's items": lambda s: s.tasks_of(Account("dana")),
    "a discipline's items": lambda s: s.tasks_for(Discipline("nursing")),
    "a discipline's unclaimed items": lambda s: s.tasks_for(Discipline("nursing"), unclaimed=True),
    "items of a case": lambda s: s.tasks_on(CASE),
    "pending items of cases": lambda s: s.pending_on(CASE, CaseId("C-8K2P")),
    "items after an item": lambda s: s.tasks_after(TaskId("T-1")),
    "items of a meeting": lambda s: s.tasks_of_meeting("M-1"),
    "pending items": lambda s: s.pending_tasks(),
    "overdue items": lambda s: s.pending_tasks(due_before=NOW),
    "how many are pending": lambda s: s.count_pending(),
    "minutes": lambda s: s.minutes_of("M-1"),
    "the last change": lambda s: s.last_undoable("dana", NOW),
    "what an invocation said": lambda s: s.notices.sent_by_invocation("1"),
    "what stands about a subject": lambda s: s.notices.about("t1", "T-1", "task"),
    "what became a message": lambda s: s.notices.at_message("memory", "room", "m1"),
    "whether there is something to be said": lambda s: s.notices.rooms_due(NOW, ["memory"]),
    "where something is to be said": lambda s: s.notices.lanes_due(NOW, ["memory"], "me"),
    "what is to be said": lambda s: s.notices.due(("memory", "room"), NOW),
    "how much a person has heard": lambda s: s.notices.heard("t1", "dana", NOW),
    "what can be forgotten": lambda s: s.notices.prune(NOW),
    "timers that can be forgotten": lambda s: prune_timers(s.connection, NOW),
    "when to speak next": lambda s: s.notices.next_due(["memory"]),
    "when to speak after that": lambda s: s.notices.next_due(["memory"], after=NOW),
    "due timers": lambda s: due_timers(s.connection, NOW),
    "the next timer": lambda s: next_due(s.connection),
    "planned timers": lambda s: s.timers.plan("T-1", {"task-due": NOW + timedelta(days=1)}, NOW),
    "keys of cases": lambda s: s.ring.gather(s.connection, "t1", [CASE, CaseId("C-8K2P")]),
    "an audit row": lambda s: s.audit(audit.AuditEntry("t1", NOW, "dana", "agenda", "M-1", "done")),
}
WALKS_A_TEAM = re.compile(r"\(team=\?\)$")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TeamStore]:
    with Database.open(tmp_path / "confer.db") as database:
        migrate(database)
        ring = KeyRing(RootKey.new())
        begin_house(database, ring, NOW)
        with database.transaction() as connection:
            team = Team(TeamId("t1"), "North clinic", "UTC", "memory", "room", NOW, Account("carla"))
            yield Store(connection, ring).begin_team(team, NOW)


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_walks_a_whole_table(question: str, store: TeamStore) -> None:
    """Neither a scan, nor an index of which only the team's name is used, unless one row of it is wanted."""
    with listening(store.connection) as reached:
        QUESTIONS[question](store)
    asked = [(sql, values) for sql, values in reached if sql.startswith(("SELECT", "UPDATE", "DELETE"))]
    assert asked
    for statement, values in asked:
        plan = [row[3] for row in store.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
        walks = [step for step in plan if step.startswith("SCAN") or WALKS_A_TEAM.search(step)]
        assert not walks or "audit" in statement, f"{statement}\n{plan}"
        assert "audit" not in statement or all("SCAN" not in step for step in plan)


def test_the_test_would_notice(store: TeamStore) -> None:
    """A search without an index is one that it calls a walk."""
    plan = store.connection.exec_driver_sql("EXPLAIN QUERY PLAN SELECT * FROM tasks WHERE body = 2").all()
    assert plan[0][3].startswith("SCAN")
    plan = store.connection.exec_driver_sql(
        "EXPLAIN QUERY PLAN SELECT * FROM tasks WHERE team = 't' ORDER BY ref"
    ).all()
    assert WALKS_A_TEAM.search(plan[0][3])


def test_names_in_a_drawer_are_found_by_their_beginning(store: TeamStore) -> None:
    """Of all that a platform keeps, those names alone are looked at."""
    with listening(store.connection) as reached:
        NAMES.rows(store.connection, {"of_platform": "slack", "first": "a", "beyond": "b"})
    ((statement, values),) = reached
    plan = [row[3] for row in store.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert [step[step.index("(") :] for step in plan] == ["(platform=? AND name>? AND name<?)"]
