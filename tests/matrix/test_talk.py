"""What is said in encrypted rooms reaches the bot, and what the bot says reaches people."""

import asyncio
from typing import Any

from nio import RoomMessageText

from adapters.card import Actions, Button, Card, File, Text
from adapters.matrix.http import Homeserver
from adapters.platform import Place, Source
from tests.matrix.conftest import Play
from tests.matrix.house import House

OFFER = Card("Preview of C-7K2P", (Actions((Button("Approve", "case approve C-7K2P", "✅"),)),))

FILE = File("summary.txt", "text/plain", b"what was said")


def test_command_and_answer_in_an_encrypted_room(play: Play) -> None:
    """A command is read, its answer is read, and neither is in clear on the homeserver."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        await dana.says(room, "!confer tasks mine")
        (heard,) = await house.ear.hears()
        assert (heard.text, heard.source, heard.account) == ("tasks mine", Source.TYPED, dana.account)
        assert heard.place == Place("matrix", room)
        await house.platform.post(heard.place, Card("Nothing is due", (Text("Rest & *sleep*"),)), "k1")
        seen = await dana.hears(room, "Nothing is due", by=house.bot)
        assert seen.encrypted
        assert "Rest & *sleep*" in seen.text
        assert "<strong>Nothing is due</strong>" in seen.content["formatted_body"]

    play(story)


def test_somebody_whom_the_bot_has_not_met_is_called_as_the_homeserver_says(play: Play) -> None:
    """Only where the bot is spoken to: for people's talk, and for other servers' people, it asks nobody."""

    async def story(house: House) -> None:
        house.start()
        dana, lee = await house.person("dana"), await house.person("lee")
        room = await house.room("case-room", dana)
        for words in ("!confer team add {} nursing", "I have met {}", "!confer team add @who:elsewhere.test nursing"):
            await dana.says(room, words.format(lee.account))
        names = [dict(one.names) for one in (await house.ear.hears(4, all_sources=True))[1:]]
        assert names == [{lee.account: "Lee"}, {}, {}]

    play(story)


def test_whisper_makes_one_encrypted_direct_room(play: Play) -> None:
    """A whisper comes in a direct room that only its person sees; the next one comes there too."""

    async def story(house: House) -> None:
        house.start()
        dana, lee = await house.person("dana"), await house.person("lee")
        room = await house.room("case-room", dana, lee)
        place = Place("matrix", room)
        first = await house.platform.whisper(place, dana.account, Card("For dana alone"), "w-1")
        await dana.joins(first.room)
        seen = await dana.hears(first.room, "For dana alone", by=house.bot)
        assert seen.encrypted
        again = await house.platform.whisper(place, dana.account, Card("And this"), "w-2")
        assert again.room == first.room
        assert lee.account not in dana.members(first.room)
        await dana.says(first.room, "whoami")
        (heard,) = await house.ear.hears()
        assert heard.place.direct
        assert heard.text == "whoami"

    play(story)


def test_reaction_is_its_button_and_acts_where_it_was_asked(play: Play) -> None:
    """A reaction to a whispered card, or a reply of its number, presses the button for the room of the question."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        place = Place("matrix", room)
        ref = await house.platform.whisper(place, dana.account, OFFER, "w-1")
        await dana.joins(ref.room)
        await dana.hears(ref.room, "Preview")
        await dana.reacts(ref.room, ref.message, "✅️")
        (heard,) = await house.ear.hears(1)
        assert (heard.source, heard.text, heard.place) == (Source.BUTTON, "case approve C-7K2P", place)
        await dana.says(ref.room, "1")
        by_number = (await house.ear.hears(2))[1]
        assert (by_number.source, by_number.text, by_number.place) == (Source.BUTTON, "case approve C-7K2P", place)

    play(story)


