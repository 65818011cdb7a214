"""Posts are seen once whatever happens on the way, in their order, no faster than Slack allows."""

import asyncio
from collections.abc import Mapping

import msgspec
import pytest

from adapters.card import Card, Row, Rows, Text
from adapters.platform import MessageRef, NotDelivered
from adapters.slack import rules
from adapters.slack.ledger import Entry, Ledger
from tests.adapters.cards import CARDS
from tests.slack.harness import DEADLINE, Bot, MemoryDrawer, NoInbox, nothing_broken, play, slack_bot
from tests.slack.people import text_of


async def posted(bot: Bot, key: str, tries: int = 5, card: Card | None = None) -> MessageRef:
    """What delivery does: ask again under the same key until it is there."""
    place = bot.place(bot.people.channel("ward", "dana"))
    for _ in range(tries):
        try:
            return await bot.platform.post(place, card or Card("Agenda"), key)
        except NotDelivered as failure:
            if failure.final:
                raise
    raise AssertionError("never delivered")


@pytest.mark.parametrize("fault", ["lost", "500", "refused", "internal_error"])
def test_unknown_outcome_is_looked_up(fault: str) -> None:
    """Whether Slack took the post or not, and said so or not: in the end it stands there once."""

    async def story() -> None:
        async with slack_bot() as bot:
            bot.slack.faults.on("chat.postMessage", fault)
            ref = await posted(bot, "k")
            channel = bot.people.channel("ward")
            assert [m.ts for m in channel.messages] == [ref.message]
            assert "conversations.history" in [method for method, _ in bot.slack.world.sent]
            nothing_broken(bot.breaches)

    play(story)


def test_unknown_outcome_in_a_thread() -> None:
    """A reply is looked up among the replies."""

    async def story() -> None:
        async with slack_bot() as bot:
            channel = bot.people.channel("ward", "dana")
            root = await bot.people.says("dana", channel, "hello")
            bot.slack.faults.on("chat.postMessage", "lost")
            place = bot.place(channel, root.ts)
            with pytest.raises(NotDelivered) as unknown:
                await bot.platform.post(place, Card("Reply"), "k")
            assert unknown.value.unknown
            ref = await bot.platform.post(place, Card("Reply"), "k")
            assert [m.ts for m in channel.messages] == [root.ts, ref.message]

    play(story)


def test_held_where_no_look_is_possible() -> None:
    """If the history cannot be read, the post is held and nothing is sent twice."""

    async def story() -> None:
        async with slack_bot() as bot:
            bot.slack.faults.on("chat.postMessage", "lost")
            bot.slack.faults.on("conversations.history", "missing_scope", times=3)
            place = bot.place(bot.people.channel("ward", "dana"))
            for _ in range(4):
                with pytest.raises(NotDelivered) as held:
                    await bot.platform.post(place, Card("Agenda"), "k")
                assert held.value.unknown
                assert not held.value.final
            assert held.value.kind == "unconfirmed"
            await posted(bot, "k")
            assert len(bot.people.channel("ward").messages) == 1

    play(story)


def test_a_new_process_posts_nothing_twice() -> None:
    """The key is known, and a post in doubt looked up, by the process that comes after a kill."""

    async def story() -> None:
        async with slack_bot() as bot:
            first = await posted(bot, "known")
            bot.slack.faults.on("chat.postMessage", "lost")
            with pytest.raises(NotDelivered):
                await bot.platform.post(bot.place(bot.people.channel("ward")), Card("Agenda"), "doubt")
            fresh = type(bot.platform)(bot.platform.options, bot.drawer, NoInbox())
            async with fresh.opened():
                place = bot.place(bot.people.channel("ward"))
                assert await fresh.post(place, Card("Agenda"), "known") == first
                await fresh.post(place, Card("Agenda"), "doubt")
            assert len(bot.people.channel("ward").messages) == 2

    play(story)


def test_what_surely_was_not_posted_is_not_looked_for() -> None:
    """Slack said that it did not take it: it is sent again, without a look at the history, which some may hardly read."""

    async def story() -> None:
        async with slack_bot() as bot:
            bot.slack.faults.on("chat.postMessage", "is_archived")
            with pytest.raises(NotDelivered):
                await bot.platform.post(bot.place(bot.people.channel("ward", "dana")), Card("Agenda"), "k")
            ref = await posted(bot, "k")
            assert [m.ts for m in bot.people.channel("ward").messages] == [ref.message]
            assert "conversations.history" not in [method for method, _ in bot.slack.world.sent]

    play(story)


def test_what_another_instance_may_have_posted_is_looked_for() -> None:
    """It surely was not posted by this one; since then another has tried, and nobody told it what became of that."""

    async def story() -> None:
        async with slack_bot() as bot:
            place = bot.place(bot.people.channel("ward", "dana"))
            other = type(bot.platform)(bot.platform.options, bot.drawer, NoInbox())
            async with other.opened():
                for platform, fault in ((bot.platform, "is_archived"), (other, "lost")):
                    bot.slack.faults.on("chat.postMessage", fault)
                    with pytest.raises(NotDelivered):
                        await platform.post(place, Card("Agenda"), "k")
            ref = await posted(bot, "k")
            assert [m.ts for m in bot.people.channel("ward").messages] == [ref.message]

    play(story)


