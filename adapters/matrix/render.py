"""A card as the plain and the HTML body of one Matrix event, or of several where it is long.

The HTML has what every client shows: paragraphs, line breaks, ``strong``, ``em``, ``code``, lists and links to people.
The plain body says the same. Nothing depends on colour, tables or edits.
"""

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from adapters.card import Actions, Block, Button, Card, Facts, File, Form, Poll, Row, Rows, Text, Tone
from adapters.matrix.http import JSON
from adapters.words import harmless

LONGEST_PART = 24_000  # bytes of both bodies; encryption and the event's frame must fit into 65,536
LONGEST_PARAGRAPH = 4_000  # characters
WARNING = "⚠️ "


@dataclass(frozen=True, slots=True)
class Piece:
    """Some lines, as text and as HTML."""

    plain: str
    html: str

    @property
    def size(self) -> int:
        return len(self.plain.encode()) + len(self.html.encode())


@dataclass(frozen=True, slots=True)
class Look:
    """How words are shown here: what stands before a typed command, and what people in the room are called."""

    prefix: str = "!confer "
    names: Mapping[str, str] = field(default_factory=dict)
    mentions: tuple[str, ...] = ()

    def name(self, account: str) -> str:
        """What the person is called here; people choose it themselves, so it is as little trusted as any text."""
        return _line(self.names.get(account) or account)


def bodies(card: Card, prefix: str = "!confer ", names: Mapping[str, str] | None = None) -> list[Piece]:
    """The card's words, cut into as many parts as its length needs, between blocks where that is possible."""
    look = Look(prefix, names or {}, tuple(account for account in card.mentions if account))
    pieces = [piece for piece in (_title(card, look), *_pieces(card, look)) if piece.plain]
    parts: list[list[Piece]] = [[]]
    for piece in pieces:
        if parts[-1] and sum(p.size for p in parts[-1]) + piece.size > LONGEST_PART:
            parts.append([])
        parts[-1].append(piece)
    return [Piece("\n\n".join(p.plain for p in part), "".join(p.html for p in part)) for part in parts if part] or [
        Piece("…", "<p>…</p>")
    ]


def message(piece: Piece, mentions: Iterable[str] = (), kind: str = "m.text") -> JSON:
    """The content of a message. ``m.mentions`` is always there: without it clients guess from the words."""
    called = list(dict.fromkeys(mentions))
    return {
        "msgtype": kind,
        "body": piece.plain,
        "format": "org.matrix.custom.html",
        "formatted_body": piece.html,
        "m.mentions": {"user_ids": called} if called else {},
    }


def plain_piece(text: str) -> Piece:
    return Piece(text, f"<p>{_escaped(text, Look())}</p>")


def _title(card: Card, look: Look) -> Piece:
    called = [account for account in look.mentions if not _named(account, card)]
    plain = " ".join([*(look.name(a) for a in called), *([_words(card.title)] if card.title else [])])
    links = [_link(account, look) for account in called]
    title = f"<strong>{_escaped(card.title, look)}</strong>" if card.title else ""
    mark = WARNING if card.tone is Tone.WARNING else ""
    return Piece(mark + plain if plain else "", f"<p>{mark}{' '.join([*links, title]).strip()}</p>")


def _named(account: str, card: Card) -> bool:
    return any(account in text for block in card.blocks for text in _texts(block)) or account in card.title


def _texts(block: Block) -> Iterator[str]:
    match block:
        case Text(text=text):
            yield text
        case Facts(facts=facts):
            yield from (fact.value for fact in facts)
        case Rows(rows=rows) | Poll(answers=rows):
            yield from (text for row in rows for text in (row.text, *row.details))
        case Actions() | Form() | File():
            return
        case _:
            assert_never(block)


def _pieces(card: Card, look: Look) -> Iterator[Piece]:
    number = 0
    for block in card.blocks:
        match block:
            case Text():
                yield from (_paragraph(text, block.tone, look) for text in _cut(block.text))
            case Facts(facts=facts):
                lines = [(f"{_line(f.name)}: ", _words(f.value), f.value) for f in facts]
                plain = "\n".join(name + value for name, value, _ in lines)
                marked = (
                    f"<strong>{_escaped(name.rstrip(), look)}</strong> {_escaped(v, look)}" for name, _, v in lines
                )
                yield Piece(plain, f"<p>{'<br>'.join(marked)}</p>")
            case Rows(rows=rows):
                yield from _rows(rows, look)
            case Poll(answers=answers):
                yield from _rows(answers, look)
                if block.is_open:
                    yield _how_to_vote(block, look)
            case Actions(buttons=buttons):
                yield _buttons(buttons, number, look)
                number += len(buttons)
            case Form():
                number += 1
                yield _form(block, number, look)
            case File():
                name = _line(block.name)
                yield Piece(f"📎 {name}", f"<p>📎 {_escaped(name, look)}</p>")
            case _:
                assert_never(block)


