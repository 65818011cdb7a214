"""The console in a terminal: keys go in, the world behind it changes."""

import asyncio
from collections.abc import Callable
from io import StringIO

import pytest
from prompt_toolkit.application import create_app_session, get_app
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from adapters.card import Actions, Button, Card, Choice, Field, Form, Text, Tone
from adapters.console.completion import completions
from adapters.console.interactive import run_interactive
from adapters.console.keyboard import Keyboard
from adapters.console.render import Line, Span
from tests.adapters.fake_bot import FakeBot

FORM = Card(
    "A case",
    (Form("Fill in", "A case", "case save", (Field("question", "Question"), Field("goals", "Goals"))),),
)


DEADLINE = 10


def typed(bot: FakeBot, *steps: str | Callable[[], bool]) -> str:
    """What the terminal was sent while these keys were typed; a condition is waited for."""
    screen = StringIO()

    async def press(pipe: PipeInput) -> None:
        for step in steps:
            if isinstance(step, str):
                pipe.send_text(step)
                continue
            while not step():  # noqa: ASYNC110 - nobody tells when a prompt has come up
                await asyncio.sleep(0.01)

    async def whole() -> int:
        with create_pipe_input() as pipe:
            output = Vt100_Output(screen, lambda: Size(rows=40, columns=80), enable_cpr=False)
            with create_app_session(input=pipe, output=output):
                async with asyncio.timeout(DEADLINE), asyncio.TaskGroup() as tasks:
                    conversation = tasks.create_task(run_interactive(bot.console, bot.receive))
                    tasks.create_task(press(pipe))
                return conversation.result()

    assert asyncio.run(whole()) == 0
    return screen.getvalue()


def remembers(bot: FakeBot, *, lines: int, heard: int) -> Callable[[], bool]:
    """The bot has heard so much, and the prompt after that has this many lines in its history."""
    return lambda: len(bot.heard) == heard and get_app().current_buffer.working_index == lines


def said(bot: FakeBot) -> list[str]:
    messages = map(bot.console.world.number, range(1, bot.console.world.last_number + 1))
    return [message.text for message in messages if message and not message.card]


@pytest.fixture
def bot() -> FakeBot:
    return FakeBot().answers("case submit", FORM).answers("case save", Card("Taken."))


def test_lines_are_carried_out_until_quit(bot: FakeBot) -> None:
    """The same lines as in a script; /quit leaves."""
    screen = typed(bot, "/as Dana\r/room case-room\r!confer help\rhello\r/quit\r")
    assert said(bot) == ["!confer help", "hello"]
    assert "case-room" in screen
    assert bot.commands() == ["help"]


def test_control_d_leaves_and_control_c_clears(bot: FakeBot) -> None:
    """Ctrl-C throws the line away, Ctrl-D leaves."""
    typed(bot, "/dm\rnot this\x03this\r\x04")
    assert said(bot) == ["this"]


def test_history_brings_lines_back(bot: FakeBot) -> None:
    """The up key gives the last line again."""
    typed(bot, "/dm\ragenda\r", remembers(bot, lines=2, heard=1), "\x1b[A\r\x04")
    assert said(bot) == ["agenda", "agenda"]


def test_messages_of_several_lines(bot: FakeBot) -> None:
    """A backslash before Enter, or Alt-Enter, begins a new line of the same message."""
    typed(bot, "/dm\rone\\\rtwo\x1b\rthree\r\x04")
    assert said(bot) == ["one\ntwo\nthree"]


def test_tab_completes(bot: FakeBot) -> None:
    """Tab completes what can be only one thing."""
    typed(bot, "/dm\ragenda l", lambda: bool(get_app().current_buffer.complete_state), "\t\r\x04")
    assert said(bot) == ["agenda lock"]


