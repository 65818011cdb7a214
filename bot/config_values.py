"""One setting's value: read from a configuration or the environment, and shown as the example file has it."""

import json
import re
from collections.abc import Callable
from dataclasses import Field, fields
from datetime import time, timedelta
from typing import Any, get_type_hints
from urllib.parse import parse_qs, urlsplit

from bot.grammar.clocks import read_clock, read_duration, read_zone, show_duration
from bot.secret_reference import SecretReference
from bot.settings import Form, sections

LEVELS = ("debug", "info", "warning", "error")
MOST = 100_000  # of a number
LONGEST = 1000  # characters of one value
A_WORD = "one word of letters, digits and dashes"
A_LENGTH = 'a length of time in quotes, such as "45m", "1h30" or "2 days"'
AN_HOUR = 'a time of day in quotes, such as "08:00", or "" for none'
A_DATABASE = "the path of a file, or postgresql://USER@HOST/DATABASE"
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,31}")


def read_value(setting: "Field[Any]", hint: Any, given: object) -> Any:
    """The value for a setting of this type. Raises ValueError with what is expected."""
    if hint is timedelta:
        return read_duration(_text(given, A_LENGTH))
    if hint == time | None:
        return given if isinstance(given, time) else _hour(_text(given, AN_HOUR))
    if hint is bool:
        if not isinstance(given, bool):
            raise ValueError("expected true or false, without quotes")
        return given
    if hint is int:
        if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= MOST:
            raise ValueError(f"expected a whole number from 0 to {MOST}, without quotes")
        return given
    form: Form = setting.metadata["form"]
    if hint == tuple[str, ...]:
        if not isinstance(given, list):
            raise ValueError('expected a list in brackets, such as ["one", "two"]')
        return tuple(_in_form(form, _text(item, "a list of texts in quotes")) for item in given)
    assert hint is str, hint
    return _in_form(form, _text(given, "a text in quotes"))


def read_words(setting: "Field[Any]", hint: Any, words: str) -> Any:
    """The value of a variable: as :func:`read_value`, a list with commas between. Raises ValueError."""
    if hint == tuple[str, ...]:
        return read_value(setting, hint, [part.strip() for part in words.split(",") if part.strip()])
    if hint is bool:
        return read_value(setting, hint, {"true": True, "false": False}.get(words.strip().casefold()))
    if hint is int:
        return read_value(setting, hint, int(words) if words.strip().isdecimal() else None)
    return read_value(setting, hint, words)


def show_value(value: object) -> str:
    """The value as TOML."""
    match value:
        case None:
            return '""'
        case time():
            return f'"{value:%H:%M}"'
        case timedelta():
            return f'"{show_duration(value)}"'
        case tuple():
            return f"[{', '.join(show_value(item) for item in value)}]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def example() -> str:
    """The text of ``config.example.toml``: every setting at its default, below its sentence."""
    lines = [
        "# The settings of Confer, each at its default. A line that is left out keeps its default.",
        "# The environment goes before this file: CONFER_BOT_ZONE=Europe/Berlin sets zone in [bot].",
    ]
    for name, section in sections():
        about = (section.__doc__ or "").strip()
        lines += ["", f"# {about}", f"[{name}]"]
        defaults = section()
        for setting in fields(section):
            lines += [f"# {setting.metadata['about']}"]
            lines += [f"{setting.name} = {show_value(getattr(defaults, setting.name))}"]
    return "\n".join(lines) + "\n"


def hints_of(section: type) -> dict[str, Any]:
    """The types of a section's settings by name."""
    return get_type_hints(section)


def _text(given: object, expected: str) -> str:
    if not isinstance(given, str):
        raise ValueError(f"expected {expected}")  # noqa: TRY004 - one kind of error for every wrong value
    if len(given) > LONGEST or not given.isprintable():
        raise ValueError(f"expected {expected}, printable and of at most {LONGEST} characters")
    return given


def _hour(words: str) -> time | None:
    return read_clock(words) if words.strip() else None


def _in_form(form: Form, text: str) -> str:
    return _READ[form](text)


def _word(text: str) -> str:
    if not _WORD.fullmatch(text):
        raise ValueError(f"expected {A_WORD}")
    return text


def _level(text: str) -> str:
    if text.casefold() not in LEVELS:
        raise ValueError(f"expected one of {', '.join(LEVELS)}")
    return text.casefold()


def _path(text: str) -> str:
    if not text.strip() or "://" in text:
        raise ValueError("expected the path of a file")
    return text


def read_database(text: str) -> str:
    """A path or a PostgreSQL URL; what is wrong is said without the text, which may hold a password."""
    if "://" not in text:
        return _path(text)
    try:
        url = urlsplit(text)
        port, options = url.port, parse_qs(url.query)
    except ValueError:
        raise ValueError(f"expected {A_DATABASE}") from None
    if url.password is not None or not {"password", "sslpassword"}.isdisjoint(options):
        raise ValueError("the password does not belong here; `password` in [storage] says where it is found")
    if url.scheme != "postgresql" or not url.path.strip("/") or url.fragment or port == 0:
        raise ValueError(f"expected {A_DATABASE}")
    return text


def _zone(text: str) -> str:
    return read_zone(text).key


def _secret(text: str) -> str:
    return str(SecretReference.parse(text))


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("expected a text that is not empty")
    return text


_READ: dict[Form, Callable[[str], str]] = {
    Form.TEXT: _filled,
    Form.WORD: _word,
    Form.ZONE: _zone,
    Form.LEVEL: _level,
    Form.PATH: _path,
    Form.DATABASE: read_database,
    Form.SECRET: _secret,
}
