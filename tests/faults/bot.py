"""A bot that dies on request: ``python -m tests.faults.bot`` forks one for each job, a JSON object on a line of stdin.

Forking spares every run the second that a start takes; each is a process of its own, and really killed.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from adapters.platform import Invocation
from bot.app import App
from bot.clock import MovableClock
from bot.settings import Settings
from storage import tables
from storage.keys import KeyRing, RootKey
from tests.conversations.harness import START
from tests.faults.script import CONFERENCE, PEOPLE
from tests.faults.server import ChatServer, ServedPlatform, Step
from tests.faults.steps import SteppedDatabase, Switch

OK, ENDED_EARLY = 0, 3
HandIn = Callable[[Invocation], Awaitable[object]]


@dataclass(frozen=True)
class Job:
    """One run of a bot over its script: where it keeps what, and at which step it is killed (0: at none)."""

    url: str
    root: str
    folder: str
    kill_at: int = 0
    kill_on: str = ""
    """The name of a step at whose first passing it is killed."""
    kill_after: float = 0
    """Seconds after which it is killed wherever it is; 0: it is not."""

    @property
    def home(self) -> Path:
        return Path(self.folder)


@dataclass(frozen=True)
class Home:
    """What outlives a run beside the database: the chat server, what it saw acknowledged, and the time."""

    folder: Path

    @property
    def server(self) -> ChatServer:
        return ChatServer(self.folder / "chat.jsonl")

    @property
    def acknowledged(self) -> int:
        """How many lines of the script were acknowledged; the platform hands in all others, again if need be."""
        return _size(self.folder / "acknowledged")

    def acknowledge(self) -> None:
        with (self.folder / "acknowledged").open("ab", buffering=0) as file:
            file.write(b".")

    @property
    def clock(self) -> "KeptClock":
        return KeptClock(self.folder / "clock")


class KeptClock(MovableClock):
    """A clock that a restart does not set back."""

    def __init__(self, path: Path) -> None:
        super().__init__(datetime.fromisoformat(path.read_text()) if path.exists() else START)
        self._path = path

    def set(self, at: datetime) -> None:
        super().set(at)
        new = self._path.with_suffix(".new")
        new.write_text(self.now().isoformat())
        new.replace(self._path)


async def live(job: Job) -> list[str]:
    """Start, finish what a kill left, go on with the script to its end; the steps that were passed."""
    home, switch = Home(job.home), Switch(job.kill_at, job.kill_on)
    with SteppedDatabase.open(job.url) as database:
        database.switch = switch
        platform = ServedPlatform(home.server.path, PEOPLE, switch)
        app = App(database, KeyRing(RootKey.read(job.root)), Settings(), home.clock, {"memory": platform})
        began = time.monotonic()
        await app.start()
        (job.home / "recovered").write_text(str(time.monotonic() - began))
        await play(app, home, switch)
    return switch.passed


async def play(app: App, home: Home, step: Step = lambda _: None, hand_in: HandIn | None = None) -> None:
    """Say every line of the script that was not acknowledged yet, each at its time."""
    hand_in = hand_in or app.receive
    for number in range(home.acknowledged, len(CONFERENCE)):
        at = START + sum((line.after for line in CONFERENCE[: number + 1]), timedelta())
        await app.advance(at)
        await hand_in(CONFERENCE[number].invocation(number, at, _case(app)))
        step("before acknowledging")
        home.acknowledge()
        step("after acknowledging")


def _case(app: App) -> str:
    """The reference of the script's case, as soon as there is one."""
    with app.database.reading() as connection:
        return connection.execute(select(tables.CaseRow.ref)).scalar() or ""


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _run(job: Job) -> int:
    try:
        passed = asyncio.run(live(job))
    except Exception as failure:
        (job.home / "failure").write_text(repr(failure))
        return ENDED_EARLY
    (job.home / "steps.json").write_text(json.dumps(passed))
    return OK


def main() -> None:
    """Fork a bot for each job; answer with its process id, then with how it ended (a negative signal, or a status)."""
    for line in sys.stdin:
        fields: dict[str, Any] = json.loads(line)
        if (child := os.fork()) == 0:
            os._exit(_run(Job(**fields)))
        _say(child)
        _say(_end_of(child, fields["kill_after"]))


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _end_of(child: int, kill_after: float) -> int:
    ends = time.monotonic() + kill_after
    while kill_after and time.monotonic() < ends:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    if kill_after:
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def as_line(job: Job) -> str:
    return json.dumps(asdict(job)) + "\n"


if __name__ == "__main__":
    main()
