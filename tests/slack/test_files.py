"""Files by the external upload: shared once, checked, and gone with their card."""

from contextlib import suppress

import pytest

from adapters.card import Card, File
from adapters.platform import NotDelivered
from tests.slack.harness import Bot, NoInbox, nothing_broken, play, slack_bot
from tests.slack.test_posting import posted

MINUTES = Card("Minutes", (File("minutes-M-8.pdf", "application/pdf", b"%PDF" * 1000),))


def test_file_is_shared_once_and_checked() -> None:
    """A file goes below its card; ok without having been shared is noticed, and the file taken out with the card."""

    async def story() -> None:
        async with slack_bot() as bot:
            channel = bot.people.channel("ward", "dana")
            card = Card("Minutes", (File("../M-8 <b>.pdf", "application/pdf", b"%PDF" * 1000),))
            bot.slack.faults.on("files.completeUploadExternal", "unshared")
            ref = await posted(bot, "k", card=card)
            message, file = channel.messages
            assert file.thread_ts == message.ts == ref.message
            assert file.files[0]["name"] == "M-8-b-.pdf"
            assert await posted(bot, "k", card=card) == ref
            await bot.platform.redact(ref)
            assert bot.people.sees("dana", channel) == []
            nothing_broken(bot.breaches)

    play(story)


async def once(bot: Bot, card: Card) -> None:
    """Posted until it is there, the card has one file in its thread, and no other file is left behind."""
    await posted(bot, "k", card=card)
    channel = bot.people.channel("ward")
    assert len([m for m in channel.messages if m.files]) == 1
    nothing_broken(bot.breaches)


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal", "files.info"])
@pytest.mark.parametrize("fault", ["lost", "500", "refused", "internal_error"])
def test_unknown_outcome_of_a_file(method: str, fault: str) -> None:
    """Whatever Slack did and did not say about a file: in the end it stands there once."""

    async def story() -> None:
        async with slack_bot() as bot:
            bot.slack.faults.on(method, fault)
            await once(bot, MINUTES)

    play(story)


def test_killed_between_sharing_and_noting_a_file() -> None:
    """The file is in Slack, the note of it is not: the next process finds it."""

    async def story() -> None:
        async with slack_bot() as bot:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(bot.platform._ledger, "note_post", lambda *_: None)
                await posted(bot, "k", card=MINUTES)
            fresh = type(bot.platform)(bot.platform.options, bot.drawer, NoInbox())
            async with fresh.opened():
                await fresh.post(bot.place(bot.people.channel("ward")), MINUTES, "k")
            await once(bot, MINUTES)

    play(story)


def test_a_file_that_was_not_shared_is_taken_away() -> None:
    """Slack said ok and shared nothing: those bytes do not stay behind."""

    async def story() -> None:
        async with slack_bot() as bot:
            bot.slack.faults.on("files.completeUploadExternal", "unshared")
            await once(bot, MINUTES)
            assert [f["name"] for f in bot.slack.world.files.values() if not f.get("deleted")] == ["minutes-M-8.pdf"]

    play(story)


@pytest.mark.parametrize("method", ["files.delete", "chat.delete"])
def test_lost_answer_to_taking_out(method: str) -> None:
    """Whoever takes a card out again, since Slack did not say that it is gone, is not told that it never was."""

    async def story() -> None:
        async with slack_bot() as bot:
            ref = await posted(bot, "k", card=MINUTES)
            bot.slack.faults.on(method, "lost")
            for _ in range(2):
                with suppress(NotDelivered):
                    await bot.platform.redact(ref)
            await bot.platform.redact(ref)
            assert bot.people.sees("dana", bot.people.channel("ward")) == []
            nothing_broken(bot.breaches)

    play(story)
