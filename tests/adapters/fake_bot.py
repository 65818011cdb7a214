"""A small bot for tests of the console: hears everything, says what the test laid ready for it."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from adapters.card import Actions, Button, Card, Choice, Field, Form, Text
from adapters.console import ConsoleHooks, ConsolePlatform, run_script
from adapters.platform import Invocation, Outcome, Place, Source

NOW = datetime(2026, 12, 1, 13, 0, tzinfo=UTC)
PREVIEW = Card(
    "Preview of C-7K2P",
    (Actions((Button("Approve", "case approve C-7K2P", "✅"), Button("Edit", "case edit C-7K2P", "✏️"))),),
)
CASE_FORM = Card(
    "A new case",
    (
        Form(
            "Fill in",
            "A new case",
            "case save",
            (
                Field("question", "The one question", required=True),
                Field("treatment-so-far", "What was tried", other_names=("treatment",)),
                Field("urgency", "How soon", choices=(Choice("routine", "Routine"), Choice("soon", "This week"))),
                Field("goals", "In the patient's words", value="To sleep."),
            ),
        ),
    ),
)
REFUSED = Card("There is no such task.")
IN_ROOM = ("/as dana", "/room case-room")


@dataclass(frozen=True)
class Answer:
    card: Card
    to_room: bool
    refused: bool


class FakeBot:
    """Commands and their answers; :meth:`plays` gives the transcript of a script."""

    def __init__(self, files: Path | None = None) -> None:
        self.now = NOW
        self.heard: list[Invocation] = []
        self.due: list[tuple[datetime, Place, Card]] = []
        self.transcript: list[str] = []
        self.status: int | None = None
        hooks = ConsoleHooks(
            now=lambda: self.now,
            advance=self._advance,
            settle=self._settle,
            complete=self._complete,
            zone=lambda: ZoneInfo("America/New_York"),
        )
        self.console = ConsolePlatform(hooks, self.transcript.append, files)
        self._answers: dict[str, Answer] = {}
        self._ready: list[tuple[Invocation, Answer]] = []

    def answers(self, text: str, card: Card, *, to_room: bool = False, refused: bool = False) -> "FakeBot":
        self._answers[text] = Answer(card, to_room, refused)
        return self

    def plays(self, *lines: str, strict: bool = False) -> list[str]:
        """What the script's lines put on the screen, in this call."""
        before = len(self.transcript)
        self.status = asyncio.run(run_script(self.console, _ended(lines), self.receive, strict))
        return self.transcript[before:]

    def commands(self) -> list[str]:
        """The words that were said to the bot."""
        return [one.text for one in self.heard if one.source not in (Source.CHAT, Source.JOINED)]

    async def receive(self, invocation: Invocation) -> Outcome:
        self.heard.append(invocation)
        answer = self._answers.get(invocation.text)
        if answer is None or invocation.source in (Source.CHAT, Source.JOINED):
            return Outcome(ignored=True)
        self._ready.append((invocation, answer))
        return Outcome(refused=answer.refused)

    async def _settle(self) -> None:
        ready, self._ready = self._ready, []
        for heard, answer in ready:
            if answer.to_room:
                await self.console.post(heard.place, answer.card, heard.id)
            else:
                await self.console.whisper(heard.place, heard.account, answer.card, heard.id)

    async def _advance(self, at: datetime) -> None:
        for number, (due, place, card) in enumerate(sorted(self.due, key=lambda one: one[0])):
            if self.now < due <= at:
                await self.console.post(place, card, f"due-{number}")
        self.now = at

    def _complete(self, typed: str) -> list[str]:
        if typed.startswith("task "):
            return ["add", "done"]
        return ["task", "tasks", "agenda", "agenda lock"]


def _ended(lines: Iterable[str]) -> list[str]:
    return [line + "\n" for line in lines]


def case_bot() -> FakeBot:
    """A bot with a case to preview, approve and submit, and a task that does not exist."""
    return (
        FakeBot()
        .answers("preview", PREVIEW)
        .answers("agenda", PREVIEW, to_room=True)
        .answers("case submit", CASE_FORM)
        .answers("case save", Card("C-7K2P is taken."))
        .answers("case approve C-7K2P", Card("C-7K2P is approved.", (Text("It can be\nposted."),)), to_room=True)
        .answers("task done T-99", REFUSED, refused=True)
    )
