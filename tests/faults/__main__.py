"""Run every fault and write what was measured: ``python -m tests.faults [--whole] [--write] [--workers N]``.

``--whole``: every step and 1,000 kills instead of a sample, which takes hours. ``--write``: into docs/reliability.md.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults.matrix import ROWS, Row

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- table: python -m tests.faults --write -->", "<!-- end of the table -->"
WHOLE = {
    "CONFER_STEPS": "0",
    "CONFER_RANDOM_KILLS": "1000",
    "CONFER_KILLS": "1000",
    "CONFER_LOCKED": "30",
    "CONFER_REMINDERS": "10000",
    "CONFER_DAYS": "30",
}
ENGINES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Result:
    """One test as it ran. ``name`` holds its parameters, the engine among them."""

    file: str
    name: str
    is_passed: bool
    notes: tuple[tuple[str, str], ...]

    def belongs_to(self, test: str) -> bool:
        file, _, function = test.partition("::")
        wanted = function.rpartition("::")[2]
        return self.file == file and (not wanted or self.name.partition("[")[0] == wanted)

    def engine(self, row: Row) -> str:
        return next((one for one in ENGINES if one in self.name), row.engine)


def run(rows: Sequence[Row], *, whole: bool, workers: int) -> list[Result]:
    tests = sorted({f"tests/{test}" for row in rows for test in row.tests})
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        environment = {**os.environ, **(WHOLE if whole else {})}
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            f"-n{workers}",
            "--dist=worksteal",
            f"--junitxml={report}",
            "-o",
            "junit_family=xunit1",
            *tests,
        ]
        subprocess.run(command, cwd=ROOT, env=environment, check=False)
        return [_result(case) for case in ET.parse(report).iter("testcase")]


def _result(case: ET.Element) -> Result:
    notes = tuple((p.get("name", ""), p.get("value", "")) for p in case.iter("property"))
    is_passed = not any(case.find(kind) is not None for kind in ("failure", "error", "skipped"))
    return Result(case.get("file", "").removeprefix("tests/"), case.get("name", ""), is_passed, notes)


def table(rows: Iterable[Row], results: Sequence[Result]) -> list[str]:
    lines = ["| fault | what must hold | SQLite | PostgreSQL | measured |", "|---|---|---|---|---|"]
    for row in rows:
        mine = [result for result in results if any(result.belongs_to(test) for test in row.tests)]
        cells = [_verdict([result for result in mine if result.engine(row) == engine]) for engine in ENGINES]
        lines.append(f"| {row.fault} | {row.criterion} | {' | '.join(cells)} | {_measured(mine)} |")
    return lines


def _verdict(results: Sequence[Result]) -> str:
    if not results:
        return "–"
    good = sum(result.is_passed for result in results)
    return f"holds ({good})" if good == len(results) else f"**fails** ({len(results) - good} of {len(results)})"


def _measured(results: Sequence[Result]) -> str:
    """Kills are added up, seconds are the longest."""
    found: dict[str, list[float]] = {}
    for result in results:
        for name, value in result.notes:
            found.setdefault(name, []).append(float(value))
    return "; ".join(f"{name} {max(v) if 'second' in name else sum(v):g}" for name, v in found.items())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--whole", action="store_true", help="every step, 1,000 kills, whole months: hours")
    parser.add_argument("--write", action="store_true", help="put the table into docs/reliability.md")
    parser.add_argument("--workers", type=int, default=2, help="how many tests at once; those that kill mostly wait")
    args = parser.parse_args()
    results = run(ROWS, whole=args.whole, workers=args.workers)
    lines = table(ROWS, results)
    sys.stdout.write("\n".join(lines) + "\n")
    if args.write:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(before + "\n".join([BEGIN, "", *lines, "", END]) + rest.partition(END)[2])
    return 0 if results and all(result.is_passed for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
