"""No faster than Slack allows, and as long away as it says."""

import asyncio
import time

import pytest

from adapters.card import Card
from adapters.platform import NotDelivered, Place
from adapters.slack import SlackPlatform
from adapters.slack.pace import Pace
from tests.slack.harness import nothing_broken, play, slack_bot
from tests.slack.people import text_of


def test_rate_limit_is_honoured_and_no_other_method_waits() -> None:
    """After a Retry-After the method is left alone for so long, and others go on."""

    async def story() -> None:
        async with slack_bot() as bot:
            bot.slack.faults.on("chat.postMessage", "429", value=30)
            place = bot.place(bot.people.channel("ward", "dana"))
            for _ in range(3):
                with pytest.raises(NotDelivered) as limited:
                    await bot.platform.post(place, Card("Agenda"), "k")
                assert limited.value.retry_after
                assert limited.value.retry_after > 25
            calls = [method for method, _ in bot.slack.world.sent]
            assert calls.count("chat.postMessage") == 1
            assert await bot.platform.members(place.room) == {bot.account("dana")}

    play(story)


def test_one_post_a_second_and_channel() -> None:
    """Posts in one channel keep their distance; another channel does not wait for them."""

    async def story() -> None:
        async with slack_bot(every=1.0) as bot:
            bot.slack.rates.on = True
            busy, free = bot.people.channel("busy", "dana"), bot.people.channel("free", "dana")
            started = time.monotonic()
            waiting = [
                asyncio.create_task(bot.platform.post(bot.place(busy), Card(f"{n}"), f"busy-{n}")) for n in range(3)
            ]
            await asyncio.sleep(0)
            await bot.platform.post(bot.place(free), Card("free"), "free")
            assert time.monotonic() - started < 0.9
            await asyncio.gather(*waiting)
            assert time.monotonic() - started >= 1.9
            assert [text_of(m) for m in busy.messages] == ["*0*", "*1*", "*2*"]
            nothing_broken(bot.breaches)

    play(story)


def test_crowded_channel_holds_nobody_up() -> None:
    """Who would wait too long is told when to come back."""

    async def story() -> None:
        pace = Pace()
        await pace.turn("a", 31)
        with pytest.raises(NotDelivered) as paced:
            await pace.turn("a", 31)
        assert paced.value.retry_after
        await pace.turn("b", 31)

    play(story)


def test_a_storm_beyond_the_tiers() -> None:
    """More people than a tier serves in a minute, here a second: all are answered, and nobody is asked again too soon."""

    async def story() -> None:
        async with slack_bot() as bot:
            bot.slack.rates.on, bot.slack.rates.minute = True, 1.0
            bot.slack.rates.tiers |= {"users.info": 8, "conversations.open": 8}
            people = [f"p{n}" for n in range(20)]
            channel = bot.people.channel("ward", *people)
            await asyncio.gather(*(bot.people.says(p, channel, f"@confer agenda {p}") for p in people))
            heard = await bot.ear.hears(len(people))
            assert {one.account_name for one in heard} == set(people)
            assert len(bot.ear.heard) == len(people)
            nothing_broken(bot.breaches)

    play(story)


def test_a_lost_answer_where_history_is_hardly_read() -> None:
    """An app that is sold outside of Slack's marketplace reads fifteen messages a minute, here a second: a post in
    doubt is looked for page by page, held meanwhile, and stands there once."""

    async def story() -> None:
        async with slack_bot() as bot:
            bot.slack.rates.on, bot.slack.rates.minute = True, 1.0
            bot.slack.distribute()
            channel = bot.people.channel("ward", "dana")
            place = bot.place(channel)
            for fault in ("lost", "refused"):
                bot.slack.faults.on("chat.postMessage", fault)
                with pytest.raises(NotDelivered):
                    await bot.platform.post(place, Card(f"Agenda {fault}"), fault)
                for n in range(20):
                    await bot.people.says("dana", channel, f"chat {n}")
                await _until_posted(bot.platform, place, Card(f"Agenda {fault}"), fault)
            assert [text_of(m) for m in channel.messages if m.bot_id] == ["*Agenda lost*", "*Agenda refused*"]
            nothing_broken(bot.breaches)

    play(story)


async def _until_posted(platform: SlackPlatform, place: Place, card: Card, key: str) -> None:
    """What delivery does: come back when it is told to."""
    while True:
        try:
            await platform.post(place, card, key)
        except NotDelivered as held:
            if held.final:
                raise
            await asyncio.sleep(held.retry_after or 0)
        else:
            return