def test_posts_that_come_together_are_noted_together() -> None:
    """That each is about to go out, and that it is there: so many writes would be forty if each came alone."""

    async def story() -> None:
        async with slack_bot() as bot:
            rooms = [bot.place(bot.people.channel(f"ward-{n}", "dana")) for n in range(20)]
            writes: list[tuple[int, int]] = []
            put_all = bot.drawer.put_all

            def counted(contents: Mapping[str, bytes], new: Mapping[str, bytes]) -> dict[str, bytes]:
                writes.append((len(contents), len(new)))
                return put_all(contents, new)

            bot.drawer.put_all = counted  # type: ignore[method-assign]
            await asyncio.gather(*(bot.platform.post(room, Card("Agenda"), f"k{n}") for n, room in enumerate(rooms)))
            await bot.platform._ledger.finish()
            assert [sum(kind) for kind in zip(*writes, strict=True)] == [20, 20]
            assert len(writes) < 20

    play(story)


def test_what_is_being_noted_is_noted_though_nobody_waits_for_it() -> None:
    """A stop that is cut short takes no write with it: whoever waits for that write still hears of it."""

    async def story() -> None:
        ledger, entry = Ledger(MemoryDrawer()), Entry("nonce", 0.0)
        saving = asyncio.create_task(ledger.save_post("k", entry))
        await asyncio.sleep(0)
        stopping = asyncio.create_task(ledger.finish())
        await asyncio.sleep(0)
        stopping.cancel()
        async with asyncio.timeout(DEADLINE):
            await saving
            assert await ledger.begin_post("k", Entry("another", 1.0)) == entry

    play(story)


def test_killed_between_posting_and_noting() -> None:
    """The message is in Slack, the note of it is not: the next process finds it."""

    async def story() -> None:
        async with slack_bot() as bot:
            place = bot.place(bot.people.channel("ward", "dana"))
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(bot.platform._ledger, "note_post", lambda *_: None)
                await bot.platform.post(place, Card("Agenda"), "k")
            fresh = type(bot.platform)(bot.platform.options, bot.drawer, NoInbox())
            async with fresh.opened():
                await fresh.post(place, Card("Agenda"), "k")
            assert len(bot.people.channel("ward").messages) == 1

    play(story)


def test_long_card_goes_on_in_its_thread_and_is_edited_whole() -> None:
    """Further pages stand in the thread; an edit leaves no old page, a redaction none at all."""

    async def story() -> None:
        async with slack_bot() as bot:
            channel = bot.people.channel("ward", "dana")
            long = Card("Long", (Rows(tuple(Row(f"T-{n}", "x" * 900) for n in range(60))),))
            ref = await posted(bot, "k", card=long)
            assert len(channel.messages) > 3
            assert {m.thread_ts for m in channel.messages[1:]} == {ref.message}
            await bot.platform.edit(ref, Card("Medium", (Text("y" * 15_000),)))
            assert len(bot.people.sees("dana", channel)) == 2
            await bot.platform.edit(ref, long)
            await bot.platform.edit(ref, Card("Short"))
            assert [text_of(m) for m in bot.people.sees("dana", channel)] == ["*Short*"]
            await bot.platform.edit(ref, long)
            await bot.platform.redact(ref)
            assert bot.people.sees("dana", channel) == []
            nothing_broken(bot.breaches)

    play(story)


def test_never_into_a_shared_channel() -> None:
    """A channel that was opened to another organisation gets nothing more."""

    async def story() -> None:
        async with slack_bot() as bot:
            channel = bot.people.channel("ward", "dana")
            await posted(bot, "before")
            channel.ext_shared = True
            await bot.people.event({"type": "channel_shared", "channel": channel.id}, channel)
            await bot.platform.intake.finish()
            with pytest.raises(NotDelivered) as refused:
                await bot.platform.post(bot.place(channel), Card("Agenda"), "after")
            assert refused.value.final
            nothing_broken(bot.breaches)

    play(story)


def test_names_stand_for_accounts() -> None:
    """Where a card's words name an account, people read the person's name, and nobody is called by it."""

    async def story() -> None:
        async with slack_bot() as bot:
            channel = bot.people.channel("ward", "dana", "lee")
            who = bot.account("lee")
            card = Card(f"For {who}", (Text(f"{who}, please"),), mentions=(bot.account("dana"),))
            await bot.platform.post(bot.place(channel), card, "k")
            shown = text_of(channel.messages[0])
            assert "For @lee" in shown
            assert f"<@{bot.people.person('dana').id}>" in shown
            assert bot.people.person("lee").id not in shown

    play(story)


def test_nothing_of_a_patient_outside_messages() -> None:
    """A name in every text of a card stands in texts of blocks alone: not in ids, values, metadata or the notification."""

    async def story() -> None:
        async with slack_bot() as bot:
            secret = "Lakeview"
            place = bot.place(bot.people.channel("ward", "dana"))
            for name, card in ((name, card) for name, card in CARDS.items() if name != "hostile"):
                raw = msgspec.json.encode(card).replace(b'"x"', b'"say \\"Lakeview\\""')
                planted = msgspec.json.decode(raw.replace(b"Since May.", secret.encode()), type=Card)
                await bot.platform.post(place, planted, name)
            for method, args in bot.slack.world.sent:
                if method.startswith(("chat.", "files.", "views.")):
                    assert secret not in str(list(rules.hidden_strings(args))), method
                    assert secret not in str(args.get("text"))
            nothing_broken(bot.breaches)

    play(story)
