"""Slack's rules on what an app sends, told as sentences: what is wrong with these blocks, this view, this message.

Neither slack_sdk's models nor Slack publish a complete schema, so the documented rules stand here. The local Slack of
the tests judges every payload by them, and the running bot logs what it would break.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.slack import limits

Obj = Mapping[str, Any]
Problems = Iterator[str]

_ALLOWED = {
    "section": {"text", "fields", "accessory", "expand"},
    "header": {"text"},
    "divider": set[str](),
    "context": {"elements"},
    "actions": {"elements"},
    "input": {"label", "element", "dispatch_action", "hint", "optional"},
    "image": {"image_url", "slack_file", "alt_text", "title"},
    "markdown": {"text"},
    "rich_text": {"elements"},
}
_SURFACES = {
    "message": set(_ALLOWED),
    "modal": set(_ALLOWED) - {"markdown"},
    "home": set(_ALLOWED) - {"markdown"},
}
_ELEMENTS = {
    "button": {"text", "value", "url", "style", "confirm", "accessibility_label"},
    "static_select": {"placeholder", "options", "option_groups", "initial_option", "confirm", "focus_on_load"},
    "multi_static_select": {
        "placeholder", "options", "option_groups", "initial_options", "confirm", "max_selected_items", "focus_on_load",
    },
    "users_select": {"placeholder", "initial_user", "confirm", "focus_on_load"},
    "conversations_select": {
        "placeholder", "initial_conversation", "default_to_current_conversation", "confirm",
        "response_url_enabled", "filter", "focus_on_load",
    },
    "overflow": {"options", "confirm"},
    "checkboxes": {"options", "initial_options", "confirm", "focus_on_load"},
    "radio_buttons": {"options", "initial_option", "confirm", "focus_on_load"},
    "datepicker": {"placeholder", "initial_date", "confirm", "focus_on_load"},
    "timepicker": {"placeholder", "initial_time", "confirm", "focus_on_load", "timezone"},
    "plain_text_input": {
        "placeholder", "initial_value", "multiline", "min_length", "max_length", "dispatch_action_config",
        "focus_on_load",
    },
}  # fmt: skip
_IN_ACTIONS = set(_ELEMENTS) - {"plain_text_input"}
_IN_INPUT = set(_ELEMENTS) - {"button", "overflow"}
_IN_SECTION = set(_ELEMENTS) - {"plain_text_input"} | {"image"}
_SPECIAL = re.compile(
    r"<(?:@[UW][A-Z0-9]+(?:\|[^<>]*)?|#C[A-Z0-9]+(?:\|[^<>]*)?|(?:https?://|mailto:)[^<>\s]+(?:\|[^<>]*)?"
    r"|!(?:here|channel|everyone)(?:\|[^<>]*)?|!subteam\^S[A-Z0-9]+(?:\|[^<>]*)?|!date\^\d+\^[^<>]+\|[^<>]*)>"
)
_BARE_AMPERSAND = re.compile(r"&(?!amp;|lt;|gt;)")
_BROADCAST = re.compile(r"<!(?:here|channel|everyone|subteam)")


def message_problems(payload: Obj, *, update: bool = False) -> list[str]:
    """What Slack would refuse or misread in the arguments of a chat method."""
    found: list[str] = []
    text, blocks = payload.get("text"), payload.get("blocks")
    if not text and not blocks:
        found.append("no_text: neither text nor blocks")
    if blocks and not text:
        found.append("text: a message with blocks needs a plain text for notifications")
    most = limits.UPDATE_TEXT if update else limits.TEXT
    if isinstance(text, str):
        if len(text) > most:
            found.append(f"text: {len(text)} characters, at most {most}")
        found += markup_problems(text, "text")
    if blocks:
        found += block_problems(blocks, "message")
    return found + list(_metadata(payload.get("metadata")))


def block_problems(blocks: object, surface: str) -> list[str]:
    """What is wrong with a list of blocks on this surface: ``message``, ``modal`` or ``home``."""
    if not isinstance(blocks, Sequence) or isinstance(blocks, str):
        return ["blocks: not a list"]
    most = limits.BLOCKS_OF_MESSAGE if surface == "message" else limits.BLOCKS_OF_VIEW
    found = [f"blocks: {len(blocks)} of at most {most}"] if len(blocks) > most else []
    for n, block in enumerate(blocks):
        found += _block(block, f"blocks[{n}]", surface)
    found += _unique([b.get("block_id") for b in blocks if isinstance(b, Mapping)], "block_id")
    total = sum(len(text) for text in texts_of(blocks))
    if surface == "message" and total > limits.ALL_BLOCKS:
        found.append(f"blocks: {total} characters of text together, at most {limits.ALL_BLOCKS}")
    return found


def view_problems(view: object) -> list[str]:
    """What is wrong with a view: a modal or the App Home."""
    if not isinstance(view, Mapping):
        return ["view: not an object"]
    kind = view.get("type")
    if kind not in ("modal", "home"):
        return ["view.type: modal or home"]
    found = _extra(view, "view", _VIEW_KEYS | (_MODAL_KEYS if kind == "modal" else set()))
    if kind == "modal":
        found += _text(view.get("title"), "view.title", limits.VIEW_TITLE)
        for name in ("submit", "close"):
            if name in view:
                found += _text(view[name], f"view.{name}", limits.VIEW_BUTTON)
        blocks = view.get("blocks") or ()
        if any(isinstance(b, Mapping) and b.get("type") == "input" for b in blocks) and "submit" not in view:
            found.append("view.submit: required where there are inputs")
    for name, most in (
        ("private_metadata", limits.PRIVATE_METADATA),
        ("callback_id", limits.IDENTIFIER),
        ("external_id", limits.IDENTIFIER),
    ):
        found += _string(view.get(name), f"view.{name}", most)
    found += block_problems(view.get("blocks"), kind)
    if len(json.dumps(view)) > limits.VIEW_BYTES:
        found.append("view_too_large")
    return found


_VIEW_KEYS = {"type", "blocks", "private_metadata", "callback_id", "external_id"}
_MODAL_KEYS = {"title", "submit", "close", "clear_on_close", "notify_on_close", "submit_disabled"}


def markup_problems(text: str, where: str) -> list[str]:
    """Characters of mark-up that were not escaped; a mention, link or date that is meant passes."""
    rest = _SPECIAL.sub("", text)
    found = [f"{where}: unescaped {sign}" for sign in "<>" if sign in rest]
    if _BARE_AMPERSAND.search(rest):
        found.append(f"{where}: unescaped &")
    if _BROADCAST.search(text):
        found.append(f"{where}: calls a whole channel")
    return found


def texts_of(thing: object) -> Iterator[str]:
    """Every text that blocks show, labels and placeholders included."""
    if isinstance(thing, Mapping):
        for key, value in thing.items():
            if key in ("text", "alt_text", "initial_value") and isinstance(value, str):
                yield value
            else:
                yield from texts_of(value)
    elif isinstance(thing, (list, tuple)):
        for one in thing:
            yield from texts_of(one)


def hidden_strings(thing: object, key: str = "") -> Iterator[str]:
    """Every string that is no message text: ids, values, metadata, titles of views, urls, file names."""
    if isinstance(thing, Mapping):
        for name, value in thing.items():
            yield from hidden_strings(value, str(name))
    elif isinstance(thing, (list, tuple)):
        for one in thing:
            yield from hidden_strings(one, key)
    elif isinstance(thing, str) and key not in ("text", "initial_value", "alt_text"):
        yield thing


def _block(block: object, where: str, surface: str) -> Problems:
    if not isinstance(block, Mapping):
        yield f"{where}: not an object"
        return
    kind = block.get("type")
    if kind not in _SURFACES[surface]:
        yield f"{where}.type: {kind} is no block of a {surface}"
        return
    yield from _extra(block, where, _ALLOWED[kind] | {"type", "block_id"})
    yield from _string(block.get("block_id"), f"{where}.block_id", limits.IDENTIFIER)
    match kind:
        case "section":
            yield from _section(block, where)
        case "header":
            yield from _text(block.get("text"), f"{where}.text", limits.HEADER)
        case "context":
            yield from _context(block, where)
        case "actions":
            yield from _actions(block, where)
        case "input":
            yield from _input(block, where, surface)
        case "image":
            yield from _image(block, where)
        case "markdown":
            yield from _string(block.get("text"), f"{where}.text", limits.MARKDOWN, least=1)
        case _:
            return


def _section(block: Obj, where: str) -> Problems:
    text, fields = block.get("text"), block.get("fields")
    if text is None and not fields:
        yield f"{where}: a section needs text or fields"
    if text is not None:
        yield from _text(text, f"{where}.text", limits.SECTION, mrkdwn=True)
    if fields is not None:
        yield from _count(fields, f"{where}.fields", limits.FIELDS)
        for n, field in enumerate(fields):
            yield from _text(field, f"{where}.fields[{n}]", limits.FIELD, mrkdwn=True)
    if "accessory" in block:
        yield from _element(block["accessory"], f"{where}.accessory", _IN_SECTION)


def _context(block: Obj, where: str) -> Problems:
    elements = block.get("elements")
    yield from _count(elements, f"{where}.elements", limits.CONTEXT_ELEMENTS)
    for n, element in enumerate(elements or ()):
        here = f"{where}.elements[{n}]"
        if isinstance(element, Mapping) and element.get("type") == "image":
            yield from _image(element, here)
        else:
            yield from _text(element, here, limits.SECTION, mrkdwn=True)


def _actions(block: Obj, where: str) -> Problems:
    elements = block.get("elements")
    yield from _count(elements, f"{where}.elements", limits.ACTIONS_ELEMENTS)
    for n, element in enumerate(elements or ()):
        yield from _element(element, f"{where}.elements[{n}]", _IN_ACTIONS)
    ids = [e.get("action_id") for e in elements or () if isinstance(e, Mapping)]
    yield from _unique(ids, f"{where}: action_id")


def _input(block: Obj, where: str, surface: str) -> Problems:
    yield from _text(block.get("label"), f"{where}.label", limits.LABEL)
    if "hint" in block:
        yield from _text(block["hint"], f"{where}.hint", limits.HINT)
    yield from _element(block.get("element"), f"{where}.element", _IN_INPUT)
    if surface == "message" and not block.get("dispatch_action"):
        yield f"{where}: an input of a message needs dispatch_action"


def _image(block: Obj, where: str) -> Problems:
    if not block.get("image_url") and not block.get("slack_file"):
        yield f"{where}: an image needs image_url or slack_file"
    yield from _string(block.get("image_url"), f"{where}.image_url", limits.URL)
    yield from _string(block.get("alt_text"), f"{where}.alt_text", limits.ALT_TEXT, least=1)


def _element(element: object, where: str, kinds: set[str]) -> Problems:
    if not isinstance(element, Mapping):
        yield f"{where}: not an object"
        return
    kind = element.get("type")
    if kind not in kinds:
        yield f"{where}.type: {kind} may not stand here"
        return
    if kind == "image":
        yield from _image(element, where)
        return
    yield from _extra(element, where, _ELEMENTS[kind] | {"type", "action_id"})
    yield from _string(element.get("action_id"), f"{where}.action_id", limits.IDENTIFIER, least=1)
    if "placeholder" in element:
        yield from _text(element["placeholder"], f"{where}.placeholder", limits.PLACEHOLDER)
    if "confirm" in element:
        yield from _confirm(element["confirm"], f"{where}.confirm")
    if kind == "button":
        yield from _button(element, where)
    elif kind == "plain_text_input":
        yield from _text_input(element, where)
    elif "options" in _ELEMENTS[kind]:
        yield from _choices(element, where, kind)


def _button(element: Obj, where: str) -> Problems:
    yield from _text(element.get("text"), f"{where}.text", limits.BUTTON)
    yield from _string(element.get("value"), f"{where}.value", limits.VALUE)
    yield from _string(element.get("url"), f"{where}.url", limits.URL)
    yield from _string(element.get("accessibility_label"), f"{where}.accessibility_label", limits.BUTTON)
    if "style" in element and element["style"] not in ("primary", "danger"):
        yield f"{where}.style: primary or danger"


def _text_input(element: Obj, where: str) -> Problems:
    least, most = element.get("min_length", 0), element.get("max_length", limits.INPUT)
    if not 0 <= least <= limits.INPUT or not 1 <= most <= limits.INPUT or least > most:
        yield f"{where}: min_length and max_length lie between 0 and {limits.INPUT}"
    yield from _string(element.get("initial_value"), f"{where}.initial_value", most)


def _choices(element: Obj, where: str, kind: str) -> Problems:
    most, value = {
        "overflow": (limits.OVERFLOW, limits.OPTION_VALUE),
        "checkboxes": (limits.CHECKBOXES, limits.OPTION_VALUE),
        "radio_buttons": (limits.RADIO_BUTTONS, limits.OPTION_VALUE),
    }.get(kind, (limits.OPTIONS, limits.OPTION_VALUE))
    options = element.get("options")
    groups = element.get("option_groups")
    if groups is None:
        yield from _count(options, f"{where}.options", most)
    else:
        yield from _count(groups, f"{where}.option_groups", limits.OPTION_GROUPS)
        options = [option for group in groups for option in group.get("options", ())]
    for n, option in enumerate(options or ()):
        here = f"{where}.options[{n}]"
        yield from _text(
            option.get("text"), f"{here}.text", limits.OPTION, mrkdwn=kind in ("checkboxes", "radio_buttons")
        )
        yield from _string(option.get("value"), f"{here}.value", value, least=1)
        if "description" in option:
            yield from _text(option["description"], f"{here}.description", limits.OPTION)
    yield from _unique([o.get("value") for o in options or ()], f"{where}.options: value")
    initial = element.get("initial_options") or ([element["initial_option"]] if "initial_option" in element else [])
    if any(option not in (options or ()) for option in initial):
        yield f"{where}: the initial option is none of the options"


def _confirm(confirm: object, where: str) -> Problems:
    if not isinstance(confirm, Mapping):
        yield f"{where}: not an object"
        return
    yield from _text(confirm.get("title"), f"{where}.title", limits.CONFIRM_TITLE)
    yield from _text(confirm.get("text"), f"{where}.text", limits.CONFIRM_TEXT, mrkdwn=True)
    yield from _text(confirm.get("confirm"), f"{where}.confirm", limits.CONFIRM_BUTTON)
    yield from _text(confirm.get("deny"), f"{where}.deny", limits.CONFIRM_BUTTON)


def _text(thing: object, where: str, most: int, *, mrkdwn: bool = False) -> Problems:
    """A text object; only where ``mrkdwn`` is allowed may it be more than plain."""
    if not isinstance(thing, Mapping):
        yield f"{where}: a text object is required"
        return
    kind = thing.get("type")
    if kind not in (("plain_text", "mrkdwn") if mrkdwn else ("plain_text",)):
        yield f"{where}.type: {kind} may not stand here"
    yield from _extra(thing, where, {"type", "text", "emoji" if kind == "plain_text" else "verbatim"})
    yield from _string(thing.get("text"), where, most, least=1)
    if kind == "mrkdwn" and isinstance(thing.get("text"), str):
        yield from markup_problems(thing["text"], where)


def _string(value: object, where: str, most: int, least: int = 0) -> Problems:
    if value is None:
        if least:
            yield f"{where}: required"
        return
    if not isinstance(value, str):
        yield f"{where}: not a string"
    elif not least <= len(value) <= most:
        yield f"{where}: {len(value)} characters, between {least} and {most} are allowed"


def _count(things: object, where: str, most: int) -> Problems:
    if not isinstance(things, Sequence) or isinstance(things, str):
        yield f"{where}: a list is required"
    elif not 1 <= len(things) <= most:
        yield f"{where}: {len(things)} entries, between 1 and {most} are allowed"


def _unique(values: Sequence[object], where: str) -> list[str]:
    given = [value for value in values if value is not None]
    return [f"{where}: not unique"] if len(set(map(str, given))) != len(given) else []


def _extra(thing: Obj, where: str, allowed: set[str]) -> list[str]:
    return [f"{where}: no more than {', '.join(sorted(allowed))}: {key}" for key in thing if key not in allowed]


def _metadata(metadata: object) -> Problems:
    if metadata is None:
        return
    if not isinstance(metadata, Mapping) or not isinstance(metadata.get("event_type"), str):
        yield "metadata.event_type: required"
        return
    if not isinstance(metadata.get("event_payload"), Mapping):
        yield "metadata.event_payload: an object is required"
    elif len(json.dumps(metadata)) > limits.METADATA_BYTES:
        yield "metadata_too_large"