def test_pressing_a_forms_button_asks(bot: FakeBot) -> None:
    """The fields are asked at once; Enter alone keeps a value; answers stay out of the history."""
    keys = '/dm\rcase submit\r/press "Fill in"\rLow desire\r\r'
    typed(bot, keys, remembers(bot, lines=3, heard=2), "\x1b[A\x1b[A\r\x04")
    assert dict(bot.heard[1].fields) == {"question": "Low desire", "goals": ""}
    assert said(bot) == ["case submit", "case submit"]


def test_control_c_leaves_a_form(bot: FakeBot) -> None:
    """A form that is left sends nothing."""
    typed(bot, "/dm\rcase submit\r/fill\rLow desire\r\x03\x04")
    assert bot.commands() == ["case submit"]


def test_wrong_answer_is_mended_in_place(bot: FakeBot) -> None:
    """An unknown choice, a needed value left blank and a slash line are refused before the next field."""
    fields = (
        Field("question", "Question", required=True),
        Field("urgency", "Soon?", choices=(Choice("yes", "Yes"),)),
    )
    bot.answers("case submit", Card("A case", (Form("Fill in", "A case", "case save", fields),)))
    screen = typed(bot, "/dm\rcase submit\r/fill\r\r/who\r\x15Low desire\rno\r\x15YES\r\x04")
    assert dict(bot.heard[1].fields) == {"question": "Low desire", "urgency": "yes"}
    assert "who speaks" not in screen


def test_hostile_text_reaches_no_terminal(bot: FakeBot) -> None:
    """An escape sequence in a card is written out, not sent."""
    bot.answers("x", Card("bad \x1b]0;title\x07", (Text("\x1b[2J"),)))
    screen = typed(bot, "/dm\rx\r\x04")
    assert "\\x1b]0;title\\x07" in screen
    assert "\x1b]0;title" not in screen


def test_dumb_terminal_gets_plain_words(bot: FakeBot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the terminal knows no colours, no escape sequence goes out with a message."""
    monkeypatch.setenv("TERM", "dumb")
    bot.answers("x", Card("T-12", (Text("urgent", Tone.WARNING),)))
    assert "2 @you <confer> T-12\r\n    urgent\r\n" in typed(bot, "/dm\rx\r\x04")


def test_script_screen_comes_back(bot: FakeBot) -> None:
    """After the terminal is left, output goes where it went before."""
    typed(bot, "\x04")
    bot.console.screen.show([Line((Span("after"),))])
    assert bot.transcript == ["after"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/pr", ["/press"]),
        ("/as d", ["dana"]),
        ("/invite dana l", ["lee"]),
        ("/room ", ["case-room"]),
        ("/press ", ['"Fill in"', '"Approve"']),
        ("/press fi", ['"Fill in"']),
        ('/press "app', ['"Approve"']),
        ("/react ", ["1 ✅"]),
        ("/fill q", ['question="']),
        ("/clock ", []),
        ("ask @l", ["@lee"]),
        ("!confer ", ["task", "tasks", "agenda", "agenda lock"]),
        ("!confer agenda l", ["agenda lock"]),
        ("!confer ta", ["task", "tasks"]),
        ("!confer task d", ["done"]),
        ("@confer: task ", ["add", "done"]),
        ("just talking", []),
    ],
)
def test_completions(bot: FakeBot, text: str, words: list[str]) -> None:
    """Slash lines, names, labels, fields and the bot's words, each where it belongs."""
    bot.answers("go", Card("C", (Actions((Button("Approve", "x", "✅"),)),)), to_room=True)
    bot.plays("/as dana", "/room case-room", "/invite lee", "/dm", "case submit")

    async def prepared() -> Keyboard:
        keyboard = Keyboard(bot.console, lambda _field: asyncio.sleep(0, None))
        for line in ("/as dana", "/room case-room"):
            await keyboard.take(line)
        return keyboard

    keyboard = asyncio.run(prepared())
    message = bot.console.world.number(1)
    assert message
    message.card = Card("C", (Actions((Button("Approve", "x", "✅"),)),))
    bot.console.world.enter("dana", "@dana")
    assert list(completions(bot.console, keyboard, text).words) == words
