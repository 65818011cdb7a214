"""Timers: how late they fire while 100,000 wait, what waiting costs, a minute in which 10,000 fall due, and how fast
reminders are planned and fired beside APScheduler with its SQLAlchemy job store on the same disk.
"""

import argparse
import asyncio
import logging
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.executors.base import BaseExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import insert, select

import bot.fire
from adapters.memory import MemoryPlatform
from bot.app import App, begin_house
from bot.clock import SystemClock
from bot.schedule import start_ticking
from bot.settings import Settings
from conference.people import Account, Discipline, Member, Role, Team, TeamId
from storage.database import Database
from storage.keys import KeyRing, RootKey
from storage.migrate import migrate
from storage.notices import NOTICES
from storage.store import Store
from storage.timers import TIMERS
from tests.bench.report import Figure, Progress, percentile, show

PENDING, IN_A_MINUTE, PLANNED, BASELINE = 100_000, 10_000, 100_000, 500
WINDOW = 20.0  # seconds in which lateness and idling are watched
LATE, IDLE, MINUTE, FASTER = 250.0, 1.0, 60.0, 10.0
TEAM, KIND = TeamId("t1"), "bench"
ROOMS = 50
AT_ONCE = 100
"""Reminders that are planned in one transaction, as a meeting or an import plans several."""


@contextmanager
def running(folder: Path, name: str) -> Iterator[tuple[App, MemoryPlatform]]:
    """A bot on a file of its own whose team has one room."""
    now, ring, platform = datetime.now(UTC), KeyRing(RootKey.new()), MemoryPlatform()
    with Database.open(folder / name) as database:
        migrate(database)
        begin_house(database, ring, now)
        with database.transaction() as connection:
            house = Store(connection, ring)
            for number in range(1, ROOMS + 1):
                team = Team(TeamId(f"t{number}"), "North", "UTC", "memory", f"room-{number}", now, Account("carla"))
                store = house.begin_team(team, now)
                store.members.save(
                    Member(team.id, Account("carla"), "Carla", Discipline("nursing"), frozenset({Role.CLINICIAN}), now)
                )
        platform.join("room", "carla")
        yield App(database, ring, Settings(), SystemClock(), {"memory": platform}), platform


def wait_for(app: App, count: int, first: datetime, spread: timedelta, kind: str = KIND) -> None:
    """Plan so many timers from that moment on."""
    chance = random.Random(5)
    rows = [
        {
            "team": f"t{n % ROOMS + 1}", "subject": f"T-{n}", "kind": kind,
            "due_at": first + chance.random() * spread,
        }
        for n in range(count)
    ]  # fmt: skip
    for start in range(0, count, 5000):
        with app.database.transaction() as connection:
            connection.execute(insert(TIMERS), rows[start : start + 5000])


async def lateness(app: App) -> tuple[list[float], float]:
    """Milliseconds from due to fired of one timer in ten milliseconds, and the share of a core when none falls due."""
    late: list[float] = []
    _on(KIND, lambda firing: late.append((datetime.now(UTC) - firing.timer.due_at).total_seconds() * 1000))
    scheduler = start_ticking(app.tick, app.housekeeping)
    try:
        await asyncio.sleep(2)
        worked, began = time.process_time(), time.monotonic()
        await asyncio.sleep(WINDOW)
        idle = (time.process_time() - worked) / (time.monotonic() - began) * 100
        wait_for(app, int(WINDOW * 50), datetime.now(UTC) + timedelta(seconds=2), timedelta(seconds=WINDOW))
        await asyncio.sleep(WINDOW + 4)
    finally:
        scheduler.shutdown(wait=False)
    assert len(late) >= WINDOW * 50, "timers were lost"
    return late, idle


def one_minute(app: App) -> tuple[float, bool]:
    """Seconds in which 10,000 timers that fell due together became notices in order, and whether each is there once."""
    _on(KIND, lambda firing: firing.post("meeting-soon", firing.timer.subject))
    wait_for(app, IN_A_MINUTE, datetime.now(UTC) - timedelta(minutes=1), timedelta(minutes=1))
    began = time.monotonic()
    while app._fire_due():
        pass
    took = time.monotonic() - began
    with app.database.reading() as connection:
        due = connection.execute(
            select(TIMERS.c.subject)
            .where(TIMERS.c.done_at.is_not(None), TIMERS.c.kind == KIND)
            .order_by(TIMERS.c.due_at)
        ).scalars()
        said = connection.execute(select(NOTICES.c.subject).order_by(NOTICES.c.id)).scalars()
        return took, list(due)[-IN_A_MINUTE:] == list(said)


