"""How long one waits: for help, for the demonstration, and how much memory an idle bot takes."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from tests.bench.report import Figure, Progress, median, show

CONFER = [str(Path(sys.executable).with_name("confer"))]
HELP, DEMO, IDLE = 300.0, 30.0, 120.0  # milliseconds, seconds, MiB
SETTLED = 3.0
"""Seconds that memory has stood still when the bot counts as idle."""
PATIENCE = 30.0


def took(command: list[str]) -> float:
    """Seconds from the start to the end of a command that must go well."""
    before = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - before


def idle_memory() -> float:
    """MiB of resident memory of a fresh bot once it stands still."""
    with tempfile.TemporaryDirectory(prefix="confer-bench-") as folder:
        home = Path(folder) / "confer"
        subprocess.run([*CONFER, "init", str(home)], stdout=subprocess.DEVNULL, check=True)
        command = [*CONFER, "run", "--config", str(home / "confer.toml")]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as bot:
            try:
                return _settled(bot)
            finally:
                bot.terminate()


def _settled(bot: "subprocess.Popen[str]") -> float:
    deadline, last, since = time.monotonic() + PATIENCE, 0.0, time.monotonic()
    while time.monotonic() < deadline:
        if bot.poll() is not None:
            raise RuntimeError(f"confer run ended at once: {bot.communicate()[1].strip()}")
        now = _resident(bot.pid)
        if abs(now - last) > 0.5:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > SETTLED:
            return now
        time.sleep(0.2)
    raise RuntimeError("confer run does not stand still")


def _resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> int:
    progress = Progress()

    def several(part: str, times: int, measure: Callable[[], float]) -> list[float]:
        found = []
        for number in range(times):
            progress.at(part, number, times)
            found.append(measure())
        return found

    python = [t * 1000 for t in several("python alone", 5, lambda: took([sys.executable, "-c", "pass"]))]
    helps = [t * 1000 for t in several("confer --help", 10, lambda: took([*CONFER, "--help"]))]
    demos = several("confer demo", 3, lambda: took([*CONFER, "demo"]))
    figures = [
        Figure("baseline: python that does nothing, median", median(python), "ms"),
        Figure("confer --help, best", min(helps), "ms"),
        Figure("confer --help, median", median(helps), "ms", HELP),
        Figure("confer demo, best", min(demos), "s"),
        Figure("confer demo, median", median(demos), "s", DEMO),
    ]
    if find_spec("bot.cli.run") and Path("/proc/self/statm").exists():
        idle = several("confer run", 3, idle_memory)
        figures += [
            Figure("idle confer run, least", min(idle), "MiB"),
            Figure("idle confer run, median", median(idle), "MiB", IDLE),
        ]
    progress.end()
    return 0 if show("Start and memory", figures) else 1


if __name__ == "__main__":
    sys.exit(main())
