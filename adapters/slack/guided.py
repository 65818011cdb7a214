"""A form filled in by talking, in the direct conversation: words about patients may stand in messages, not in modals.

What was answered so far is kept sealed, so that a restart, a slip or a day's pause loses nothing.
"""

import asyncio
import hashlib
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from adapters.card import Actions, Button, Card, Field, Form, Text, Tone
from adapters.platform import Drawer, MessageRef, Outcome, Place
from adapters.slack import ids
from adapters.slack.kept import about
from adapters.slack.settings import no_fault

LASTS = 2 * 86400.0
LONGEST = 10_000
EMPTY = "-"
_PREFIX = "dialogue/"

Say = Callable[[Place, Card, str], Awaitable[MessageRef]]
Step = Literal["skip", "back", "stop"]


class Dialogue(msgspec.Struct):
    """One person at one form. ``at``: the number of the question that is open; beyond the last, it is being sent."""

    id: str
    form: Form
    room: str
    started_at: float
    thread: str | None = None
    message: MessageRef | None = None
    answers: dict[str, str] = {}
    at: int = 0
    asked: int = 0
    handled: list[str] = []
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Filled:
    """A form that is ready to be sent, from where it was opened."""

    id: str
    form: Form
    place: Place
    message: MessageRef | None
    fields: dict[str, str]


Send = Callable[[str, Filled], Awaitable[Outcome]]
Wrong = Callable[[str, Mapping[str, str]], Mapping[str, str]]


