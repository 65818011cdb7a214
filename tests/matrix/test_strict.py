"""A client of another make in strict mode (MSC4153) reads the bot, and the bot reads it (fact 2)."""

import asyncio
import json
import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from adapters.card import Card
from adapters.matrix.http import Homeserver
from adapters.matrix.login import register
from adapters.platform import Invocation, Outcome, Source
from tests.matrix.conftest import Play
from tests.matrix.house import House
from tests.matrix.people import PASSWORD
from tests.matrix.synapse import SECRET

HERE = Path(__file__).parent / "strict"
ROOM = Path(sys.prefix) / "matrix-js-sdk"
"""Where the client is installed, once; it goes with the environment."""


@pytest.fixture(scope="session")
def client() -> Path:
    """The client's programme beside its packages."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("there is no Node here")
    ROOM.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json", "client.mjs"):
        shutil.copy(HERE / name, ROOM / name)
    if not (ROOM / "node_modules" / "matrix-js-sdk").exists():
        done = subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=ROOM, timeout=240)
        if done.returncode:
            pytest.skip("npm cannot install matrix-js-sdk here")
    return ROOM / "client.mjs"


def test_strict_client_and_bot_read_each_other(play: Play, client: Path) -> None:
    """The command is read and counts; the answer is shown, although unsigned devices are hidden."""

    async def story(house: House) -> None:
        house.start()
        user = f"strict-{secrets.token_hex(4)}"
        async with Homeserver(house.url) as server:
            await register(server, user, PASSWORD, SECRET)

        async def answers(invocation: Invocation) -> Outcome:
            if invocation.source is Source.TYPED:
                await house.platform.post(invocation.place, Card(f"Heard {invocation.text}"), invocation.id)
            return Outcome()

        house.ear.answer = answers
        command = ("node", client, house.url, user, PASSWORD, house.bot, "!confer agenda")
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd=ROOM)
        try:
            (heard,) = await house.ear.hears(1, within=60)
            assert heard.text == "agenda"
            seen = await _until(process, "Heard agenda")
            assert seen["kind"] == "encrypted"
        finally:
            process.kill()
            await process.wait()

    play(story)


async def _until(process: Any, words: str) -> dict[str, str]:
    async with asyncio.timeout(30):
        while True:
            said = json.loads(await process.stdout.readline())
            if words in said["text"]:
                return dict(said)
