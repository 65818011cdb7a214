"""The loop that takes events in: nothing is lost at a stop, and a homeserver that is down is not stormed.

A batch counts as taken when every event of it was carried out; only then is its token kept. What was not finished at
a stop comes again, and the ids of the invocations keep it from being carried out twice.
"""

import asyncio
import logging
import random
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import msgspec

from adapters.matrix.admission import Admission
from adapters.matrix.connection import Connection
from adapters.matrix.http import JSON, MatrixRefused, Unreachable, segment
from adapters.matrix.incoming import Incoming
from adapters.matrix.rooms import Room
from adapters.platform import NotDelivered

log = logging.getLogger(__name__)

LONG_POLL = 30_000  # ms
FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0
MOST_BACK_FILLED = 5_000
FULLEST = 500
"""Events that may wait for their turn before the homeserver is asked for more."""
FILTER = {
    "presence": {"types": []},
    "account_data": {"types": []},
    "room": {
        "account_data": {"types": []},
        "ephemeral": {"types": []},
        "timeline": {"limit": 50},
        "state": {"lazy_load_members": False},
    },
}
TOKEN = "sync-token"  # noqa: S105 - the name of a place in a stream, not a secret

TRIES = (0.5, 2.0, 5.0)  # seconds

ToDevice = Callable[[JSON], Awaitable[None]]
Work = Callable[[], Awaitable[None]]
Result = TypeVar("Result")


