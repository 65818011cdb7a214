"""What every chat platform keeps to, told as people meet it. A fake earns its trust here."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.card import Actions, Button, Card, Field, Form, Text
from adapters.platform import MessageRef, NotDelivered, Place, Source
from tests.contract.platforms import PLATFORMS, Chat

Story = Callable[[Chat], Awaitable[None]]
Play = Callable[[Story], None]

DEADLINE = 60


@pytest.fixture(params=PLATFORMS)
def play(request: pytest.FixtureRequest) -> Play:
    """Lets a story happen on the platform."""

    def run(story: Story) -> None:
        async def whole() -> None:
            async with asyncio.timeout(DEADLINE), PLATFORMS[request.param]() as chat:
                await story(chat)

        asyncio.run(whole())

    return run


OFFER = Card("Preview of C-7K2P", (Actions((Button("Approve", "case approve C-7K2P", "✅"),)),))
FORM = Card(
    "A case",
    (
        Form(
            "Fill in",
            "A case",
            "case submit",
            (
                Field("question", "Question", required=True),
                Field("background", "Background", value="Since May."),
            ),
        ),
    ),
)


def test_same_key_posts_once(play: Play) -> None:
    """A post asked for again under its key gives the first message back and shows nothing twice."""

    async def story(chat: Chat) -> None:
        place = await chat.room("case-room", "dana")
        first = await chat.platform.post(place, Card("Agenda is open"), "notice-1")
        again = await chat.platform.post(place, Card("Agenda is open"), "notice-1")
        other = await chat.platform.post(place, Card("Agenda is open"), "notice-2")
        assert first == again != other
        assert [seen.ref for seen in await chat.sees("dana", place)] == [first, other]

    play(story)


def test_posts_keep_their_order_and_words(play: Play) -> None:
    """Everyone in the room sees the posts as they were sent, mark-up characters to the letter."""

    async def story(chat: Chat) -> None:
        place = await chat.room("case-room", "dana", "lee")
        await chat.platform.post(place, Card("First"), "1")
        await chat.platform.post(place, Card("Second", (Text("*no* _bold_ <b>&amp; `code` @lee"),)), "2")
        for person in ("dana", "lee"):
            first, second = await chat.sees(person, place)
            assert "First" in first.text
            assert "*no* _bold_ <b>&amp; `code` @lee" in second.text

    play(story)


def test_whisper_is_for_one(play: Play) -> None:
    """A whisper reaches its one person and nobody else in the room; its key counts as a post's does."""

    async def story(chat: Chat) -> None:
        place = await chat.room("case-room", "dana", "lee")
        first = await chat.platform.whisper(place, chat.account("dana"), Card("For dana alone"), "w-1")
        again = await chat.platform.whisper(place, chat.account("dana"), Card("For dana alone"), "w-1")
        assert first == again
        seen = await chat.sees("dana", place)
        assert [("For dana alone" in message.text) for message in seen] == [True]
        assert not await chat.sees("lee", place)

    play(story)


def test_edit_shows_another_card_in_the_same_message(play: Play) -> None:
    """After an edit the message says the new card, where it stood."""

    async def story(chat: Chat) -> None:
        place = await chat.room("case-room", "dana")
        ref = await chat.platform.post(place, Card("Voting is open"), "1")
        await chat.platform.post(place, Card("Later"), "2")
        await chat.platform.edit(ref, Card("Voting is closed"))
        await chat.platform.edit(ref, Card("Voting is closed"))
        first, _later = await chat.sees("dana", place)
        assert first.ref == ref
        assert "Voting is closed" in first.text
        assert "Voting is open" not in first.text

    play(story)


def test_whisper_is_edited_for_its_one_person(play: Play) -> None:
    """An edited whisper is still for one."""

    async def story(chat: Chat) -> None:
        place = await chat.room("case-room", "dana", "lee")
        ref = await chat.platform.whisper(place, chat.account("dana"), Card("Preview"), "1")
        await chat.platform.edit(ref, Card("Approved"))
        (seen,) = await chat.sees("dana", place)
        assert "Approved" in seen.text
        assert not await chat.sees("lee", place)

    play(story)


