"""From a command to its committed reply, in a store with years of a busy team in it.

Everything belongs to one team, which is the hardest: no index is spared by a team's name. The same mix of commands
runs in turns against a store with a tenth of the rows, so that both meet the same machine.
"""

import argparse
import gc
import itertools
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from adapters.platform import Invocation, Place, Source
from bot.clock import MovableClock
from bot.commands import TABLE
from bot.dispatch import Dispatcher
from bot.garbage import sparing_what_is_loaded
from bot.settings import Settings
from tests.bench.fill import NOW, PEOPLE, ROOM, Filled, Size, fill, verified
from tests.bench.report import Figure, Progress, median, percentile, show

FULL = Size(cases=5_000, tasks=100_000, audit_rows=250_000)
P50, P95, GROWTH = 5.0, 15.0, 1.5  # milliseconds, milliseconds, times
RUNS = 900
WARM_UP = 60
TURN = 30
"""Commands before the other store has its turn."""
MIX = {"task done": 5, "task add": 5, "tasks mine": 4, "agenda": 2, "case": 3, "rsvp": 2, "decide": 1}
"""How often each comes, of 22."""


class Typist:
    """Types one mix of commands at one store and takes the time of each."""

    def __init__(self, filled: Filled) -> None:
        self.filled = filled
        self.took: dict[str, list[float]] = {name: [] for name in MIX}
        self.worked: list[float] = []
        """Milliseconds of processor time: what is left when others use the machine as well."""
        self._dispatcher = Dispatcher(filled.database, filled.ring, TABLE, Settings(), MovableClock(NOW))
        self._lines = _lines(filled, random.Random(11))
        self._numbers = itertools.count(1)

    def types(self, count: int, *, keep: bool = True) -> None:
        for name, who, line in itertools.islice(self._lines, count):
            said = Invocation(str(next(self._numbers)), who, who.title(), Place("bench", ROOM), line, NOW, Source.TYPED)
            before, work = time.perf_counter(), time.thread_time()
            outcome = self._dispatcher.handle(said)
            took, worked = (time.perf_counter() - before) * 1000, (time.thread_time() - work) * 1000
            assert not outcome.refused, line
            if keep:
                self.took[name].append(took)
                self.worked.append(worked)

    @property
    def all(self) -> list[float]:
        return [took for times in self.took.values() for took in times]


def _lines(filled: Filled, chance: random.Random) -> Iterator[tuple[str, str, str]]:
    """Commands without end, as a team would mix them: name, who, words."""
    people = tuple(PEOPLE)
    open_items = iter(chance.sample(filled.pending, len(filled.pending)))
    names = [name for name, often in MIX.items() for _ in range(often)]
    while True:
        chance.shuffle(names)
        for name in names:
            who, case = chance.choice(people), chance.choice(filled.open)
            match name:
                case "task done":
                    item, who = next(open_items)
                    yield name, who, f'task done {item} "TSH 2.1, told patient"'
                case "task add":
                    yield name, who, f'task add "Check TSH" for nursing due fri case {case} kind lab'
                case "tasks mine" | "agenda":
                    yield name, who, name
                case "case":
                    yield name, who, f"case {chance.choice(filled.cases)}"
                case "rsvp":
                    yield name, who, f"rsvp {chance.choice(('yes', 'no', 'maybe'))}"
                case _:
                    yield name, "pat", f'decide {case} "Taper the SSRI" because "side effects"'


def bare_commits(folder: Path, count: int = 300) -> list[float]:
    """Milliseconds that the machine needs for one committed row, with nothing of ours around it."""
    took = []
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    try:
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, body BLOB)")
        for _ in range(count):
            before = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO bare (body) VALUES (?)", (bytes(300),))
            connection.execute("COMMIT")
            took.append((time.perf_counter() - before) * 1000)
    finally:
        connection.close()
    return took


def measure(folder: Path, size: Size, runs: int) -> tuple[Typist, Typist, list[float]]:
    """The mix at the full size and at a tenth of it, in turns, and the bare commits between."""
    progress = Progress()
    large, small = (Typist(fill(folder / name, s, progress)) for name, s in (("a.db", size), ("b.db", size.tenth())))
    runs = min(runs, 3 * len(small.filled.pending))  # each item is done once
    for one in (large, small):
        one.types(WARM_UP, keep=False)
    gc.collect()
    with sparing_what_is_loaded():
        for turn in range(0, runs, TURN):
            progress.at("commands", turn, runs)
            large.types(TURN)
            small.types(TURN)
    bare = bare_commits(folder)
    progress.end()
    verified(large.filled)
    return large, small, bare


def figures(large: Typist, small: Typist, bare: Sequence[float]) -> list[Figure]:
    """What was measured; the growth is that of the mean of each command, so that no rare slow one is hidden."""
    each = [
        Figure(f"  {name}: median", median(times), "ms")
        for name, times in sorted(large.took.items(), key=lambda i: i[0])
    ]
    return [
        Figure("baseline: one bare committed row, p50", median(bare), "ms"),
        Figure("baseline: one bare committed row, p95", percentile(bare, 0.95), "ms"),
        Figure("baseline: the mix at a tenth of the rows, p50", median(small.all), "ms"),
        Figure("baseline: the mix at a tenth of the rows, p95", percentile(small.all, 0.95), "ms"),
        Figure("command to committed reply, p50", median(large.all), "ms", P50),
        *each,
        Figure("  of it processor time, p50", median(large.worked), "ms"),
        Figure("command to committed reply, p95", percentile(large.all, 0.95), "ms", P95),
        Figure("cost at ten times the rows: medians", median(large.all) / median(small.all), "x", GROWTH),
        Figure("cost at ten times the rows: slowest command", _worst_growth(large, small), "x", GROWTH),
    ]


def _worst_growth(large: Typist, small: Typist) -> float:
    return max(median(large.took[name]) / median(small.took[name]) for name in MIX)


def main(arguments: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.dispatch", description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, metavar="X", help="with this share of the rows")
    parser.add_argument("--runs", type=int, default=RUNS, metavar="N", help="so many commands in each store")
    args = parser.parse_args(arguments)
    size = Size(*(max(int(n * args.share), 40) for n in (FULL.cases, FULL.tasks, FULL.audit_rows)))
    with tempfile.TemporaryDirectory(prefix="confer-bench-") as folder:
        large, small, bare = measure(Path(folder), size, args.runs)
        rows = f"{size.cases:,} cases, {size.tasks:,} action items, {size.audit_rows:,} audit rows"
        met = show(f"Dispatcher on SQLite, synchronous=FULL, one team with {rows}", figures(large, small, bare))
        for one in (large, small):
            one.filled.database.close()
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
