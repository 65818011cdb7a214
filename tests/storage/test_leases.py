"""Leases and what is held by them, on both engines, between processes that freeze and die."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from bot.app import begin_house
from storage.database import Database
from storage.keys import KeyRing, RootKey
from storage.leases import Leases
from storage.migrate import migrate
from storage.notice import Lane
from storage.notices import Act, Notice, NoticeState
from storage.store import HOUSE, Store

NOW = datetime.now(UTC)
LONG, SHORT = timedelta(minutes=5), timedelta(milliseconds=300)


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing(RootKey.new())


@pytest.fixture
def database(url: str, ring: KeyRing) -> Iterator[Database]:
    with Database.open(url, exclusive=False) as database:
        migrate(database)
        begin_house(database, ring, NOW)
        yield database


def leases(connection: Connection, holder: str) -> Leases:
    return Leases(connection, holder, datetime.now(UTC))


def put(database: Database, ring: KeyRing, *keys: str, room: str = "room", platform: str = "memory") -> None:
    with database.transaction() as connection:
        for key in keys:
            notice = Notice(key, HOUSE, "reply", Act.POST, platform, room, card=b"{}")
            assert Store(connection, ring).notices.add(notice, NOW)


def claimed(connection: Connection, ring: KeyRing, holder: str) -> list[str]:
    """The keys of what this holder holds from now on, lane by lane."""
    notices = Store(connection, ring).notices
    found = []
    for lane in notices.lanes_due(NOW, ["memory"], holder):
        for notice in notices.due(lane, NOW):
            notices.hold(notice, holder)
            found.append(notice.key)
    return found


def test_a_lease_has_one_holder(database: Database) -> None:
    """It is taken once, kept by its holder, and taken over when its time is over or it is given back."""
    with database.transaction() as c:
        assert leases(c, "a").take("x", LONG) == 1
        assert leases(c, "b").take("x", LONG) is None
        assert leases(c, "a").take("x", LONG) == 1
        assert leases(c, "a").renew(LONG) == {"x"}
        assert leases(c, "b").renew(LONG) == frozenset()
        assert leases(c, "a").holders() == {"a"}
        leases(c, "a").give_back()
    with database.transaction() as c:
        assert leases(c, "b").take("x", LONG) == 2
        assert leases(c, "a").renew(LONG) == frozenset()
        assert leases(c, "a").take("x", LONG) is None


def test_who_is_silent_is_succeeded(database: Database) -> None:
    """Once the time is over, and not before."""
    with database.transaction() as c:
        assert leases(c, "a").take("x", SHORT) == 1
    with database.transaction() as c:
        assert leases(c, "b").take("x", SHORT) is None
    until = time.monotonic() + 10
    taken = None
    while taken is None and time.monotonic() < until:
        with database.transaction() as c:
            taken = leases(c, "b").take("x", LONG)
    assert taken == 2


def test_a_lane_has_one_sender(database: Database, ring: KeyRing) -> None:
    """While one instance holds something of a room, no other gets anything of it; other rooms are free."""
    put(database, ring, "1", "2")
    put(database, ring, "3", room="elsewhere")
    with database.transaction() as c:
        notices = Store(c, ring).notices
        (first, _) = notices.due(("memory", "room"), NOW)
        notices.hold(first, "a")
    with database.transaction() as c:
        assert claimed(c, ring, "b") == ["3"]
        assert claimed(c, ring, "a") == ["2"]


def test_two_who_claim_at_once_share_no_lane(database: Database, ring: KeyRing, engine: str) -> None:
    """On PostgreSQL two transactions run side by side: what one has locked the other leaves out, with its whole lane."""
    if engine == "sqlite":
        pytest.skip("there is one writer at a time")
    put(database, ring, "1", "2")
    put(database, ring, "3", room="elsewhere")
    with database.transaction() as one:
        assert Store(one, ring).notices.lanes_due(NOW, ["memory"], "a", limit=1) == (("memory", "room"),)
        url = database._engine.url.render_as_string(hide_password=False)
        with Database.open(url) as other, other.transaction() as two:
            assert claimed(two, ring, "b") == ["3"]


def test_who_lost_it_changes_nothing(database: Database, ring: KeyRing) -> None:
    """After another took over, the former holder's marks are void, and nothing is settled twice."""
    put(database, ring, "1")
    with database.transaction() as c:
        notices = Store(c, ring).notices
        leases(c, "b").take("instance:b", LONG)
        (notice,) = notices.due(("memory", "room"), NOW)
        notices.hold(notice, "a")
        held_by_a = notices.by_key("1")
        assert held_by_a is not None
        assert notices.take_back(living=leases(c, "b").holders()) == 1
        assert claimed(c, ring, "b") == ["1"]
    with database.transaction() as c:
        notices = Store(c, ring).notices
        notices.sent([(held_by_a, "room", "m1")], NOW)
        notices.let_go([held_by_a])
        assert not notices.settle(held_by_a, NoticeState.DEAD, NOW)
        now = notices.by_key("1")
        assert now is not None
        assert (now.state, now.holder, now.message) == (NoticeState.SENDING, "b", "")