def test_redacted_is_gone(play: Play) -> None:
    """A redacted message is seen by nobody; a second time changes nothing, and the key posts nothing new."""

    async def story(chat: Chat) -> None:
        place = await chat.room("case-room", "dana")
        ref = await chat.platform.post(place, Card("Summary"), "1")
        await chat.platform.redact(ref)
        await chat.platform.redact(ref)
        assert not await chat.sees("dana", place)
        assert await chat.platform.post(place, Card("Summary"), "1") == ref
        assert not await chat.sees("dana", place)

    play(story)


def test_unknown_message_is_refused_for_good(play: Play) -> None:
    """Editing or redacting what is not there says so, and that trying again is no use."""

    async def story(chat: Chat) -> None:
        place = await chat.room("case-room", "dana")
        nowhere = MessageRef(place.room, "gone-99")
        with pytest.raises(NotDelivered) as edited:
            await chat.platform.edit(nowhere, Card("x"))
        with pytest.raises(NotDelivered) as redacted:
            await chat.platform.redact(nowhere)
        assert edited.value.final
        assert redacted.value.final

    play(story)


def test_members_are_the_people(play: Play) -> None:
    """The accounts in the room, without the bot."""

    async def story(chat: Chat) -> None:
        place = await chat.room("case-room", "dana", "lee")
        assert await chat.platform.members(place.room) == {chat.account("dana"), chat.account("lee")}

    play(story)


def test_addressed_words_are_a_command(play: Play) -> None:
    """In a room the bot's name in front makes a command; the name itself is taken off, lines are kept."""

    async def story(chat: Chat) -> None:
        place = await chat.room("case-room", "dana")
        ref = await chat.says("dana", place, "!confer case submit\nfirst line\nsecond line")
        (heard,) = await chat.hears(1)
        assert heard.source is Source.TYPED
        assert heard.text == "case submit\nfirst line\nsecond line"
        assert heard.account == chat.account("dana")
        assert (heard.place, heard.message, heard.reply_to) == (place, ref, None)
        assert heard.at.tzinfo is not None

    play(story)


def test_other_words_are_chat(play: Play) -> None:
    """What people say to each other comes in as chat, to the letter."""

    async def story(chat: Chat) -> None:
        place = await chat.room("case-room", "dana")
        await chat.says("dana", place, "Good morning, Confer is late?")
        (heard,) = await chat.hears(1)
        assert (heard.source, heard.text) == (Source.CHAT, "Good morning, Confer is late?")

    play(story)


def test_direct_room_needs_no_name(play: Play) -> None:
    """Everything said in the direct room is a command, with and without the name; the answer stays there."""

    async def story(chat: Chat) -> None:
        place = await chat.direct("dana")
        await chat.says("dana", place, "whoami")
        await chat.says("dana", place, "@confer whoami")
        await chat.platform.post(place, Card("You are dana"), "1")
        heard = await chat.hears(2)
        assert [(one.source, one.text) for one in heard] == 2 * [(Source.TYPED, "whoami")]
        assert heard[0].place.direct
        assert "You are dana" in (await chat.sees("dana", place))[-1].text
        assert not await chat.sees("lee", place)

    play(story)


def test_ids_differ(play: Play) -> None:
    """No two things that people do come in under one id."""

    async def story(chat: Chat) -> None:
        place = await chat.room("case-room", "dana")
        ref = await chat.platform.post(place, OFFER, "1")
        await chat.says("dana", place, "!confer agenda")
        await chat.says("dana", place, "!confer agenda")
        await chat.presses("dana", ref, "Approve")
        assert len({one.id for one in await chat.hears(3)}) == 3

    play(story)


