"""Make ``docs/confer.svg``, the picture of the bot at work: ``python -m docs.picture``. ``--check`` only compares.

It is a capture of the week that ``confer demo`` plays. The references of cases are drawn by chance, so they are put
back to fixed ones: the picture changes only when the bot does.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from adapters.console.render import Line, Span
from bot.cli.demo import play
from bot.demo.script import Scene, Step
from bot.demo.stage import Heard
from bot.demo.telling import Teller

FILE = Path(__file__).with_name("confer.svg")
COLUMNS = 90
SIZE, CELL, ROW, MARGIN = 14, 8.6, 20, 18
"""In pixels: the letters, the width of one, the height of a row, the border."""
INK, QUIET = "#1f2328", "#6e7781"
COLOURS = {
    "quiet": QUIET, "warning": "#cf222e", "reference": "#1b7c83", "lead": "#1b7c83", "mention": "#8250df",
    "name": "#1a7f37", "button": "#0969da", "danger": "#cf222e", "room": "#9a6700", "bot": "#1a7f37", "caption": QUIET,
}  # fmt: skip
BOLD = {"strong", "warning", "reference", "lead", "button", "danger", "bot", "person"}


@dataclass(frozen=True, slots=True)
class Shot:
    """A message of the week that is in the picture: after which line it came, and which of its lines are shown."""

    caption: str
    after: str
    words: tuple[str, ...] = ()
    """Empty: all lines."""


SHOTS = (
    Shot(
        "In private: what the author sees, and may mend, before anybody else",
        "/fill patient=",
        (
            "Question:",
            "Background:",
            "Medication:",
            "Goals:",
            "Hidden:",
            "•  “Mary",
            "name · shown as the patient",
            "[Approve]",
        ),
    ),
    Shot("The agenda, built from what is ready", "!confer agenda lock"),
    Shot("In the meeting", '/press "Next"'),
    Shot("Who does what by when", '!confer task add "TSH'),
    Shot("Three days later, when nobody has moved", "/clock 2026-12-04T17:00"),
)


class Photographer(Teller):
    """Keeps the lines of the shots instead of writing them."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, colour=False)
        self.lines: list[Line] = []
        self.cases: list[str] = []
        self._left = list(SHOTS)

    def scene(self, scene: Scene) -> None:
        """Headings are not in the picture."""

    def narrate(self, words: str) -> None:
        """The narrator is not in it either."""

    def put(self, line: Line) -> None:
        self.lines.append(line)

    def step(self, step: Step, where: str, heard: Sequence[Heard]) -> None:
        self.cases += [step.line.split()[2]] if step.line.startswith("case approve") else []
        shot = next((shot for shot in self._left if step.line.startswith(shot.after)), None)
        if shot is None or (shot.after.startswith("/press") and not any("[recommend]" in h.text for h in heard)):
            return
        self._left.remove(shot)
        self.lines += [*([Line()] if self.lines else []), Line((Span(shot.caption, "caption"),))]
        bot = next(one for one in heard if one.by_bot and one.author)
        head = (Span(f"{bot.where} ", "room"), Span(f"<{bot.author}> ", "bot"))
        self.message(head, bot.lines, every=not shot.words, words=shot.words)


def picture() -> str:
    """The picture as SVG."""
    photographer = Photographer()
    with tempfile.TemporaryDirectory() as folder:
        play(Path(folder), photographer)
    svg = _svg(photographer.lines)
    for found, shown in zip(photographer.cases, ("C-7K2P", "C-M4XD"), strict=True):
        svg = svg.replace(found, shown)
    return svg


def _svg(lines: Sequence[Line]) -> str:
    width, height = COLUMNS * CELL + 2 * MARGIN, len(lines) * ROW + 2 * MARGIN
    rows = "\n".join(_text(line, MARGIN + (n + 0.75) * ROW) for n, line in enumerate(lines) if line.spans)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace" font-size="{SIZE}">\n'
        f"<title>Confer at work: a case in private, the agenda, the meeting, a follow-up</title>\n"
        f'<rect x="0.5" y="0.5" width="{width - 1:.0f}" height="{height - 1:.0f}" rx="8" fill="#fff" stroke="#d0d7de"/>\n'
        f"{rows}\n</svg>\n"
    )


def _text(line: Line, y: float) -> str:
    """One row; its pieces follow one another, so that every font fits."""
    pieces = "".join(_piece(span) for span in line.spans)
    return f'<text x="{MARGIN + line.indent * CELL:.0f}" y="{y:.0f}" xml:space="preserve">{pieces}</text>'


def _piece(span: Span) -> str:
    weight = ' font-weight="bold"' if span.style in BOLD else ""
    slant = ' font-style="italic"' if span.style == "caption" else ""
    return f'<tspan fill="{COLOURS.get(span.style, INK)}"{weight}{slant}>{escape(span.text)}</tspan>'


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the picture of the bot at work.")
    parser.add_argument("--check", action="store_true", help="write nothing; status 1 where the picture is stale")
    made = picture()
    if parser.parse_args().check:
        is_fresh = FILE.exists() and FILE.read_text(encoding="utf-8") == made
        sys.stderr.write("" if is_fresh else "docs/confer.svg is stale; `make docs` makes it anew\n")
        return 0 if is_fresh else 1
    FILE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
