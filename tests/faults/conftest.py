"""An installation to disturb, on each engine, and the process that forks its bots."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from bot.app import App, begin_house
from bot.settings import Settings
from storage.database import Database
from storage.keys import KeyRing, RootKey
from storage.migrate import migrate
from tests.conversations.harness import START
from tests.faults.bot import OK, Home, Job, as_line
from tests.faults.checks import Trace, no_planted_words, trace
from tests.faults.script import PEOPLE
from tests.faults.server import ServedPlatform
from tests.postgres import Server

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

    @contextmanager
    def app(self, patience: float = 5.0) -> Iterator[tuple[App, ServedPlatform, Home]]:
        """The bot within the test's own process; it is not started yet."""
        home = Home(self.folder)
        platform = ServedPlatform(home.server.path, PEOPLE)
        with Database.open(self.url, patience=patience) as database:
            yield (
                App(database, KeyRing(RootKey.read(self.root)), Settings(), home.clock, {"memory": platform}),
                platform,
                home,
            )

    def runs(self, **kill: Any) -> int:
        """Run a bot to its end, the script's or the process's: its exit status, or minus the signal that ended it."""
        self.forker.begin(Job(self.url, self.root, str(self.folder), **kill))
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
        """Seconds that the last start took until all that was due was out; 0 where it was killed before that was noted."""
        recovered = self.folder / "recovered"
        return float(recovered.read_text() or 0) if recovered.exists() else 0.0


@pytest.fixture(scope="session")
def forker() -> Iterator[Forker]:
    forker = Forker()
    yield forker
    forker.stop()


@dataclass(frozen=True)
class Houses:
    """Makes databases that have the tables and the keys of the house, by copying one."""

    root: RootKey
    first: str
    server: Server | None

    @classmethod
    def begin(cls, folder: Path, server: Server | None) -> Self:
        root, url = RootKey.new(), server.empty() if server else f"sqlite:///{folder / 'confer.db'}"
        with Database.open(url) as database:
            migrate(database)
            begin_house(database, KeyRing(root), START)
        return cls(root, url, server)

    def new(self, folder: Path) -> str:
        if self.server:
            return self.server.copy_of(self.first)
        shutil.copy(self.first.removeprefix("sqlite:///"), folder / "confer.db")
        return f"sqlite:///{folder / 'confer.db'}"


@pytest.fixture(scope="session")
def sqlite_houses(tmp_path_factory: pytest.TempPathFactory) -> Houses:
    return Houses.begin(tmp_path_factory.mktemp("house"), None)


@pytest.fixture(scope="session")
def postgresql_houses(tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> Houses:
    return Houses.begin(tmp_path_factory.mktemp("house"), postgres)


@pytest.fixture
def undisturbed(begin: Begin) -> tuple[Trace, list[str]]:
    """What a run leaves that nobody disturbs, and the steps that it passes."""
    calm = begin()
    calm.runs_to_the_end()
    return calm.trace(), json.loads((calm.folder / "steps.json").read_text())


@pytest.fixture
def begin(
    engine: str, tmp_path_factory: pytest.TempPathFactory, forker: Forker, request: pytest.FixtureRequest
) -> Begin:
    """Makes a new installation."""
    houses: Houses = request.getfixturevalue(f"{engine}_houses")

    def begin() -> Installation:
        folder = tmp_path_factory.mktemp("bot")
        return Installation(houses.new(folder), houses.root.text(), folder, forker)

    return begin
