"""The whole programme in a process of its own, on a real homeserver, killed at any moment."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

from adapters.matrix.http import Homeserver
from adapters.matrix.login import register
from tests.matrix.conftest import Play
from tests.matrix.house import House
from tests.matrix.people import PASSWORD, Person
from tests.matrix.proxy import Proxy
from tests.matrix.synapse import SECRET, SERVER

PATIENCE = 40.0


class Programme:
    """``confer run`` with its own installation. ``database``: a PostgreSQL. ``more``: what else stands in its environment."""

    def __init__(self, house: House, url: str = "", database: str = "", **more: str) -> None:
        self._house, self._more = house, more
        self._made = ("init", *(("--database", database) if database else ()))
        self.folder: Path = house.folder / "installation"
        self.name = f"whole-{house.name}"
        self._url, self._to = house.url, url or house.url
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def bot(self) -> str:
        return f"@{self.name}:{SERVER}"

    async def __aenter__(self) -> Self:
        async with Homeserver(self._url) as server:
            await register(server, self.name, PASSWORD, SECRET)
        await self.confer(*self._made, str(self.folder))
        await self.confer("matrix", "login", "--config", str(self.folder / "confer.toml"))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        out = (self.folder / "out.txt").open("ab")
        command = [sys.executable, "-m", "bot.cli", "run", "--config", str(self.folder / "confer.toml")]
        self.process = subprocess.Popen(
            command, env=self._environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )

    def beside(self) -> "Programme":
        """Another instance of the same installation, not started yet."""
        return Programme(self._house, self._to, **self._more)

    def kill(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)
            self.process = None

    async def confer(self, *words: str) -> str:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.cli", *words, env=self._environment(), stdout=-1, stderr=-1
        )
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        return out.decode()

    async def begin(self, *words: str) -> asyncio.subprocess.Process:
        """A command of the installation that talks with whoever types."""
        config = ("--config", str(self.folder / "confer.toml"))
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.cli", *words, *config, env=self._environment(), stdin=-1, stdout=-1, stderr=-1
        )

    def log(self) -> str:
        return (self.folder / "out.txt").read_text()

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "CONFER_MATRIX_MODE": "on",
            "CONFER_MATRIX_HOMESERVER": self._to,
            "CONFER_MATRIX_USER": self.name,
            "MATRIX_PASSWORD": PASSWORD,
            **self._more,
        }


async def a_team(programme: Programme, dana: Person) -> str:
    room = await dana.makes_room("case-room", programme.bot, power_level_override={"users": {programme.bot: 50}})
    await dana.sees_member(room, programme.bot, PATIENCE)
    await dana.says(room, '!confer team create "North clinic" zone America/New_York')
    await dana.hears(room, "North clinic", by=programme.bot, within=PATIENCE)
    return room


def answers(dana: Person, programme: Programme, *words: str) -> list[str]:
    """All that the bot said with all of these words, in every room of the person."""
    said = [h for room in list(dana.heard) for h in dana.sees(room) if h.sender == programme.bot and h.readable]
    return [h.text for h in said if all(one in h.text for one in words)]


async def in_all_rooms(dana: Person, programme: Programme, *words: str) -> str:
    """Wait for it, coming into every room that the bot invites to."""
    async with asyncio.timeout(PATIENCE):
        while not (found := answers(dana, programme, *words)):
            for room in list(dana.client.invited_rooms):
                await dana.joins(room)
            dana._changed.clear()
            await dana._changed.wait()
    return found[-1]


def test_killed_between_receiving_committing_and_sending(play_long: Play, engine: str, url: str) -> None:
    """Killed with -9 at three moments, each command is carried out once and its answer seen once.

    On PostgreSQL, where another instance could have it, the account is waited for until the dead one's lease is over.
    """
    database = url if engine == "postgresql" else ""

    async def story(house: House) -> None:
        async with Proxy(house.url) as proxy, Programme(house, proxy.url, database) as programme:
            programme.start()
            dana = await house.person("dana")
            room = await a_team(programme, dana)
            # Sent, and the answer of the homeserver lost: the bot dies while it waits.
            cut = asyncio.Event()

            def lost(path: str, answer: object) -> object:
                if "/send/m.room.encrypted/" in path and not cut.is_set():
                    cut.set()
                    programme.kill()
                return answer

            proxy.rewrite = lost
            await dana.says(room, '!confer task add "Check TSH" due fri')
            await cut.wait()
            proxy.rewrite = None
            await dana.says(room, '!confer task add "Call pharmacy" due fri')
            programme.start()
            await in_all_rooms(dana, programme, "Call pharmacy")
            # Received, and killed at once.
            await dana.says(room, '!confer task add "Send letter" due fri')
            programme.kill()
            programme.start()
            await in_all_rooms(dana, programme, "Send letter")
            await dana.says(room, "!confer tasks team")
            listed = await in_all_rooms(dana, programme, "T-1", "T-2", "T-3")
            assert set(re.findall(r"\bT-\d+\b", listed)) == {"T-1", "T-2", "T-3"}
            for words in ("Check TSH", "Call pharmacy", "Send letter"):
                added = [text for text in answers(dana, programme, words) if text != listed]
                assert len(added) == 1, (words, added)
            assert "TSH" not in programme.log()
            config = ("--config", str(programme.folder / "confer.toml"))
            assert "device signature: signed" in await programme.confer("matrix", "status", *config)
            assert "matrix device signature: signed" in await programme.confer("doctor", *config)
            programme.kill()
            assert "logged out" in await programme.confer("matrix", "logout", *config)

    play_long(story)
