"""A bot that has worked for long, and one that is in many rooms, on a real Synapse: memory, and the time of a start.

Takes a quarter of an hour: only when it is asked for by name.
"""

import asyncio
import secrets
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

from adapters.matrix.http import Homeserver, segment
from adapters.matrix.login import register
from tests.bench.matrix import asked, resident
from tests.bench.report import Figure, Progress, show
from tests.matrix.house import House
from tests.matrix.people import PASSWORD, Person, new_person
from tests.matrix.synapse import SECRET, shared_synapse
from tests.matrix.test_whole import Programme, a_team

COMMANDS, EVERY, AT_ONCE = 5_000, 1_000, 10
WORDS = ("whoami", "tasks mine", "help", "meetings", 'task add "Check TSH" due fri')
ROOMS, CREATORS = 500, 10
PATIENCE = 600.0  # seconds


async def many_commands(house: House, progress: Progress) -> list[Figure]:
    """Ten people, each in a team of their own, ask one thing after the other in their direct rooms."""
    people = [await new_person(house.url, house.folder / f"p{number}", "dana") for number in range(AT_ONCE)]
    try:
        async with Programme(house) as programme:
            programme.start()
            rooms = [await _settled(programme, person) for person in people]
            assert programme.process
            figures = [Figure("memory after the start", resident(programme.process.pid), "MiB")]
            for done in range(EVERY, COMMANDS + 1, EVERY):
                progress.at("commands", done, COMMANDS)
                await asyncio.gather(
                    *(_ask(p, room, programme.bot, EVERY // AT_ONCE) for p, room in zip(people, rooms, strict=True))
                )
                figures.append(Figure(f"memory after {done:,} commands", resident(programme.process.pid), "MiB", 150))
                show("so far", figures[-1:])
            grown = figures[-1].value - figures[1].value
            figures.append(Figure(f"growth from {EVERY:,} to {COMMANDS:,} commands", grown, "MiB", 15))
    finally:
        for person in people:
            await person.stop()
    return figures


async def _settled(programme: Programme, person: Person) -> str:
    await a_team(programme, person)
    room = await person.makes_room("", programme.bot, is_direct=True)
    await person.sees_member(room, programme.bot)
    await asked(person, room, programme.bot, "whoami")
    return room


async def _ask(person: Person, room: str, bot: str, count: int) -> None:
    for words in islice(cycle(WORDS), count):
        await asked(person, room, bot, words)
    # What was said before is of no use to anybody here, and looking through it takes time.
    person.heard[room] = {}


async def many_rooms(house: House, progress: Progress) -> list[Figure]:
    """From the start of the programme to the answer to a command that was said while it was down."""
    dana = await new_person(house.url, house.folder / "dana", "dana")
    try:
        async with Programme(house) as programme:
            programme.start()
            room = await _settled(programme, dana)
            await asyncio.gather(*(_make_rooms(house.url, programme.bot, progress) for _ in range(CREATORS)))
            assert programme.process
            joined = Figure(f"memory in {ROOMS} rooms", resident(programme.process.pid), "MiB")
            programme.kill()
            before = {heard.event for heard in dana.sees(room)}
            await dana.says(room, "whoami")
            start = time.perf_counter()
            programme.start()

            def answered() -> bool:
                return any(h.sender == programme.bot and h.event not in before for h in dana.sees(room))

            await dana.until(answered, "the answer", PATIENCE)
            took = time.perf_counter() - start
            memory = resident(programme.process.pid)
    finally:
        await dana.stop()
    return [
        joined,
        Figure(f"memory after a start in {ROOMS} rooms", memory, "MiB", 150),
        Figure(f"start to first answer in {ROOMS} rooms", took, "s", 20),
    ]


async def _make_rooms(url: str, bot: str, progress: Progress) -> None:
    """Encrypted rooms with the bot in them, made by an account of their own."""
    user = f"maker-{secrets.token_hex(4)}"
    encryption = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    async with Homeserver(url) as server:
        await register(server, user, PASSWORD, SECRET)
        login = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": user}, "password": PASSWORD}
        server.token = (await server.call("POST", "/login", login))["access_token"]
        for number in range(ROOMS // CREATORS):
            request = {
                "preset": "private_chat",
                "name": f"room {number}",
                "invite": [bot],
                "initial_state": [encryption],
            }
            room = str((await server.call("POST", "/createRoom", request, patience=PATIENCE))["room_id"])
            async with asyncio.timeout(PATIENCE):
                while bot not in (await server.call("GET", f"/rooms/{segment(room)}/joined_members"))["joined"]:  # noqa: ASYNC110 - nothing tells us
                    await asyncio.sleep(0.5)
            progress.at("rooms", (number + 1) * CREATORS, ROOMS)


async def run(folder: Path) -> bool:
    progress, url = Progress(), shared_synapse().url
    rooms = show("Matrix, in many rooms", await many_rooms(House(url, folder / "rooms"), progress))
    commands = show("Matrix, for long", await many_commands(House(url, folder / "commands"), progress))
    return rooms and commands


def main() -> int:
    """Measure; 1 where a target is missed."""
    with tempfile.TemporaryDirectory(prefix="confer-bench-") as folder:
        return 0 if asyncio.run(run(Path(folder))) else 1
