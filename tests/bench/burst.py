"""Monday, eight o'clock, in a large clinic: 50 agendas and 600 digests at once, while people go on typing.

The same commands are typed in a clinic of a tenth of the size, in turns, for what a command costs as a clinic grows.
``--share 10`` measures ten times the large clinic against the large clinic.
"""

import argparse
import asyncio
import itertools
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert

from adapters.card import Card
from adapters.memory import MemoryPlatform
from adapters.platform import Invocation, MessageRef, Place, Source
from bot.app import App, begin_house
from bot.clock import MovableClock
from bot.settings import Settings
from conference.agenda import Agenda, Item
from conference.meeting import Meeting, MeetingId, MeetingKind, MeetingState
from conference.people import Account, CaseId, Discipline, Member, Role, Team, TeamId
from storage.database import Database
from storage.keys import KeyRing, RootKey, case_scope
from storage.migrate import migrate
from storage.notices import Act, Notice
from storage.store import Store, TeamStore
from storage.store_sql import COUNTERS
from storage.timers import TIMERS
from tests.bench.fill import NOW, _case, _keep, _refs, _task
from tests.bench.report import Figure, Progress, median, percentile, show

TEAMS, STAFF, CASES, ITEMS = 50, 12, 100, 2_000
NUDGES = 4
"""What each person's digest gathers."""
WITHIN, P95, GROWTH = 20.0, 100.0, 1.5
IDLE_RUNS = 200
DISCIPLINES = ("psychiatry", "psychology", "primary-care", "nursing", "social-work", "care-coordination")


class Watched(MemoryPlatform):
    """Notes when each message arrived."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: dict[str, float] = {}

    async def post(self, place: Place, card: Card, key: str) -> MessageRef:
        self.arrived.setdefault(key, time.perf_counter())
        return await super().post(place, card, key)

    async def whisper(self, place: Place, account: str, card: Card, key: str) -> MessageRef:
        self.arrived.setdefault(key, time.perf_counter())
        return await super().whisper(place, account, card, key)


@dataclass(slots=True)
class Clinic:
    app: App
    platform: Watched
    teams: int
    took: list[float]
    numbers: "itertools.count[int]"
    chance: random.Random

    async def types(self) -> None:
        """One command of somebody in some team, to its answer on the platform."""
        team = self.chance.randrange(self.teams)
        who = f"p{team}-{self.chance.randrange(STAFF)}"
        words = self.chance.choice(("tasks mine", "agenda", "rsvp yes", "meetings"))
        said = Invocation(f"i{next(self.numbers)}", who, who, Place("memory", f"room-{team}"), words, NOW, Source.TYPED)
        began = time.perf_counter()
        outcome = await self.app.receive(said)
        self.took.append((self.platform.arrived[f"inv:{said.id}:reply"] - began) * 1000)
        assert not outcome.refused, words


def clinic(file: Path, teams: int, progress: Progress) -> Clinic:
    """So many teams, each with its people, cases, action items, a conference today and what its people wait for."""
    chance, ring, platform = random.Random(7), KeyRing(RootKey.new()), Watched()
    database = Database.open(file)
    migrate(database)
    begin_house(database, ring, NOW)
    for number in range(teams):
        progress.at("teams", number, teams)
        with database.transaction() as connection:
            _team(Store(connection, ring), number, chance)
        platform.join(f"room-{number}", *(f"p{number}-{i}" for i in range(STAFF)))
    progress.end()
    app = App(database, ring, Settings(), MovableClock(NOW), {"memory": platform})
    return Clinic(app, platform, teams, [], itertools.count(1), chance)


def _team(house: Store, number: int, chance: random.Random) -> None:
    people = [f"p{number}-{i}" for i in range(STAFF)]
    team = Team(
        TeamId(f"t{number}"), f"Team {number}", "America/New_York", "memory", f"room-{number}", NOW, Account(people[0])
    )
    store = house.begin_team(team, NOW)
    for i, name in enumerate(people):
        role = Role.COORDINATOR if i == 0 else Role.CLINICIAN
        discipline = Discipline(DISCIPLINES[i % len(DISCIPLINES)])
        store.members.save(Member(team.id, Account(name), name.title(), discipline, frozenset({role}), NOW))
        house.is_first_contact("memory", name, NOW)
        house.work_in("memory", name, team.id)
    house.is_first_contact("memory", team.room, NOW)
    cases = tuple(_refs(CASES, chance))
    for ref in cases:
        store.ring.begin_scope(store.connection, team.id, case_scope(ref), NOW - timedelta(days=600))
    quiet = Progress()
    _keep(
        store.cases, [replace(_case(ref, chance), team=team.id, author=Account(people[1])) for ref in cases], "", quiet
    )
    each = ITEMS // CASES
    items = [
        replace(_task(n + 1, cases[n // each], chance), team=team.id, owner=Account(people[n % STAFF]))
        for n in range(ITEMS)
    ]
    _keep(store.tasks, items, "", quiet)
    _monday(store, team, people, cases, [t.ref for t in items if t.is_pending])
    counters = {"T": ITEMS, "M": 1}
    store.connection.execute(insert(COUNTERS), [{"team": team.id, "kind": k, "value": v} for k, v in counters.items()])


def _monday(store: TeamStore, team: Team, people: Sequence[str], cases: Sequence[str], pending: Sequence[str]) -> None:
    """An agenda to lock and post at eight, and what was kept for everyone's digest at eight."""
    agenda = Agenda()
    for case in cases[:4]:
        agenda = agenda.add(
            Item(0, "", timedelta(minutes=15), "new case", presenter=Account(people[1]), case=CaseId(case))
        )
    store.meetings.save(
        Meeting(
            MeetingId("M-1"), team.id, "Case conference", MeetingKind.CONFERENCE, MeetingState.PLANNED,
            NOW + timedelta(hours=2), timedelta(hours=1), team.zone, Account(people[0]), agenda,
            quorum=(Discipline("psychiatry"),),
        )
    )  # fmt: skip
    eight = NOW + timedelta(hours=1)
    lock = {"team": team.id, "subject": "M-1", "kind": "meeting-lock", "due_at": eight}
    store.connection.execute(insert(TIMERS), [lock])
    for (who, n), ref in zip(itertools.product(people, range(NUDGES)), itertools.cycle(pending)):
        nudge = Notice(f"{team.id}:{who}:{n}", team.id, "task-given", Act.WHISPER, "memory", account=who, subject=ref)
        store.notices.add(nudge, NOW - timedelta(hours=9), not_before=eight)