def _paragraph(text: str, tone: Tone, look: Look) -> Piece:
    plain, marked = _words(text), _escaped(text, look)
    match tone:
        case Tone.PLAIN:
            return Piece(plain, f"<p>{marked}</p>")
        case Tone.STRONG:
            return Piece(plain, f"<p><strong>{marked}</strong></p>")
        case Tone.QUIET:
            return Piece(plain, f"<p><em>{marked}</em></p>")
        case Tone.WARNING:
            return Piece(WARNING + plain, f"<p>{WARNING}<strong>{marked}</strong></p>")
        case _:
            assert_never(tone)


def _rows(rows: Iterable[Row], look: Look) -> Iterator[Piece]:
    """Lists of a bounded length, so that a long one can be cut between rows."""
    plain: list[str] = []
    marked: list[str] = []
    for row in rows:
        mark = WARNING if row.tone is Tone.WARNING else ""
        lead = _line(row.lead)
        details = " · ".join(_words(d) for d in row.details)
        text = _words(row.text).replace("\n", "\n  ")
        plain.append(f"• {mark}{lead}{'  ' if lead else ''}{text}" + (f"\n  {details}" if details else ""))
        shown = f"{mark}<strong>{_escaped(lead, look)}</strong> " if lead else mark
        quiet = f"<br><em>{_escaped(details, look)}</em>" if details else ""
        marked.append(f"<li>{shown}{_escaped(row.text, look)}{quiet}</li>")
        if sum(map(len, marked)) > LONGEST_PART // 4:
            yield Piece("\n".join(plain), f"<ul>{''.join(marked)}</ul>")
            plain, marked = [], []
    if plain:
        yield Piece("\n".join(plain), f"<ul>{''.join(marked)}</ul>")


def _how_to_vote(poll: Poll, look: Look) -> Piece:
    command = look.prefix + _line(poll.example)
    return Piece(
        f"Say which suit you: {command}",
        f"<p><em>Say which suit you:</em> <code>{_escaped(command, look)}</code></p>",
    )


def _buttons(buttons: Iterable[Button], number: int, look: Look) -> Piece:
    plain, marked = [], []
    for count, button in enumerate(buttons, number + 1):
        command, label, emoji = look.prefix + _line(button.command), _line(button.label), _line(button.emoji)
        plain.append(f"{count}. {emoji + ' ' if emoji else ''}{label}: {command}")
        shown = f"{_escaped(emoji, look)} " if emoji else ""
        marked.append(
            f"{count}. {shown}<strong>{_escaped(label, look)}</strong> <code>{_escaped(command, look)}</code>"
        )
    return Piece("\n".join(plain), f"<p>{'<br>'.join(marked)}</p>")


def _form(form: Form, number: int, look: Look) -> Piece:
    label, title = _line(form.label), _line(form.title)
    head = f"{number}. {label}" + (f": {title}" if title and title != label else "")
    how = f"Reply {number} and I ask you one thing after the other, or send everything in one reply:"
    lines = [f"{_line(f.name)}: {_line(f.value)[:60]}".rstrip() for f in form.fields]
    marked = "<br>".join(f"<code>{_escaped(line, look)}</code>" for line in lines)
    return Piece("\n".join([head, how, *lines]), f"<p><strong>{_escaped(head, look)}</strong><br>{how}<br>{marked}</p>")


def _cut(text: str) -> Iterator[str]:
    """The text in pieces of a bounded length, cut between paragraphs, lines or words where it can be."""
    while len(text) > LONGEST_PARAGRAPH:
        head = text[:LONGEST_PARAGRAPH]
        at = next((found for mark in ("\n\n", "\n", " ") if (found := head.rfind(mark)) > LONGEST_PARAGRAPH // 4), -1)
        at = LONGEST_PARAGRAPH if at < 0 else at
        yield text[:at]
        text = text[at:].lstrip()
    if text:
        yield text


def _words(text: str) -> str:
    # An unseen joiner keeps "@room" from calling everybody in clients that look at the words.
    return re.sub(r"@(?=room\b)", "@\u200d", harmless(text), flags=re.IGNORECASE)


def _line(text: str) -> str:
    return " ".join(_words(text).split("\n"))


def _escaped(text: str, look: Look) -> str:
    shown = html.escape(_words(text), quote=False).replace("\n", "<br>")
    for account in look.mentions:
        link = _link(account, look)
        # Split and joined, as a pattern's replacement would read backslashes in a name.
        shown = link.join(re.split(rf"(?<![\w/]){re.escape(html.escape(account, quote=False))}(?!\w)", shown))
    return shown


def _link(account: str, look: Look) -> str:
    return f'<a href="https://matrix.to/#/{html.escape(_line(account))}">{html.escape(look.name(account), quote=False)}</a>'
