"""Scripts at the console and their transcripts, to the letter of the contract."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.card import Card, File, Text
from adapters.platform import NotDelivered, Place, Source
from tests.adapters.fake_bot import IN_ROOM, PREVIEW, FakeBot, case_bot


@pytest.fixture
def bot() -> FakeBot:
    return case_bot()


# The transcript.


def test_transcript_is_the_contract(bot: FakeBot) -> None:
    """One line a message, numbered, with its place; further lines indented; buttons in brackets; threads."""
    assert bot.plays(
        *IN_ROOM,
        "Good morning \\",
        "all",
        "!confer preview",
        "/press Approve",
        "/thread 1",
        "hello",
        "!confer agenda",
    ) == [
        "1 #case-room <dana> Good morning",
        "    all",
        "2 #case-room <dana> !confer preview",
        "3 @dana <confer> Preview of C-7K2P",
        "    [Approve] [Edit]",
        "4 #case-room <confer> C-7K2P is approved.",
        "    It can be",
        "    posted.",
        "5 #case-room/1 <dana> hello",
        "6 #case-room/1 <dana> !confer agenda",
        "7 #case-room/1 <confer> Preview of C-7K2P",
        "    [Approve] [Edit]",
    ]


def test_direct_chat(bot: FakeBot) -> None:
    """In the direct chat all is said to the bot, and both sides stand under the person's name."""
    assert bot.plays("/as Dana", "/dm", "preview") == [
        "1 @dana <dana> preview",
        "2 @dana <confer> Preview of C-7K2P",
        "    [Approve] [Edit]",
    ]
    (heard,) = bot.heard
    assert (heard.account, heard.account_name) == ("dana", "Dana")
    assert heard.place == Place("console", "@dana", direct=True)


def test_making_a_room_announces_the_bot_once(bot: FakeBot) -> None:
    """The bot hears that it came into a room when the room is made, not when the next one enters."""
    bot.plays("/as dana", "/room Case-Room", "/as lee", "/room case-room", "/room other")
    assert [(one.source, one.place.room, one.account) for one in bot.heard] == [
        (Source.JOINED, "case-room", "dana"),
        (Source.JOINED, "other", "lee"),
    ]


def test_only_addressed_words_are_commands(bot: FakeBot) -> None:
    """In a room, words without the bot's name are chat, and go to it as they are."""
    bot.plays(*IN_ROOM, "agenda", "@Confer: agenda", "/thread 1", "confer, agenda")
    assert [(one.source, one.text) for one in bot.heard[1:]] == [
        (Source.CHAT, "agenda"),
        (Source.TYPED, "agenda"),
        (Source.TYPED, "agenda"),
    ]
    chat, _typed, threaded = bot.heard[1:]
    assert threaded.reply_to == chat.message
    assert threaded.place.thread == (chat.message and chat.message.message)


def test_ids_are_not_those_of_another_run(bot: FakeBot) -> None:
    """After a restart, ids and message references are other ones: the bot knows a replay from a new word."""
    script = (*IN_ROOM, "!confer agenda")
    bot.plays(*script)
    again = FakeBot()
    again.plays(*script)
    assert {one.id for one in bot.heard}.isdisjoint(one.id for one in again.heard)
    assert bot.heard[-1].message != again.heard[-1].message


def test_blank_lines_say_nothing(bot: FakeBot) -> None:
    """An empty line in a script is no message."""
    assert bot.plays(*IN_ROOM, "", "   ") == []


# Who sees what.


def test_people_see_only_what_is_for_them(bot: FakeBot) -> None:
    """Another person's whisper offers nothing to press, and its number leads nowhere."""
    shown = bot.plays(*IN_ROOM, "!confer preview", "/as lee", "/room case-room", '/press "Approve"', "/react 2 ✅")
    assert shown[-2:] == ["! lee sees no button Approve. There is none to press.", "! lee sees no message 2."]
    assert bot.commands() == ["preview"]


