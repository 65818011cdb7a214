"""Scripts at the console and their transcripts, to the letter of the contract."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.card import Actions, Button, Card, Choice, Field, File, Form, Text
from adapters.platform import NotDelivered, Place, Source
from tests.adapters.fake_bot import FakeBot

PREVIEW = Card(
    "Preview of C-7K2P",
    (Actions((Button("Approve", "case approve C-7K2P", "✅"), Button("Edit", "case edit C-7K2P", "✏️"))),),
)
CASE_FORM = Card(
    "A new case",
    (
        Form(
            "Fill in",
            "A new case",
            "case save",
            (
                Field("question", "The one question", required=True),
                Field("treatment-so-far", "What was tried", other_names=("treatment",)),
                Field(
                    "urgency", "How soon", choices=(Choice("routine", "Routine"), Choice("soon", "This week"))
                ),
                Field("goals", "In the patient's words", value="To sleep."),
            ),
        ),
    ),
)
REFUSED = Card("There is no such task.")
IN_ROOM = ("/as dana", "/room case-room")


@pytest.fixture
def bot() -> FakeBot:
    return (
        FakeBot()
        .answers("preview", PREVIEW)
        .answers("agenda", PREVIEW, to_room=True)
        .answers("case submit", CASE_FORM)
        .answers("case save", Card("C-7K2P is taken."))
        .answers(
            "case approve C-7K2P", Card("C-7K2P is approved.", (Text("It can be\nposted."),)), to_room=True
        )
        .answers("task done T-99", REFUSED, refused=True)
    )


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
    shown = bot.plays(
        *IN_ROOM, "!confer preview", "/as lee", "/room case-room", '/press "Approve"', "/react 2 ✅"
    )
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


# Forms.


def test_fill_sends_all_fields(bot: FakeBot) -> None:
    """Fields are found by name, other name or label in any spelling; those left alone keep their value."""
    bot.plays(
        *IN_ROOM, "!confer case submit", '/fill QUESTION="Low desire" Treatment="CBT" how_soon="this week"'
    )
    heard = bot.heard[-1]
    assert (heard.source, heard.text, heard.place.room) == (Source.FORM, "case save", "case-room")
    assert dict(heard.fields) == {
        "question": "Low desire",
        "treatment-so-far": "CBT",
        "urgency": "soon",
        "goals": "To sleep.",
    }


def test_fill_asks_one_by_one(bot: FakeBot) -> None:
    """Alone, each field is asked; in a script the next lines answer, blank ones keep, a dash empties."""
    shown = bot.plays(
        *IN_ROOM, "!confer case submit", "/fill", '"Low "x" desire', "two \\", "lines", "", "-", "after"
    )
    assert shown[-6:] == [
        "? question: The one question (required)",
        "? treatment-so-far: What was tried",
        "? urgency: How soon (one of routine, soon)",
        "? goals: In the patient's words (now: To sleep.)",
        "3 @dana <confer> C-7K2P is taken.",
        "4 #case-room <dana> after",
    ]
    fields = dict(bot.heard[-2].fields)
    assert fields == {
        "question": '"Low "x" desire',
        "treatment-so-far": "two \nlines",
        "urgency": "",
        "goals": "",
    }


def test_slip_in_a_form_loses_nothing(bot: FakeBot) -> None:
    """After a refused field or a missing one, what was filled in stays for the next try."""
    shown = bot.plays(
        *IN_ROOM,
        "!confer case submit",
        '/fill qestion="x" treatment="CBT"',
        "/fill urgency=never",
        "/fill urgency=soon",
        '/fill question="Low desire"',
    )
    assert shown[-4:] == [
        "! The form has no field qestion; did you mean question? Nothing was sent.",
        "! urgency is one of routine, soon. Nothing was sent.",
        '! Still needed: question. Add it with /fill question="…"',
        "3 @dana <confer> C-7K2P is taken.",
    ]
    assert dict(bot.heard[-1].fields)["treatment-so-far"] == "CBT"
    assert bot.commands() == ["case submit", "case save"]


def test_answers_to_a_refused_form_never_reach_the_room(bot: FakeBot) -> None:
    """A wrong answer half way does not turn those that follow into messages."""
    shown = bot.plays(*IN_ROOM, "!confer case submit", "/fill", "Low desire", "CBT", "never", "To sleep well")
    assert shown[-1] == "! urgency is one of routine, soon. Nothing was sent."
    assert not [line for line in shown if "To sleep well" in line or "Low desire" in line]


def test_answered_form_is_closed_until_opened_again(bot: FakeBot) -> None:
    """A form that the bot took is not open any more; its own button opens it again."""
    shown = bot.plays(
        *IN_ROOM, "/fill", "!confer case submit", "/fill question=a", "/fill question=b", "/press Fill in"
    )
    assert shown[0] == "! No form is open."
    assert shown[-2:] == [
        '! No form is open. /press "Fill in" opens that one again.',
        'The form "Fill in" is open. /fill question="…" answers it, /fill alone asks.',
    ]
    bot.plays(*IN_ROOM, "/fill question=c")
    assert dict(bot.heard[-1].fields)["question"] == "c"


def test_refused_form_stays_open(bot: FakeBot) -> None:
    """What the bot refuses can be mended and sent again."""
    bot.answers("case save", REFUSED, refused=True)
    bot.plays(*IN_ROOM, "!confer case submit", "/fill question=a treatment=b")
    bot.answers("case save", Card("Taken."))
    bot.plays(*IN_ROOM, "/fill question=c")
    assert dict(bot.heard[-1].fields)["treatment-so-far"] == "b"


@pytest.mark.parametrize("end", [("/cancel",), ()])
def test_form_left_half_way(bot: FakeBot, end: tuple[str, ...]) -> None:
    """A form that is left, or whose script ends, sends nothing and says so."""
    shown = bot.plays(*IN_ROOM, "!confer case submit", "/fill", "Low desire", *end)
    assert shown[-1] == "! The form was left before its end. Nothing was sent."
    assert bot.commands() == ["case submit"]


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


# Strictness, ends and bad input.


def test_strict_stops_at_what_the_bot_refuses(bot: FakeBot) -> None:
    """The refusal is shown, nothing after it is carried out, the status is 1; else the script goes on."""
    script = (*IN_ROOM, "!confer task done T-99", "!confer agenda")
    assert bot.plays(*script, strict=True)[-1] == "2 @dana <confer> There is no such task."
    assert (bot.status, bot.commands()) == (1, ["task done T-99"])
    bot.plays(*script)
    assert (bot.status, bot.commands()[-1]) == (0, "agenda")


@pytest.mark.parametrize(
    "line", ["/frob", "/press Nothing", "/react 9 ✅", "/fill x=y", "/as", "/room", "/edit"]
)
def test_strict_stops_at_the_consoles_own_refusals(bot: FakeBot, line: str) -> None:
    """What the console itself cannot do counts as refused, and is said in one line."""
    shown = bot.plays(*IN_ROOM, line, "after", strict=True)
    assert bot.status == 1
    (only,) = shown
    assert only.startswith("! ")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/pres Approve", "! There is no line /pres; did you mean /press?"),
        ("/zzz", "! There is no line /zzz; /help lists them. To the bot one says !confer …"),
        ("/as confer", "! confer is the bot itself. Say who speaks: /as dana"),
        ("/as dana lee", "! A name is one word of letters, digits, . - _ and '."),
        ("/as \x1b[31mred", "! A name is one word of letters, digits, . - _ and '."),
        ("/room " + 70 * "x", "! A name has at most 64 characters."),
        ("/as " + 10_000 * "x", "! That is too long for /as: /as dana"),
        ("/thread 99", "! dana sees no message 99."),
        ("/thread x", "! Say which message by its number: /thread 3"),
        ("/leave lee", "! lee is not in #case-room."),
        ("/invite", "! Say who, for example: dana lee"),
        ("/edit 1", "! dana sees no message 1."),
        ('/press "Approve', '! The quote " is not closed.'),
        ("/dm lee", "! /dm goes to the speaker's direct chat with the bot; change the speaker with /as dana"),
        (1_000_000 * "x", "! That has 1,000,000 characters; a message holds 40,000. Nothing was sent."),
    ],
)
def test_bad_lines_get_one_clear_line(bot: FakeBot, line: str, said: str) -> None:
    """Each bad line gets one line that says what to do, and nothing reaches the bot."""
    assert bot.plays(*IN_ROOM, line) == [said]
    assert len(bot.heard) == 1


def test_bad_lines_in_a_form(bot: FakeBot) -> None:
    """An open quote and a value of a million characters are refused, and the form stays open."""
    shown = bot.plays(
        *IN_ROOM,
        "!confer case submit",
        '/fill question="open',
        f'/fill question="{1_000_000 * "x"}"',
        "/fill question=a",
    )
    assert shown[-3:-1] == [
        '! The quote " after question= is not closed. Nothing was sent.',
        "! question has 1,000,000 characters; at most 40,000 fit. Nothing was sent.",
    ]
    assert bot.commands() == ["case submit", "case save"]


def test_invite_needs_a_room(bot: FakeBot) -> None:
    """In a direct chat there is nobody to invite or to send away."""
    assert bot.plays("/dm", "/invite lee", "/leave lee") == [
        "! /invite works in a room; go there first: /room case-room",
        "! /leave works in a room; go there first: /room case-room",
    ]


def test_whisper_has_no_thread(bot: FakeBot) -> None:
    """What only one sees cannot be the head of a thread."""
    shown = bot.plays(*IN_ROOM, "!confer preview", "/thread 2")
    assert shown[-1] == "! Only dana sees message 2; it can have no thread."


def test_thread_of_a_thread_is_the_thread(bot: FakeBot) -> None:
    """The number of any message of a thread leads there; alone, the line leads out."""
    shown = bot.plays(
        *IN_ROOM, "one", "/thread 1", "two", "/room other", "/thread 2", "three", "/thread", "four"
    )
    assert shown == [
        "1 #case-room <dana> one",
        "2 #case-room/1 <dana> two",
        "3 #case-room/1 <dana> three",
        "4 #case-room <dana> four",
    ]


def test_control_characters_reach_the_bot_but_not_the_screen(bot: FakeBot) -> None:
    """The bot judges what was typed; the screen shows it written out."""
    assert bot.plays(*IN_ROOM, "!confer a\x1b[2Jb\u202ec") == [
        "1 #case-room <dana> !confer a\\x1b[2Jb\\u202ec"
    ]
    assert bot.commands() == ["a\x1b[2Jb\u202ec"]


def test_quit_ends_the_script(bot: FakeBot) -> None:
    """After /quit nothing more is read."""
    assert bot.plays(*IN_ROOM, "/quit", "after", strict=True) == []
    assert bot.status == 0


def test_help_lists_every_line(bot: FakeBot) -> None:
    """Each slash line has its usage in /help, in 80 columns."""
    shown = bot.plays("/help")
    assert all(len(line) <= 80 for line in shown)
    for name in [
        "as",
        "room",
        "dm",
        "thread",
        "invite",
        "leave",
        "press",
        "react",
        "fill",
        "edit",
        "delete",
        "clock",
        "rooms",
        "who",
        "quit",
        "help",
    ]:
        assert any(line.startswith(f"/{name}") for line in shown)


def test_posts_of_an_earlier_run_find_their_room(bot: FakeBot) -> None:
    """A post to a room or thread that this run has not made shows in the room."""
    place = Place("console", "case-room", "0123456789-3")
    asyncio.run(bot.console.post(place, Card("Reminder"), "1"))
    assert bot.transcript == ["1 #case-room <confer> Reminder"]