@dataclass(slots=True)
class Guided:
    """All dialogues. ``say`` posts once for its key; ``send`` hands a filled form to the bot.

    Nothing is remembered here: another instance of the bot may hear the next answer.
    """

    drawer: Drawer
    say: Say
    direct: Callable[[str], Awaitable[str]]
    send: Send
    clock: Callable[[], float] = time.time
    wrong: Wrong = no_fault
    """What would be refused of a form's fields, given its command and the answers."""

    async def start(
        self, account: str, form: Form, place: Place, message: MessageRef | None, press: str, notice: str = ""
    ) -> None:
        """Ask the first question; an unfinished or refused attempt at the same form lends its answers."""
        identity = hashlib.sha256(press.encode()).hexdigest()[:20]
        before = await self._read(account)
        if before is not None and before.id == identity:
            return
        answers = dict(before.answers) if before is not None and before.form == form else {}
        dialogue = Dialogue(identity, form, place.room, self.clock(), place.thread, message, answers)
        await self._ask(account, dialogue, notice)

    async def lent(self, account: str, form: Form) -> Form:
        """The form with what an unfinished or refused attempt at it left."""
        before = await self._read(account)
        if before is None or before.form != form:
            return form
        fields = (msgspec.structs.replace(f, value=before.answers.get(f.name, f.value)) for f in form.fields)
        return msgspec.structs.replace(form, fields=tuple(fields))

    async def lend(self, account: str, form: Form, place: Place, answers: Mapping[str, str]) -> None:
        """A form that was not filled in by talking was refused: keep its answers; none where it was not. A dialogue
        about something else goes on."""
        before = await self._read(account)
        same = before is not None and before.form == form
        if same or (answers and (before is None or before.closed)):
            draft = Dialogue("", form, place.room, self.clock(), place.thread, answers=dict(answers), closed=True)
            await self._keep(account, draft)

    async def answer(self, account: str, text: str, mark: str) -> bool:
        """Take a direct message as the answer to the open question; False where none is open."""
        dialogue = await self._read(account)
        if dialogue is None or dialogue.closed:
            return dialogue is not None and mark in dialogue.handled
        if mark in dialogue.handled:
            if dialogue.at >= len(dialogue.form.fields):
                await self._send(account, dialogue)
            return True
        dialogue.handled = [*dialogue.handled[-50:], mark]
        if text.strip().casefold() in ("cancel", "stop"):
            await self._stop(account, dialogue)
        else:
            await self._take(account, dialogue, text)
        return True

    async def press(self, account: str, value: str, mark: str) -> bool:
        """Take a click on a button below a question; False where the button is not of a dialogue."""
        if not value.startswith("!step."):
            return False
        _, identity, number, what = value.split(".")
        dialogue = await self._read(account)
        if dialogue is None or dialogue.closed or dialogue.id != identity or dialogue.at != int(number):
            return True
        if mark in dialogue.handled:
            return True
        dialogue.handled = [*dialogue.handled[-50:], mark]
        asked = dialogue.form.fields[dialogue.at]
        if what == "stop":
            await self._stop(account, dialogue)
        elif what == "back":
            dialogue.at = max(0, dialogue.at - 1)
            await self._ask(account, dialogue)
        elif what == "skip":
            await self._next(account, dialogue, dialogue.answers.get(asked.name, asked.value))
        elif what.removeprefix("pick").isdecimal():
            chosen = int(what.removeprefix("pick"))
            if chosen < len(asked.choices):
                await self._next(account, dialogue, asked.choices[chosen].value)
        return True

    async def forget_old(self) -> None:
        await asyncio.to_thread(self._forget_old)

    # -- one step ------------------------------------------------------------------------------------------------
    async def _take(self, account: str, dialogue: Dialogue, text: str) -> None:
        asked = dialogue.form.fields[dialogue.at]
        if len(together := several(dialogue.form, text)) > 1:
            await self._take_together(account, dialogue, together)
            return
        value = "" if text.strip() == EMPTY else text.strip("\n")
        if problem := _problem(asked, value) or self.wrong(dialogue.form.command, {asked.name: value}).get(asked.name):
            await self._ask(account, dialogue, problem)
            return
        await self._next(account, dialogue, _chosen(asked, value))

    async def _take_together(self, account: str, dialogue: Dialogue, given: dict[str, str]) -> None:
        """Several answers in one message: only what is needed and missing is asked for after it."""
        fields = dialogue.form.fields
        wrong = self.wrong(dialogue.form.command, given)
        for one in fields:
            if one.name in given and (problem := _problem(one, given[one.name]) or wrong.get(one.name)):
                await self._ask(account, dialogue, f"{one.name}: {problem} Nothing of the message was taken.")
                return
        chosen = {f.name: _chosen(f, given[f.name]) for f in fields if f.name in given}
        dialogue.answers = {**dialogue.answers, **chosen}
        missing = [n for n, f in enumerate(fields) if f.required and not dialogue.answers.get(f.name, f.value).strip()]
        dialogue.at = missing[0] if missing else len(fields)
        if missing:
            await self._ask(account, dialogue)
        else:
            await self._keep(account, dialogue)
            await self._send(account, dialogue)

    async def _next(self, account: str, dialogue: Dialogue, value: str) -> None:
        asked = dialogue.form.fields[dialogue.at]
        if asked.required and not value.strip():
            await self._ask(account, dialogue, "This one is needed.")
            return
        dialogue.answers = {**dialogue.answers, asked.name: value}
        dialogue.at += 1
        if dialogue.at < len(dialogue.form.fields):
            await self._ask(account, dialogue)
        else:
            await self._keep(account, dialogue)
            await self._send(account, dialogue)

    async def _ask(self, account: str, dialogue: Dialogue, notice: str = "") -> None:
        dialogue.asked += 1
        await self._keep(account, dialogue)
        room = await self.direct(account)
        place = Place(ids.PLATFORM, room, None, direct=True)
        await self.say(place, question(dialogue, notice), f"ask:{dialogue.id}:{dialogue.asked}")

    async def _send(self, account: str, dialogue: Dialogue) -> None:
        fields = {f.name: dialogue.answers.get(f.name, f.value) for f in dialogue.form.fields}
        _, team = ids.split(dialogue.room)
        place = ids.place(ids.split(dialogue.room)[0], team, dialogue.thread)
        filled = Filled(f"form:{dialogue.id}", dialogue.form, place, dialogue.message, fields)
        outcome = await self.send(account, filled)
        dialogue.closed = True
        if outcome.refused:
            # Kept as a draft: opening the form again begins with these answers.
            await self._keep(account, dialogue)
        else:
            dialogue.answers = {}
            dialogue.form = msgspec.structs.replace(dialogue.form, fields=())
            await self._keep(account, dialogue)

    async def _stop(self, account: str, dialogue: Dialogue) -> None:
        dialogue.closed = True
        await self._keep(account, dialogue)
        room = await self.direct(account)
        place = Place(ids.PLATFORM, room, None, direct=True)
        words = "Stopped; nothing was sent. Opening the form again within two days begins with your answers."
        await self.say(place, Card(words), f"ask:{dialogue.id}:stop")

    # -- kept ----------------------------------------------------------------------------------------------------
    async def _read(self, account: str) -> Dialogue | None:
        return await asyncio.to_thread(self._read_now, account)

    def _read_now(self, account: str) -> Dialogue | None:
        name = self._name(account)
        kept = self.drawer.get(name) if name else None
        found = None if kept is None else msgspec.json.decode(kept, type=Dialogue)
        return None if found is None or self.clock() - found.started_at > LASTS else found

    async def _keep(self, account: str, dialogue: Dialogue) -> None:
        await asyncio.to_thread(self._keep_now, account, dialogue)

    def _keep_now(self, account: str, dialogue: Dialogue) -> None:
        before = self._name(account)
        name = f"{_PREFIX}{account}/{about(dialogue.form.command)}"
        self.drawer.put(name, msgspec.json.encode(dialogue))
        if before and before != name:
            self.drawer.delete(before)

    def _name(self, account: str) -> str:
        """Where the person's dialogue is kept: a name that ends in what it is about, so that erasing that finds it."""
        return next(iter(self.drawer.names(f"{_PREFIX}{account}/")), "")

    def _forget_old(self) -> None:
        for name in self.drawer.names(_PREFIX):
            kept = self.drawer.get(name)
            if kept and self.clock() - msgspec.json.decode(kept, type=Dialogue).started_at > LASTS:
                self.drawer.delete(name)


