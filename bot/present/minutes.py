"""The words of minutes: who was there, what each case asked, what was decided and why, who does what by when."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from adapters.card import Actions, Block, Button, Card, Fact, Facts, File, Row, Rows, Text, Tone
from bot.present.common import length, note, person, when
from bot.present.tasks import owner
from conference.agenda import Item
from conference.case import Case, Section
from conference.decision import Decision, DecisionKind
from conference.meeting import Answer, Meeting, missing_quorum
from conference.minutes import MinutesPart
from conference.people import Account, CaseId, Member
from conference.task import Task, TaskKind

_FACT = re.compile(r"(Held|Led by|Present|Apologies|Quorum lacked|Question|Heard|Tells the patient|Review): (.*)")
_DECISION = re.compile(r"(D-\d+(?: \[[^\]]*\])?): (.*)")
_TASK = re.compile(r"(T-\d+) (.*)")


def parts(
    meeting: Meeting,
    cases: Mapping[CaseId, Case],
    decisions: Sequence[Decision],
    tasks: Sequence[Task],
    members: Sequence[Member],
    zone: ZoneInfo,
) -> tuple[MinutesPart, ...]:
    """The minutes as parts: the meeting, each case, and what belongs to no case."""
    made = [MinutesPart(meeting.ref, 0, f"{meeting.ref} {meeting.title}", _head(meeting, members, zone))]
    seen: set[CaseId] = set()
    for item in meeting.agenda.items:
        if item.case is None or item.case not in cases:
            title, text = item.title or str(item.case), _topic(item)
            made.append(MinutesPart(meeting.ref, len(made), title, text))
            continue
        seen.add(item.case)
        case = cases[item.case]
        mine = [d for d in decisions if d.case == case.ref]
        text = _case(item, case, mine, [t for t in tasks if t.case == case.ref], members, zone)
        made.append(MinutesPart(meeting.ref, len(made), f"Case {case.ref}", text, case.ref))
    others = [t for t in tasks if t.case not in seen]
    if others:
        text = "\n".join(_task(t, members, zone) for t in others)
        made.append(MinutesPart(meeting.ref, len(made), "Other action items", text))
    return tuple(made)


def _head(meeting: Meeting, members: Sequence[Member], zone: ZoneInfo) -> str:
    people = {m.account: m for m in members}
    started = meeting.started_at or meeting.start_at
    there = [f"{person(people.get(a), a)} ({people[a].discipline})" if a in people else a for a in meeting.attended]
    apologies = [
        person(people.get(a), a)
        for a, answer in meeting.rsvps.items()
        if answer is Answer.NO and a not in meeting.attended
    ]
    took = f", for {_minutes(meeting.ended_at - started)}" if meeting.ended_at else ""
    lines = [f"Held: {when(started, zone)}{took}"]
    leader = meeting.leader or Account("")
    lines.append(f"Led by: {person(people.get(leader), leader)}")
    lines.append(f"Present: {', '.join(there) or 'nobody noted'}")
    if apologies:
        lines.append(f"Apologies: {', '.join(apologies)}")
    missing = missing_quorum(meeting, members)
    if missing:
        lines.append(f"Quorum lacked: {', '.join(missing)}")
    return "\n".join(lines)


def _topic(item: Item) -> str:
    return f"{item.state.value}, {_spent(item)}".capitalize()


def _case(
    item: Item,
    case: Case,
    decisions: Sequence[Decision],
    tasks: Sequence[Task],
    members: Sequence[Member],
    zone: ZoneInfo,
) -> str:
    people = {m.account: m for m in members}
    lines = [
        f"Question: {case.summary.part(Section.QUESTION) if case.summary else ''}",
        _topic(item),
    ]
    if item.heard:
        lines.append(f"Heard: {', '.join(sorted(item.heard))}")
    lines += [line for d in decisions for line in _decision(d, people)]
    if not decisions:
        lines.append("Nothing was decided.")
    lines += [_task(t, members, zone) for t in tasks]
    tells = [t for t in tasks if t.kind is TaskKind.TELL_PATIENT]
    lines.append(
        f"Tells the patient: {', '.join(owner(t, members) for t in tells)}"
        if tells
        else "Nobody was named to tell the patient."
    )
    if case.review_on:
        lines.append(f"Review: {case.review_on:%a %d %b %Y}")
    return "\n".join(lines)


def _decision(it: Decision, people: Mapping[Account, Member]) -> list[str]:
    kind = f" [{it.kind.value}]" if it.kind is not DecisionKind.PLAIN else ""
    lines = [f"{it.ref}{kind}: {it.text}"]
    lines += [f"  because {it.because}"] if it.because else []
    lines += [f"  options: {'; '.join(it.options)}"] if it.options else []
    lines.append(
        f"  the patient prefers: {it.prefers}" if it.prefers else "  the patient's preference was not recorded"
    )
    lines += [f"  dissent, {person(people.get(d.by), d.by)}: {d.text}" for d in it.dissents]
    return lines


def _task(it: Task, members: Iterable[Member], zone: ZoneInfo) -> str:
    due = f", due {when(it.due_at, zone)}" if it.due_at else ""
    return f"{it.ref} {it.title}: {owner(it, tuple(members))}{due}"


def _spent(item: Item) -> str:
    return f"{_minutes(item.spent)} spent" if item.spent else "no time spent"


def _minutes(time: timedelta) -> str:
    return length(timedelta(minutes=max(1, round(time.total_seconds() / 60))))


def minutes(
    meeting: Meeting, parts: Sequence[MinutesPart], pdf: bytes, members: Sequence[Member], zone: ZoneInfo
) -> Card:
    blocks: list[Block] = []
    for part in parts:
        # The first one's title is the card's.
        blocks += [*([Text(part.title, Tone.STRONG)] if part.position else []), *_blocks(part.text)]
    blocks += [Text(line, Tone.QUIET) for line in signature(meeting, members, zone)]
    blocks.append(File(f"minutes-{meeting.ref.lower()}.pdf", "application/pdf", pdf))
    if meeting.minutes is None and meeting.ended_at:
        blocks.append(Actions((Button("Sign", f"minutes sign {meeting.ref}"),)))
    return Card(f"Minutes of {meeting.ref} {meeting.title}", tuple(blocks))


def _blocks(text: str) -> list[Block]:
    """The lines of a part as they are read best: facts together, each decision with its reasons, items as a list."""
    blocks: list[Block] = []
    for line in text.split("\n"):
        before = blocks[-1] if blocks else None
        if found := _DECISION.fullmatch(line):
            blocks.append(Facts((Fact(found[1], found[2]),)))
        elif found := _FACT.fullmatch(line):
            fact = Fact(found[1], found[2])
            if isinstance(before, Facts) and not before.facts[0].name.startswith("D-"):
                blocks[-1] = Facts((*before.facts, fact))
            else:
                blocks.append(Facts((fact,)))
        elif found := _TASK.fullmatch(line):
            row = Row(found[1], found[2])
            if isinstance(before, Rows):
                blocks[-1] = Rows((*before.rows, row))
            else:
                blocks.append(Rows((row,)))
        elif line.startswith("  ") and isinstance(before, Facts):
            *others, last = before.facts
            blocks[-1] = Facts((*others, Fact(last.name, f"{last.value}\n{line.strip()}")))
        else:
            blocks.append(Text(line))
    return blocks


def signature(meeting: Meeting, members: Sequence[Member], zone: ZoneInfo) -> list[str]:
    """Who signed when, and each correction below it; a plain warning before that."""
    if meeting.minutes is None:
        return ["Not signed yet: these minutes still follow the record."]
    people = {m.account: m for m in members}
    signed = meeting.minutes
    lines = [
        f"Signed by {person(people.get(signed.by), signed.by)}, {when(signed.at, zone)}. Seal {signed.sha256[:16]}."
    ]
    lines += [
        f"Correction by {person(people.get(c.by), c.by)}, {when(c.at, zone)}: {c.text}" for c in signed.corrections
    ]
    return lines


def signed(meeting: Meeting, members: Sequence[Member], zone: ZoneInfo) -> Card:
    return note(
        f"The minutes of {meeting.ref} {meeting.title} are signed.",
        *signature(meeting, members, zone),
        buttons=[Button("Read them", f"minutes {meeting.ref}")],
    )


def corrected(meeting: Meeting, hint: str) -> Card:
    assert meeting.minutes is not None
    return note(f"Correction to the minutes of {meeting.ref}: {meeting.minutes.corrections[-1].text}", hint)
