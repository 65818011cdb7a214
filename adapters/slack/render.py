"""A card as Block Kit messages that always pass Slack's limits: clamped, cut into pages, never failed."""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from adapters.card import Actions, Block, Button, Card, Facts, File, Form, Poll, Row, Rows, Text, Tone
from adapters.slack import limits
from adapters.slack.rules import texts_of
from adapters.slack.text import clamp, escape, is_plain, pieces

Obj = dict[str, Any]

MOST_BLOCKS = limits.BLOCKS_OF_MESSAGE - 4
MOST_TEXT = 11_000
"""Below ``limits.ALL_BLOCKS``, with room for what the first page adds."""
PIECE = 2_900
_REFERENCE = re.compile(r"\b[A-Z]-[0-9A-Z]{1,8}\b")
WARNING = "⚠️ "


@dataclass(frozen=True, slots=True)
class Page:
    """One message: its blocks, and the line for notifications."""

    blocks: list[Obj]
    text: str


@dataclass(slots=True)
class Sealing:
    """Where what must not stand in a message's hidden parts goes: it is kept, and a token stands for it.

    ``value`` gives the value of a button or form; ``origin`` says where its command acts.
    """

    value: Callable[[Button | Form], str]
    origin: str = ""
    mention: Callable[[str], str] = field(default=lambda account: "")
    """The mark-up that calls an account, "" for one that cannot be called."""
    named: Callable[[str], str] = field(default=lambda text: text)
    """The text with names in place of accounts' ids."""


def pages(card: Card, sealing: Sealing) -> list[Page]:
    """The card as one message or several; the further ones belong into the first one's thread."""
    text = notification(card)
    body: list[Obj] = []
    controls: list[Obj] = []
    for block in card.blocks:
        for rendered in _block(block, sealing):
            (controls if rendered["type"] == "actions" else body).append(rendered)
    controls = _numbered(controls[:MOST_CONTROLS], sealing.origin)
    first, *further = _split([*_head(card, sealing), *body], len(controls), _size(controls))
    if further:
        first = [*first, _context(f"It goes on in the thread, {len(further)} more.")]
    shown = [[*first, *controls], *further]
    return [Page(blocks or [_section(escape("…"))], text) for blocks in shown]


MOST_CONTROLS = 3
"""Blocks of buttons in one message; each holds up to 25."""


def notification(card: Card) -> str:
    """What a locked phone shows: references alone, for a title may repeat what somebody typed."""
    about = list(dict.fromkeys(_REFERENCE.findall(card.title)))[:5]
    return f"Confer: {', '.join(about)}" if about else "Confer has a message for you."


def actions_block(buttons: Sequence[Obj]) -> Obj:
    return {"type": "actions", "elements": list(buttons)}


def button(label: str, value: str, number: int, *, danger: bool = False) -> Obj:
    """A button whose value is all that comes back when it is pressed."""
    element: Obj = {
        "type": "button",
        "text": _plain(clamp(" ".join(escape(label).split()) or "…", limits.BUTTON)),
        "action_id": f"do{number}",
        "value": value,
    }
    return element | ({"style": "danger"} if danger else {})


def _head(card: Card, sealing: Sealing) -> Iterator[Obj]:
    called = " ".join(filter(None, (sealing.mention(account) for account in card.mentions[:50])))
    if called:
        yield {"type": "section", "text": {"type": "mrkdwn", "text": clamp(called, PIECE), "verbatim": True}}
    title = escape(sealing.named(card.title)).strip()
    if not title:
        return
    marked = WARNING + title if card.tone is Tone.WARNING else title
    shown_large = card.blocks and card.tone is not Tone.QUIET and "\n" not in marked
    if shown_large and len(marked) <= limits.HEADER:
        yield {"type": "header", "text": _plain(marked)}
    else:
        yield from _paragraph(marked, Tone.QUIET if card.tone is Tone.QUIET else Tone.STRONG)


def _block(block: Block, sealing: Sealing) -> Iterator[Obj]:
    match block:
        case Text(text=text, tone=tone):
            words = escape(sealing.named(text))
            yield from _paragraph(WARNING + words if tone is Tone.WARNING and words.strip() else words, tone)
        case Facts(facts=facts):
            yield from _facts([(fact.name, sealing.named(fact.value)) for fact in facts])
        case Rows(rows=rows):
            yield from _rows(rows, sealing)
        case Poll(answers=answers):
            yield from _rows(answers, sealing)
            if block.is_open:
                yield _context(clamp(f"Say which suit you: {escape(sealing.named(f'`{block.example}`'))}", PIECE))
        case Actions(buttons=buttons):
            yield from _controls([(b.label, sealing.value(b), b.danger) for b in buttons])
        case Form(label=label):
            yield from _controls([(label, sealing.value(block), False)])
        case File(name=name, content=content):
            yield _context(clamp(escape(f"{name} ({len(content):,} bytes) follows in the thread."), PIECE))
        case _:
            assert_never(block)