def ours(app: App, count: int) -> tuple[float, float]:
    """Seconds to plan a reminder alone, as one command does, and to plan and fire one among many."""
    now, done = datetime.now(UTC), []
    _on(KIND, lambda firing: done.append(firing.timer.id))
    began = time.perf_counter()
    for n in range(BASELINE):
        with app.database.transaction() as connection:
            Store(connection, app.ring).of_team(TEAM).timers.plan(f"A-{n}", {KIND: now + timedelta(days=9)}, now)
    alone = (time.perf_counter() - began) / BASELINE
    due, progress = datetime.now(UTC) + timedelta(milliseconds=1), Progress()
    began = time.perf_counter()
    for start in range(0, count, AT_ONCE):
        progress.at("reminders planned", start, count)
        with app.database.transaction() as connection:
            timers = Store(connection, app.ring).of_team(TEAM).timers
            for n in range(start, start + AT_ONCE):
                timers.plan(f"B-{n}", {KIND: due}, due - timedelta(seconds=1))
    while app._fire_due():
        progress.at("reminders fired", len(done), count)
    progress.end()
    assert len(done) == count
    return alone, (time.perf_counter() - began) / count


class _AtOnce(BaseExecutor):  # type: ignore[misc]  # APScheduler ships no types
    """Runs a job where the scheduler stands, so that no thread's start is counted."""

    def _do_submit_job(self, job: object, run_times: list[datetime]) -> None:
        for _ in run_times:
            job.func()  # type: ignore[attr-defined]
        self._run_job_success(job.id, [])  # type: ignore[attr-defined]


def _nothing() -> None:
    pass


def theirs(folder: Path) -> float:
    """Seconds for one job of APScheduler: added, waiting among 100,000 or fewer, due, run and removed."""
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    store = SQLAlchemyJobStore(f"sqlite:///{folder / 'jobs.db'}")
    scheduler = BackgroundScheduler(jobstores={"default": store}, executors={"default": _AtOnce()}, timezone=UTC)
    scheduler.start(paused=True)
    began = time.perf_counter()
    for n in range(BASELINE):
        due = datetime.now(UTC)
        scheduler.add_job(_nothing, "date", run_date=due, id=f"A-{n}", misfire_grace_time=None)
    scheduler.state = 1
    scheduler._process_jobs()
    took = (time.perf_counter() - began) / BASELINE
    left = len(scheduler.get_jobs())
    scheduler.shutdown(wait=False)
    assert left == 0, f"{left} jobs did not run"
    return took


def _on(kind: str, act: object) -> None:
    bot.fire._ACTIONS[kind] = act  # type: ignore[index]


def main(arguments: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.timers", description=__doc__)
    parser.add_argument(
        "--share", type=float, default=1.0, metavar="X", help="plan and fire this share of the reminders"
    )
    planned = int(PLANNED * parser.parse_args(arguments).share)
    with tempfile.TemporaryDirectory(prefix="confer-bench-") as name:
        folder = Path(name)
        with running(folder, "wait.db") as (app, _):
            wait_for(app, PENDING, datetime.now(UTC) + timedelta(days=1), timedelta(days=60))
            late, idle = asyncio.run(lateness(app))
        with running(folder, "minute.db") as (app, _):
            wait_for(app, PENDING, datetime.now(UTC) + timedelta(days=1), timedelta(days=60))
            minute, in_order = one_minute(app)
        baselines = [theirs(folder)]
        with running(folder, "plan.db") as (app, _):
            alone, many = ours(app, planned)
        baselines.append(theirs(folder))  # before and after: others may use the machine meanwhile
        baseline = sum(baselines) / len(baselines)
    figures = [
        Figure("lateness, p50", percentile(late, 0.5), "ms"),
        Figure("lateness, p99", percentile(late, 0.99), "ms", LATE),
        Figure("idle cost, share of one core", idle, "%", IDLE),
        Figure(f"{IN_A_MINUTE:,} due in one minute become notices", minute, "s", MINUTE),
        Figure("  out of order or missing (0: none)", float(not in_order), "", 0),
        Figure("baseline: APScheduler, a job added and run", baseline * 1e3, "ms"),
        Figure("a reminder planned alone", alone * 1e3, "ms"),
        Figure(f"a reminder planned and fired, of {planned:,}", many * 1e3, "ms"),
        Figure("  as a share of the baseline", many / baseline, "x", 1 / FASTER),
    ]
    return 0 if show(f"Timers on SQLite, synchronous=FULL, {PENDING:,} pending", figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
