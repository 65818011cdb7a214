"""A card as the plain and the HTML body of one Matrix event, or of several where it is long.

The HTML has what every client shows: paragraphs, line breaks, ``strong``, ``em``, ``code``, lists and links to people.
The plain body says the same. Nothing depends on colour, tables or edits.

A title or a text may name a command in backticks: it is shown as code, with what has to be typed before it here. Facts
and the texts of rows may hold anybody's words and are shown as they are.
"""

import html
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from adapters.card import Actions, Block, Button, Card, Fact, Facts, File, Form, Poll, Row, Rows, Text, Tone
from adapters.matrix.http import JSON
from adapters.words import harmless

LONGEST_PART = 24_000  # bytes of both bodies; encryption and the event's frame must fit into 65,536
LONGEST_PARAGRAPH = 4_000  # characters
WARNING = "⚠️ "
BULLET = "•"
HOW_TO_CHOOSE = "Reply with a number, or type:"
_ACCOUNT = re.compile(r"@[\w.=+/-]+:[\w-]+(?:\.[\w-]+)*(?::\d+)?")
_COMMAND = re.compile(r"`([a-z][^`\n]{0,200})`")
_CODE = re.compile(r"`([^`\n]{1,210})`")
_NUMBER = re.compile(r"(\d{1,4})\.?")


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
    commands: Collection[str] | None = None
    """First words of commands; None: whatever stands in backticks is one."""

    def name(self, account: str) -> str:
        """What the person is called here; people choose it themselves, so it is as little trusted as any text."""
        return _line(self.names.get(account) or account)

    def named(self, text: str, besides: Collection[str] = ()) -> str:
        """The text with names in place of accounts' ids, but those that become links."""

        def shown(found: re.Match[str]) -> str:
            account = found[0]
            is_known = account in self.names and account not in besides
            return f"@{self.name(account).removeprefix('@')}" if is_known else account

        return _ACCOUNT.sub(shown, text)

    def typed(self, text: str) -> str:
        """The text with its commands as they have to be typed here; what people put into backticks is left to the letter."""

        def shown(found: re.Match[str]) -> str:
            known = self.commands is None or found[1].partition(" ")[0] in self.commands
            return f"`{self.prefix}{found[1]}`" if known else found[0]

        return _COMMAND.sub(shown, text)


def bodies(
    card: Card,
    prefix: str = "!confer ",
    names: Mapping[str, str] | None = None,
    commands: Collection[str] | None = None,
) -> list[Piece]:
    """The card's words, cut into as many parts as its length needs, between blocks where that is possible."""
    look = Look(prefix, names or {}, tuple(account for account in card.mentions if account), commands)
    pieces = [piece for piece in (_title(card, look), *_pieces(card, look)) if piece.plain]
    parts: list[list[Piece]] = [[]]
    for piece in pieces:
        if parts[-1] and sum(p.size for p in parts[-1]) + piece.size > LONGEST_PART:
            parts.append([])
        parts[-1].append(piece)
    return [_joined(part) for part in parts if part] or [Piece("…", "…")]


def _joined(part: list[Piece]) -> Piece:
    """The pieces as one; a lone paragraph is none, for that would only stand apart from its sender's name."""
    alone = re.fullmatch(r"<p>((?:(?!<p>).)*)</p>", part[0].html, re.DOTALL) if len(part) == 1 else None
    return Piece("\n\n".join(p.plain for p in part), alone[1] if alone else "".join(p.html for p in part))


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
    return Piece(text, _coded(text, Look("")))


def _title(card: Card, look: Look) -> Piece:
    called = [account for account in look.mentions if not _named(account, card)]
    words = look.typed(card.title)
    plain = " ".join([*(look.name(a) for a in called), *([_words(words, look)] if words else [])])
    links = [_link(account, look) for account in called]
    title = f"<strong>{_coded(words, look)}</strong>" if words else ""
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
    times = {row.lead for block in card.blocks if isinstance(block, Poll) and block.is_open for row in block.answers}
    for block in card.blocks:
        match block:
            case Text():
                yield from (_paragraph(text, block.tone, look) for text in _cut(look.typed(block.text)))
            case Facts(facts=facts):
                yield from _facts(facts, look)
            case Rows(rows=rows):
                yield from _rows(rows, look)
            case Poll(answers=answers):
                yield from _rows(answers, look)
                if block.is_open:
                    yield _how_to_vote(block, look, by_number=any(button.label in times for button in card.buttons))
            case Actions(buttons=buttons):
                # What a poll's list says already, with the same numbers, is not said again.
                counted = enumerate(buttons, number + 1)
                if told := [(n, button) for n, button in counted if button.label not in times]:
                    yield _buttons(told, look)
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
    plain, marked = _words(text, look), _coded(text, look)
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


def _facts(facts: Iterable[Fact], look: Look) -> Iterator[Piece]:
    """Short ones as the lines of one paragraph; a long value goes on in paragraphs of its own."""
    lines: list[Piece] = []
    for fact in facts:
        name = f"{_line(fact.name)}:"
        first, *more = [*_cut(fact.value)] or [""]
        shown = f"<strong>{_escaped(name, look)}</strong> {_escaped(first, look)}"
        lines.append(Piece(f"{name} {_words(first, look)}", shown))
        if more:
            yield _paragraph_of(lines)
            yield from (Piece(_words(text, look), f"<p>{_escaped(text, look)}</p>") for text in more)
            lines = []
    if lines:
        yield _paragraph_of(lines)


def _paragraph_of(lines: list[Piece]) -> Piece:
    return Piece("\n".join(p.plain for p in lines), f"<p>{'<br>'.join(p.html for p in lines)}</p>")


