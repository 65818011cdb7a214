"""Words between people and Slack's mark-up: nothing that a card says becomes mark-up, nothing typed stays escaped."""

import re
from collections.abc import Callable, Container

from adapters.words import harmless

_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_MARKED = re.compile(r"<([^<>]*)>")
_FORMATTED = re.compile(r"[*_~`]|^\s*(?:>|&gt;)|:[\w+'-]+:", re.MULTILINE)
_HINT = re.compile(r"`(?:![\w-]+ )?([a-z]+)((?: [^`\n]{0,300})?)`")
_ENTITY_AT_END = re.compile(r"&(?:a(?:m(?:p)?)?|l(?:t)?|g(?:t)?)?\Z")


def escape(text: str) -> str:
    """The text as Slack shows it to the letter: the three characters of its mark-up written out, and only these."""
    return harmless(text).translate(_ESCAPED)


def unescape(text: str, mention: Callable[[str], str]) -> str:
    """What somebody typed, out of what Slack sends. ``mention`` gives the words for a mentioned user id."""

    def plain(match: re.Match[str]) -> str:
        inside, _, label = match[1].partition("|")
        if inside.startswith("@"):
            return mention(inside[1:])
        if inside.startswith("#"):
            return f"#{label or inside[1:]}"
        if inside.startswith("!"):
            # A broadcast somebody typed is read as words and can never be sent on as one.
            return label or f"@{inside[1:].partition('^')[0]}"
        return label or inside

    words = _MARKED.sub(plain, text)
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        words = words.replace(entity, sign)
    return words.replace("\u00a0", " ")


def typed(text: str, before: str, commands: Container[str]) -> str:
    """The text with its hints of commands as they are typed here. Other words between backticks stay as they are."""

    def hint(match: re.Match[str]) -> str:
        known = match[0].startswith("`!") or match[1] in commands
        return f"`{before}{match[1]}{match[2]}`" if known else match[0]

    return _HINT.sub(hint, text)


def is_plain(text: str) -> bool:
    """Whether mrkdwn would show the text to the letter."""
    return not _FORMATTED.search(text)


def clamp(text: str, most: int) -> str:
    """At most so many characters of an escaped text, never half an entity."""
    return text if len(text) <= most else _ENTITY_AT_END.sub("", text[: most - 1]) + "…"


def pieces(text: str, most: int) -> list[str]:
    """An escaped text in pieces of at most ``most`` characters, broken at lines or blanks where there are any."""
    found = []
    while len(text) > most:
        cut = max(text.rfind("\n", most // 2, most), text.rfind(" ", most // 2, most))
        piece = text[: cut + 1] if cut > 0 else _ENTITY_AT_END.sub("", text[:most])
        found.append(piece)
        text = text[len(piece) :]
    return [piece for piece in (*found, text) if piece.strip()]