def test_who_left_is_out_until_invited(bot: FakeBot) -> None:
    """A person who left a room neither speaks there nor sees its buttons; an invitation mends that."""
    script = (
        *IN_ROOM,
        "/invite lee kim",
        "!confer agenda",
        "/leave lee",
        "/as lee",
        "/press Approve",
        "hello",
    )
    assert bot.plays(*script)[-2:] == [
        "! lee sees no button Approve. There is none to press.",
        "! lee has left #case-room. /room case-room joins it again.",
    ]
    assert bot.console.world.rooms["case-room"].members == {"dana", "kim"}
    bot.plays(*IN_ROOM, "/invite lee", "/as lee", "/press Approve")
    assert bot.commands()[-1] == "case approve C-7K2P"


def test_speaking_in_a_room_is_being_there(bot: FakeBot) -> None:
    """Changing the speaker alone brings nobody into a room: what they say or press there does."""
    bot.plays(*IN_ROOM, "/as mallory", "/dm", "hello")
    assert bot.console.world.rooms["case-room"].members == {"dana"}
    bot.plays(*IN_ROOM, "!confer agenda", "/as lee", "/press Approve")
    assert bot.console.world.rooms["case-room"].members == {"dana", "lee"}


def test_who_and_rooms(bot: FakeBot) -> None:
    """The console tells who speaks where, and what rooms there are."""
    assert bot.plays("/rooms", *IN_ROOM, "/invite @lee, kim", "/as zoe", "/who", "/rooms") == [
        "No rooms yet. /room case-room makes one.",
        "zoe speaks in #case-room; there: dana, kim, lee, confer",
        "elsewhere: zoe",
        "#case-room: dana, kim, lee",
    ]


# Buttons and reactions.


def test_newest_button_of_that_label(bot: FakeBot) -> None:
    """Of two buttons alike, the newest is pressed; the label's case and quotes do not matter."""
    bot.plays(*IN_ROOM, "!confer preview", "!confer agenda", "/press “approve”", "/press [Edit]")
    assert [one.message and one.message.message.rpartition("-")[2] for one in bot.heard[-2:]] == ["4", "4"]
    assert bot.commands()[-2:] == ["case approve C-7K2P", "case edit C-7K2P"]


def test_pressed_whisper_acts_in_its_room(bot: FakeBot) -> None:
    """A button in a whisper acts in the place it was whispered in, thread and all."""
    bot.plays(*IN_ROOM, "hello", "/thread 1", "!confer preview", "/dm", "/press Approve")
    heard = bot.heard[-1]
    assert (heard.source, heard.place.room, heard.place.direct) == (Source.BUTTON, "case-room", False)
    assert heard.place.thread == bot.heard[1].message.message  # type: ignore[union-attr]


def test_reaction_presses_its_button(bot: FakeBot) -> None:
    """An offered reaction does what its button does, coloured or not; another says what is offered."""
    shown = bot.plays(*IN_ROOM, "!confer agenda", "/react 2 ✏", "/react #2 🎉")
    assert bot.commands() == ["agenda", "case edit C-7K2P"]
    assert shown[-1] == "! Message 2 offers no reaction 🎉; it offers: ✅ ✏️"


def test_button_that_is_not_there(bot: FakeBot) -> None:
    """A slip gets the nearest label, never a guess that acts."""
    shown = bot.plays(*IN_ROOM, "!confer agenda", "/press Aprove", "/press Zzz", "/press")
    assert shown[-3:] == [
        "! dana sees no button Aprove. Did you mean [Approve]?",
        "! dana sees no button Zzz. There is [Approve] [Edit]",
        '! Say which button: /press "Approve"',
    ]
    assert bot.commands() == ["agenda"]


# Edits, deletions, what the bot changes.


def test_own_edit_is_no_second_command(bot: FakeBot) -> None:
    """An edit shows in the transcript and never reaches the bot; others' messages cannot be edited."""
    script = (
        *IN_ROOM,
        "!confer agnda",
        "/edit 1 !confer agenda",
        "/as lee",
        "/room case-room",
        "/edit 1 x",
        "/delete 1",
    )
    assert bot.plays(*script)[1:] == [
        "1 #case-room <dana> (edited) !confer agenda",
        "! Message 1 is not lee's own.",
        "! Message 1 is not lee's own.",
    ]
    assert bot.commands() == ["agnda"]


def test_own_message_is_deleted(bot: FakeBot) -> None:
    """What is deleted is gone for good."""
    assert bot.plays(*IN_ROOM, "oh", "/delete 1", "/edit 1 ah") == [
        "1 #case-room <dana> oh",
        "1 #case-room (removed)",
        "! dana sees no message 1.",
    ]