def _paragraph(text: str, tone: Tone) -> Iterator[Obj]:
    for piece in pieces(text, PIECE):
        if tone is Tone.QUIET:
            yield _context(piece)
        elif tone is Tone.STRONG and is_plain(piece) and "\n" not in piece.strip():
            yield _mrkdwn(f"*{piece.strip()}*")
        else:
            yield _section(piece)


def _facts(facts: Sequence[tuple[str, str]]) -> Iterator[Obj]:
    """Names and values: short ones as fields side by side, long ones and a lone one as lines of their own."""
    fields: list[Obj] = []
    alone = len(facts) == 1
    for name, value in facts:
        head, words = " ".join(escape(name).split()), escape(value).strip()
        line = f"{head}: {words}"
        if not line.strip(": "):
            continue
        if alone and head and words and is_plain(line) and "\n" not in words and len(line) < PIECE:
            yield _mrkdwn(f"*{head}:* {words}")
        elif alone or len(line) > limits.FIELD - 10 or "\n" in words:
            yield from _fields(fields)
            fields = []
            yield from (_section(piece) for piece in pieces(line, PIECE))
        elif head and words and is_plain(head) and is_plain(words):
            fields.append({"type": "mrkdwn", "text": f"*{head}:*\n{words}", "verbatim": True})
        else:
            fields.append(_plain(line))
    yield from _fields(fields)


def _fields(fields: Sequence[Obj]) -> Iterator[Obj]:
    for start in range(0, len(fields), limits.FIELDS):
        yield {"type": "section", "fields": list(fields[start : start + limits.FIELDS])}


def _rows(rows: Sequence[Row], sealing: Sealing) -> Iterator[Obj]:
    """Several rows to a section, as long as they are shown to the letter in the same way."""
    gathered, marked = "", False
    for row in rows:
        text, plain = _row(row, sealing)
        if gathered and (plain == marked or len(gathered) + len(text) > PIECE):
            yield from _gathered(gathered, marked)
            gathered = ""
        gathered, marked = f"{gathered}\n{text}" if gathered else text, not plain
    yield from _gathered(gathered, marked)


def _gathered(text: str, marked: bool) -> Iterator[Obj]:
    if marked and text.strip() and len(text) <= PIECE:
        yield _mrkdwn(text)
    else:
        yield from (_section(piece) for piece in pieces(text, PIECE))


def _row(row: Row, sealing: Sealing) -> tuple[str, bool]:
    """The row's words, and whether they are plain text rather than mark-up."""
    lead, text = " ".join(escape(row.lead).split()), escape(sealing.named(row.text))
    details = " · ".join(escape(sealing.named(d)) for d in row.details if d)
    text = WARNING + text if row.tone is Tone.WARNING else text
    plain = not all(map(is_plain, (lead, text, details))) or len(lead) + len(text) + len(details) > PIECE - 20
    shown = f"*{lead}*" if lead and not plain else lead
    lines = [f"{shown}  {text}".strip(), *([f"    {details}"] if details else [])]
    return "\n".join(lines), plain


def _controls(wanted: Sequence[tuple[str, str, bool]]) -> Iterator[Obj]:
    for start in range(0, len(wanted), limits.ACTIONS_ELEMENTS):
        some = wanted[start : start + limits.ACTIONS_ELEMENTS]
        yield actions_block([button(label, value, n, danger=danger) for n, (label, value, danger) in enumerate(some)])


def _numbered(controls: Sequence[Obj], origin: str) -> list[Obj]:
    """Each with an id of its own, new at every rendering, that says where its commands act."""
    if not controls:
        return []
    mark = secrets.token_hex(4)
    return [block | {"block_id": f"{n}.{mark}.{origin}"[: limits.IDENTIFIER]} for n, block in enumerate(controls)]


def _split(blocks: Sequence[Obj], reserved: int, reserved_text: int) -> list[list[Obj]]:
    """Pages that stay within blocks and characters; the first leaves room for the controls."""
    found: list[list[Obj]] = [[]]
    count, size = reserved, reserved_text
    for block in blocks:
        more = _size([block])
        if found[-1] and (count + 1 > MOST_BLOCKS or size + more > MOST_TEXT):
            found.append([])
            count = size = 0
        found[-1].append(block)
        count, size = count + 1, size + more
    return found


def _size(blocks: Sequence[Mapping[str, Any]]) -> int:
    return sum(map(len, texts_of(list(blocks))))


def _plain(text: str) -> Obj:
    return {"type": "plain_text", "text": text, "emoji": False}


def _section(text: str) -> Obj:
    return {"type": "section", "text": _plain(text)}


def _mrkdwn(text: str) -> Obj:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _context(text: str) -> Obj:
    return {"type": "context", "elements": [_plain(text)]}