def question(dialogue: Dialogue, notice: str = "") -> Card:
    """The open question, with what the field wants and the buttons that spare typing."""
    asked, count = dialogue.form.fields[dialogue.at], len(dialogue.form.fields)
    present = dialogue.answers.get(asked.name, asked.value)
    step = f"!step.{dialogue.id}.{dialogue.at}"
    lines = [Text(notice, Tone.WARNING)] if notice else []
    label = asked.name if asked.label.casefold() == asked.name.casefold() else f"{asked.name}: {asked.label}"
    lines.append(Text(f"{label}{f' ({asked.hint})' if asked.hint else ''}"))
    if present:
        lines.append(Text(f"It says now: {present}", Tone.QUIET))
    emptied = "" if asked.required else f" A lone {EMPTY} leaves it empty."
    together = "" if dialogue.at or count < 2 else " Or send several at once, each on a line such as `name: …`."
    lines.append(Text(f"Answer here in one message.{emptied}{together}", Tone.QUIET))
    buttons = [Button(choice.label, f"{step}.pick{n}") for n, choice in enumerate(asked.choices)]
    if present or not asked.required:
        buttons.append(Button("Keep it" if present else "Skip", f"{step}.skip"))
    if dialogue.at:
        buttons.append(Button("Back", f"{step}.back"))
    buttons.append(Button("Stop", f"{step}.stop"))
    return Card(f"{dialogue.form.title} · {dialogue.at + 1} of {count}", (*lines, Actions(tuple(buttons))))


def several(form: Form, text: str) -> dict[str, str]:
    """The answers of a message whose lines begin with fields' names and colons; further lines belong to the one above."""
    called = {_plain(name): f.name for f in reversed(form.fields) for name in (f.label, *f.other_names)}
    called |= {_plain(f.name): f.name for f in form.fields}
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in text.strip().splitlines():
        head, colon, rest = line.partition(":")
        if colon and _plain(head) in called:
            current = found.setdefault(called[_plain(head)], [])
            line = rest.strip()
        if current is None:
            return {}  # it does not begin with a field: it is one answer
        current.append(line)
    return {name: "\n".join(lines).strip() for name, lines in found.items()}


def _plain(name: str) -> str:
    return re.sub(r"[-_\s]+", "", name).casefold()


def _problem(asked: Field, value: str) -> str:
    """Why the words cannot be the answer; "" where they can."""
    if len(value) > LONGEST:
        return f"That is {len(value):,} characters; at most {LONGEST:,} fit."
    if asked.required and not value.strip():
        return "This one is needed."
    if value and asked.choices and _choice(asked, value) is None:
        return f"It is one of {', '.join(choice.label for choice in asked.choices)}."
    return ""


def _chosen(asked: Field, value: str) -> str:
    return _choice(asked, value) or value


def _choice(asked: Field, value: str) -> str | None:
    wanted = value.strip().casefold()
    return next((c.value for c in asked.choices if wanted in (c.value.casefold(), c.label.casefold())), None)
