"""What may be typed next at the console: slash lines, names, labels, fields and the bot's own words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from adapters.card import Button
from adapters.console.keyboard import SLASH_LINES, Keyboard
from adapters.console.lines import Mistake
from adapters.console.offers import choices
from adapters.console.platform import ConsolePlatform
from adapters.console.world import Message
from adapters.words import addressed

_LAST_WORD = re.compile(r"\S*\Z")
RECENT = 30


@dataclass(frozen=True, slots=True)
class Completions:
    """Words that may stand in place of the last ``length`` characters."""

    words: Sequence[str] = ()
    length: int = 0


def completions(platform: ConsolePlatform, keyboard: Keyboard, typed: str) -> Completions:
    """What may come at the end of the text typed so far."""
    last = _last_word(typed)
    if typed.startswith("/"):
        name, blank, rest = typed[1:].partition(" ")
        if not blank:
            return _beginning([f"/{line}" for line in SLASH_LINES], typed)
        return _of_slash_line(platform, keyboard, name.lower(), rest)
    if last.startswith("@"):
        return _beginning([f"@{person}" for person in ("confer", *sorted(platform.world.people))], last)
    said = addressed(typed)
    if said is None and keyboard.room is not None:
        return Completions()
    command = typed.lstrip() if said is None else said + (" " if said and typed[-1:].isspace() else "")
    words = platform.hooks.complete(command)
    whole = _beginning(words, command)
    return whole if whole.words else _beginning(words, _last_word(command))


def _of_slash_line(platform: ConsolePlatform, keyboard: Keyboard, name: str, rest: str) -> Completions:
    last = _last_word(rest)
    match name:
        case "as" | "invite" | "leave":
            return _beginning(sorted(platform.world.people), last)
        case "room":
            return _beginning(sorted(r for r in platform.world.rooms if not r.startswith("@")), last)
        case "press":
            return _beginning([f'"{label}"' for label in _labels(platform, keyboard)], rest)
        case "react":
            return _beginning(_reactions(platform, keyboard), rest)
        case "fill":
            return _beginning([f'{name}="' for name in _fields(platform, keyboard)], last)
        case _:
            return Completions()


def _recent(platform: ConsolePlatform, keyboard: Keyboard) -> list[Message]:
    return list(islice(platform.world.newest_first(keyboard.account, keyboard.here), RECENT))


def _labels(platform: ConsolePlatform, keyboard: Keyboard) -> list[str]:
    seen = _recent(platform, keyboard)
    return list(dict.fromkeys(choice.label for message in seen for choice in choices(message)))


def _reactions(platform: ConsolePlatform, keyboard: Keyboard) -> list[str]:
    seen = _recent(platform, keyboard)
    return [
        f"{message.number} {choice.emoji}"
        for message in seen
        for choice in choices(message)
        if isinstance(choice, Button) and choice.emoji
    ]


def _fields(platform: ConsolePlatform, keyboard: Keyboard) -> list[str]:
    try:
        offer = platform.forms.newest(keyboard.account, keyboard.here)
    except Mistake:
        return []
    return [field.name for field in offer.form.fields]


def _beginning(words: Sequence[str], begun: str) -> Completions:
    bare = begun.casefold().lstrip('"')
    return Completions([word for word in words if word.casefold().lstrip('"').startswith(bare)], len(begun))


def _last_word(text: str) -> str:
    match = _LAST_WORD.search(text)
    assert match  # the pattern takes the empty word too
    return match[0]
