"""Strictness, ends of scripts and bad input at the console."""

import asyncio
import re
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.card import Card
from adapters.console import run_script
from adapters.console.keyboard import SLASH_LINES
from adapters.platform import Place
from tests.adapters.fake_bot import IN_ROOM, FakeBot, case_bot


@pytest.fixture
def bot() -> FakeBot:
    return case_bot()


def test_strict_stops_at_what_the_bot_refuses(bot: FakeBot) -> None:
    """The refusal is shown, nothing after it is carried out, the status is 1; else the script goes on."""
    script = (*IN_ROOM, "!confer task done T-99", "!confer agenda")
    assert bot.plays(*script, strict=True)[-1] == "2 @dana <confer> There is no such task."
    assert (bot.status, bot.commands()) == (1, ["task done T-99"])
    bot.plays(*script)
    assert (bot.status, bot.commands()[-1]) == (0, "agenda")


@pytest.mark.parametrize("line", ["/frob", "/press Nothing", "/react 9 ✅", "/fill x=y", "/as", "/room", "/edit"])
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
        ("/" + 1_000_000 * "z", f"! There is no line /{30 * 'z'}; /help lists them. To the bot one says !confer …"),
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
    shown = bot.plays(*IN_ROOM, "one", "/thread 1", "two", "/room other", "/thread 2", "three", "/thread", "four")
    assert shown == [
        "1 #case-room <dana> one",
        "2 #case-room/1 <dana> two",
        "3 #case-room/1 <dana> three",
        "4 #case-room <dana> four",
    ]


def test_control_characters_reach_the_bot_but_not_the_screen(bot: FakeBot) -> None:
    """The bot judges what was typed; the screen shows it written out."""
    assert bot.plays(*IN_ROOM, "!confer a\x1b[2Jb\u202ec") == ["1 #case-room <dana> !confer a\\x1b[2Jb\\u202ec"]
    assert bot.commands() == ["a\x1b[2Jb\u202ec"]


def test_quit_ends_the_script(bot: FakeBot) -> None:
    """After /quit nothing more is read."""
    assert bot.plays(*IN_ROOM, "/quit", "after", strict=True) == []
    assert bot.status == 0


def test_help_lists_every_line(bot: FakeBot) -> None:
    """Each slash line has its usage in /help, in 80 columns."""
    shown = bot.plays("/help")
    assert all(len(line) <= 80 for line in shown)
    for name in SLASH_LINES:
        assert any(line.startswith(f"/{name}") for line in shown)


def test_posts_of_an_earlier_run_find_their_room(bot: FakeBot) -> None:
    """A post to a room or thread that this run has not made shows in the room."""
    place = Place("console", "case-room", "0123456789-3")
    asyncio.run(bot.console.post(place, Card("Reminder"), "1"))
    assert bot.transcript == ["1 #case-room <confer> Reminder"]


def test_each_line_is_read_only_when_the_last_is_done(bot: FakeBot) -> None:
    """Whoever writes the script may wait for an answer first; a reader that fails is not hidden."""

    def script() -> Iterator[str]:
        yield "/dm\n"
        yield "preview\n"
        assert bot.transcript[-1] == "    [Approve] [Edit]"
        raise OSError("the pipe broke")

    with pytest.raises(OSError, match="the pipe broke"):
        asyncio.run(run_script(bot.console, script(), bot.receive))


_HEAD = re.compile(r"([0-9]+) [#@]\S+ <[^>]+>(?! \(edited\) )")
_typed = st.text(st.characters(exclude_characters="\n\r"), max_size=20)
_begun = st.sampled_from(
    ["", "!confer ", "@confer case submit", "!confer agenda", "/quit x", *(f"/{name} " for name in SLASH_LINES)]
)
_aimed = st.sampled_from(["1", "2 ✅", "3 text", "dana", "lee", "Approve", "question=x", '"', "+1h", "\\"]) | _typed


@settings(max_examples=60, deadline=None)  # a script's time is that of its threads, not of the code
@given(st.lists(st.tuples(_begun, _aimed).map("".join), max_size=12))
def test_no_script_breaks_the_console(script: list[str]) -> None:
    """Whatever is typed, each line is carried out or refused in one line; numbers only grow, nothing harmful shows."""
    bot = case_bot()
    shown = bot.plays(*IN_ROOM, *script)
    heads = [match for line in shown if (match := _HEAD.match(line))]
    assert [int(head[1]) for head in heads] == list(range(1, bot.console.world.last_number + 1))
    assert not {c for line in shown for c in line if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}}