def test_edit_is_no_second_command(play: Play) -> None:
    """An edited message, a redacted one and a notice of another bot are not commands."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        event = await dana.says(room, "!confer agenda")
        replaced = {"m.new_content": {"msgtype": "m.text", "body": "!confer tasks"}}
        relation = {"m.relates_to": {"rel_type": "m.replace", "event_id": event}}
        await dana.says(room, "* !confer tasks", **replaced, **relation)
        await dana.says(room, "!confer tasks", msgtype="m.notice")
        await dana.says(room, "!confer last")
        assert [one.text for one in await house.ear.hears(2)] == ["agenda", "last"]

    play(story)


def test_mentions_and_pills(play: Play) -> None:
    """A pill calls the bot by any name, and a pill of a person becomes the account."""

    async def story(house: House) -> None:
        house.start()
        dana, lee = await house.person("dana"), await house.person("lee")
        room = await house.room("case-room", dana, lee)
        pill = f'<a href="https://matrix.to/#/{house.bot}">Confer Bot</a>: task assign T-1 '
        pill += f'<a href="https://matrix.to/#/{lee.account}">Lee</a> now'
        html = {"format": "org.matrix.custom.html", "formatted_body": pill}
        await dana.says(room, "Confer Bot: task assign T-1 Lee now", **html)
        mentions = {"m.mentions": {"user_ids": [house.bot]}}
        await dana.says(room, f"please {house.bot} agenda", **mentions)
        await dana.says(room, "Confer: agenda lock")
        await dana.says(room, "we confer about it")
        await dana.says(room, "@confer agenda add")
        said = await house.ear.hears(4)
        assert said[0].text == f"task assign T-1 {lee.account} now"
        assert [one.text for one in said[1:]] == ["please agenda", "agenda lock", "agenda add"]

    play(story)


def test_threads_and_replies(play: Play) -> None:
    """Words in a thread say which; a reply says what it answers; a reply of one word to a card is its button."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        root = await house.platform.post(Place("matrix", room), OFFER, "k1")
        await dana.hears(room, "Preview")
        thread = {"rel_type": "m.thread", "event_id": root.message, "is_falling_back": True}
        relation = {**thread, "m.in_reply_to": {"event_id": root.message}}
        await dana.says(room, "!confer case", **{"m.relates_to": relation})
        answer = {"m.in_reply_to": {"event_id": root.message}}
        await dana.says(room, "what is this about", **{"m.relates_to": answer})
        await dana.says(room, "approve", **{"m.relates_to": answer})
        typed, chat, pressed = [h for h in await house.ear.hears(4, all_sources=True) if h.source is not Source.JOINED]
        assert typed.place == Place("matrix", room, root.message)
        assert typed.reply_to == chat.reply_to == root
        assert chat.source is Source.CHAT
        assert pressed.source is Source.BUTTON
        later = await house.platform.post(typed.place, Card("In the thread"), "k2")
        seen = await dana.hears(room, "In the thread")
        assert seen.event == later.message
        assert seen.content["m.relates_to"]["event_id"] == root.message

    play(story)


def answer_to(event: str) -> dict[str, Any]:
    """A reply as clients without threads send it."""
    return {"m.relates_to": {"m.in_reply_to": {"event_id": event}}}


def test_thread_reads_well_where_threads_are_not_shown(play: Play) -> None:
    """Each message in a thread falls back to an answer to the message before it, a person's too."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        root = await house.platform.post(Place("matrix", room), OFFER, "k1")
        inside = Place("matrix", room, root.message)
        first = await house.platform.post(inside, Card("First"), "k2")
        relation = {"rel_type": "m.thread", "event_id": root.message, "is_falling_back": True}
        said = await dana.says(room, "a thought", **{"m.relates_to": relation})
        await house.ear.hears(2, all_sources=True)
        await house.platform.post(inside, Card("Second"), "k3")
        shown = [(await dana.hears(room, words)).content["m.relates_to"] for words in ("First", "Second")]
        assert [one["m.in_reply_to"]["event_id"] for one in shown] == [root.message, said]
        assert all(one["is_falling_back"] and one["event_id"] == root.message for one in shown)
        assert first.message != root.message

    play(story)


def test_reply_to_any_part_of_a_card_is_about_the_card(play: Play) -> None:
    """Where no threads are shown people answer the card, its last part, its file, or an edit that is shown as a message."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        place = Place("matrix", room)
        card = await house.platform.post(place, OFFER, "k1")
        long = await house.platform.post(place, Card("Long", (*(Text("word " * 700) for _ in range(12)), FILE)), "k2")
        await dana.hears(room, "summary.txt")
        parts = dana.sees(room)[1:]
        assert len(parts) > 2
        edits: list[str] = []
        dana.client.add_event_callback(lambda _room, event: edits.append(event.event_id), RoomMessageText)
        await house.platform.edit(card, Card("Preview, newer"))
        await dana.hears(room, "Preview, newer")
        edit = edits[-1]  # what dana says is heard too
        await dana.says(room, "about the edit", **answer_to(edit))
        await house.stop()
        house.start()
        await dana.says(room, "about the edit again", **answer_to(edit))
        await dana.says(room, "!confer about a part", **answer_to(parts[1].event))
        await dana.says(room, "about its file", **answer_to(parts[-1].event))
        mine = await dana.says(room, "something else")
        await dana.says(room, "about something else", **answer_to(mine))
        heard = (await house.ear.hears(7, all_sources=True))[1:]
        answered = {one.text: one.reply_to.message if one.reply_to else "" for one in heard}
        assert answered == {
            "about the edit": card.message,
            "about the edit again": card.message,
            "about a part": long.message,
            "about its file": long.message,
            "something else": "",
            "about something else": mine,
        }

    play(story)