async def _edited(bot: FakeBot) -> None:
    room = Place("console", "case-room")
    card = await bot.console.post(room, PREVIEW, "1")
    await bot.console.edit(card, Card("Approved", (Text("by dana"),)))
    await bot.console.edit(card, Card("Approved", (Text("by dana"),)))
    await bot.console.redact(card)
    await bot.console.redact(card)
    await bot.console.redact(await bot.console.whisper(room, "dana", PREVIEW, "2"))
    with pytest.raises(NotDelivered):
        await bot.console.edit(card, PREVIEW)


def test_bots_edits_and_redactions_show(bot: FakeBot) -> None:
    """An edit keeps the number; the same edit again, or the same redaction, shows nothing."""
    asyncio.run(_edited(bot))
    assert bot.transcript == [
        "1 #case-room <confer> Preview of C-7K2P",
        "    [Approve] [Edit]",
        "1 #case-room <confer> (edited) Approved",
        "    by dana",
        "1 #case-room (removed)",
        "2 @dana <confer> Preview of C-7K2P",
        "    [Approve] [Edit]",
        "2 @dana (removed)",
    ]


def test_files_are_kept_once(tmp_path: Path) -> None:
    """A file lands in its folder for its owner alone, never over another one or outside."""
    files = tmp_path / "files"
    bot = FakeBot(files)
    for number, (name, content) in enumerate(
        [("a.pdf", b"one"), ("a.pdf", b"one"), ("a.pdf", b"two"), ("../../b .ics", b"x"), ("..", b"y")]
    ):
        bot.answers(f"file {number}", Card("Here", (File(name, "x/y", content),)))
        bot.plays("/dm", f"file {number}")
    assert {path.name: path.read_bytes() for path in files.iterdir()} == {
        "a.pdf": b"one",
        "a-2.pdf": b"two",
        "b-.ics": b"x",
        "file": b"y",
    }
    assert (files / "a.pdf").stat().st_mode & 0o777 == 0o600
    assert f"    a.pdf (3 bytes) saved to {files / 'a-2.pdf'}" in bot.transcript


def test_file_that_cannot_be_kept_loses_no_message(tmp_path: Path) -> None:
    """Where the folder takes nothing, the message says so and is there."""
    (tmp_path / "files").write_text("in the way")
    bot = FakeBot(tmp_path / "files").answers("file", Card("Here", (File("a.pdf", "x/y", b"one"),)))
    assert bot.plays("/dm", "file")[1:] == [
        "2 @you <confer> Here",
        "    a.pdf (3 bytes) could not be saved: File exists",
    ]


# The clock.


def test_clock_delivers_on_the_way(bot: FakeBot) -> None:
    """What falls due is shown in its order, then the new time with its zone."""
    room = Place("console", "case-room")
    bot.due = [
        (datetime(2026, 12, 1, 14, 30, tzinfo=UTC), room, Card("Second")),
        (datetime(2026, 12, 1, 14, 0, tzinfo=UTC), room, Card("First")),
        (datetime(2026, 12, 5, 14, 0, tzinfo=UTC), room, Card("Later")),
    ]
    assert bot.plays("/clock +2h", "/clock 2026-12-01T09:00", "/clock 2026-12-02T08:00", "/clock") == [
        "1 #case-room <confer> First",
        "2 #case-room <confer> Second",
        "clock Tue 1 Dec 2026 10:00 EST (America/New_York)",
        "! The clock only goes forward; it is Tue 1 Dec 2026 10:00 EST (America/New_York).",
        "clock Wed 2 Dec 2026 08:00 EST (America/New_York)",
        "clock Wed 2 Dec 2026 08:00 EST (America/New_York)",
    ]


def test_clock_far_ahead_is_a_slip(bot: FakeBot) -> None:
    """A year mistyped does not run the schedule for centuries."""
    assert bot.plays("/clock 2226-12-01") == ["! That is more than ten years ahead."]


def test_a_script_needs_no_terminal_library() -> None:
    """The terminal library is loaded only where there is a terminal."""
    code = "import sys, adapters.console; sys.exit('prompt_toolkit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
