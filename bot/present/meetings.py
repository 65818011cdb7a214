"""How meetings are said."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from adapters.card import Actions, Block, Button, Card, Fact, Facts, File, Poll, Row, Rows, Text, Tone
from bot.present.common import count, disciplines, length, note, person, when, when_for
from conference.meeting import Answer, Meeting, MeetingState, missing_quorum
from conference.people import Discipline, Member

_MOST_FIXES = 3


def invitation(meeting: Meeting, members: Sequence[Member], zone: ZoneInfo, *, note: str = "") -> Card:
    """What stands in the room for the whole life of the meeting; edited in place as answers come."""
    blocks: list[Block] = [Facts(_facts(meeting, members, zone))]
    if note:
        blocks.append(Text(note, Tone.QUIET))
    if meeting.is_coming:
        blocks.append(Actions(_answers(meeting)))
    return Card(f"{meeting.ref} {meeting.title}{_state(meeting)}", tuple(blocks), tone=_tone(meeting))


def details(meeting: Meeting, members: Sequence[Member], zone: ZoneInfo) -> Card:
    if meeting.state is MeetingState.POLLING:
        return poll(meeting, members, zone)
    more = [Button("Agenda", f"agenda {meeting.ref}"), Button("Calendar file", f"calendar {meeting.ref}")]
    if meeting.state in (MeetingState.ENDED, MeetingState.SIGNED):
        more = [Button("Minutes", f"minutes {meeting.ref}")]
    return Card(
        f"{meeting.ref} {meeting.title}{_state(meeting)}",
        (
            Facts(_facts(meeting, members, zone)),
            Actions((*(_answers(meeting) if meeting.is_coming else ()), *more)),
        ),
        tone=_tone(meeting),
    )


def listing(coming: Sequence[Meeting], past: Sequence[Meeting], zone: ZoneInfo) -> Card:
    rows = tuple(
        Row(m.ref, m.title, (when(m.start_at, zone), length(m.length), m.state.value)) for m in (*coming, *past)
    )
    if not rows:
        return note('No meetings. `meeting schedule "Case conference" tue 08:00 for 60m` plans one.')
    return Card(f"{count(len(coming), 'coming meeting')}, {len(past)} before", (Rows(rows),))


def moved(meeting: Meeting, before: datetime, members: Iterable[Member], zone: ZoneInfo, hint: str) -> Card:
    at = when_for(meeting.start_at, members, zone)
    lines = (f"It was {when(before, zone)}. Please answer again.", hint)
    return note(f"{meeting.ref} {meeting.title} is now {at}.", *lines, buttons=_answers(meeting))


def rezoned(meeting: Meeting, members: Sequence[Member], zone: ZoneInfo) -> Card:
    here = when(meeting.start_at, ZoneInfo(meeting.zone))
    return note(
        f"{meeting.ref} {meeting.title} is {when_for(meeting.start_at, members, zone)}.",
        f"The rules of {meeting.zone} changed; there it stays {here}. A calendar file from before may be off: `calendar {meeting.ref}`.",
    )


def cancelled(meeting: Meeting, zone: ZoneInfo, taken: Meeting | None = None) -> Card:
    at = "" if meeting.options and meeting.wall is None else f", {when(meeting.start_at, zone)},"
    return note(
        f"{meeting.ref} {meeting.title}{at} is cancelled: {meeting.because}",
        f"What was on its agenda is on that of {taken.ref} now, {when(taken.start_at, zone)}." if taken else "",
        tone=Tone.WARNING,
    )


def answered(meeting: Meeting, answer: Answer, missing: Sequence[Discipline], zone: ZoneInfo) -> Card:
    lack = f"Still missing for the quorum: {disciplines(missing)}." if missing else ""
    return note(f"Noted: {answer.value} to {meeting.ref} {meeting.title}, {when(meeting.start_at, zone)}.", lack)


def calendar(title: str, name: str, content: bytes) -> Card:
    return Card(title, (File(f"{name.lower()}.ics", "text/calendar", content),))


def poll(meeting: Meeting, members: Sequence[Member], zone: ZoneInfo) -> Card:
    """Times to vote on, by what the platform offers or by command."""
    rows = tuple(
        Row(str(n), when_for(at, members, zone), (_voters(meeting, n, members),))
        for n, at in enumerate(meeting.options, start=1)
    )
    command = f"vote {meeting.ref}"
    if meeting.state is MeetingState.CANCELLED:
        return Card(
            f"{meeting.ref} {meeting.title} is cancelled: {meeting.because}", (Poll(rows, command, is_open=False),)
        )
    if meeting.state is not MeetingState.POLLING:
        decided = f"{meeting.ref} {meeting.title}: the time is {when_for(meeting.start_at, members, zone)}"
        return Card(decided, (Poll(rows, command, is_open=False),))
    buttons = tuple(Button(f"{n}", f"{command} also {n}", emoji=f"{n}\ufe0f\u20e3") for n in range(1, len(rows) + 1))
    fixes = tuple(Button(f"Fix {n}", f"meeting fix {meeting.ref} {n}") for n in meeting.leading[:_MOST_FIXES])
    hint = Text("However you vote, your newest vote stands. The coordinator fixes the time.", Tone.QUIET)
    blocks: tuple[Block, ...] = (Poll(rows, command), *_standing(meeting, members), hint, Actions((*buttons, *fixes)))
    return Card(f"{meeting.ref} {meeting.title}: which time?", blocks)


def poll_waits(meeting: Meeting, members: Sequence[Member], zone: ZoneInfo) -> Row:
    """To whoever asked: how the vote stands, and that a time is to be fixed."""
    best = "; ".join(f"{n} {when(meeting.options[n - 1], zone)}" for n in meeting.leading) or "nobody has voted"
    voted = count(sum(bool(v) for v in meeting.votes.values()), "vote", "votes")
    return Row(
        meeting.ref, f"{meeting.title} waits for its time. First: {best}", (f"{voted} of {len(members)} people",)
    )


def _standing(meeting: Meeting, members: Sequence[Member]) -> tuple[Text, ...]:
    """That times are level, and who of the quorum could come to none of the first ones."""
    lines = []
    if len(meeting.leading) > 1:
        lines.append(f"{' and '.join(str(n) for n in meeting.leading)} are level.")
    for n in meeting.leading:
        there = {m.discipline for m in members if n in meeting.votes.get(m.account, ())}
        if missing := [d for d in meeting.quorum if d not in there]:
            lines.append(f"At {n} the quorum misses {disciplines(missing)}.")
    return tuple(Text(line) for line in lines)


def voted(meeting: Meeting, choices: Iterable[int], zone: ZoneInfo) -> Card:
    them = "; ".join(when(meeting.options[c - 1], zone) for c in choices)
    return note(f"Your vote on {meeting.ref}: {them}." if them else f"Your vote on {meeting.ref} is taken back.")


def reminder(meeting: Meeting, members: Sequence[Member], zone: ZoneInfo) -> Card:
    missing = missing_quorum(meeting, members)
    lack = f"Nobody has promised to come for: {disciplines(missing)}." if missing else ""
    items = count(len(meeting.agenda.items), "item")
    return note(
        f"{meeting.ref} {meeting.title} begins {when_for(meeting.start_at, members, zone)}, {items} on the agenda.",
        lack,
        buttons=[Button("Agenda", f"agenda {meeting.ref}"), Button("Start", f"meeting start {meeting.ref}")],
    )


def quorum_chaser(meeting: Meeting, missing: Sequence[Discipline], zone: ZoneInfo) -> str:
    return (
        f"{meeting.title}, {when(meeting.start_at, zone)}, still has nobody for {disciplines(missing)}. Can you come?"
    )


def _facts(meeting: Meeting, members: Sequence[Member], zone: ZoneInfo) -> tuple[Fact, ...]:
    facts = [
        Fact("When", f"{when_for(meeting.start_at, members, zone)}, {length(meeting.length)}"),
        Fact("Kind", meeting.kind.value),
        Fact("Coming", _coming(meeting, members)),
    ]
    missing = missing_quorum(meeting, members)
    if meeting.quorum:
        facts.append(
            Fact("Quorum", f"missing {disciplines(missing)}" if missing else f"met ({disciplines(meeting.quorum)})")
        )
    if meeting.because:
        facts.append(Fact("Because", meeting.because))
    return tuple(facts)


def _coming(meeting: Meeting, members: Sequence[Member]) -> str:
    names = {m.account: m for m in members}
    parts = []
    for answer in Answer:
        who = [person(names.get(a), a) for a, given in meeting.rsvps.items() if given is answer]
        if who:
            parts.append(f"{answer.value}: {', '.join(who)}")
    return "; ".join(parts) or "nobody has answered yet"


def _answers(meeting: Meeting) -> tuple[Button, ...]:
    return (
        Button("Yes", f"rsvp {meeting.ref} yes", emoji="✅"),
        Button("No", f"rsvp {meeting.ref} no", emoji="❌"),
        Button("Maybe", f"rsvp {meeting.ref} maybe", emoji="❔"),
    )


def _voters(meeting: Meeting, number: int, members: Sequence[Member]) -> str:
    names = {m.account: m for m in members}
    who = [person(names.get(a), a) for a, votes in meeting.votes.items() if number in votes]
    return f"{count(len(who), 'vote')}: {', '.join(who)}" if who else "no votes"


def _state(meeting: Meeting) -> str:
    return "" if meeting.is_coming else f" ({meeting.state.value})"


def _tone(meeting: Meeting) -> Tone:
    return Tone.WARNING if meeting.state is MeetingState.CANCELLED else Tone.PLAIN
