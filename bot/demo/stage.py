"""The stage: types the lines of a script at a real console, listens, and fails where the bot does not do its part."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from adapters.card import Field
from adapters.console.keyboard import Keyboard
from adapters.console.platform import ConsolePlatform
from adapters.console.render import Line
from adapters.console.world import BOT
from adapters.platform import Receive
from bot.demo.script import Scene, Show, Step


class Failed(Exception):
    """A line was refused, or the answer lacked what it should have said."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One message as the console shows it: its number, its place and author, its lines without that head."""

    number: int
    where: str
    author: str
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)

    @property
    def by_bot(self) -> bool:
        """Said, or taken out, by the bot; what was taken out has no author any more."""
        return self.author in (BOT, "")

    @property
    def is_public(self) -> bool:
        return self.where.startswith("#")


Shown = Callable[[Step, str, Sequence[Heard]], None]
"""Told of a step: the step with its references filled in, where it was typed and by whom, what came of it."""


class Stage:
    """Plays steps, one after the other, and remembers the references that were given on the way."""

    def __init__(self, platform: ConsolePlatform, receive: Receive, secrets: Sequence[str], shown: Shown) -> None:
        self._platform, self._secrets, self._shown = platform, secrets, shown
        self._heard: list[Heard] = []
        self._remarks: list[str] = []
        self.found: dict[str, str] = {}
        self.messages = 0
        platform.screen = self
        platform.listen(receive)
        self._keyboard = Keyboard(platform, _nobody_answers)

    def show(self, lines: Sequence[Line]) -> None:
        """As the console's screen: take the message in."""
        first = lines[0].spans
        if first and first[0].style == "number":
            self._heard.append(_heard(lines))
        else:
            self._remarks += [line.text for line in lines]

    async def play(self, scene: Scene) -> None:
        """All steps of the scene, at its moment. Raises :class:`Failed`."""
        await self.take(Step(f"/clock {scene.at}", show=Show.NOTHING))
        for step in scene.steps:
            await self.take(step)

    async def take(self, step: Step) -> None:
        """Type one line, and check what comes of it. Raises :class:`Failed`."""
        step = _filled(step, self.found)
        self._heard, self._remarks = [], []
        outcome = await self._keyboard.take(step.line)
        if outcome.refused:
            raise Failed(_said(step, "was refused", self._heard, self._remarks))
        answers = [heard for heard in self._heard if heard.by_bot]
        self.messages += sum(heard.author == BOT for heard in answers)
        self._check(step, answers)
        self.found |= _references(step, answers)
        self._shown(_filled(step, self.found), f"{self._where()} <{self._keyboard.account}>", self._heard)

    def _where(self) -> str:
        return f"#{self._keyboard.room}" if self._keyboard.room else self._keyboard.here

    def _check(self, step: Step, answers: Sequence[Heard]) -> None:
        text = "\n".join(f"{heard.where} {heard.text}" for heard in answers)
        for words in step.sees:
            if _folded(words) not in _folded(text):
                raise Failed(_said(step, f"should have brought “{words}”", answers, self._remarks))
        public = "\n".join(heard.text for heard in answers if heard.is_public)
        for words in (*self._secrets, *step.hides):
            if _folded(words) in _folded(public):
                raise Failed(_said(step, f"showed “{words}” to the room", answers, self._remarks))


def _heard(lines: Sequence[Line]) -> Heard:
    number, where, author, *rest = lines[0].spans
    first = Line(tuple(span for span in rest if span.text), 0, lines[0].hang)
    further = [Line(line.spans, max(line.indent - 4, 0), line.hang) for line in lines[1:]]
    if author.style not in ("bot", "person"):  # a message that was taken out
        return Heard(int(number.text), where.text.strip(), "", (Line((author,)),))
    return Heard(int(number.text), where.text.strip(), author.text.strip(" <>"), (first, *further))


def _filled(step: Step, found: Mapping[str, str]) -> Step:
    """The step with the references that are known; one that it makes itself is left for later."""
    known = _Known(found)
    sees = tuple(words.format_map(known) for words in step.sees)
    return replace(step, line=step.line.format_map(known), sees=sees, about=step.about.format_map(known))


class _Known(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return ""


def _references(step: Step, answers: Sequence[Heard]) -> dict[str, str]:
    made: dict[str, str] = {}
    for pair in step.finds.split():
        name, kind = pair.split("=")
        if kind == "#":
            made[name] = str(next(heard.number for heard in answers if heard.is_public))
            continue
        match = re.search(rf"\b{kind}-[0-9A-Z]+\b", "\n".join(heard.text for heard in answers))
        if match is None:
            raise Failed(_said(step, f"should have made a reference {kind}-…", answers, ()))
        made[name] = match[0]
    return made


def _said(step: Step, what: str, heard: Sequence[Heard], remarks: Sequence[str]) -> str:
    came = [f"{h.where} <{h.author}> {h.text}" for h in heard] + list(remarks)
    return "\n".join([f"The line {step.line}", f"{what}; what came of it:", *(came or ["nothing"])])


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


async def _nobody_answers(_: Field) -> str | None:
    return None
