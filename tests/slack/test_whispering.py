"""What one person is to see: ephemeral where they look, in private where that would be lost, and once."""

import pytest

from adapters.card import Actions, Button, Card
from adapters.platform import MessageRef, NotDelivered
from tests.slack.harness import nothing_broken, play, slack_bot
from tests.slack.people import text_of


def test_whisper_is_ephemeral_where_the_person_looks() -> None:
    """Who just spoke in a channel is answered there, for them alone; a click changes it in place."""

    async def story() -> None:
        async with slack_bot() as bot:
            channel = bot.people.channel("ward", "dana", "lee")
            await bot.people.says("dana", channel, "@confer preview")
            (heard,) = await bot.ear.hears(1)
            card = Card("Preview", (Actions((Button("Approve", "case approve C-7K2P"),)),))
            ref = await bot.platform.whisper(heard.place, heard.account, card, "w")
            assert ref == await bot.platform.whisper(heard.place, heard.account, card, "w")
            (message,) = [m for m in channel.messages if m.only_for]
            assert message.only_for == bot.people.person("dana").id
            await bot.people.presses("dana", message, "Approve")
            pressed = (await bot.ear.hears(2))[1]
            assert (pressed.message, pressed.place) == (ref, heard.place)
            await bot.platform.edit(ref, Card("Approved"))
            assert "Approved" in text_of(message)
            await bot.platform.redact(ref)
            assert message.deleted
            nothing_broken(bot.breaches)

    play(story)


def test_whisper_goes_direct_where_it_would_be_lost() -> None:
    """Who is not looking, or not in the channel, is told in the direct conversation; its buttons act in the channel."""

    async def story() -> None:
        async with slack_bot() as bot:
            channel = bot.people.channel("ward", "dana")
            for person in ("dana", "mia"):
                card = Card("Due", (Actions((Button("Snooze", "task snooze T-1 1d"),)),))
                ref = await bot.platform.whisper(bot.place(channel), bot.account(person), card, f"w-{person}")
                direct = bot.people.direct(person)
                assert ref == MessageRef(bot.place(direct).room, bot.people.sees(person, direct)[0].ts)
            await bot.people.presses("dana", bot.people.sees("dana", bot.people.direct("dana"))[0], "Snooze")
            (heard,) = await bot.ear.hears(1)
            assert heard.place == bot.place(channel)
            nothing_broken(bot.breaches)

    play(story)


def test_lost_answer_to_a_whisper() -> None:
    """An ephemeral message cannot be looked up: what may have been lost is said in the direct conversation."""

    async def story() -> None:
        async with slack_bot() as bot:
            channel = bot.people.channel("ward", "dana")
            await bot.people.says("dana", channel, "@confer agenda")
            (heard,) = await bot.ear.hears(1)
            bot.slack.faults.on("chat.postEphemeral", "500")
            with pytest.raises(NotDelivered):
                await bot.platform.whisper(heard.place, heard.account, Card("Agenda"), "w")
            ref = await bot.platform.whisper(heard.place, heard.account, Card("Agenda"), "w")
            assert ref == await bot.platform.whisper(heard.place, heard.account, Card("Agenda"), "w")
            assert len(bot.people.sees("dana", bot.people.direct("dana"))) == 1
            nothing_broken(bot.breaches)

    play(story)