class Stopped(NotDelivered):
    """The platform cannot go on by itself, and somebody must act. Its kind: not_logged_in, logged_out, store_lost."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind, final=True)


@dataclass(slots=True)
class _Batch:
    token: str
    open: int = 0


@dataclass(slots=True)
class _Queue:
    events: asyncio.Queue[tuple[Work, _Batch]] = field(default_factory=asyncio.Queue)
    worker: asyncio.Task[None] | None = None


class SyncLoop:
    """Asks for what is new, brings keys and rooms up to date, and gives each room's events to its own worker."""

    def __init__(self, connection: Connection, incoming: Incoming, admission: Admission, to_device: ToDevice) -> None:
        self._connection, self._incoming, self._admission = connection, incoming, admission
        self._to_device = to_device
        self._token = ""
        self._kept = ""
        self._batches: OrderedDict[int, _Batch] = OrderedDict()
        self._number = 0
        self._queues: dict[str, _Queue] = {}
        self._progress = asyncio.Event()
        self._saving = asyncio.Lock()
        self._ever_encrypted: set[str] = set()

    async def first(self, ready: Callable[[], None]) -> None:
        """The first sync: all rooms as they are, and what was said since the last run. ``ready`` once rooms are known."""
        kept = await self._connection.kept(TOKEN)
        self._token = self._kept = kept.decode() if kept else ""
        self._ever_encrypted = self._connection.machine.encrypted_rooms
        for name in await asyncio.to_thread(self._connection.drawer.names, "moved/"):
            successor = await self._connection.kept(name)
            self._connection.move(name.removeprefix("moved/"), (successor or b"").decode())
        await self._step(ready)

    async def run(self) -> None:
        """Go on until cancelled. Raises :class:`Stopped`."""
        while True:
            await self._step()

    def close(self) -> None:
        for queue in self._queues.values():
            if queue.worker:
                queue.worker.cancel()

    # -- one round -----------------------------------------------------------------------------------------------
    async def _step(self, ready: Callable[[], None] | None = None) -> None:
        full = ready is not None
        answer = await self._asked(full=full)
        self._connection.counters.synced_at = time.monotonic()
        batch = _Batch(str(answer["next_batch"]), open=1)
        self._number += 1
        self._batches[self._number] = batch
        await self._keys(answer)
        rooms = answer.get("rooms", {})
        for room_id in rooms.get("leave", {}):
            if self._connection.rooms.pop(room_id, None):
                log.info("the bot is no longer in a room")
        for room_id, part in rooms.get("join", {}).items():
            self._joined(room_id, part, batch, full=full)
        for room_id, part in rooms.get("invite", {}).items():
            self._enqueue(f"invite {room_id}", batch, self._invitation(room_id, part))
        self._token = batch.token
        if ready:
            ready()
        await self._done(batch)
        while sum(queue.events.qsize() for queue in self._queues.values()) > FULLEST:
            self._progress.clear()
            await self._progress.wait()

    async def _asked(self, *, full: bool) -> JSON:
        """The homeserver's answer, however long it takes to come."""
        query = {"filter": msgspec.json.encode(FILTER).decode(), "set_presence": "online"}
        if self._token:
            query["since"] = self._token
        if full:
            query["full_state"] = "true"
        else:
            query["timeout"] = str(LONG_POLL)
        patience = 600.0 if full else LONG_POLL / 1000 + 30

        async def ask() -> JSON:
            return await self._connection.server.call("GET", "/sync", query=query, patience=patience)

        return await patiently(ask)

    async def _keys(self, answer: JSON) -> None:
        """To-device messages first: what they bring opens the events of the same answer."""
        connection = self._connection
        lists = answer.get("device_lists", {})
        connection.people.outdate([*lists.get("changed", []), *lists.get("left", [])])
        if (counts := answer.get("device_one_time_keys_count")) is not None:
            connection.machine.count_is(counts.get("signed_curve25519", 0))
        for event in answer.get("to_device", {}).get("events", []):
            try:
                await self._to_device(event)
            except (MatrixRefused, Unreachable) as trouble:
                log.warning("a private message was not answered: %s", trouble)
            except Exception as failure:
                log.error("a private message could not be taken: %s", type(failure).__name__)
        if connection.machine.wants_upload:
            await patiently(lambda: connection.machine.upload(connection.server))

    def _joined(self, room_id: str, part: JSON, batch: _Batch, *, full: bool) -> None:
        was_asked_in = room_id in self._connection.joining
        room, is_new = self._as_it_is(room_id, part)
        timeline = part.get("timeline", {})
        events = _events(timeline)
        looked_at = events if full else [*_events(part.get("state", {})), *events]
        arrival = self._arrival(looked_at, was_asked_in=was_asked_in) if is_new else None
        if not self._token:
            return  # what was said before the bot's first start was not said to it
        if arrival:
            events = self._since_invitation(events)
            self._enqueue(room_id, batch, lambda: self._admission.arrived(room, arrival, self._incoming.hand_over))
        elif timeline.get("limited"):
            start, end = str(timeline.get("prev_batch", "")), self._token
            self._enqueue(room_id, batch, lambda: self._back_fill(room_id, start, end))
        for event in events:
            if "state_key" not in event:
                self._enqueue(room_id, batch, partial(self._incoming.take, room_id, event))
        if room.successor and self._connection.present(room_id) == room_id:
            self._enqueue(room_id, batch, lambda: self._admission.upgraded(room))

    def _as_it_is(self, room_id: str, part: JSON) -> tuple[Room, bool]:
        """The room with its newest state, and whether it was not known before."""
        rooms, machine = self._connection.rooms, self._connection.machine
        is_new = room_id not in rooms
        self._connection.joining.discard(room_id)
        room = rooms.setdefault(room_id, Room(room_id, encrypted=room_id in self._ever_encrypted))
        for event in (*_events(part.get("state", {})), *_events(part.get("timeline", {}))):
            room.apply(event, self._connection.account)
        if room.encrypted and room_id not in self._ever_encrypted:
            machine.remember_encrypted({room_id})
            self._ever_encrypted.add(room_id)
        return room, is_new

    def _arrival(self, events: list[JSON], *, was_asked_in: bool) -> str | None:
        """The event with which the bot came in, if it is among these; a room that it made itself is no arrival."""
        found = [e for e in events if self._is_own_membership(e, "join") and (was_asked_in or _before(e) == "invite")]
        return str(found[-1]["event_id"]) if found else None

    def _since_invitation(self, events: list[JSON]) -> list[JSON]:
        """What was said before the bot was asked in was not said to it."""
        starts = [n for n, e in enumerate(events) if self._is_own_membership(e, "invite", "join")]
        return events[starts[0] :] if starts else []

    def _is_own_membership(self, event: JSON, *memberships: str) -> bool:
        return (
            event.get("type") == "m.room.member"
            and event.get("state_key") == self._connection.account
            and event.get("content", {}).get("membership") in memberships
            # A changed display name is told as a join too.
            and _before(event) != "join"
        )

    def _invitation(self, room_id: str, part: JSON) -> Work:
        state = part.get("invite_state", {}).get("events", [])
        return lambda: self._admission.invited(room_id, state)

    async def _back_fill(self, room_id: str, start: str, end: str) -> None:
        """What a limited timeline left out, oldest first."""
        missed: list[JSON] = []
        path = f"/rooms/{segment(room_id)}/messages"
        while start and len(missed) < MOST_BACK_FILLED:
            query = {"dir": "b", "from": start, "to": end, "limit": "200"}
            page = await self._connection.server.call("GET", path, query=query)
            missed += [e for e in page.get("chunk", []) if isinstance(e, dict)]
            if not page.get("chunk") or page.get("end") in (None, start):
                break
            start = str(page["end"])
        for event in reversed(missed):
            if "state_key" not in event:
                await self._incoming.take(room_id, event)

    # -- workers and the token -----------------------------------------------------------------------------------
    def _enqueue(self, name: str, batch: _Batch, work: Work) -> None:
        batch.open += 1
        queue = self._queues.setdefault(name, _Queue())
        queue.events.put_nowait((work, batch))
        if queue.worker is None or queue.worker.done():
            queue.worker = asyncio.get_running_loop().create_task(self._work(name, queue))

    async def again(self, room_id: str, event: JSON) -> None:
        """An event that could not be read before has its turn once more; it is kept elsewhere until then."""
        self._enqueue(room_id, _Batch("", open=1), lambda: self._incoming.take(room_id, event))

    async def _work(self, name: str, queue: _Queue) -> None:
        while not queue.events.empty():
            work, batch = queue.events.get_nowait()
            try:
                await _carried_out(work)
            except Stopped:
                return  # the loop itself meets the same and stops the platform
            await self._done(batch)
            self._progress.set()
        self._queues.pop(name, None)

    async def _done(self, batch: _Batch) -> None:
        batch.open -= 1
        newest = ""
        while self._batches and (first := next(iter(self._batches.items())))[1].open <= 0:
            newest = first[1].token
            del self._batches[first[0]]
        if newest:
            async with self._saving:
                if newest != self._kept:
                    await self._connection.keep(TOKEN, newest.encode())
                    self._kept = newest


