"""The programme that people run, `confer run`, over the local Slack: started, told to stop, killed.

It is forked from a process that has loaded its modules, so that a thousand starts are affordable.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from adapters.slack import manifest
from bot.cli import main
from bot.cli.slack import SHORTCUTS
from tests.slack.harness import until
from tests.slack.people import People
from tests.slack.server import LocalSlack, local_slack

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["bot.cli.init", "bot.cli.opened", "bot.cli.serve", "adapters.slack.platform"])
STARTS_WITHIN = 120.0
"""Seconds: a soak shares its machine."""


class Process:
    """`confer run` over the local Slack, killed and started again."""

    def __init__(self, slack: LocalSlack, token: str, folder: Path) -> None:
        self._slack, self._folder = slack, folder
        self._environment = {
            "SLACK_BOT_TOKEN": token,
            "SLACK_APP_TOKEN": slack.app_token,
            "CONFER_SLACK_MODE": "socket",
            "CONFER_SLACK_BAA": "true",
            "CONFER_SLACK_BASE_URL": slack.api,
        }
        self._process: ForkServerProcess | None = None

    def confer(self, *words: str) -> ForkServerProcess:
        self._folder.parent.mkdir(exist_ok=True)
        process = FORKS.Process(target=_confer, args=(words, self._environment, self._folder.parent / "out.txt"))
        process.start()
        return process

    async def start(self) -> None:
        self._process = self.confer("run", "--config", str(self._folder / "confer.toml"))
        process, connected = self._process, self._slack.delivery.connected.is_set
        await until(lambda: connected() or not process.is_alive(), within=STARTS_WITHIN)
        assert process.is_alive(), f"the bot ended with {process.exitcode}: {self._log()}"

    def _log(self) -> str:
        return (self._folder.parent / "out.txt").read_text(errors="replace")[-2000:]

    async def kill(self) -> None:
        self.send_signal(signal.SIGKILL)
        await self.wait()
        await until(lambda: not self._slack.delivery.sockets)

    def end(self) -> None:
        """Leave nothing running, however the test ended."""
        if self._process and self._process.is_alive():
            self._process.kill()
            self._process.join()

    async def stop(self) -> int | None:
        self.send_signal(signal.SIGTERM)
        return await self.wait()

    def send_signal(self, number: signal.Signals) -> None:
        assert self._process
        assert self._process.pid
        os.kill(self._process.pid, number)

    async def wait(self) -> int | None:
        """The exit status."""
        process = self._process
        assert process
        await until(lambda: not process.is_alive(), within=60)
        return process.exitcode


def _confer(words: Sequence[str], environment: Mapping[str, str], out: Path) -> None:
    """The programme, in a process of its own."""
    os.environ.update(environment)
    with out.open("ab") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    sys.exit(main(words))


@asynccontextmanager
async def installation(folder: Path, database: str = "") -> AsyncIterator[tuple[Process, People]]:
    """``database``: a PostgreSQL, else it is a file in the folder."""
    async with local_slack(manifest(SHORTCUTS)) as slack:
        slack.rates.on = False
        slack.delivery.ack_within, slack.delivery.retry_after = 2.0, (0.05, 5.0, 10.0)
        team = slack.install()
        process = Process(slack, slack.world.issue_token(team.id), folder)
        made = process.confer("init", str(folder), *(("--database", database) if database else ()))
        await asyncio.to_thread(made.join)
        assert made.exitcode == 0
        try:
            yield process, People(slack, team)
        finally:
            process.end()
