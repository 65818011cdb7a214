"""Slack's rules on what an app sends, told as sentences: what is wrong with these blocks, this view, this message.

Neither slack_sdk's models nor Slack publish a complete schema, so the documented rules stand here. The local Slack of
the tests judges every payload by them, and the running bot logs what it would break.
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from adapters.slack import limits
from adapters.slack.elements import IN_ACTIONS, IN_INPUT, IN_SECTION, element
from adapters.slack.shapes import Obj, Problems, count, extra, image, markup_problems, string, text_object, unique

_ALLOWED = {
    "section": {"text", "fields", "accessory", "expand"},
    "header": {"text"},
    "divider": set[str](),
    "context": {"elements"},
    "actions": {"elements"},
    "input": {"label", "element", "dispatch_action", "hint", "optional"},
    "image": {"image_url", "slack_file", "alt_text", "title"},
}
"""The blocks that stand on every surface; of those that are not here, such as tables, the bot uses none."""


def message_problems(payload: Obj) -> list[str]:
    """What Slack would refuse or misread in the arguments of a chat method."""
    found: list[str] = []
    text, blocks = payload.get("text"), payload.get("blocks")
    said = isinstance(text, str) and bool(text.strip())
    if not said and not blocks:
        found.append("no_text: neither text nor blocks")
    if blocks and not said:
        found.append("text: a message with blocks needs a plain text for notifications")
    if "attachments" in payload:
        found.append("attachments: blocks are to be used")
    if isinstance(text, str):
        if len(text) > limits.TEXT:
            found.append(f"text: {len(text)} characters, at most {limits.TEXT}")
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
    found += unique([b.get("block_id") for b in blocks if isinstance(b, Mapping)], "block_id")
    total = sum(map(len, texts_of(blocks)))
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
    found = extra(view, "view", _VIEW_KEYS | (_MODAL_KEYS if kind == "modal" else set()))
    if kind == "modal":
        found += text_object(view.get("title"), "view.title", limits.VIEW_TITLE)
        for name in ("submit", "close"):
            if name in view:
                found += text_object(view[name], f"view.{name}", limits.VIEW_BUTTON)
        blocks = view.get("blocks") or ()
        if any(isinstance(b, Mapping) and b.get("type") == "input" for b in blocks) and "submit" not in view:
            found.append("view.submit: required where there are inputs")
    for name, most in (
        ("private_metadata", limits.PRIVATE_METADATA),
        ("callback_id", limits.IDENTIFIER),
        ("external_id", limits.IDENTIFIER),
    ):
        found += string(view.get(name), f"view.{name}", most)
    found += block_problems(view.get("blocks"), kind)
    if len(json.dumps(view)) > limits.VIEW_BYTES:
        found.append("view_too_large")
    return found


_VIEW_KEYS = {"type", "blocks", "private_metadata", "callback_id", "external_id"}
_MODAL_KEYS = {"title", "submit", "close", "clear_on_close", "notify_on_close"}


def texts_of(thing: object) -> list[str]:
    """Every text that blocks show, labels and placeholders included."""
    found: list[str] = []
    _gather(thing, found)
    return found


def _gather(thing: object, into: list[str]) -> None:
    if isinstance(thing, dict):
        for key, value in thing.items():
            if not isinstance(value, str):
                _gather(value, into)
            elif key in ("text", "alt_text", "initial_value"):
                into.append(value)
    elif isinstance(thing, (list, tuple)):
        for one in thing:
            _gather(one, into)


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
    if kind not in _ALLOWED:
        yield f"{where}.type: {kind} is no block of a {surface}"
        return
    yield from extra(block, where, _ALLOWED[kind] | {"type", "block_id"})
    if "block_id" in block:
        yield from string(block["block_id"], f"{where}.block_id", limits.IDENTIFIER, least=1)
    match kind:
        case "section":
            yield from _section(block, where)
        case "header":
            yield from text_object(block.get("text"), f"{where}.text", limits.HEADER)
        case "context":
            yield from _context(block, where)
        case "actions":
            yield from _actions(block, where)
        case "input":
            yield from _input(block, where, surface)
        case "image":
            yield from image(block, where)
        case _:
            return


def _section(block: Obj, where: str) -> Problems:
    words, fields = block.get("text"), block.get("fields")
    if words is None and not fields:
        yield f"{where}: a section needs text or fields"
    if words is not None:
        yield from text_object(words, f"{where}.text", limits.SECTION, mrkdwn=True)
    if fields is not None:
        yield from count(fields, f"{where}.fields", limits.FIELDS)
        for n, field in enumerate(fields):
            yield from text_object(field, f"{where}.fields[{n}]", limits.FIELD, mrkdwn=True)
    if "accessory" in block:
        yield from element(block["accessory"], f"{where}.accessory", IN_SECTION)


def _context(block: Obj, where: str) -> Problems:
    elements = block.get("elements")
    yield from count(elements, f"{where}.elements", limits.CONTEXT_ELEMENTS)
    for n, one in enumerate(elements or ()):
        here = f"{where}.elements[{n}]"
        if isinstance(one, Mapping) and one.get("type") == "image":
            yield from image(one, here)
        else:
            yield from text_object(one, here, limits.SECTION, mrkdwn=True)


def _actions(block: Obj, where: str) -> Problems:
    elements = block.get("elements")
    yield from count(elements, f"{where}.elements", limits.ACTIONS_ELEMENTS)
    for n, one in enumerate(elements or ()):
        yield from element(one, f"{where}.elements[{n}]", IN_ACTIONS)
    ids = [e.get("action_id") for e in elements or () if isinstance(e, Mapping)]
    yield from unique(ids, f"{where}: action_id")


def _input(block: Obj, where: str, surface: str) -> Problems:
    yield from text_object(block.get("label"), f"{where}.label", limits.LABEL)
    if "hint" in block:
        yield from text_object(block["hint"], f"{where}.hint", limits.HINT)
    yield from element(block.get("element"), f"{where}.element", IN_INPUT)
    if surface == "message" and not block.get("dispatch_action"):
        yield f"{where}: an input of a message needs dispatch_action"


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
