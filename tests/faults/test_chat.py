"""A chat server that is away, slow, refuses or loses its answers; events that come twice, late and in disorder."""

import asyncio
import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from adapters.card import Card
from adapters.platform import Invocation, MessageRef, NotDelivered, Place
from tests.conversations.harness import START
from tests.faults.bot import play
from tests.faults.checks import Trace
from tests.faults.conftest import Begin
from tests.faults.server import ServedPlatform

Calm = tuple[Trace, list[str]]
NONSENSE = (float("nan"), float("inf"), -5.0, 1e15)


def each_call(*failures: NotDelivered) -> Callable[[], NotDelivered | None]:
    """Every call fails as many times as there are failures, each in turn, before one is let through."""
    turn = 0

    def trouble() -> NotDelivered | None:
        nonlocal turn
        turn = (turn + 1) % (len(failures) + 1)
        return failures[turn - 1] if turn else None

    return trouble


TROUBLE = {
    "5xx": [NotDelivered("http_503"), NotDelivered("http_500")],
    "answer lost after acceptance": [NotDelivered("timeout", unknown=True)],
    "429, come back at once": [NotDelivered("rate_limited", retry_after=0)],
    "429, come back in a second": [NotDelivered("rate_limited", retry_after=1)],
    "429, come back in an hour": [NotDelivered("rate_limited", retry_after=3600)],
    "429 with nonsense": [NotDelivered("rate_limited", retry_after=wait) for wait in NONSENSE],
}


@pytest.mark.parametrize("what", TROUBLE)
def test_a_server_that_refuses_is_asked_again(begin: Begin, undisturbed: Calm, what: str) -> None:
    bot = begin()
    with bot.app() as (app, platform, home):
        platform.trouble = each_call(*TROUBLE[what])

        async def story() -> None:
            await play(app, home)
            await app.advance(app.clock.now() + timedelta(days=1))

        asyncio.run(story())
    assert same(bot.trace(), undisturbed[0])


def test_a_server_that_is_gone_for_an_hour_gets_all_of_it_in_order(begin: Begin, undisturbed: Calm) -> None:
    bot = begin()
    with bot.app() as (app, platform, home):
        back = START + timedelta(hours=1)
        platform.trouble = lambda: NotDelivered("network") if app.clock.now() < back else None

        async def story() -> None:
            await play(app, home)

        asyncio.run(story())
    assert same(bot.trace(), undisturbed[0])


def test_a_room_that_does_not_answer_holds_up_no_other(begin: Begin) -> None:
    """Half open: the connection stands, and nothing ever comes back."""

    class HalfOpen(ServedPlatform):
        async def post(self, place: Place, card: Card, key: str) -> MessageRef:
            if place.room == "@pat":
                await asyncio.Event().wait()
            return await super().post(place, card, key)

    bot = begin()
    with bot.app() as (app, platform, home):
        app.platforms = {"memory": HalfOpen(platform.path, platform.people)}
        app.delivery.platforms = app.platforms

        async def story() -> None:
            stuck = asyncio.ensure_future(app.receive(_said("pat", "help", Place("memory", "@pat", direct=True))))
            for number in range(5):
                others = asyncio.ensure_future(
                    app.receive(_said("sol", "help", Place("memory", "@sol", direct=True), number))
                )
                async with asyncio.timeout(20):
                    while f"inv:sol:{number}:reply" not in {m.key for m in home.server.messages()}:  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
                others.cancel()
            stuck.cancel()
            await asyncio.gather(stuck, return_exceptions=True)

        asyncio.run(story())
        said = [message for message in home.server.messages() if message.key.startswith("inv:")]
        assert [message.room for message in said] == ["@sol"] * 5


def test_events_that_come_twice_late_and_in_disorder_are_carried_out_once(begin: Begin, undisturbed: Calm) -> None:
    bot = begin()
    chance = random.Random(5)
    with bot.app() as (app, _, home):
        heard: list[Invocation] = []

        async def hand_in(invocation: Invocation) -> None:
            heard.append(invocation)
            again = [heard[chance.randrange(len(heard))] for _ in range(3)]
            await app.receive(invocation)
            outcomes = await asyncio.gather(*(app.receive(one) for one in (invocation, *again)))
            assert all(outcome.ignored for outcome in outcomes)

        asyncio.run(play(app, home, hand_in=hand_in))
    assert bot.trace() == undisturbed[0]


def test_the_same_event_at_once_from_two_connections_is_carried_out_once(begin: Begin, undisturbed: Calm) -> None:
    bot = begin()
    with bot.app() as (app, _, home):

        async def hand_in(invocation: Invocation) -> None:
            outcomes = await asyncio.gather(*(app.receive(invocation) for _ in range(3)))
            assert [outcome.ignored for outcome in outcomes].count(False) == 1

        asyncio.run(play(app, home, hand_in=hand_in))
    assert bot.trace() == undisturbed[0]


def same(found: Trace, expected: Trace) -> bool:
    """The same was done and said, in the same order. What came too late may say so, or have been left out, knowingly."""
    assert found.acts == expected.acts
    assert found.timers == expected.timers
    assert set(found.states) <= {"sent", "dropped"}
    left_out = 0
    for room, keys in expected.keys.items():
        here = found.keys.get(room, [])
        assert here == [key for key in keys if key in here], room
        left_out += len(keys) - len(here)
    return left_out == found.states["dropped"] - expected.states["dropped"]


def _said(who: str, words: str, place: Place, number: int = 0) -> Invocation:
    return Invocation(f"{who}:{number}", who, who, place, words, START)
