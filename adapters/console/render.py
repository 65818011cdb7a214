"""A card as lines of text: the same words for a transcript and, with styles, for a terminal."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from adapters.card import Actions, Block, Button, Card, Facts, Field, File, Form, Poll, Row, Rows, Text, Tone
from adapters.words import harmless

STYLE_OF_TONE = {Tone.PLAIN: "", Tone.STRONG: "strong", Tone.QUIET: "quiet", Tone.WARNING: "warning"}
INDENT = 4
LONGEST_VALUE = 60
_MARKED = re.compile(r"(?P<reference>\b[A-Z]-[0-9A-Z]+\b)|(?P<mention>(?<!\w)@\w[\w.'-]*)")
_WORDS = re.compile(r"\S+\s*|\s+")

Saved = Callable[[File], str]


@dataclass(frozen=True, slots=True)
class Span:
    """Some words and how they stand out: the name of a style, "" for none."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """``indent`` and ``hang``: the blanks before it, and the further ones where it is wrapped."""

    spans: tuple[Span, ...] = ()
    indent: int = 0
    hang: int = 0

    @property
    def text(self) -> str:
        return " " * self.indent + "".join(span.text for span in self.spans).rstrip()


def card_lines(card: Card, saved: Saved) -> list[Line]:
    """The card's words, line by line. ``saved`` keeps a file and tells where, or why not."""
    lines = _title(card)
    is_form = all(isinstance(block, Form) for block in card.blocks)
    for block in card.blocks:
        lines += _form_in_brief(block) if isinstance(block, Form) and not is_form else _block(block, saved)
    return lines


def paragraph(text: str, style: str = "", indent: int = 0) -> list[Line]:
    """Text as it stands, one line for each of its lines, nothing harmful in it, references marked."""
    return [Line(tuple(_spans(line, style)), indent) for line in harmless(text).split("\n")]


def message_lines(head: Sequence[Span], body: Sequence[Line]) -> list[Line]:
    """One message: its head and first words in a line, what follows indented by four blanks."""
    first = body[0].spans if body else ()
    further = [Line(line.spans, INDENT + line.indent, line.hang) for line in body[1:]]
    return [Line((*head, *first), hang=INDENT), *further]


def wrapped(lines: Iterable[Line], width: int) -> list[Line]:
    """The same words in lines of at most ``width`` cells; a single word that is longer is broken."""
    return [piece for line in lines for piece in _wrap(line, max(width, 3 * INDENT))]


