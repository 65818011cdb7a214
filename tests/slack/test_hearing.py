"""What people do in Slack reaches the bot as words, once, from where it was done."""

import asyncio

import pytest

from adapters.card import Actions, Button, Card, Text
from adapters.platform import MessageRef, Source
from tests.slack.harness import nothing_broken, play, slack_bot, until
from tests.slack.people import text_of


@pytest.fixture(params=["socket", "http"])
def http(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "http")


def test_mention_in_a_thread_is_one_command(http: bool) -> None:
    """Slack sends a mention as two events of one message; the bot hears one command, in the thread."""

    async def story() -> None:
        async with slack_bot(http=http) as bot:
            channel = bot.people.channel("ward", "dana")
            root = await bot.people.says("dana", channel, "good morning")
            await bot.people.says("dana", channel, "@confer task done T-12", thread=root.ts)
            first, second = await bot.ear.hears(2)
            await bot.platform.intake.finish()
            assert (first.source, second.source) == (Source.CHAT, Source.TYPED)
            assert second.text == "task done T-12"
            assert second.place == bot.place(channel, root.ts)
            assert second.reply_to == MessageRef(second.place.room, root.ts)
            assert second.account_name == "dana"
            assert len(bot.ear.heard) == 2
            nothing_broken(bot.breaches)

    play(story)


def test_slash_command(http: bool) -> None:
    """A slash command comes in from its channel, mentions as accounts, marks as typed."""

    async def story() -> None:
        async with slack_bot(http=http) as bot:
            channel = bot.people.channel("ward", "dana", "lee")
            answer = await bot.people.commands("dana", channel, 'task add "a < b & c" for @lee')
            (heard,) = await bot.ear.hears(1)
            assert heard.text == f'task add "a < b & c" for {bot.account("lee")}'
            assert heard.names == {bot.account("lee"): "lee"}
            assert heard.place == bot.place(channel)
            assert answer.body == {}
            nothing_broken(bot.breaches)

    play(story)


def test_slash_command_where_the_bot_is_not() -> None:
    """A channel that the bot is not in cannot be answered in: the person is told in private, once."""

    async def story() -> None:
        async with slack_bot() as bot:
            for kind in ("channel", "group"):
                channel = bot.people.channel(f"far-{kind}", "dana", kind=kind, bot=False)
                await bot.people.commands("dana", channel, "agenda")
                await bot.platform.intake.finish()
            seen = bot.people.sees("dana", bot.people.direct("dana"))
            assert ["not in that channel" in text_of(m) for m in seen] == [True, True]
            assert bot.ear.heard == []

    play(story)


def test_broadcast_typed_is_never_sent_on() -> None:
    """A broadcast that somebody typed comes in as words and goes out as words."""

    async def story() -> None:
        async with slack_bot() as bot:
            channel = bot.people.channel("ward", "dana")
            message = bot.slack.world.post(channel, await bot.people.says("dana", channel, "x"))
            message.text = f"<@{bot.people.team.bot_user}> agenda add <!channel> &lt;!here&gt;"
            message.ts = bot.slack.world.next_ts()
            await bot.people.announce(channel, message)
            heard = (await bot.ear.hears(2))[1]
            assert heard.text == "agenda add @channel <!here>"
            await bot.platform.post(bot.place(channel), Card(heard.text, (Text(heard.text),)), "1")
            nothing_broken(bot.breaches)

    play(story)


def test_edits_bots_and_strange_events_are_taken_and_left() -> None:
    """An edited message is no second command, bots are not heard, and unknown events are not sent again."""

    async def story() -> None:
        async with slack_bot() as bot:
            channel = bot.people.channel("ward", "dana")
            said = await bot.people.says("dana", channel, "@confer agenda")
            await bot.people.edits("dana", channel, said, "@confer agenda lock")
            await bot.people.says("dana", channel, "@confer help", bot_id="B123", subtype="bot_message")
            for event in ({"type": "pin_added"}, {"type": "message", "subtype": "channel_topic"}, {"type": "x" * 300}):
                answer = await bot.people.event({"channel": channel.id, "ts": "1.0", **event})
                assert answer.attempts == 1
            await bot.platform.intake.finish()
            assert [one.text for one in bot.ear.heard] == ["agenda"]
            nothing_broken(bot.breaches)

    play(story)


def test_guests_and_shared_channels_are_refused() -> None:
    """Whoever is no member of the workspace, and whatever is open to another organisation, is not served."""

    async def story() -> None:
        async with slack_bot() as bot:
            channel = bot.people.channel("ward", "dana")
            bot.people.person("gus", guest=True)
            channel.members.add(bot.people.person("gus").id)
            await bot.people.says("gus", channel, "@confer agenda")
            await bot.platform.intake.finish()
            shared = bot.people.channel("joint", "dana")
            shared.ext_shared = True
            await bot.people.says("dana", shared, "@confer agenda")
            await bot.people.commands("dana", shared, "agenda")
            await bot.platform.intake.finish()
            assert bot.ear.heard == []
            assert "open to another organisation" in text_of(bot.people.sees("dana", bot.people.direct("dana"))[0])
            nothing_broken(bot.breaches)

    play(story)