def test_an_answer_is_held_at_once_unless_something_waits_before_it(database: Database, ring: KeyRing) -> None:
    """A hand gets what it puts in where the lane is free or its own, and the outbox gets it elsewhere."""

    class Hand:
        holder = "a"

        def __init__(self) -> None:
            self.got: list[str] = []
            self.left: dict[Lane, bool] = {}

        def takes(self, notice: Notice) -> bool:
            return notice.kind == "reply"

        def reserve(self, notice: Notice) -> None:
            self.got.append(notice.key)

    hand = Hand()

    def say(key: str, room: str, kind: str = "reply") -> bool:
        with database.transaction() as c:
            notice = Notice(key, HOUSE, kind, Act.POST, "memory", room, card=b"{}")
            return Store(c, ring, hand).notices.add(notice, NOW)

    put(database, ring, "waits", room="busy")
    assert [say("1", "free"), say("2", "free"), say("3", "busy"), say("1", "free")] == [True, True, True, False]
    assert hand.got == ["1", "2"]
    assert hand.left == {("memory", "busy"): True}
    hand.holder = "b"
    assert say("4", "free")
    assert hand.got == ["1", "2"], "another instance is sending there"


HOLDER = """
import sys, time
from datetime import UTC, datetime
from bot.clock import SystemClock
from bot.standing import Standing
from storage.database import Database
from storage.keys import KeyRing, RootKey
from storage.store import Store
import asyncio

async def main(url, root):
    with Database.open(url, exclusive=False) as database:
        ring = KeyRing(RootKey.read(root))
        standing = Standing(database, ring, SystemClock(), alone=False, length=2)
        standing.want("sender")
        async def work():
            print("working", flush=True)
            await asyncio.Event().wait()
        standing.recover()
        with database.transaction() as connection:
            notices = Store(connection, ring).notices
            for lane in notices.lanes_due(datetime.now(UTC), ["memory"], standing.holder):
                for notice in notices.due(lane, datetime.now(UTC)):
                    notices.hold(notice, standing.holder)
        async with standing.beating():
            working = asyncio.create_task(standing.while_held("sender", work))
            before = standing.holder
            while standing.holder == before:
                await asyncio.sleep(0.01)
            print("lost", flush=True)
            working.cancel()
asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
def test_another_process_takes_over(
    database: Database, ring: KeyRing, url: str, end: signal.Signals, engine: str
) -> None:
    """Killed or frozen, its lease and what it held are another's within seconds; woken, it knows that it lost them."""
    put(database, ring, "1")
    program = [sys.executable, "-c", HOLDER, url, ring.root.text()]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."}) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "working\n"
            with database.transaction() as c:
                assert leases(c, "me").take("sender", LONG) is None
                assert claimed(c, ring, "me") == []
            process.send_signal(end)
            stopped, taken = time.monotonic(), None
            while taken is None and time.monotonic() < stopped + 20:
                with database.transaction() as c:
                    taken = leases(c, "me").take("sender", LONG)
                    leases(c, "me").take("instance:me", LONG)
                    Store(c, ring).notices.take_back(living=leases(c, "me").holders())
            assert taken == 2
            with database.transaction() as c:
                assert claimed(c, ring, "me") == ["1"]
            if end is signal.SIGSTOP:
                process.send_signal(signal.SIGCONT)
                assert process.stdout.readline() == "lost\n"
        finally:
            process.kill()


def test_what_is_settled_long_ago_goes_and_what_stands_stays(database: Database, ring: KeyRing) -> None:
    """Answers go; what stands in a room about something, and dead letters, stay."""
    old = NOW - timedelta(days=100)
    with database.transaction() as c:
        notices = Store(c, ring).notices
        for key, act, subject, state in (
            ("answer", Act.WHISPER, "T-1", NoticeState.SENT),
            ("chatter", Act.POST, "", NoticeState.SENT),
            ("invitation", Act.POST, "M-1", NoticeState.SENT),
            ("dead", Act.POST, "M-1", NoticeState.DEAD),
            ("waiting", Act.POST, "M-1", NoticeState.NEW),
        ):
            notices.add(Notice(key, HOUSE, "reply", act, "memory", key, subject=subject, card=b"{}"), old)
            notice = notices.by_key(key)
            assert notice is not None
            if state is not NoticeState.NEW:
                notices.hold(notice, "a")
                held = notices.by_key(key)
                assert held is not None
                notices.settle(held, state, old, message="m1")
        notices.add(Notice("fresh", HOUSE, "reply", Act.POST, "memory", "fresh", card=b"{}"), NOW)
        assert notices.prune(NOW - timedelta(days=90)) == 2
        left = [k for k in ("answer", "chatter", "invitation", "dead", "waiting", "fresh") if notices.by_key(k)]
    assert left == ["invitation", "dead", "waiting", "fresh"]
