"""A form without a window: what a typed answer gives a field, and how a form is filled in one message."""

import re
from collections.abc import Mapping
from difflib import get_close_matches

from adapters.card import Field, Form

LONGEST_VALUE = 20_000  # characters
SKIP, BACK, CANCEL, SEND = "skip", "back", "cancel", "send"
EMPTIED = "-"
_LABELLED = re.compile(r"[ \t]*[*_`]*([^:\n]{1,60}?)[*_`]*[ \t]*:[*_`]*[ \t]*(.*)")


class Unfit(Exception):
    """A value that its field cannot have; the message is a sentence for the person."""


def fitting(field: Field, value: str) -> str:
    """The value as the field has it. Raises :class:`Unfit`."""
    value = value.strip()
    if value == EMPTIED:
        value = ""
    if len(value) > LONGEST_VALUE:
        raise Unfit(f"{field.name} has {len(value):,} characters; at most {LONGEST_VALUE:,} fit.")
    if field.required and not value:
        raise Unfit(f"{field.name} is needed.")
    if not field.choices or not value:
        return value
    if value.isascii() and value.isdigit() and 0 < int(value) <= len(field.choices):
        return field.choices[int(value) - 1].value
    for choice in field.choices:
        if _plain(value) in (_plain(choice.value), _plain(choice.label)):
            return choice.value
    raise Unfit(f"{field.name} is one of {', '.join(c.value for c in field.choices)}.")


def filled_in(form: Form, text: str) -> dict[str, str] | None:
    """The fields that a message of lines like ``question: …`` fills; None where it is not such a message.

    A value runs on until the next line that begins with a field's name. Raises :class:`Unfit` at a slip in a name.
    """
    named = _names(form)
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in text.strip().split("\n"):
        match = _LABELLED.fullmatch(line)
        field = named.get(_plain(match[1])) if match else None
        if match and field:
            current = found.setdefault(field, [])
            current.append(match[2])
        elif current is None:
            _check_slip(line, match[1] if match else "", named)
            return None
        else:
            current.append(line)
    return {name: "\n".join(lines).strip() for name, lines in found.items()} or None


def whole(form: Form, given: Mapping[str, str]) -> dict[str, str]:
    """All fields: those given, checked, and the others as they stand. Raises :class:`Unfit`."""
    return {f.name: fitting(f, given[f.name]) if f.name in given else _standing(f) for f in form.fields}


def question(form: Form, number: int, given: Mapping[str, str]) -> str:
    """What asks for the field of that number, counted from nought."""
    field = form.fields[number]
    label = field.label or field.name
    lines = [f"{number + 1} of {len(form.fields)}: {label}" + (" (needed)" if field.required else "")]
    lines += [field.hint] if field.hint else []
    lines += [f"{count}. {choice.label or choice.value}" for count, choice in enumerate(field.choices, 1)]
    value = given.get(field.name, field.value)
    if value:
        lines.append(f"Now: {value}")
    ways = [f"`{SKIP}` {'keeps it' if value else 'leaves it empty'}"] if value or not field.required else []
    ways += [f"`{BACK}` goes back"] if number else []
    lines.append(", ".join([*ways, f"`{CANCEL}` ends this"]) + ".")
    return "\n".join(lines)


def overview(form: Form, given: Mapping[str, str]) -> str:
    """All that is filled in, before it is sent."""
    lines = [f"{form.title}, as you filled it in:"]
    lines += [f"{f.label or f.name}: {given.get(f.name, f.value) or '(empty)'}" for f in form.fields]
    return "\n".join([*lines, f"`{SEND}` sends it, `{BACK}` goes back, `{CANCEL}` forgets it."])


def _standing(field: Field) -> str:
    if field.required and not field.value.strip():
        raise Unfit(f"{field.name} is needed.")
    return field.value


def _names(form: Form) -> dict[str, str]:
    named = {_plain(other): f.name for f in reversed(form.fields) for other in (f.label, *f.other_names)}
    return named | {_plain(f.name): f.name for f in form.fields}


def _check_slip(line: str, name: str, named: Mapping[str, str]) -> None:
    """A first line that names nearly a field is a slip and not a command."""
    if name and (near := get_close_matches(_plain(name), named, n=1, cutoff=0.8)):
        raise Unfit(f"There is no field {name.strip()[:40]}; did you mean {named[near[0]]}?")


def _plain(name: str) -> str:
    return re.sub(r"[-_\s]+", "", name).casefold()
