"""An installation to disturb, on each engine, and the process that forks its bots."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.app import begin_house
from storage.database import Database
from storage.keys import KeyRing, RootKey
from storage.migrate import migrate
from tests.conversations.harness import START
from tests.faults.bot import OK, Job, as_line
from tests.faults.checks import Trace, no_planted_words, trace

Begin = Callable[[], "Installation"]


class Forker:
    """The process that forks bots. One for a session: its imports are what costs."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.bot"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def begin(self, job: Job) -> int:
        """Start a bot; its process id."""
        assert self._process.stdin
        self._process.stdin.write(as_line(job))
        self._process.stdin.flush()
        return self._answer()

    def ended(self) -> int:
        """Wait for the bot: its exit status, or the signal that killed it, negative."""
        return self._answer()

    def stop(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> int:
        assert self._process.stdout
        return int(self._process.stdout.readline())


@dataclass(frozen=True)
class Installation:
    """One house, and how often what may be done to it."""

    url: str
    root: str
    folder: Path
    forker: Forker

    def runs(self, kill_at: int = 0, kill_after: float = 0) -> int:
        """Run a bot to its end, the script's or the process's: its exit status, or minus the signal that ended it."""
        self.forker.begin(Job(self.url, self.root, str(self.folder), kill_at, kill_after))
        return self.forker.ended()

    def runs_to_the_end(self) -> None:
        status = self.runs()
        failure = self.folder / "failure"
        assert status == OK, failure.read_text() if failure.exists() else status

    def trace(self) -> Trace:
        found = trace(self.folder, self.url, self.root)
        no_planted_words([f for f in self.folder.iterdir() if f.name.startswith("confer.db")])
        return found

    @property
    def recovered_in(self) -> float:
        """Seconds that the last start took until everything that was due was out."""
        return float((self.folder / "recovered").read_text())


@pytest.fixture(scope="session")
def forker() -> Iterator[Forker]:
    forker = Forker()
    yield forker
    forker.stop()


@pytest.fixture(scope="session")
def empty_house(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A database file with the tables and the keys of the house, and the root key."""
    path, root = tmp_path_factory.mktemp("house") / "confer.db", RootKey.new()
    with Database.open(path) as database:
        migrate(database)
        begin_house(database, KeyRing(root), START)
    return path, root.text()


@pytest.fixture
def begin(tmp_path_factory: pytest.TempPathFactory, empty_house: tuple[Path, str], forker: Forker) -> Begin:
    """Makes a new installation."""

    def begin() -> Installation:
        folder = tmp_path_factory.mktemp("bot")
        shutil.copy(empty_house[0], folder / "confer.db")
        return Installation(f"sqlite:///{folder / 'confer.db'}", empty_house[1], folder, forker)

    return begin