def test_long_card_comes_in_parts(play: Play) -> None:
    """A card that is too long for one event is cut between blocks, edited and taken out as one."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        blocks = tuple(Text(f"block {number} " + "word " * 700) for number in range(12))
        ref = await house.platform.post(Place("matrix", room), Card("Long", blocks), "k1")
        await dana.hears(room, "block 11")
        assert len(dana.sees(room)) > 1
        await house.platform.edit(ref, Card("Short now"))
        await dana.until(lambda: [h.text for h in dana.sees(room)] == ["Short now"], "one short message")
        await house.platform.redact(ref)
        await dana.until(lambda: not dana.sees(room), "nothing")

    play(story)


def test_card_is_answered_in_its_own_room(play: Play) -> None:
    """A number that points at another room's card chooses nothing, and words that do are about nothing."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room, other = await house.room("case-room", dana), await house.room("other", dana)
        card = await house.platform.post(Place("matrix", room), OFFER, "k1")
        await dana.hears(room, "Preview")
        await dana.says(other, "1", **answer_to(card.message))
        await dana.says(other, "!confer last", **answer_to(card.message))
        (heard,) = await house.ear.hears(1)
        assert (heard.text, heard.reply_to) == ("last", None)

    play(story)


def test_what_is_taken_out_leaves_no_earlier_wording(play: Play) -> None:
    """With a message all its edits are taken out: what it said before is not left with the homeserver."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        ref = await house.platform.post(Place("matrix", room), Card("First words"), "k1")
        for words in ("Second words", "Third words"):
            await house.platform.edit(ref, Card(words))
            await dana.hears(room, words)
        async with Homeserver(house.url, dana.client.access_token) as server:

            async def kept() -> list[str]:
                page = await server.call("GET", f"/rooms/{room}/messages", query={"dir": "b", "limit": "50"})
                bots = [e for e in page["chunk"] if e["sender"] == house.bot and e["type"] == "m.room.encrypted"]
                return [e["event_id"] for e in bots if e["content"]]

            assert len(await kept()) == 3
            await house.platform.redact(ref)
            assert not await kept()

    play(story)


def test_person_who_left_the_direct_room_is_asked_in_again(play: Play) -> None:
    """A whisper reaches its person also after they have left the direct room."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        place = Place("matrix", room)
        first = await house.platform.whisper(place, dana.account, Card("One"), "w-1")
        await dana.joins(first.room)
        await dana.hears(first.room, "One")
        await dana.client.room_leave(first.room)
        await dana.says(room, "!confer whoami")
        await house.ear.hears(1)
        second = await house.platform.whisper(place, dana.account, Card("Two"), "w-2")
        dana.client.rooms.pop(first.room, None)
        await dana.joins(second.room)
        assert (await dana.hears(second.room, "Two")).encrypted

    play(story)


def test_storm_of_chatter_loses_no_command(play: Play) -> None:
    """Between a hundred things that people say to each other at once, every command is carried out, in order."""

    async def story(house: House) -> None:
        house.start()
        dana, lee = await house.person("dana"), await house.person("lee")
        room = await house.room("case-room", dana, lee)

        async def chatter() -> None:
            for number in range(60):
                await lee.says(room, f"and {number}")

        async def commands() -> None:
            for number in range(20):
                await dana.says(room, f"!confer task {number}")

        await asyncio.gather(chatter(), commands())
        assert [one.text for one in await house.ear.hears(20)] == [f"task {number}" for number in range(20)]
        await house.ear.hears(81, all_sources=True)

    play(story)
