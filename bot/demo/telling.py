"""How the week is told: the narrator's lines set apart, long messages folded, styles only on a terminal."""

import textwrap
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from adapters.console.keyboard import is_slash_line
from adapters.console.render import Line, Span, cells, paragraph, wrapped
from bot.demo.script import Scene, Show, Step
from bot.demo.stage import Heard

WIDEST = 110
MOST_ROWS = 3
"""Rows of one line that are shown; the rest of a long text is folded."""
_MOVES = ("/as", "/room", "/dm", "/thread", "/clock", "/invite")
_STYLES = {
    "strong": "1", "quiet": "90", "warning": "1;31", "reference": "1;36", "lead": "1;36", "mention": "35", "name": "32",
    "button": "1;34", "danger": "1;31", "room": "33", "bot": "1;32", "person": "1", "heading": "1;7", "narrator": "3;36",
}  # fmt: skip

write_line = partial(print, flush=True)


class Teller:
    """Writes what is worth reading of what the stage hears."""

    def __init__(
        self, width: int, *, colour: bool, pace: float = 0.0, write: Callable[[str], None] = write_line
    ) -> None:
        self._width, self._colour, self._pace, self._write = min(width, WIDEST), colour, pace, write

    def scene(self, scene: Scene) -> None:
        at = datetime.fromisoformat(scene.at)
        heading = f" {at:%A} {at:%H:%M} · {scene.title} "
        rule = "" if self._colour else "═" * max(self._width - cells(heading) - 2, 0)
        self.put(Line())
        self.put(Line((Span(heading if self._colour else f"══{heading}{rule}", "heading"),)))
        self.narrate(scene.says)

    def narrate(self, words: str) -> None:
        for row in textwrap.wrap(words, self._width - 2):
            self.put(Line((Span(f"│ {row}", "narrator"),)))
        self._wait()

    def step(self, step: Step, where: str, heard: Sequence[Heard]) -> None:
        """The line that was typed and, of what came, what the step wants seen."""
        if step.show is Show.NOTHING:
            return
        if step.line.startswith("/clock"):
            at = datetime.fromisoformat(step.line.split()[1])
            self.put(Line((Span(f"  · {at:%A} {at:%H:%M}", "quiet"),)))
        elif is_slash_line(step.line) and not step.line.startswith(_MOVES):
            place, _, who = where.partition(" ")
            self.message(_head(place, who, "person"), paragraph(step.line), every=True, words=())
        for one in heard:
            if one.by_bot and not _is_wanted(one, step):
                continue
            head = _head(one.where, f"<{one.author}>" if one.author else "", "bot" if one.by_bot else "person")
            every = step.show is Show.ALL or not one.by_bot
            known = one.by_bot and step.show is Show.LINES
            lines = [line for line in one.lines if _holds(line, step.sees)] if known else one.lines
            self.message(head, lines, every=every, words=step.sees)
        self._wait()

    def message(self, head: Sequence[Span], lines: Sequence[Line], *, every: bool, words: Sequence[str]) -> None:
        """The message with its head; of its further lines those with the words, and a mark where some are left out."""
        first, *further = lines
        self._rows(Line((*head, *first.spans), 0, 4))
        folded = False
        for line in further:
            if not every and not _holds(line, words):
                folded = True
                continue
            if folded:
                self.put(Line((Span("    …", "quiet"),)))
            folded = False
            self._rows(Line(line.spans, 4 + line.indent, line.hang))

    def _rows(self, line: Line) -> None:
        rows = wrapped([line], self._width)
        for row in rows[: MOST_ROWS - 1]:
            self.put(row)
        if rows[MOST_ROWS:]:
            last = rows[MOST_ROWS - 1]
            self.put(Line((*last.spans, Span("…", "quiet")), last.indent))
        elif rows[MOST_ROWS - 1 :]:
            self.put(rows[MOST_ROWS - 1])

    def put(self, line: Line) -> None:
        if not self._colour:
            self._write(line.text)
            return
        painted = "".join(_painted(span) for span in line.spans)
        self._write(" " * line.indent + painted)

    def _wait(self) -> None:
        if self._pace > 0:
            time.sleep(self._pace)


def _head(where: str, who: str, style: str) -> tuple[Span, ...]:
    return Span(f"{where} ", "room"), *((Span(f"{who} ", style),) if who else ())


def _is_wanted(heard: Heard, step: Step) -> bool:
    if step.about and step.about not in heard.text:
        return False
    return any(_holds(line, step.sees) for line in heard.lines)


def _holds(line: Line, words: Sequence[str]) -> bool:
    text = " ".join(line.text.casefold().split())
    return any(" ".join(word.casefold().split()) in text for word in words)


def _painted(span: Span) -> str:
    code = _STYLES.get(span.style)
    return f"\033[{code}m{span.text}\033[0m" if code else span.text