def test_uncovered_workspace_does_nothing_about_cases() -> None:
    """Without an agreement marked, words about cases are refused, others are carried out, chat is not heard."""

    async def story() -> None:
        def is_open(words: str) -> bool:
            return words.startswith("meeting")

        async with slack_bot(covered=False, is_open=is_open) as bot:
            channel = bot.people.channel("ward", "dana")
            await bot.people.says("dana", channel, "@confer case submit Jonathan Lakeview")
            await bot.people.says("dana", channel, "Jonathan Lakeview called")
            await bot.people.says("dana", channel, "@confer meetings")
            await bot.platform.intake.finish()
            assert [one.text for one in bot.ear.heard] == ["meetings"]
            refusals = [m for m in bot.people.sees("dana", channel) if "baa = true" in text_of(m)]
            refusals += [m for m in bot.people.sees("dana", bot.people.direct("dana")) if "baa = true" in text_of(m)]
            assert len(refusals) == 1

    play(story)


def test_button_hides_words_and_works_after_a_restart() -> None:
    """A command that repeats words stands behind a token; it is understood by the next process too."""

    async def story() -> None:
        async with slack_bot() as bot:
            channel = bot.people.channel("ward", "dana")
            command = 'case keep C-7K2P "Lakeview"'
            buttons = Actions((Button("Keep", command), Button("Approve", "case approve C-7K2P")))
            ref = await bot.platform.post(bot.place(channel), Card("Preview", (buttons,)), "1")
            message = channel.find(ref.message)
            assert message
            values = [b["value"] for b in message.blocks[-1]["elements"]]
            assert values[1] == "case approve C-7K2P"
            assert "Lakeview" not in str(message.blocks)
            bot.platform.desk.kept = type(bot.platform.desk.kept)(bot.drawer)
            await bot.people.presses("dana", message, "Keep")
            (heard,) = await bot.ear.hears(1)
            assert (heard.text, heard.source) == (command, Source.BUTTON)
            bot.drawer.content = {k: v for k, v in bot.drawer.content.items() if not k.startswith("kept/")}
            await bot.people.presses("dana", message, "Keep")
            await bot.platform.intake.finish()
            assert any("too old" in text_of(m) for m in bot.people.sees("dana", channel))
            nothing_broken(bot.breaches)

    play(story)


def test_shortcut_is_a_command_about_the_message() -> None:
    """A message shortcut quotes its message, in the thread the message belongs to."""

    async def story() -> None:
        async with slack_bot() as bot:
            channel = bot.people.channel("ward", "dana", "lee")
            root = await bot.people.says("lee", channel, 'Check "TSH"\nnext week & report')
            await bot.people.uses_shortcut("dana", root, "make_task")
            await bot.people.uses_shortcut("dana", root, "unknown")
            heard = (await bot.ear.hears(2))[1]
            assert heard.text == "task add \"Check 'TSH' next week & report\""
            assert heard.reply_to == MessageRef(heard.place.room, root.ts)
            nothing_broken(bot.breaches)

    play(story)


def test_app_home_shows_the_persons_card() -> None:
    """Opening the home shows a card; its buttons answer in the direct conversation."""

    async def story() -> None:
        async def glance(account: str) -> Card:
            return Card("What waits for you", (Text("3 action items"), Actions((Button("My tasks", "tasks mine"),))))

        async with slack_bot(glance=glance) as bot:
            await bot.people.opens_home("dana")
            await until(lambda: bot.slack.world.homes)
            await bot.people.presses_home("dana", "My tasks")
            (heard,) = await bot.ear.hears(1)
            assert (heard.text, heard.place) == ("tasks mine", bot.place(bot.people.direct("dana")))
            nothing_broken(bot.breaches)

    play(story)


def test_bot_joins_a_channel() -> None:
    """Being brought into a channel is told once."""

    async def story() -> None:
        async with slack_bot() as bot:
            channel = bot.people.channel("ward", "dana")
            event = {
                "type": "member_joined_channel",
                "user": bot.people.team.bot_user,
                "channel": channel.id,
                "inviter": bot.people.person("dana").id,
                "event_ts": "1800000000.000100",
            }
            await bot.people.event(event, channel)
            (heard,) = await bot.ear.hears(1)
            assert (heard.source, heard.account) == (Source.JOINED, bot.account("dana"))

    play(story)


def test_uninstalled_workspace_is_forgotten() -> None:
    """After an uninstall no token is kept and nothing is posted."""

    async def story() -> None:
        async with slack_bot() as bot:
            await bot.people.event({"type": "app_uninstalled"})
            await bot.platform.intake.finish()
            assert bot.platform.installations.known == ()
            await asyncio.sleep(0)

    play(story)
