"""An instance that lost its standing sends nothing; a platform that does not answer is spared."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from adapters.card import Card, encode
from adapters.memory import MemoryPlatform
from adapters.platform import MessageRef, NotDelivered, Outcome, Place
from bot import delivery, standing
from bot.app import App, begin_house
from bot.breaker import ENOUGH, LONGEST_ASKED, LONGEST_REST, LONGEST_WAIT, Breaker, asked_for, own_wait
from bot.clock import MovableClock
from bot.settings import Settings
from bot.together import Piece, Together
from storage.database import Database, DatabaseBusy
from storage.keys import KeyRing, RootKey
from storage.leases import Leases
from storage.migrate import migrate
from storage.notices import Act, Notice, NoticeState
from storage.store import HOUSE, Store

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with Database.open(url, exclusive=False) as database:
        migrate(database)
        yield database


class Frozen:
    """A clock that stands, and leaps as it does for a process that was stopped for a while."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = 1000.0
        for module in (standing, delivery):
            monkeypatch.setattr(module, "elapsed", lambda: self.at)


def test_a_frozen_instance_does_not_send_what_it_held(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped between its commit and its post, woken after its lease: another has sent it, and it sends nothing."""
    frozen, ring, clock = Frozen(monkeypatch), KeyRing(RootKey.new()), MovableClock(NOW)
    begin_house(database, ring, NOW)
    ours, theirs = MemoryPlatform(), MemoryPlatform()
    one = App(database, ring, Settings(), clock, {"memory": ours}, alone=False)
    two = App(database, ring, Settings(), clock, {"memory": theirs}, alone=False)

    async def story() -> None:
        await one.start()
        ours._receive = one.receive
        write = Together.write

        async def stopped(together: Together, piece: Piece[Outcome]) -> Outcome:
            outcome = await write(together, piece)
            frozen.at += standing.LENGTH
            return outcome

        monkeypatch.setattr(Together, "write", stopped)
        before = one.standing.holder
        await ours.say("carla", Place("memory", "@carla", direct=True), "help", NOW)
        assert [c for c in ours.calls if c.startswith("post")] == []
        await one.standing.beat()
        assert one.standing.holder != before, "what it held under its former name is no longer its own"
        await two.start()
        await two.settle()

    asyncio.run(story())
    assert [m.card.title.split(":")[0] for m in theirs.messages if m.card] == ["I am confer", "What you can type"]
    assert not ours.calls


@pytest.mark.parametrize(("times", "starts"), [(2, True), (3, False)])
def test_instances_that_start_together_try_again(
    database: Database, monkeypatch: pytest.MonkeyPatch, times: int, starts: bool
) -> None:
    """A deadlock over the leases ends neither of them; a database that stays busy does, and says so."""
    ring = KeyRing(RootKey.new())
    begin_house(database, ring, NOW)
    one = standing.Standing(database, ring, MovableClock(NOW), alone=False)
    one.want(standing.HOUSEKEEPING)
    renew, left = Leases.renew, [DatabaseBusy("Two processes waited for each other; try again.")] * times

    def in_the_way(leases: Leases, length: timedelta) -> frozenset[str]:
        if left:
            raise left.pop()
        return renew(leases, length)

    monkeypatch.setattr(Leases, "renew", in_the_way)
    if starts:
        one.recover()
    else:
        with pytest.raises(DatabaseBusy):
            one.recover()
    assert one.may(standing.HOUSEKEEPING) is starts


def test_one_instance_at_a_time_sends_for_an_account(database: Database) -> None:
    """Without the account's lease nothing goes out for it; when its holder gives it back the other sends."""
    ring, clock = KeyRing(RootKey.new()), MovableClock(NOW)
    begin_house(database, ring, NOW)
    first, second = MemoryPlatform(), MemoryPlatform()
    senders = {"memory": "sender:memory:confer"}
    one = App(database, ring, Settings(), clock, {"memory": first}, alone=False, senders=senders)
    two = App(database, ring, Settings(), clock, {"memory": second}, alone=False, senders=senders)

    async def story() -> None:
        await one.start()
        await two.start()
        second._receive = two.receive
        await second.say("carla", Place("memory", "@carla", direct=True), "help", NOW)
        assert not second.calls
        await one.settle()
        assert [c.split(":")[0] for c in first.calls] == ["post hello", "post inv"]
        one.standing.give_up()
        two.standing.recover()
        await second.say("carla", Place("memory", "@carla", direct=True), "help", NOW)
        assert [c.split(":")[0] for c in second.calls] == ["post inv"]

    asyncio.run(story())
    with database.reading() as connection:
        assert not Store(connection, ring).notices.by_state(NoticeState.SENDING)


def test_what_another_left_in_a_lane_goes_out_by_who_sends_there(database: Database) -> None:
    """Answered by one instance while the other sends in the room: the one that sends looks again when it has sent."""
    ring, clock = KeyRing(RootKey.new()), MovableClock(NOW)
    begin_house(database, ring, NOW)
    ours, theirs = MemoryPlatform(), MemoryPlatform()
    one = App(database, ring, Settings(), clock, {"memory": ours}, alone=False)
    two = App(database, ring, Settings(), clock, {"memory": theirs}, alone=False)
    post = ours.post

    async def meanwhile(place: Place, card: Card, key: str) -> MessageRef:
        await theirs.say("carla", Place("memory", "ward"), "@confer help", NOW)
        return await post(place, card, key)

    async def story() -> None:
        await one.start()
        await two.start()
        ours.post, theirs._receive = meanwhile, two.receive  # type: ignore[method-assign]
        with database.transaction() as connection:
            said = Notice("k", HOUSE, "reply", Act.POST, "memory", "ward", card=encode(Card("Agenda")))
            Store(connection, ring).notices.add(said, NOW)
        await one.delivery.drain()

    asyncio.run(story())
    assert not theirs.calls, "the room has one sender at a time"
    assert [m.card.title.split(":")[0] for m in ours.messages if m.card] == [
        "Agenda",
        "I am confer",
        "What you can type",
    ]


# -- waits -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("named", "kept"),
    [(None, None), (0, None), (-1, None), (float("nan"), None), (float("inf"), None), (1, 1), (3600, 3600), (1e30, 3600)],
)  # fmt: skip
def test_a_time_to_come_back(named: float | None, kept: float | None) -> None:
    """Kept where it makes sense, up to a ceiling."""
    wait = asked_for(NotDelivered("rate_limited", retry_after=named))
    assert wait == (timedelta(seconds=kept) if kept else None)
    assert wait is None or wait <= LONGEST_ASKED


def test_own_waits_double_up_to_a_ceiling() -> None:
    assert [own_wait(n).total_seconds() for n in range(4)] == [2, 4, 8, 16]
    assert own_wait(10_000) == LONGEST_WAIT


def test_the_breaker_opens_probes_and_closes() -> None:
    """After some failures in a row it rests; one probe after each rest, the rests growing; a success closes it."""
    breaker, now, rests = Breaker(), NOW, []
    for _ in range(ENOUGH - 1):
        breaker.failed(now)
    assert not breaker.is_open
    for _ in range(8):
        breaker.failed(now)
        assert breaker.until is not None
        assert not breaker.lets_probe(now)
        rests.append(breaker.until - now)
        now = breaker.until
        assert breaker.lets_probe(now)
        breaker.is_probing = True
        assert not breaker.lets_probe(now), "one at a time"
    assert rests[0] < rests[1] < rests[2]
    assert max(rests) <= LONGEST_REST * 1.25
    breaker.worked()
    assert (breaker.is_open, breaker.failures) == (False, 0)
