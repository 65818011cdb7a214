"""How action items are said: what, who, when, and why it waits."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from adapters.card import Actions, Button, Card, Fact, Facts, Field, Form, Row, Rows, Text, Tone
from bot.present.common import note, person, when
from conference.people import Member
from conference.task import Task, TaskId, TaskKind, TaskState

DONE = "✅"


def changed(task: Task, what: str, members: Sequence[Member], held: str, zone: ZoneInfo, hint: str) -> Card:
    """What the room sees after a change: reference, words, who, when."""
    title = f"{task.ref} {what}: {task.title}" if what else f"{task.ref} {task.title}"
    lines = [_who_when(task, members, zone)]
    if task.state in (TaskState.DONE, TaskState.DROPPED):
        lines = [f"{task.state.value}: {task.outcome}"] if task.outcome else []
    if task.state is TaskState.BLOCKED:
        lines.append(f"Blocked: {task.note}")
    if held and task.is_pending:
        lines.append(f"{held[0].upper()}{held[1:]}.")
    card = note(title, *lines, hint, buttons=_buttons(task))
    return Card(card.title, (*card.blocks, *finish_form(task)))


def task(it: Task, members: Sequence[Member], held: str, now: datetime, zone: ZoneInfo) -> Card:
    people = {m.account: m for m in members}
    facts = [Fact("State", state(it, now)), Fact("Owner", owner(it, members))]
    facts += [Fact("Due", when(it.due_at, zone))] if it.due_at else []
    facts += [Fact("Quiet until", when(it.snoozed_until, zone))] if _is_quiet(it, now) and it.snoozed_until else []
    facts += [Fact("Case", it.case)] if it.case else []
    facts += [Fact("Kind", it.kind.value)] if it.kind is not TaskKind.OTHER else []
    facts += [Fact("Waits", held)] if held else []
    facts += [Fact("Note", it.note)] if it.note else []
    facts += [Fact("Outcome", it.outcome)] if it.outcome else []
    facts.append(Fact("Added", f"{when(it.created_at, zone)} by {person(people.get(it.created_by), it.created_by)}"))
    buttons = (Actions(_buttons(it)),) if _buttons(it) else ()
    return Card(f"{it.ref} {it.title}", (Facts(tuple(facts)), *buttons, *finish_form(it)))


def _is_quiet(it: Task, now: datetime) -> bool:
    return it.is_pending and it.snoozed_until is not None and now < it.snoozed_until


def listing(
    title: str,
    tasks: Sequence[Task],
    total: int,
    members: Sequence[Member],
    holds: Mapping[TaskId, str],
    now: datetime,
    zone: ZoneInfo,
) -> Card:
    if not tasks:
        return note(f"{title}: none.")
    rows = tuple(row(t, members, holds.get(t.ref, ""), now, zone) for t in tasks)
    more = (
        Text(
            f"{total - len(tasks)} more; narrow it down with `tasks mine`, `tasks for …` or `tasks case …`.", Tone.QUIET
        ),
    )
    return Card(f"{title}: {total}", (Rows(rows), *(more if total > len(tasks) else ())))


def row(task: Task, members: Sequence[Member], held: str, now: datetime, zone: ZoneInfo) -> Row:
    details = [owner(task, members)]
    if task.due_at and task.is_pending:
        details.append(f"due {when(task.due_at, zone)}")
    if task.case:
        details.append(task.case)
    if task.state is not TaskState.OPEN or task.is_overdue(now):
        details.append(state(task, now))
    if held:
        details.append(held)
    return Row(task.ref, task.title, tuple(details), Tone.WARNING if task.is_overdue(now) else Tone.PLAIN)


def state(task: Task, now: datetime) -> str:
    if task.state is TaskState.BLOCKED:
        return f"blocked: {task.note}"
    if task.is_overdue(now):
        return "overdue"
    return task.state.value


def owner(task: Task, members: Sequence[Member]) -> str:
    if task.owner:
        return person(next((m for m in members if m.account == task.owner), None), task.owner)
    return f"{task.discipline}, nobody has claimed it" if task.discipline else "nobody"


def nudge(task: Task, why: str, held: str, zone: ZoneInfo) -> Row:
    """One line of a reminder or a digest."""
    details = [f"due {when(task.due_at, zone)}"] if task.due_at else []
    details += [task.case] if task.case else []
    details += [held] if held else []
    return Row(task.ref, task.title, (why, *details))


def finish_form(task: Task) -> tuple[Form, ...]:
    """An item of a case asks how it came out; it is finished with that word."""
    if not task.case or not task.is_pending:
        return ()
    outcome = Field("outcome", "How it came out", "e.g. TSH 2.1, told patient", required=True)
    return (Form("Done", f"Finish {task.ref}", f"task done {task.ref}", (outcome,)),)


def nudge_buttons(task: Task) -> tuple[Button, ...]:
    return (
        *(() if task.case else (Button("Done", f"task done {task.ref}", emoji=DONE),)),
        Button("Snooze a day", f"task snooze {task.ref} 1d"),
    )


def _who_when(task: Task, members: Sequence[Member], zone: ZoneInfo) -> str:
    due = f", due {when(task.due_at, zone)}" if task.due_at else ""
    case = f", case {task.case}" if task.case else ""
    kind = f", {task.kind.value}" if task.kind is not TaskKind.OTHER else ""
    return f"For {owner(task, members)}{due}{case}{kind}"


def _buttons(task: Task) -> tuple[Button, ...]:
    if not task.is_pending:
        return ()
    claim = () if task.owner else (Button("Claim", f"task claim {task.ref}", emoji="✋"),)
    done = () if task.case else (Button("Done", f"task done {task.ref}", emoji=DONE),)
    return (*claim, *done)