def _rows(rows: Iterable[Row], look: Look) -> Iterator[Piece]:
    """Lists of a bounded length, so that a long one can be cut between rows; numbered ones keep their numbers."""
    gathered: list[Piece] = []
    first = following = 0
    for row in rows:
        number = _number(row)
        if gathered and (number != following or sum(p.size for p in gathered) > LONGEST_PART // 4):
            yield _list(gathered, first)
            gathered = []
        if not gathered:
            first = number
        following = number + 1 if number else 0
        gathered.append(_row(row, look, numbered=bool(number)))
    if gathered:
        yield _list(gathered, first)


def _number(row: Row) -> int:
    found = _NUMBER.fullmatch(row.lead.strip())
    return int(found[1]) if found else 0


def _list(rows: list[Piece], first: int) -> Piece:
    items = "".join(p.html for p in rows)
    start = f' start="{first}"' if first > 1 else ""
    return Piece("\n".join(p.plain for p in rows), f"<ol{start}>{items}</ol>" if first else f"<ul>{items}</ul>")


def _row(row: Row, look: Look, *, numbered: bool) -> Piece:
    mark = WARNING if row.tone is Tone.WARNING else ""
    lead = "" if row.lead == BULLET else _line(row.lead)
    details = " · ".join(_words(d, look) for d in row.details)
    text = _words(row.text, look).replace("\n", "\n  ")
    head = f"{lead.rstrip('.')}. {mark}" if numbered else f"• {mark}{lead}{'  ' if lead else ''}"
    shown = f"{mark}<strong>{_escaped(lead, look)}</strong> " if lead and not numbered else mark
    quiet = f"<br><em>{' · '.join(_coded(d, look) for d in row.details)}</em>" if details else ""
    return Piece(
        f"{head}{text}" + (f"\n  {details}" if details else ""), f"<li>{shown}{_escaped(row.text, look)}{quiet}</li>"
    )


def _how_to_vote(poll: Poll, look: Look, *, by_number: bool) -> Piece:
    command = look.prefix + _line(poll.example)
    how = "Reply with a number, or type all that suit you:" if by_number else "Type which suit you:"
    return Piece(f"{how}\n{command}", f"<p><em>{how}</em><br><code>{_escaped(command, look)}</code></p>")


def _buttons(buttons: Iterable[tuple[int, Button]], look: Look) -> Piece:
    plain, marked = [HOW_TO_CHOOSE], [f"<em>{HOW_TO_CHOOSE}</em>"]
    for count, button in buttons:
        command, label, emoji = look.prefix + _line(button.command), _line(button.label), _line(button.emoji)
        name = "" if label == button.command else f"{label}: "
        plain.append(f"{count}. {emoji + ' ' if emoji else ''}{name}{command}")
        shown = f"{_escaped(emoji, look)} " if emoji else ""
        strong = f"<strong>{_escaped(label, look)}</strong> " if name else ""
        marked.append(f"{count}. {shown}{strong}<code>{_escaped(command, look)}</code>")
    return Piece("\n".join(plain), f"<p>{'<br>'.join(marked)}</p>")


def _form(form: Form, number: int, look: Look) -> Piece:
    """How to fill it in. What stands in it already is not repeated: sent back, it would stand for what it was."""
    label, title = _line(form.label), _line(form.title)
    says_more = title and not title.startswith(label) and len(form.fields) > 1
    head = f"{number}. {f'{label}: {title}' if says_more else label}"
    names = [f"{_line(field.name)}:" for field in form.fields]
    marked = f"<p><strong>{_escaped(head, look)}</strong><br>"
    if len(names) > 1 and not any(field.value for field in form.fields):
        how = f"Reply with {number} and I ask for one thing after the other. Or send in one message what you have:"
        template = "\n".join(names)
        filled = _escaped(template, look, line_break="\n")
        return Piece(f"{head}\n{how}\n{template}", f"{marked}{how}</p><pre><code>{filled}</code></pre>")
    few = " and ".join(f"`{name} …`" for name in names[:2])
    how = f"Reply with {number} and I ask for it. Or send {few} at once."
    if len(names) > 1:
        how = (
            f"Reply with {number} to go through it. Or send only what changes, such as {few}; the rest stays as it is."
        )
    return Piece(f"{head}\n{how}", f"{marked}{_coded(how, look)}</p>")


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


def _words(text: str, look: Look) -> str:
    return _harmless(look.named(text))


def _harmless(text: str) -> str:
    # An unseen joiner keeps "@room" from calling everybody in clients that look at the words.
    return re.sub(r"@(?=room\b)", "@\u200d", harmless(text), flags=re.IGNORECASE)


def _line(text: str) -> str:
    return " ".join(_harmless(text).split("\n"))


def _coded(text: str, look: Look) -> str:
    """As HTML, and what stands in backticks as code."""
    return _CODE.sub(r"<code>\1</code>", _escaped(text, look))


def _escaped(text: str, look: Look, line_break: str = "<br>") -> str:
    shown = html.escape(_harmless(look.named(text, look.mentions)), quote=False).replace("\n", line_break)
    for account in look.mentions:
        link = _link(account, look)
        # Split and joined, as a pattern's replacement would read backslashes in a name.
        shown = link.join(re.split(rf"(?<![\w/]){re.escape(html.escape(account, quote=False))}(?!\w)", shown))
    return shown


def _link(account: str, look: Look) -> str:
    return f'<a href="https://matrix.to/#/{html.escape(_line(account))}">{html.escape(look.name(account), quote=False)}</a>'
