"""Installations to try commands on, and a bot that runs in a process of its own."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.cli import main

CONFER = (sys.executable, "-m", "bot.cli")
CHECKOUT = Path(__file__).parents[2]
PATIENCE = 60.0  # seconds; two busy cores start a process slowly


def environment(**more: str) -> dict[str, str]:
    """The machine's, without what it may say of Confer."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CONFER_")}
    return {**plain, "PYTHONPATH": str(CHECKOUT), **more}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("CONFER_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `confer init` made; copy it, leave it as it is."""
    folder = tmp_path_factory.mktemp("made") / "fresh"
    assert main(["init", str(folder)]) == 0
    return folder


@pytest.fixture
def house(fresh: Path, tmp_path: Path) -> Path:
    """The folder of an installation that no bot has run in yet."""
    return Path(shutil.copytree(fresh, tmp_path / "house"))


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command in this process: ``command("doctor", "--config", file)``."""

    def run(*words: str | Path) -> Said:
        try:
            status = main([str(word) for word in words])
        except SystemExit as end:
            status = int(end.code or 0)
        captured = capsys.readouterr()
        return Said(status, captured.out, captured.err)

    return run


class Bot:
    """`confer run` in a process of its own; what it says goes into files."""

    def __init__(self, folder: Path, more: Mapping[str, str]) -> None:
        self.out, self.err = folder / "out", folder / "err"
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen(
                [*CONFER, "run", "--config", str(folder / "confer.toml")],
                env=environment(**{"CONFER_LOG_FORMAT": "text", **more}),
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
                text=True,
            )

    def types(self, *lines: str) -> None:
        assert self.process.stdin
        self.process.stdin.write("".join(f"{line}\n" for line in lines))
        self.process.stdin.flush()

    def hangs_up(self) -> None:
        """The end of standard input."""
        assert self.process.stdin
        self.process.stdin.close()

    def says(self, words: str, where: Path | None = None) -> str:
        """Wait until it has said this, on standard output unless another file is named; all that it said."""
        file, end = where or self.out, time.monotonic() + PATIENCE
        while words not in (said := file.read_text()):
            assert time.monotonic() < end, f"{words!r} was not said: {said}{self.err.read_text()}"
            assert self.process.poll() is None, f"it ended: {said}{self.err.read_text()}"
            time.sleep(0.02)
        return said

    def runs(self) -> None:
        self.says(" running", self.err)

    def stops(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


StartBot = Callable[..., Bot]


@pytest.fixture
def start() -> Iterator[StartBot]:
    """Start bots; those that still run at the end are stopped."""
    bots: list[Bot] = []

    def run(folder: Path, **more: str) -> Bot:
        bots.append(Bot(folder, more))
        return bots[-1]

    yield run
    for bot in bots:
        bot.process.kill()
        bot.process.wait()
        if bot.process.stdin and not bot.process.stdin.closed:
            bot.process.stdin.close()


def contents(folder: Path) -> dict[str, bytes]:
    """Every file with every byte of it."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
