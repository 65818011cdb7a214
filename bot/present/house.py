"""Help, undo and the audit trail, as they are said."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from adapters.card import Actions, Button, Card, Fact, Facts, Row, Rows, Text, Tone
from bot.grammar.command import Command
from bot.present.common import note, person, when
from conference.people import Account, Member
from conference.policy import holders
from storage.audit import Recorded


def overview(commands: Sequence[Command], name: str) -> Card:
    """All commands in groups, short enough for a phone."""
    groups: dict[str, dict[str, list[str]]] = {}
    for command in commands:
        first, *rest = command.path
        groups.setdefault(command.group, {}).setdefault(first, []).extend(rest[:1])
    facts = tuple(
        Fact(group, ", ".join(_family(first, rest) for first, rest in families.items()))
        for group, families in groups.items()
    )
    hint = f"In a room begin with !{name} or @{name}; here in private just type. `help task` or `help task done` says more."
    buttons = (
        Button("My tasks", "tasks mine"),
        Button("Meetings", "meetings"),
        Button("Agenda", "agenda"),
        Button("Submit a case", "case submit"),
    )
    return Card("What you can type", (Facts(facts), Text(hint, Tone.QUIET), Actions(buttons)))


def _family(first: str, rest: Sequence[str]) -> str:
    """``task add|claim|done``: commands that begin alike, told once."""
    return f"{first} {'|'.join(dict.fromkeys(rest))}" if rest else first


def group(words: str, commands: Sequence[Command]) -> Card:
    rows = tuple(Row(c.words, c.summary, (f"`{c.usage}`",)) for c in commands)
    return Card(f"{words}: what you can type", (Rows(rows),))


def command(it: Command) -> Card:
    right = it.asks or it.action
    who = holders(right) if right else "anyone"
    facts = (Fact("Usage", it.usage), Fact("Example", it.example), Fact("Who", who))
    more = (Text("`undo` takes it back within ten minutes.", Tone.QUIET),) if it.undoable else ()
    return Card(f"{it.words}: {it.summary}", (Facts(facts), *more))


def guard_hint(kinds: str, message: str, *, known: bool) -> Card:
    """Private, short, and never a scolding."""
    whose = "somebody from an open case" if known else "a person"
    return note(
        f"Your last message here may identify {whose} ({kinds}). Only you see this.",
        "Shall I take it out of the room? Cases are safe to discuss by their reference, such as C-7K2P.",
        buttons=[Button("Remove it", f"remove {message}")],
    )


def removed() -> Card:
    return note("I take it out of the room; where this chat does not let me, I say so.")


def undone(act: str, subject: str) -> Card:
    return note(f"Taken back: `{act}`" + (f" ({subject})." if subject else "."))


def taken_back(act: str, subject: str) -> Card:
    return note(f"{subject}: `{act}` was taken back by the one who said it.".lstrip(": "), tone=Tone.QUIET)


def audit(rows: Sequence[Recorded], what: str, members: Sequence[Member], zone: ZoneInfo) -> Card:
    people = {m.account: m for m in members}
    lines = tuple(
        Row(
            f"{row.seq}",
            f"{when(row.entry.at, zone)} {person(people.get(Account(row.entry.actor)), row.entry.actor)}: {row.entry.act}",
            tuple(d for d in (row.entry.subject, row.entry.outcome) if d),
        )
        for row in rows
    )
    return Card(f"Audit trail: {what}", (Rows(lines),)) if lines else note(f"Audit trail: {what}: nothing.")


def missed(what: str, due: datetime, zone: ZoneInfo) -> Card:
    """Where a reminder would come too late."""
    return note(f"I missed {what}: it was due {when(due, zone)}, and I could not say it in time.", tone=Tone.WARNING)


def missed_row(what: str, due: datetime, zone: ZoneInfo) -> tuple[str, tuple[str, ...]]:
    """The same as a line of a digest: what, and the details."""
    return f"I missed {what}", (f"it was due {when(due, zone)}",)


def comes_late(due: datetime, zone: ZoneInfo) -> str:
    return f" (this word comes late: it was to reach you {when(due, zone)})"


def late_answer(subject: str, at: datetime, zone: ZoneInfo) -> Card:
    """Instead of an answer that could not be delivered while its words were true."""
    look = f"`{_look(subject)}` shows how it stands." if subject else "Ask again if you still want to know."
    return note(f"My answer to what you said on {when(at, zone)} did not get through in time.", look, tone=Tone.WARNING)


def _look(subject: str) -> str:
    words = {"T": "task", "C": "case", "M": "meeting", "D": "decision"}.get(subject[:1], "")
    return f"{words} {subject}" if words else "help"


def dead_letter(subject: str, kind: str) -> Card:
    """To a coordinator: somebody was not told."""
    return note(
        f"{subject}: a message about it ({kind}) could not be delivered, and I have given up.",
        f"`{_look(subject)}` shows how it stands. Whoever runs me sees it with `confer notices` and can send it again.",
        tone=Tone.WARNING,
    )


def timer_failed(subject: str, due: datetime, zone: ZoneInfo) -> Card:
    """To a coordinator: what was to happen by itself did not."""
    return note(
        f"{subject}: what was due {when(due, zone)} could not be done because of an error on my side.",
        f"`{_look(subject)}` shows how it stands. Please tell whoever runs me.",
        tone=Tone.WARNING,
    )
