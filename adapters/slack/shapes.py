"""What every part of a payload is held to: texts and their mark-up, lengths, counts, ids that are unique."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.slack import limits

Obj = Mapping[str, Any]
Problems = Iterator[str]

_SPECIAL = re.compile(
    r"<(?:@[UW][A-Z0-9]+(?:\|[^<>]*)?|#C[A-Z0-9]+(?:\|[^<>]*)?|(?:https?://|mailto:)[^<>\s]+(?:\|[^<>]*)?"
    r"|!(?:here|channel|everyone)(?:\|[^<>]*)?|!subteam\^S[A-Z0-9]+(?:\|[^<>]*)?|!date\^\d+\^[^<>]+\|[^<>]*)>"
)
_BARE_AMPERSAND = re.compile(r"&(?!amp;|lt;|gt;)")
_BROADCAST = re.compile(r"<!(?:here|channel|everyone|subteam)")


def markup_problems(text: str, where: str) -> list[str]:
    """Characters of mark-up that were not escaped; a mention, link or date that is meant passes."""
    rest = _SPECIAL.sub("", text)
    found = [f"{where}: unescaped {sign}" for sign in "<>" if sign in rest]
    if _BARE_AMPERSAND.search(rest):
        found.append(f"{where}: unescaped &")
    if _BROADCAST.search(text):
        found.append(f"{where}: calls a whole channel")
    return found


def text_object(thing: object, where: str, most: int, *, mrkdwn: bool = False) -> Problems:
    """A text object; only where ``mrkdwn`` is allowed may it be more than plain."""
    if not isinstance(thing, Mapping):
        yield f"{where}: a text object is required"
        return
    kind = thing.get("type")
    if kind not in (("plain_text", "mrkdwn") if mrkdwn else ("plain_text",)):
        yield f"{where}.type: {kind} may not stand here"
    yield from extra(thing, where, {"type", "text", "emoji" if kind == "plain_text" else "verbatim"})
    text = thing.get("text")
    yield from string(text, where, most, least=1)
    if not isinstance(text, str):
        return
    if text and not text.strip():
        yield f"{where}: nothing but blanks"
    if kind == "plain_text" and _SPECIAL.search(text):
        yield f"{where}: mark-up in a plain text"
    if kind == "mrkdwn" and thing.get("verbatim") is not True:
        yield f"{where}: without verbatim, names and addresses in it become links"
    yield from markup_problems(text, where)


def string(value: object, where: str, most: int, least: int = 0) -> Problems:
    if value is None:
        if least:
            yield f"{where}: required"
        return
    if not isinstance(value, str):
        yield f"{where}: not a string"
    elif not least <= len(value) <= most:
        yield f"{where}: {len(value)} characters, between {least} and {most} are allowed"


def count(things: object, where: str, most: int) -> Problems:
    if not isinstance(things, Sequence) or isinstance(things, str):
        yield f"{where}: a list is required"
    elif not 1 <= len(things) <= most:
        yield f"{where}: {len(things)} entries, between 1 and {most} are allowed"


def unique(values: Sequence[object], where: str) -> list[str]:
    given = [value for value in values if value is not None]
    return [f"{where}: not unique"] if len(set(map(str, given))) != len(given) else []


def extra(thing: Obj, where: str, allowed: set[str]) -> list[str]:
    return [f"{where}: no more than {', '.join(sorted(allowed))}: {key}" for key in thing if key not in allowed]


def image(block: Obj, where: str) -> Problems:
    if bool(block.get("image_url")) is bool(block.get("slack_file")):
        yield f"{where}: an image needs either image_url or slack_file"
    yield from string(block.get("image_url"), f"{where}.image_url", limits.URL)
    yield from string(block.get("alt_text"), f"{where}.alt_text", limits.ALT_TEXT, least=1)