def cells(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return len(text) if text.isascii() else sum(map(_cell, text))


def _title(card: Card) -> list[Line]:
    called = _called(card)
    if not card.title:
        return [Line(tuple(called))] if called else []
    first, *further = paragraph(card.title, STYLE_OF_TONE[card.tone] or "strong")
    return [Line((*called, *first.spans)), *further]


def _called(card: Card) -> list[Span]:
    """The accounts that the card calls, unless its words name them anyway."""
    words = " ".join([card.title, *(text for block in card.blocks for text in _said(block))]).casefold()
    called = [account for account in card.mentions if f"@{account.casefold()}" not in words]
    return [span for account in called for span in (Span(f"@{_one_line(account)}", "mention"), Span(" "))]


def _said(block: Block) -> Iterator[str]:
    match block:
        case Text(text=text):
            yield text
        case Facts(facts=facts):
            yield from (fact.value for fact in facts)
        case Rows(rows=rows) | Poll(answers=rows):
            yield from (text for row in rows for text in (row.lead, row.text, *row.details))
        case Actions() | Form() | File():
            return
        case _:
            assert_never(block)


def _block(block: Block, saved: Saved) -> list[Line]:
    match block:
        case Text(text=text, tone=tone):
            return paragraph(text, STYLE_OF_TONE[tone])
        case Facts(facts=facts):
            return [line for fact in facts for line in _labelled(fact.name, fact.value)]
        case Rows(rows=rows):
            return [line for row in rows for line in _row(row)]
        case Poll(answers=answers):
            how = paragraph(f"Say which suit you: {_one_line(block.example)}", "quiet") if block.is_open else []
            return [line for row in answers for line in _row(row)] + how
        case Actions(buttons=buttons):
            return [_buttons(buttons)] if buttons else []
        case Form():
            return _form(block)
        case File():
            return paragraph(f"{_one_line(block.name)} ({_size(len(block.content))}) {saved(block)}", "quiet")
        case _:
            assert_never(block)


def _row(row: Row) -> list[Line]:
    style = STYLE_OF_TONE[row.tone]
    first, *further = paragraph(row.text, style)
    lead = (*_spans(_one_line(row.lead), style or "lead"), Span("  ")) if row.lead else ()
    lines = [Line((*lead, *first.spans), hang=2), *(Line(line.spans, 2) for line in further)]
    details = paragraph(" · ".join(row.details), "quiet", 2) if row.details else []
    return lines + details


def _labelled(name: str, value: str, indent: int = 0) -> list[Line]:
    first, *further = paragraph(value)
    head = Line((Span(f"{_one_line(name)}: ", "name"), *first.spans), indent, hang=2)
    return [head, *(Line(line.spans, indent + 2) for line in further)]


def _buttons(buttons: Sequence[Button]) -> Line:
    spans: list[Span] = []
    for button in buttons:
        spans += [Span(" ")] if spans else []
        spans.append(Span(f"[{_one_line(button.label)}]", "danger" if button.danger else "button"))
    return Line(tuple(spans))


def _form(form: Form) -> list[Line]:
    title = [Span(" " + _one_line(form.title), "strong")] if form.title and form.title != form.label else []
    lines = [Line((Span(f"[{_one_line(form.label)}]", "button"), *title))]
    for field in form.fields:
        lines += _labelled(field.name, field_hint(field), 2)
    return lines


def _form_in_brief(form: Form) -> list[Line]:
    """A form beside other things: its button, and the fields by name alone."""
    names = ", ".join(_one_line(field.name) for field in form.fields)
    return [Line((Span(f"[{_one_line(form.label)}]", "button"), Span(f" /fill {names}", "quiet")), hang=2)]


def field_hint(field: Field) -> str:
    """What a field wants, in one line: label, hint, whether it is required, its choices and present value."""
    label = "" if field.label.casefold() == field.name.casefold() else field.label
    wants = [field.hint] if field.hint else []
    wants += ["required"] if field.required else []
    wants += ["one of " + ", ".join(choice.value for choice in field.choices)] if field.choices else []
    if field.value:
        value = _one_line(field.value)
        wants.append("now: " + (value if len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 1] + "…"))
    return _one_line(" ".join([label, *([f"({'; '.join(wants)})"] if wants else [])]).strip())


def _size(count: int) -> str:
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def _one_line(text: str) -> str:
    return " ".join(harmless(text).split("\n"))


def _spans(text: str, style: str) -> Iterator[Span]:
    """The text cut where a reference or a mention stands out; ``text`` is harmless already."""
    at = 0
    for match in _MARKED.finditer(text):
        if match.start() > at:
            yield Span(text[at : match.start()], style)
        yield Span(match[0], match.lastgroup or style)
        at = match.end()
    if at < len(text):
        yield Span(text[at:], style)


def _wrap(line: Line, width: int) -> Iterator[Line]:
    """The line in pieces, the further ones indented by its hang too."""
    if cells(line.text) <= width:
        yield line
        return
    further = line.indent + line.hang
    indent, used, spans = line.indent, line.indent, list[Span]()
    for word in _words(line.spans, width - further):
        if spans and used + cells(word.text.rstrip()) > width:
            yield Line(tuple(spans), indent)
            indent, used, spans = further, further, []
        spans.append(word)
        used += cells(word.text)
    yield Line(tuple(spans), indent)


def _words(spans: Iterable[Span], longest: int) -> Iterator[Span]:
    for span in spans:
        for word in _WORDS.findall(span.text):
            for piece in _pieces(word, longest):
                yield Span(piece, span.style)


def _pieces(word: str, longest: int) -> Iterator[str]:
    piece, used = "", 0
    for character in word:
        if piece and used + _cell(character) > longest:
            yield piece
            piece, used = "", 0
        piece += character
        used += _cell(character)
    if piece:
        yield piece


def _cell(character: str) -> int:
    if unicodedata.combining(character) or character in "\u200c\u200d\ufe0e\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