async def monday(at: Clinic) -> tuple[float, float]:
    """Seconds until every agenda and digest is with the platform, and of processor time; somebody types every 50 ms."""
    before = len(at.platform.messages)
    clock = at.app.clock
    assert isinstance(clock, MovableClock)
    clock.set(NOW + timedelta(hours=1))
    began, worked, done = time.perf_counter(), time.process_time(), asyncio.Event()

    async def typing() -> None:
        while not done.is_set():
            typed.append(asyncio.create_task(at.types()))
            await asyncio.sleep(0.05)

    typed: list[asyncio.Task[None]] = []
    typist = asyncio.create_task(typing())
    await at.app.settle()
    took = time.perf_counter() - began, time.process_time() - worked
    done.set()
    await typist
    await asyncio.gather(*typed)
    said = at.platform.messages[before:]
    agendas = sum(bool(s.card and s.card.title.startswith("Agenda of")) for s in said if s.to is None)
    digests = {s.to or s.ref.room for s in said if s.card and s.card.title.endswith("things wait for you")}
    assert agendas == at.teams, f"{agendas} agendas"
    assert len(digests) == at.teams * STAFF, f"{len(digests)} digests"
    return took


async def measured(large: Clinic, small: Clinic) -> tuple[list[float], list[float], tuple[float, float], list[float]]:
    """Milliseconds of a command when nothing else happens, in both clinics in turns; the burst; commands meanwhile."""
    for _ in range(IDLE_RUNS):
        await large.types()
        await small.types()
    calm, calm_small = list(large.took), list(small.took)
    large.took.clear()
    return calm, calm_small, await monday(large), list(large.took)


def main(arguments: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.burst", description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, metavar="X", help="a clinic of this share of the large one")
    teams = max(int(TEAMS * parser.parse_args(arguments).share), 10)
    with tempfile.TemporaryDirectory(prefix="confer-bench-") as name:
        large, small = (clinic(Path(name, f"{n}.db"), n, Progress()) for n in (teams, teams // 10))
        calm, calm_small, took, busy = asyncio.run(measured(large, small))
        large.app.database.close()
        small.app.database.close()
    figures = [
        Figure(f"baseline: a command in {teams // 10} teams, p50", median(calm_small), "ms"),
        Figure(f"a command in {teams} teams, p50", median(calm), "ms"),
        Figure("  times the baseline", median(calm) / median(calm_small), "x", GROWTH),
        Figure(f"baseline: a command in {teams} teams, p95", percentile(calm, 0.95), "ms"),
        Figure(f"{teams} agendas and {teams * STAFF} digests with the platform", took[0], "s", WITHIN * teams / TEAMS),
        Figure("  of it processor time", took[1], "s"),
        Figure("a command meanwhile, p50", median(busy), "ms"),
        Figure("a command meanwhile, p95", percentile(busy, 0.95), "ms", P95),
        Figure("  commands typed meanwhile", float(len(busy)), ""),
    ]
    rows = f"{teams} teams, {teams * CASES:,} cases, {teams * ITEMS:,} action items"
    return 0 if show(f"Monday at eight on SQLite, synchronous=FULL: {rows}", figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
