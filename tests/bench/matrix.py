"""From a command to its answer in an encrypted room on a real Synapse, beside a bare nio bot in the same run.

Measured as a person meets it: from the command's own echo in the person's sync to the answer there.
"""

import asyncio
import re
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from adapters.matrix.http import Homeserver
from adapters.matrix.login import register
from tests.bench.report import Figure, median, percentile, show
from tests.matrix.house import House
from tests.matrix.people import PASSWORD, Person, new_person
from tests.matrix.synapse import SECRET, SERVER, shared_synapse
from tests.matrix.test_whole import Programme

WARM, ONE_BY_ONE, ROOMS, EACH = 5, 60, 10, 10


async def asked(person: Person, room: str, bot: str, words: str) -> float:
    """Seconds from the echo of the command to the answer."""
    sent = await person.says(room, words)
    before = {h.event for h in person.sees(room) if h.sender == bot}
    echo = float(await person.until(lambda: person.arrived_at.get(sent), "the echo"))
    answer = await person.until(
        lambda: next((h.event for h in person.sees(room) if h.sender == bot and h.event not in before), ""),
        "the answer",
    )
    return max(0.0, person.arrived_at[answer] - echo)


async def measured(people: list[Person], bot: str, words: str) -> tuple[list[float], float]:
    """Times one by one in one room, and commands a second in all rooms at once."""
    rooms = []
    for person in people:
        room = await person.makes_room("", bot, is_direct=True)
        await person.sees_member(room, bot)
        rooms.append(room)
        await asked(person, room, bot, words)
        await asyncio.sleep(0.3)  # the first contact brings more than one message
    for _ in range(WARM):
        await asked(people[0], rooms[0], bot, words)
    times = [await asked(people[0], rooms[0], bot, words) for _ in range(ONE_BY_ONE)]

    async def several(person: Person, room: str) -> None:
        for _ in range(EACH):
            await asked(person, room, bot, words)

    start = time.perf_counter()
    await asyncio.gather(*(several(person, room) for person, room in zip(people, rooms, strict=True)))
    return times, ROOMS * EACH / (time.perf_counter() - start)


async def run(folder: Path) -> list[Figure]:
    url = shared_synapse().url
    echo = f"echo-{secrets.token_hex(4)}"
    async with Homeserver(url) as server:
        await register(server, echo, PASSWORD, SECRET)
    command = [sys.executable, "-m", "tests.matrix.echo", url, f"@{echo}:{SERVER}", PASSWORD]
    bare = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    people = [await new_person(url, folder / f"p{number}", "dana") for number in range(ROOMS)]
    try:
        assert bare.stdout
        await bare.stdout.readline()
        async with Programme(House(url, folder)) as programme:
            programme.start()
            base, base_rate = await measured(people, f"@{echo}:{SERVER}", "whoami")
            bare.terminate()
            own, own_rate = await measured(people, programme.bot, "whoami")
            assert programme.process
            memory = resident(programme.process.pid)
    finally:
        if bare.returncode is None:
            bare.terminate()
        await bare.wait()
        for person in people:
            await person.stop()
    return [
        Figure("bare nio bot: p50", median(base) * 1e3, "ms"),
        Figure("bare nio bot: p95", percentile(base, 0.95) * 1e3, "ms"),
        Figure("bare nio bot: ten rooms at once", base_rate, "/s"),
        Figure("command to answer, p50", median(own) * 1e3, "ms"),
        Figure("command to answer, p95", percentile(own, 0.95) * 1e3, "ms"),
        Figure("ten rooms at once", own_rate, "/s"),
        Figure("memory of the bot", memory, "MiB", 150),
        Figure("p50 beside the bare bot", median(own) / median(base), "", 1.5),
        Figure("p95 beside the bare bot", percentile(own, 0.95) / percentile(base, 0.95), "", 2),
        Figure("bare bot's rate beside ours", base_rate / own_rate, "", 1 / 0.7),
    ]


def resident(process: int) -> float:
    """MiB of memory that the process has."""
    found = re.search(r"VmRSS:\s*(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def main() -> int:
    """Measure; 1 where a target is missed."""
    with tempfile.TemporaryDirectory(prefix="confer-bench-") as folder:
        return 0 if show("Matrix, encrypted", asyncio.run(run(Path(folder)))) else 1