def _events(part: JSON) -> list[JSON]:
    return [event for event in part.get("events", []) if isinstance(event, dict)]


def _before(event: JSON) -> str:
    """The membership that a membership event replaced."""
    return str(event.get("unsigned", {}).get("prev_content", {}).get("membership", ""))


async def _carried_out(work: Work) -> None:
    """Do the work; what fails is tried again a few times, as a busy database may be the reason."""
    for wait in (*TRIES, None):
        try:
            await patiently(work)
        except Stopped:
            raise
        except Exception as failure:
            # Its text may quote a patient, so only its kind is logged.
            log.error("an event could not be taken: %s", type(failure).__name__)
            if wait is None:
                return  # one event must not stop the others for ever
            await asyncio.sleep(wait)
        else:
            return


async def patiently(work: Callable[[], Awaitable[Result]]) -> Result:
    """Do it, again and again while the homeserver cannot be reached. Raises :class:`Stopped` when it logs us out."""
    wait = FIRST_WAIT
    while True:
        try:
            return await work()
        except Unreachable as trouble:
            log.warning("the homeserver does not answer: %s; next try in %.1f s", trouble, wait)
        except MatrixRefused as refused:
            if refused.logged_out:
                raise Stopped("logged_out") from None
            if not refused.passing:
                raise
            log.warning("the homeserver answers %s; next try in %.1f s", refused, wait)
            wait = max(wait, refused.retry_after or 0)
        await asyncio.sleep(wait * (1 + random.random() / 4))  # noqa: S311 - jitter, not a secret
        wait = min(2 * wait, LONGEST_WAIT)
