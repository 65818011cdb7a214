"""The console in a terminal: a prompt with history, completion and colours where the terminal has them."""

from collections.abc import Iterable, Sequence

from prompt_toolkit import PromptSession, print_formatted_text
from prompt_toolkit.application import get_app_session
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, WordCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import is_dumb_terminal
from prompt_toolkit.validation import ValidationError, Validator

from adapters.card import Field
from adapters.console.completion import completions
from adapters.console.forms import problem, question
from adapters.console.keyboard import Keyboard, is_slash_line
from adapters.console.lines import goes_on, spoken
from adapters.console.platform import ConsolePlatform
from adapters.console.render import Line, Span, paragraph, wrapped
from adapters.platform import Receive
from adapters.words import harmless

STYLE = Style.from_dict(
    {
        "strong": "bold",
        "quiet": "ansibrightblack",
        "warning": "bold ansired",
        "reference": "bold ansicyan",
        "lead": "bold ansicyan",
        "mention": "ansimagenta",
        "name": "ansigreen",
        "button": "bold ansiblue",
        "danger": "bold ansired",
        "number": "ansibrightblack",
        "room": "ansiyellow",
        "bot": "bold ansigreen",
        "person": "bold",
        "bottom-toolbar": "noreverse ansibrightblack",
    }
)
WELCOME = "Who speaks: /as dana   Where: /room case-room   More: /help   Leave: Ctrl-D"
ASKING = "Blank keeps, - empties, Alt-Enter: new line, Ctrl-C leaves the form"


class Terminal:
    """A screen with colours that wraps at the terminal's width."""

    def show(self, lines: Sequence[Line]) -> None:
        columns = get_app_session().output.get_size().columns
        shown = wrapped(lines, columns - 1)
        if is_dumb_terminal():
            text = [("", f"{line.text}\n") for line in shown]
        else:
            text = [part for line in shown for part in (*_styled(line), ("", "\n"))]
        print_formatted_text(FormattedText(text), style=STYLE, end="")


async def run_interactive(platform: ConsolePlatform, receive: Receive) -> int:
    """Take lines from the terminal until somebody leaves. Gives the exit status."""
    screen_before, platform.screen = platform.screen, Terminal()
    try:
        with patch_stdout():
            await _converse(platform, receive)
    finally:
        platform.screen = screen_before
    return 0


async def _converse(platform: ConsolePlatform, receive: Receive) -> None:
    keyboard = Keyboard(platform, _ask, asks_at_once=True)
    session = _session(platform, keyboard)
    platform.listen(receive)
    platform.remark(WELCOME)
    await platform.hooks.settle()
    while not keyboard.closed:
        try:
            line = await session.prompt_async()
        except KeyboardInterrupt:  # Ctrl-C clears the line, as in a shell
            continue
        except EOFError:
            return
        if line.startswith("/") and not is_dumb_terminal():  # there, the typed line is not erased
            platform.screen.show(paragraph(f"› {line}", "quiet"))
        await keyboard.take(line)


def _session(platform: ConsolePlatform, keyboard: Keyboard) -> PromptSession[str]:
    def prompt() -> FormattedText:
        thread = f"/{keyboard.thread.number}" if keyboard.thread else ""
        where = (f"#{keyboard.room}" if keyboard.room else "direct") + thread
        return FormattedText([("class:person", f"{keyboard.speaker} "), ("class:room", where), ("", " › ")])

    def toolbar() -> str:
        time = spoken(platform.hooks.now(), platform.hooks.zone()).partition(" (")[0]
        hint = "!confer … speaks to the bot" if keyboard.room else "all you say goes to the bot"
        return f" {time} · {hint} · /help"

    return PromptSession(
        prompt,
        history=InMemoryHistory(),
        completer=_Completer(platform, keyboard),
        complete_while_typing=True,
        bottom_toolbar=toolbar,
        erase_when_done=True,
        key_bindings=_keys(),
        multiline=True,
        prompt_continuation="  ",
        refresh_interval=1.0,
        reserve_space_for_menu=6,
        style=STYLE,
    )


def _keys() -> KeyBindings:
    """Enter sends, unless the line ends in a backslash; Alt-Enter begins a new line."""
    keys = KeyBindings()

    @keys.add("enter")
    def send(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if goes_on(buffer.document.text_before_cursor) and buffer.document.is_cursor_at_the_end:
            buffer.delete_before_cursor()
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def begin_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys


async def _ask(field: Field) -> str | None:
    """One answer of a form; nothing of it stays in the history."""
    choices = WordCompleter([choice.value for choice in field.choices]) if field.choices else None
    session: PromptSession[str] = PromptSession(
        FormattedText([("class:name", harmless(question(field))), ("", "\n  › ")]),
        completer=choices,
        validator=_Fits(field),
        validate_while_typing=False,
        bottom_toolbar=f" {ASKING}",
        key_bindings=_keys(),
        multiline=True,
        prompt_continuation="    ",
        style=STYLE,
    )
    try:
        return await session.prompt_async()
    except (KeyboardInterrupt, EOFError):
        return None


class _Fits(Validator):
    """Says at once what is wrong with an answer, and keeps it to be mended."""

    def __init__(self, field: Field) -> None:
        self._field = field

    def validate(self, document: Document) -> None:
        wrong = problem(self._field, document.text)
        if is_slash_line(document.text):
            wrong = "That is a line of the console; Ctrl-C leaves the form first."
        if wrong:
            raise ValidationError(len(document.text), harmless(wrong))


class _Completer(Completer):
    def __init__(self, platform: ConsolePlatform, keyboard: Keyboard) -> None:
        self._platform = platform
        self._keyboard = keyboard

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        found = completions(self._platform, self._keyboard, document.text_before_cursor)
        return [Completion(word, start_position=-found.length) for word in found.words]


def _styled(line: Line) -> list[tuple[str, str]]:
    spans = (Span(" " * line.indent), *line.spans)
    return [(f"class:{span.style}" if span.style else "", span.text) for span in spans]
