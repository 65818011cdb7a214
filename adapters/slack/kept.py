"""What stands behind buttons: commands in clear where they are made of words of command alone, else sealed.

Slack allows no patient data in values, so a command that may repeat somebody's words, and every form, is kept in the
drawer under a random token, and the token is the value.
"""

import asyncio
import re
import secrets
import time
from collections.abc import Callable
from functools import cached_property

import msgspec

from adapters.card import Button, Card, Form
from adapters.platform import Drawer

COMMANDS_LAST = 90 * 86400.0
FORMS_LAST = 2 * 86400.0
"""A form may hold a patient's words, so it is kept no longer than people need to fill it in."""
_PREFIX = "kept/"
_MARK = "~"
_HARMLESS = re.compile(
    r"[a-z]+(?: (?:[a-z-]+(?= |$)))?"  # the words of the command: `case approve`
    r"(?: (?:[A-Z]-[0-9A-Z]{1,8}|\d{1,3}|\d{1,3}[smhdw]|yes|no|maybe|mine|team|all|as|sure|case|[0-9a-f]{6,64}))*"
)
_REFERENCE = re.compile(r"\b[A-Z]-[0-9A-Z]{1,8}\b")
_STEP = re.compile(r"!step\.[\w-]+\.\d+\.[a-z]+\d*")
"""A button of a dialogue: which dialogue, which question, what to do."""


class Entry(msgspec.Struct, frozen=True):
    """Everything sealed of one message."""

    at: float
    commands: tuple[str, ...] = ()
    forms: tuple[Form, ...] = ()


def looks_harmless(command: str) -> bool:
    """Whether the command is made of words of command, references and numbers, and repeats nobody's words."""
    return len(command) <= 200 and (_HARMLESS.fullmatch(command) or _STEP.fullmatch(command)) is not None


def about(*commands: str) -> str:
    """The first reference in the commands, "" where there is none."""
    found = (_REFERENCE.search(command) for command in commands)
    return next((match[0] for match in found if match), "")


class Sealed:
    """The values of one message's buttons, and what is to be kept for them."""

    def __init__(self, is_harmless: Callable[[str], bool], about: str) -> None:
        self._is_harmless, self._about = is_harmless, about
        self._commands: list[str] = []
        self._forms: list[Form] = []

    @cached_property
    def token(self) -> str:
        return secrets.token_urlsafe(12) + (f"/{self._about}" if self._about else "")

    def value(self, thing: Button | Form) -> str:
        if isinstance(thing, Form):
            self._forms.append(thing)
            return f"{_MARK}{self.token}.f{len(self._forms) - 1}"
        if self._is_harmless(thing.command):
            return thing.command
        self._commands.append(thing.command)
        return f"{_MARK}{self.token}.c{len(self._commands) - 1}"

    def entry(self, now: float) -> Entry | None:
        """What to keep; None where nothing is hidden."""
        if not self._commands and not self._forms:
            return None
        return Entry(now, tuple(self._commands), tuple(self._forms))


class Kept:
    """Sealed commands and forms, in the drawer."""

    def __init__(
        self,
        drawer: Drawer,
        *,
        is_harmless: Callable[[str], bool] = looks_harmless,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._drawer, self._is_harmless, self._clock = drawer, is_harmless, clock

    def begin(self, card: Card) -> Sealed:
        """``kept/…/C-7K2P``: the name ends in what the card is about, so that erasing that finds it."""
        commands = [button.command for button in card.buttons] + [form.command for form in card.forms]
        return Sealed(self._is_harmless, about(*commands))

    async def keep(self, sealed: Sealed) -> None:
        """Call it before the message goes out: a button that can be pressed is understood."""
        if (entry := sealed.entry(self._clock())) is not None:
            await asyncio.to_thread(self._drawer.put, _PREFIX + sealed.token, msgspec.json.encode(entry))

    async def meant(self, value: str) -> str | Form | None:
        """The command or form behind a value; None where it was kept no longer, or never was ours."""
        if not value.startswith(_MARK):
            # Only what could have been written in clear is read so: a forged value is no way around.
            return value if self._is_harmless(value) else None
        token, _, which = value[1:].rpartition(".")
        kept = await asyncio.to_thread(self._drawer.get, _PREFIX + token)
        if kept is None or not which[1:].isdecimal():
            return None
        entry = msgspec.json.decode(kept, type=Entry)
        things = entry.forms if which[0] == "f" else entry.commands
        number = int(which[1:])
        return things[number] if number < len(things) else None

    async def forget_old(self) -> None:
        """Forms go soon, commands with their messages' usefulness."""
        await asyncio.to_thread(self._forget_old)

    def _forget_old(self) -> None:
        for name in self._drawer.names(_PREFIX):
            kept = self._drawer.get(name)
            if kept is None:
                continue
            entry = msgspec.json.decode(kept, type=Entry)
            if self._clock() - entry.at > (FORMS_LAST if entry.forms else COMMANDS_LAST):
                self._drawer.delete(name)
