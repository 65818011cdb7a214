"""A form as a modal: an empty one at once, for a trigger lives three seconds, then filled. Off by default.

Slack's HIPAA page names messages and files as the places for patient data, not views; so a form is a modal only where
its house has switched that on, or where all it asks for is a choice among given words.
"""

from collections.abc import Mapping
from typing import Any

from adapters.card import Field, Form
from adapters.slack import limits
from adapters.slack.text import clamp, escape

Obj = dict[str, Any]

CALLBACK = "form"
TITLE = "Confer"
"""Of every view: a title can hold no word that somebody typed."""


def skeleton() -> Obj:
    """What is opened at once."""
    return _view([{"type": "section", "text": _plain("One moment …")}], "")


def view(form: Form, token: str) -> Obj:
    """The form's fields as inputs; ``token`` leads back to the form."""
    blocks: list[Obj] = [{"type": "section", "text": _plain(clamp(escape(form.title) or "…", 2900))}]
    blocks += [_input(n, field) for n, field in enumerate(form.fields[: limits.BLOCKS_OF_VIEW - 1])]
    return _view(blocks, token, clamp(escape(form.submit) or "Send", limits.VIEW_BUTTON))


def fits(form: Form) -> bool:
    """Whether a modal can take the form without cutting anything of it off."""
    return len(form.fields) < limits.BLOCKS_OF_VIEW and all(
        len(f.value) <= limits.INPUT and len(f.choices) <= limits.OPTIONS for f in form.fields
    )


def gone() -> Obj:
    """What the view says once its form is kept no longer."""
    return _view([{"type": "section", "text": _plain("This form is too old. Ask for it again.")}], "")


def filled(form: Form, given: Mapping[str, Any]) -> dict[str, str]:
    """What was typed and chosen, by the fields' names."""
    values = ((given.get("state") or {}).get("values")) or {}
    found = {}
    for n, field in enumerate(form.fields):
        element = (values.get(f"f{n}") or {}).get("v") or {}
        option = element.get("selected_option") or {}
        found[field.name] = _meant(field, option.get("value")) if field.choices else element.get("value") or ""
    return found


def problems(form: Form, fields: Mapping[str, str], wrong: Mapping[str, str]) -> dict[str, str]:
    """What cannot be sent so, by the block it stands in. ``wrong``: what the bot says of the fields, by their names."""
    missing = {f.name: "This one is needed." for f in form.fields if f.required and not fields[f.name].strip()}
    said = {**wrong, **missing}
    return {f"f{n}": said[field.name] for n, field in enumerate(form.fields) if field.name in said}


def _input(number: int, field: Field) -> Obj:
    block: Obj = {
        "type": "input",
        "block_id": f"f{number}",
        "label": _plain(clamp(" ".join(escape(field.label or field.name).split()) or "…", limits.LABEL)),
        "element": _select(field) if field.choices else _text_input(field),
        "optional": not field.required,
    }
    return block | ({"hint": _plain(clamp(escape(field.hint), limits.HINT))} if field.hint.strip() else {})


def _text_input(field: Field) -> Obj:
    element: Obj = {"type": "plain_text_input", "action_id": "v", "multiline": field.multiline}
    return element | ({"initial_value": field.value[: limits.INPUT]} if field.value else {})


def _select(field: Field) -> Obj:
    """A menu whose values are numbers: no word of a form stands in a value."""
    options = [
        {"text": _plain(clamp(escape(c.label or c.value) or "…", limits.OPTION)), "value": str(n)}
        for n, c in enumerate(field.choices[: limits.OPTIONS])
    ]
    element: Obj = {"type": "static_select", "action_id": "v", "options": options}
    initial = next((options[n] for n, c in enumerate(field.choices[: limits.OPTIONS]) if c.value == field.value), None)
    return element | ({"initial_option": initial} if initial else {})


def _meant(field: Field, value: object) -> str:
    number = int(value) if isinstance(value, str) and value.isdecimal() else -1
    return field.choices[number].value if 0 <= number < len(field.choices) else ""


def _view(blocks: list[Obj], token: str, submit: str = "") -> Obj:
    made: Obj = {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": token,
        "title": _plain(TITLE),
        "close": _plain("Cancel"),
        "blocks": blocks,
    }
    return made | ({"submit": _plain(submit)} if submit else {})


def _plain(text: str) -> Obj:
    return {"type": "plain_text", "text": text, "emoji": False}