def test_button_is_its_command(play: Play) -> None:
    """A pressed button comes in as the command it stands for, from where its message stands."""

    async def story(chat: Chat) -> None:
        place = await chat.room("case-room", "dana", "lee")
        ref = await chat.platform.post(place, OFFER, "1")
        await chat.presses("lee", ref, "Approve")
        (heard,) = await chat.hears(1)
        assert (heard.source, heard.text) == (Source.BUTTON, "case approve C-7K2P")
        assert (heard.account, heard.place, heard.message) == (chat.account("lee"), place, ref)

    play(story)


def test_form_brings_all_its_fields(play: Play) -> None:
    """A sent form comes in as its command with every field, those left alone with the value they had."""

    async def story(chat: Chat) -> None:
        place = await chat.room("case-room", "dana")
        ref = await chat.platform.post(place, FORM, "1")
        await chat.fills("dana", ref, {"question": "Low desire\nsince sertraline"})
        (heard,) = await chat.hears(1)
        assert (heard.source, heard.text, heard.place) == (Source.FORM, "case submit", place)
        assert dict(heard.fields) == {"question": "Low desire\nsince sertraline", "background": "Since May."}

    play(story)


def test_whispered_button_acts_where_it_was_whispered(play: Play) -> None:
    """What is decided in private still concerns the room it was asked for."""

    async def story(chat: Chat) -> None:
        place = await chat.room("case-room", "dana", "lee")
        ref = await chat.platform.whisper(place, chat.account("dana"), OFFER, "1")
        await chat.presses("dana", ref, "Approve")
        (heard,) = await chat.hears(1)
        assert heard.place.room == place.room

    play(story)


def test_a_button_of_a_reminder_acts_in_private(play: Play) -> None:
    """What the bot says to somebody of its own accord was asked for in no room."""

    async def story(chat: Chat) -> None:
        await chat.room("case-room", "dana", "lee")
        ref = await chat.platform.whisper(Place(chat.platform.name, ""), chat.account("dana"), OFFER, "1")
        await chat.presses("dana", ref, "Approve")
        (heard,) = await chat.hears(1)
        assert heard.place.direct
        assert heard.place.room == ref.room

    play(story)


def test_thread_holds_together(play: Play) -> None:
    """Words in a thread say which, and answer its first message; the bot's posts go into it."""

    async def story(chat: Chat) -> None:
        place = await chat.room("case-room", "dana")
        root = await chat.platform.post(place, Card("Summary of C-7K2P"), "1")
        thread = Place(place.platform, place.room, root.message)
        await chat.says("dana", thread, "!confer case")
        (heard,) = await chat.hears(1)
        assert heard.place == thread
        assert heard.reply_to == root
        await chat.platform.post(heard.place, Card("Ready"), "2")
        assert len(await chat.sees("dana", place)) == 3

    play(story)


def test_bot_may_take_a_persons_message_away(play: Play) -> None:
    """Where the platform lets it: a patient's name typed in a shared room does not stay there."""

    async def story(chat: Chat) -> None:
        place = await chat.room("case-room", "dana", "lee")
        ref = await chat.says("dana", place, "!confer case submit about somebody")
        if not getattr(chat, "removes_others", True):
            with pytest.raises(NotDelivered) as refused:
                await chat.platform.redact(ref)
            assert refused.value.final
            return
        await chat.platform.redact(ref)
        assert not await chat.sees("lee", place)

    play(story)


def test_only_own_messages_are_edited(play: Play) -> None:
    """The bot never puts words into a person's message."""

    async def story(chat: Chat) -> None:
        place = await chat.room("case-room", "dana")
        ref = await chat.says("dana", place, "hello")
        with pytest.raises(NotDelivered) as refused:
            await chat.platform.edit(ref, Card("hello?"))
        assert refused.value.final
        assert "hello" in (await chat.sees("dana", place))[0].text

    play(story)
