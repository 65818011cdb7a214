"""Who may read along, and which workspaces may hear about cases: what is held, and whom it is told."""

import asyncio
from dataclasses import replace

import pytest

from adapters.card import Card, Text
from adapters.platform import NotDelivered
from adapters.slack import SlackPlatform
from bot.cli.slack import is_clinical, is_open
from storage.inbox import SealedInbox
from tests.slack.harness import Ear, nothing_broken, play, running, slack_bot
from tests.slack.people import text_of
from tests.slack.whole import make_team, ref, ward

REMINDER = Card("T-1 is due tomorrow", (Text("Check the TSH of C-7K2P"),))


@pytest.mark.parametrize("flag", ["guest", "stranger", "is_bot"])
def test_a_guest_in_the_room_holds_a_summary_back(flag: str) -> None:
    """A guest of the workspace reads what is posted, even one whom somebody added to the team: nothing clinical is."""

    async def story() -> None:
        async with ward() as it:
            await make_team(it)
            gus = it.people.person("gus")
            await it.says("carla", "team add @gus nursing")
            setattr(gus, flag, True)
            it.channel.members.add(gus.id)
            event = {"type": "member_joined_channel", "user": gus.id, "channel": it.channel.id, "event_ts": "1.0"}
            it.platform.directory._people.clear()
            await it.people.event(event, it.channel)
            await it.whispers("pat", "case submit")
            case = ref(await it.fills("pat", question="Switch?", background="Low desire since sertraline."), "C")
            answer = await it.presses("pat", "Approve")
            assert "gus (a guest or an app) is in the room and not in the team" in answer
            assert "sertraline" not in it.in_channel()
            it.channel.members.discard(gus.id)
            await it.people.event({**event, "type": "member_left_channel"}, it.channel)
            await it.whispers("pat", f"case approve {case}")
            assert "sertraline" in it.in_channel()
            assert it.slack.world.breaches == []

    play(story)


def test_a_guest_is_told_nothing() -> None:
    """Who has become a guest hears nothing by themselves either."""

    async def story() -> None:
        async with slack_bot() as bot:
            bot.people.person("gus", guest=True)
            place = bot.place(bot.people.channel("ward", "gus"))
            with pytest.raises(NotDelivered) as refused:
                await bot.platform.whisper(place, bot.account("gus"), REMINDER, "w")
            assert (refused.value.kind, refused.value.final) == ("not_a_member", True)
            assert bot.people.sees("gus", bot.people.direct("gus")) == []

    play(story)


def test_without_the_agreement_reminders_wait() -> None:
    """The agreement ended: posts, whispers and edits about cases wait, and the room and the person are told once why."""

    async def story() -> None:
        async with slack_bot(is_clinical=is_clinical, is_open=is_open) as bot:
            channel = bot.people.channel("ward", "dana")
            place = bot.place(channel)
            posted = await bot.platform.post(place, Card("Case C-7K2P"), "before")
            inbox = SealedInbox(bot.inbox.with_name("later"), bot.root, "slack")
            later = SlackPlatform(replace(bot.platform.options, covered=False), bot.drawer, inbox)
            async with later.opened():
                for n in range(3):
                    for call in (
                        later.post(place, REMINDER, f"timer:{n}"),
                        later.whisper(place, bot.account("dana"), REMINDER, f"timer:w{n}"),
                        later.edit(posted, REMINDER),
                    ):
                        with pytest.raises(NotDelivered) as held:
                            await call
                        assert held.value.kind == "not_covered"
                        assert held.value.retry_after
                        assert not held.value.final
                await later.post(place, Card("M-1 begins in an hour"), "timer:soon")
                await later.redact(posted)
            inbox.close()
            direct = bot.people.direct("dana")
            for there, count in ((channel, 1), (direct, 1)):
                texts = [text_of(m) for m in bot.people.sees("dana", there)]
                assert sum("baa = true" in text for text in texts) == count
                assert not [text for text in texts if "TSH" in text]
            assert [text_of(m) for m in bot.people.sees("dana", channel)][-1] == "*M-1 begins in an hour*"
            nothing_broken(bot.breaches)

    play(story)


def test_answers_to_open_commands_are_said_without_the_agreement() -> None:
    """Help names cases and items in its examples; whoever asks for it gets it."""

    async def story() -> None:
        async with slack_bot(covered=False, is_clinical=is_clinical, is_open=is_open) as bot:
            channel = bot.people.channel("ward", "dana")
            await bot.people.says("dana", channel, "@confer help task")
            (heard,) = await bot.ear.hears(1)
            card = Card("task done T-12", (Text("settles it"),))
            await bot.platform.whisper(heard.place, heard.account, card, f"inv:{heard.id}:reply")
            assert any("T-12" in text_of(m) for m in bot.people.sees("dana", channel))
            with pytest.raises(NotDelivered):
                await bot.platform.whisper(heard.place, heard.account, card, "inv:another:reply")

    play(story)


def test_a_whisper_is_not_ephemeral_twice() -> None:
    """Killed after it whispered and before it noted so: the next process says it in private, and there only once."""

    async def story() -> None:
        ear, stuck = Ear(), asyncio.Event()

        async def hang() -> None:
            stuck.set()
            await asyncio.Event().wait()

        ear.before = hang
        async with slack_bot(ear=ear) as bot:
            channel = bot.people.channel("ward", "dana")
            await bot.people.says("dana", channel, "@confer whoami")
            await stuck.wait()
            place, dana = bot.place(channel), bot.account("dana")
            await bot.platform.whisper(place, dana, Card("You are dana."), "inv:1:reply")
            left = bot.inbox.with_name("left")
            left.write_bytes(bot.inbox.read_bytes())
            bot.platform.intake.stop()
            ear.before = None
            for _ in range(2):
                inbox = SealedInbox(left, bot.root, "slack")
                fresh = SlackPlatform(bot.platform.options, bot.drawer, inbox)
                async with running(fresh, ear.receive):
                    await fresh.intake.finish()
                    await fresh.whisper(place, dana, Card("You are dana."), "inv:1:reply")
                inbox.close()
            assert len([m for m in channel.messages if m.only_for]) == 1
            assert len(bot.people.sees("dana", bot.people.direct("dana"))) == 1
            assert [one.text for one in ear.heard] == ["whoami"]

    play(story)
