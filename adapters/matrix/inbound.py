"""From a decrypted event to words: what was typed, whether it was said to the bot, and what it answers."""

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from adapters.matrix.http import JSON
from adapters.words import addressed

_LINK = re.compile(
    r"<a\s[^>]*href=[\"']https://matrix\.to/#/([^\"'?]+)[^\"']*[\"'][^>]*>(.*?)</a>", re.DOTALL | re.IGNORECASE
)
_MARKDOWN_LINK = re.compile(r"\[([^\]\n]*)\]\(<?https://matrix\.to/#/([^)>\s?]+)[^)\s]*\)")
_ACCOUNT = re.compile(r"@[^\s:@]+:[^\s:@,;]+(?::\d+)?")
_TAG = re.compile(r"<[^>]*>")
SPOKEN = ("m.text", "m.emote")
THREAD = "m.thread"
REPLACE = "m.replace"


@dataclass(frozen=True, slots=True)
class Words:
    """``said`` is the part said to the bot, None where it was said to the room."""

    text: str
    said: str | None
    thread: str | None
    reply_to: str | None


@dataclass(frozen=True, slots=True)
class Own:
    """What the bot is called."""

    account: str
    names: tuple[str, ...]


def words_of(content: JSON, own: Own) -> Words | None:
    """The words of an ``m.room.message``; None where it is not something that a person says: an edit, a notice."""
    relation = _object(content, "m.relates_to")
    if relation.get("rel_type") == REPLACE or "m.new_content" in content:
        return None
    kind = content.get("msgtype")
    if kind == "m.notice" or not isinstance(content.get("body"), str):
        return None
    thread, reply_to = _relations(relation)
    if kind not in SPOKEN:
        return Words("", None, thread, reply_to)  # a picture: somebody is there, nothing was typed
    text = _text(content, own, answers=reply_to is not None)
    said = addressed(text, own.names)
    if said is None and _calls(content, own) and not _really_answers(relation):
        said = _without_name(text, own)
    return Words(text, said, thread, reply_to)


def meant(text: str, people: Mapping[str, str]) -> str:
    """The text in which ``@lee``, typed without a pill, is the account of the one person who is called so.

    ``people`` are names by account. A local name, a display name or its first word will do, in any letter case; what
    more than one of them are called, or none, stays as it is.
    """
    if "@" not in text:
        return text
    called: dict[str, set[str]] = {}
    for account, name in people.items():
        local = account.removeprefix("@").partition(":")[0]
        for word in {local.casefold(), name.casefold(), *name.casefold().split()[:1]} - {""}:
            called.setdefault(word, set()).add(account)
    if not called:
        return text
    words = "|".join(re.escape(word) for word in sorted(called, key=len, reverse=True))
    return re.sub(
        rf"(?<![\w@])@({words})(?![\w/=+-]|[:.]\w)", lambda m: _only(called, m[1]) or m[0], text, flags=re.IGNORECASE
    )


def mentioned(text: str, people: Mapping[str, str]) -> dict[str, str]:
    """The accounts that stand in the text, with what these people are called."""
    return {account: people[account] for account in accounts(text) if people.get(account)}


def accounts(text: str) -> list[str]:
    """The accounts that stand in the text."""
    return list(dict.fromkeys(match.rstrip(".!?)") for match in _ACCOUNT.findall(text)))


def annotation(content: JSON) -> tuple[str, str] | None:
    """The message and the emoji of an ``m.reaction``."""
    relation = _object(content, "m.relates_to")
    event, key = relation.get("event_id"), relation.get("key")
    if relation.get("rel_type") != "m.annotation" or not isinstance(event, str) or not isinstance(key, str):
        return None
    return event, key


def _only(called: Mapping[str, set[str]], word: str) -> str:
    found = called.get(word.casefold(), set())
    return next(iter(found)) if len(found) == 1 else ""


def plain_emoji(text: str) -> str:
    """The emoji without the mark that asks for its coloured form."""
    return text.strip().replace("\ufe0f", "")


def _relations(relation: JSON) -> tuple[str | None, str | None]:
    thread = relation.get("event_id") if relation.get("rel_type") == THREAD else None
    root = thread if isinstance(thread, str) else None
    answered = _object(relation, "m.in_reply_to").get("event_id")
    if not isinstance(answered, str) or relation.get("is_falling_back") is True:
        return root, root
    return root, answered


def _really_answers(relation: JSON) -> bool:
    """A reply mentions whom it answers by itself; that is no word to the bot."""
    return bool(_object(relation, "m.in_reply_to")) and relation.get("is_falling_back") is not True


def _text(content: JSON, own: Own, *, answers: bool) -> str:
    body = str(content["body"])
    if answers and body.startswith("> "):
        # Older clients quote what they answer in front of it.
        quote, blank, rest = body.partition("\n\n")
        body = rest if blank and all(line.startswith(">") for line in quote.split("\n")) else body
    body = _MARKDOWN_LINK.sub(lambda m: _called(unquote(m[2]), own) or m[1], body)
    formatted = content.get("formatted_body")
    if content.get("format") == "org.matrix.custom.html" and isinstance(formatted, str):
        body = _with_accounts(body, formatted, own)
    return body.strip()


def _with_accounts(body: str, formatted: str, own: Own) -> str:
    """The body in which each pill's label has become the account that the pill stands for."""
    after = formatted.rpartition("</mx-reply>")[2]
    at = 0
    for match in _LINK.finditer(after):
        account, label = _called(unquote(match[1]), own), html.unescape(_TAG.sub("", match[2]))
        if not account or not label or (found := body.find(label, at)) < 0:
            continue
        start = found - 1 if found and body[found - 1] == "@" and not label.startswith("@") else found
        body = body[:start] + account + body[found + len(label) :]
        at = start + len(account)
    return body


def _called(account: str, own: Own) -> str:
    if not account.startswith("@"):
        return ""
    return f"@{own.names[0]}" if account == own.account else account


def _calls(content: JSON, own: Own) -> bool:
    called = _object(content, "m.mentions").get("user_ids")
    return isinstance(called, list) and own.account in called


def _without_name(text: str, own: Own) -> str:
    names = "|".join(re.escape(n) for n in sorted((own.account, *own.names), key=len, reverse=True))
    return re.sub(rf"(?<![\w@])@?(?:{names})(?!\w)[:,]?\s*", "", text, count=1, flags=re.IGNORECASE).strip()


def own_names(account: str, name: str, display_names: Iterable[str]) -> Own:
    """What people may call the bot: its configured name first."""
    local = account.removeprefix("@").partition(":")[0]
    return Own(account, tuple(dict.fromkeys(n for n in (name, local, account.removeprefix("@"), *display_names) if n)))


def _object(content: JSON, name: str) -> JSON:
    found = content.get(name)
    return found if isinstance(found, dict) else {}
