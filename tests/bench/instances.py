"""Two instances on one PostgreSQL beside one: messages a second from the outbox to a chat service that takes its time.

Prints the processor time of the instances too: where it fills the machine's cores, they and not the bot bound the gain.
"""

import asyncio
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from multiprocessing.context import ForkContext

from sqlalchemy import func, select

from adapters.card import Card, encode
from adapters.memory import MemoryPlatform
from adapters.platform import MessageRef, Place
from bot.app import App, begin_house
from bot.clock import SystemClock
from bot.settings import Settings
from conference.people import Account, Team, TeamId
from storage.database import Database
from storage.keys import KeyRing, RootKey
from storage.notices import NOTICES, Act, Notice, NoticeState
from storage.store import Store
from tests.bench.report import Figure, show
from tests.postgres import server

ROOMS, EACH = 40, 15
ANSWERS_AFTER = 0.01  # seconds, as a near homeserver does
MORE = 1.6


class Slow(MemoryPlatform):
    async def post(self, place: Place, card: Card, key: str) -> MessageRef:
        await asyncio.sleep(ANSWERS_AFTER)
        return await super().post(place, card, key)


def fill(url: str, root: RootKey) -> None:
    """So many rooms with so many messages to say in each."""
    now, ring = datetime.now(UTC), KeyRing(root)
    with Database.open(url) as database:
        begin_house(database, ring, now)
        for room in range(ROOMS):
            with database.transaction() as connection:
                house = Store(connection, ring)
                house.begin_team(
                    Team(TeamId(f"t{room}"), "North", "UTC", "memory", f"r{room}", now, Account("carla")), now
                )
                for n in range(EACH):
                    card = encode(Card(f"Message {n}"))
                    house.notices.add(
                        Notice(f"{room}:{n}", f"t{room}", "reply", Act.POST, "memory", f"r{room}", card=card), now
                    )


def instance(url: str, root: RootKey, ready: object, out: object) -> None:
    """One instance: when all are ready, send until nothing is due."""

    async def work() -> tuple[int, float]:
        with Database.open(url) as database:
            platform = Slow()
            for room in range(ROOMS):
                platform.join(f"r{room}", "carla")
            app = App(database, KeyRing(root), Settings(), SystemClock(), {"memory": platform}, alone=False)
            await app.delivery.recover()
            await asyncio.to_thread(ready.wait)  # type: ignore[attr-defined]
            worked = time.process_time()
            beating = asyncio.create_task(beat(app))
            while await app.delivery.drain() or await asyncio.to_thread(left, database):  # noqa: ASYNC110 - another process empties the rest
                await asyncio.sleep(0.01)
            await app.delivery.finish()
            beating.cancel()
            return len(platform.messages), time.process_time() - worked

    out.put(asyncio.run(work()))  # type: ignore[attr-defined]


async def beat(app: App) -> None:
    """Renew the leases, as ticks do."""
    while True:
        await app.standing.beat()
        await asyncio.sleep(0.5)


def left(database: Database) -> int:
    """How many messages wait or are held, here or elsewhere."""
    with database.reading() as connection:
        waiting = NOTICES.c.state.in_((NoticeState.NEW.value, NoticeState.SENDING.value))
        return connection.execute(select(func.count()).where(waiting)).scalar_one()


def run(url: str, root: RootKey, count: int, processes: ForkContext) -> tuple[float, float]:
    """Messages a second, and processor seconds of all instances, of so many of them."""
    fill(url, root)
    ready, out = processes.Barrier(count + 1), processes.Queue()
    workers = [processes.Process(target=instance, args=(url, root, ready, out)) for _ in range(count)]
    for worker in workers:
        worker.start()
    ready.wait(timeout=60)
    began = time.perf_counter()
    results = [out.get(timeout=300) for _ in workers]
    took = time.perf_counter() - began
    for worker in workers:
        worker.join()
    assert sum(sent for sent, _ in results) == ROOMS * EACH, "a message was lost or doubled"
    return ROOMS * EACH / took, sum(worked for _, worked in results)


def main(arguments: Sequence[str] = ()) -> int:
    processes, root = multiprocessing.get_context("fork"), RootKey.new()
    with server() as postgres:
        one, worked = run(postgres.migrated(), root, 1, processes)
        two, worked_two = run(postgres.migrated(), root, 2, processes)
    cores = os.cpu_count() or 1
    gain = two / one
    figures = [
        Figure("baseline: one instance", one, "/s"),
        Figure("  processor time of it", worked, "s"),
        Figure("two instances", two, "/s"),
        Figure("  processor time of both", worked_two, "s"),
        Figure("one instance's rate as a share of two", 1 / gain, "x", 1 / MORE),
        Figure(f"most that {cores} cores could give two, without the server", cores * ROOMS * EACH / worked_two, "/s"),
    ]
    return 0 if show(f"{ROOMS * EACH:,} messages in {ROOMS} rooms, PostgreSQL, {cores} cores", figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
