"""A store with years of one busy team in it, filled fast: rows sealed and chained as the bot itself would write them."""

import hmac
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlalchemy import Connection, insert

from bot.app import begin_house
from bot.settings import Settings
from conference.agenda import Agenda, Item
from conference.case import OPEN, Case, CaseState, Part, Section, Summary
from conference.decision import Decision, DecisionId
from conference.meeting import Meeting, MeetingId, MeetingKind, MeetingState
from conference.people import Account, CaseId, Discipline, Member, Role, Team, TeamId
from conference.task import Task, TaskId, TaskKind, TaskState
from storage import audit
from storage.aggregates import Aggregates
from storage.audit import AuditEntry
from storage.database import Database
from storage.keys import KeyRing, RootKey, case_scope
from storage.migrate import migrate
from storage.schema import AuditRow
from storage.store import Store, TeamStore
from storage.store_sql import COUNTERS
from storage.timers import TIMERS
from tests.bench.report import Progress

T = TypeVar("T")
NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
TEAM = TeamId("t1")
ROOM = "case-room"
AT_ONCE = 2000
PENDING = 0.1
"""The share of action items that is still to be done."""
PEOPLE = {
    "carla": "care-coordination", "cody": "care-coordination", "pat": "psychiatry", "paul": "psychiatry",
    "sol": "psychology", "sue": "psychology", "gene": "primary-care", "gwen": "primary-care", "thea": "sex-therapy",
    "nora": "nursing", "ned": "nursing", "nils": "nursing", "wes": "social-work", "wanda": "social-work",
}  # fmt: skip
LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
WORDS = (
    "patient", "reports", "low", "desire", "since", "starting", "sertraline", "sleep", "improved",
    "mood", "stable", "pain", "partner", "avoids", "touch", "lab",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Size:
    cases: int
    tasks: int
    audit_rows: int

    def tenth(self) -> "Size":
        return Size(self.cases // 10, self.tasks // 10, self.audit_rows // 10)


@dataclass(frozen=True, slots=True)
class Filled:
    """The open store and what of it a run may name."""

    database: Database
    ring: KeyRing
    cases: tuple[str, ...]
    open: tuple[str, ...]
    pending: tuple[tuple[str, str], ...]
    """Action items still to be done, with who may finish each."""


def fill(file: Path, size: Size, progress: Progress) -> Filled:
    """A new database file with that much of one team in it."""
    chance = random.Random(7)
    database, ring = Database.open(file), KeyRing(RootKey.new())
    migrate(database)
    begin_house(database, ring, NOW)
    with database.transaction() as connection:
        store = _team(Store(connection, ring))
    cases = tuple(_refs(size.cases, chance))
    each = size.tasks // size.cases  # in the order of the cases, so that each case's key is unwrapped once
    tasks = tuple(_task(n + 1, cases[n // each % size.cases], chance) for n in range(size.tasks))
    with database.transaction() as connection:
        store = Store(connection, ring).of_team(TEAM)
        for ref in cases:
            ring.begin_scope(connection, TEAM, case_scope(ref), NOW - timedelta(days=600))
        made = [_case(ref, chance) for ref in cases]
        _keep(store.cases, made, "cases", progress)
        _keep(
            store.decisions, [_decision(n, ref, chance) for n, ref in enumerate(cases, start=1)], "decisions", progress
        )
        _keep(store.tasks, tasks, "action items", progress)
        _plan(connection, tasks)
        store.meetings.save(_meeting(cases))
        counters = {"T": size.tasks, "D": size.cases, "M": 1}
        connection.execute(insert(COUNTERS), [{"team": TEAM, "kind": k, "value": v} for k, v in counters.items()])
        _audit(connection, ring, size.audit_rows, cases, chance, progress)
    progress.end()
    pending = tuple(
        (str(t.ref), str(t.owner)) for t in tasks if t.is_pending and t.owner and t.kind is not TaskKind.THERAPY
    )
    still_open = tuple(str(case.ref) for case in made if case.state in OPEN)
    return Filled(database, ring, cases, still_open, pending)


def verified(filled: Filled) -> int:
    """How many audit rows stand in the chain; the bench is worth nothing if they are not real."""
    with filled.database.reading() as connection:
        verdict = audit.verify(connection, filled.ring, TEAM)
    assert verdict.ok, verdict.reason
    return verdict.rows


def _team(house: Store) -> TeamStore:
    team = Team(TEAM, "North clinic", "America/New_York", "bench", ROOM, NOW, Account("carla"))
    store = house.begin_team(team, NOW)
    for name, discipline in PEOPLE.items():
        role = {"carla": Role.COORDINATOR, "pat": Role.FACILITATOR}.get(name, Role.CLINICIAN)
        store.members.save(
            Member(TEAM, Account(name), name.title(), Discipline(discipline), frozenset({role}), joined_at=NOW)
        )
        house.is_first_contact("bench", name, NOW)
        house.work_in("bench", name, TEAM)
    return store


def _refs(count: int, chance: random.Random) -> Iterator[str]:
    seen: set[str] = set()
    while len(seen) < count:
        ref = "C-" + "".join(chance.choices(LETTERS, k=4))
        if not ref[2:].isalpha() and ref not in seen:
            seen.add(ref)
            yield ref


def _case(ref: str, chance: random.Random) -> Case:
    texts = {
        Section.QUESTION: _words(12, chance),
        Section.BACKGROUND: _words(120, chance),
        Section.MEDICATION: _words(20, chance),
    }
    at = NOW - timedelta(days=chance.randrange(1, 600))
    author = Account(chance.choice(tuple(PEOPLE)))
    state = chance.choice((CaseState.APPROVED, CaseState.DISCUSSED, CaseState.DISCUSSED, CaseState.CLOSED))
    parts = tuple(Part.of(section, text) for section, text in texts.items())
    return Case(CaseId(ref), TEAM, author, state, at, texts=texts, summary=Summary(parts, at, author, 1))


def _decision(number: int, ref: str, chance: random.Random) -> Decision:
    at = NOW - timedelta(days=chance.randrange(1, 600))
    words = _words(8, chance)
    return Decision(DecisionId(f"D-{number}"), TEAM, CaseId(ref), words, at, Account("pat"), because=_words(8, chance))


def _task(number: int, case: str, chance: random.Random) -> Task:
    """Nine in ten are done. A third is given to a discipline that has yet to claim it, the rest to a person."""
    is_pending = chance.random() < PENDING
    owner = Account(chance.choice(tuple(PEOPLE))) if not is_pending or chance.random() < 0.67 else None
    made = NOW - timedelta(days=chance.randrange(1, 600))
    return Task(
        TaskId(f"T-{number}"),
        TEAM,
        _words(6, chance),
        TaskState.OPEN if is_pending else TaskState.DONE,
        made,
        Account("pat"),
        chance.choice(tuple(TaskKind)),
        owner=owner,
        discipline=None if owner else Discipline(chance.choice(tuple(PEOPLE.values()))),
        due_at=NOW + timedelta(days=chance.randrange(-30, 60)) if is_pending else made + timedelta(days=7),
        case=CaseId(case),
        outcome="" if is_pending else _words(5, chance),
        closed_at=None if is_pending else made + timedelta(days=6),
        closed_by=None if is_pending else owner,
    )


def _meeting(cases: Sequence[str]) -> Meeting:
    agenda = Agenda()
    for case in cases[:4]:
        agenda = agenda.add(Item(0, "", timedelta(minutes=15), "new case", presenter=Account("pat"), case=CaseId(case)))
    start = NOW + timedelta(days=1)
    return Meeting(
        MeetingId("M-1"), TEAM, "Case conference", MeetingKind.CONFERENCE, MeetingState.PLANNED, start,
        timedelta(hours=1), "America/New_York", Account("carla"), agenda, quorum=(Discipline("psychiatry"),),
    )  # fmt: skip


def _keep(kept: Aggregates[T], values: Sequence[T], part: str, progress: Progress) -> None:
    """Write them as ``save`` would, many at once."""
    kind = kept._kind
    for start in range(0, len(values), AT_ONCE):
        progress.at(part, start, len(values))
        rows = []
        for value in values[start : start + AT_ONCE]:
            ref = kind.ref(value)
            cell = kept._cell(ref, kind.case(value))
            body = kept._ring.seal(kept._connection, cell, msgspec.json.encode(value))
            rows.append({"team": kept._team, "ref": ref, "version": 1, "body": body, **kind.clear(value)})
        kept._connection.execute(insert(kept._table), rows)


def _plan(connection: Connection, tasks: Sequence[Task]) -> None:
    """The timers of what is still to be done."""
    late = Settings().reminders
    rows = [
        {"team": TEAM, "subject": task.ref, "kind": kind, "due_at": task.due_at + after}
        for task in tasks
        if task.is_pending and task.due_at
        for kind, after in (("task-due", timedelta()), ("task-owner", late.owner), ("task-discipline", late.discipline))
        if task.due_at + after > NOW
    ]
    connection.execute(insert(TIMERS), rows)


def _audit(
    connection: Connection, ring: KeyRing, count: int, cases: Sequence[str], chance: random.Random, progress: Progress
) -> None:
    """A chain of rows, each bound to the one before it."""
    key, before, rows = ring.chain_key(connection, TEAM), audit.START, []
    for seq in range(1, count + 1):
        at = NOW - timedelta(seconds=count - seq + 1)
        entry = AuditEntry(TEAM, at, "pat", "task done", chance.choice(cases), "done", {"by": "typed"})
        details = audit._details(entry.details)
        before = hmac.digest(key, before + audit._canonical(seq, entry, details), "sha256")
        names = {name: getattr(entry, name) for name in ("team", "at", "actor", "act", "subject", "outcome")}
        rows.append({**names, "seq": seq, "details": details, "mac": before})
        if len(rows) == AT_ONCE or seq == count:
            progress.at("audit rows", seq, count)
            connection.execute(insert(AuditRow), rows)
            rows = []


def _words(count: int, chance: random.Random) -> str:
    return " ".join(chance.choices(WORDS, k=count))
