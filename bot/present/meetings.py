"""How meetings are said."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from adapters.card import Actions, Block, Button, Card, Fact, Facts, File, Poll, Row, Rows, Text, Tone
from bot.present.common import count, disciplines, length, note, person, when
from conference.meeting import Answer, Meeting, MeetingState, missing_quorum
from conference.people import Discipline, Member
from conference.series import Series

_FIRST = 4


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


def moved(meeting: Meeting, before: datetime, zone: ZoneInfo, hint: str) -> Card:
    lines = (f"It was {when(before, zone)}. Please answer again.", hint)
    return note(
        f"{meeting.ref} {meeting.title} is now {when(meeting.start_at, zone)}.", *lines, buttons=_answers(meeting)
    )


def cancelled(meeting: Meeting, zone: ZoneInfo, taken: Meeting | None = None) -> Card:
    return note(
        f"{meeting.ref} {meeting.title}, {when(meeting.start_at, zone)}, is cancelled: {meeting.because}",
        f"What was on its agenda is on that of {taken.ref} now, {when(taken.start_at, zone)}." if taken else "",
        tone=Tone.WARNING,
    )


def answered(meeting: Meeting, answer: Answer, missing: Sequence[Discipline], zone: ZoneInfo) -> Card:
    lack = f"Still missing for the quorum: {disciplines(missing)}." if missing else ""
    return note(f"Noted: {answer.value} to {meeting.ref} {meeting.title}, {when(meeting.start_at, zone)}.", lack)


def calendar(meeting: Meeting, content: bytes, zone: ZoneInfo) -> Card:
    return Card(
        f"{meeting.ref} {meeting.title}, {when(meeting.start_at, zone)}",
        (File(f"{meeting.ref.lower()}.ics", "text/calendar", content),),
    )


def poll(meeting: Meeting, members: Sequence[Member], zone: ZoneInfo) -> Card:
    """Times to vote on, by what the platform offers or by command."""
    rows = tuple(
        Row(str(n), when(at, zone), (_voters(meeting, n, members),)) for n, at in enumerate(meeting.options, start=1)
    )
    command = f"vote {meeting.ref}"
    if meeting.state is not MeetingState.POLLING:
        decided = f"{meeting.ref} {meeting.title}: the time is {when(meeting.start_at, zone)}"
        return Card(decided, (Poll(rows, command, is_open=False),))
    buttons = tuple(Button(f"{n}", f"{command} also {n}", emoji=f"{n}\ufe0f\u20e3") for n in range(1, len(rows) + 1))
    best = max(range(1, len(rows) + 1), key=lambda n: (_votes(meeting, n), -n))
    fix = Button(f"Fix {best}", f"meeting fix {meeting.ref} {best}")
    hint = Text(
        "All ways to vote count together; the newest vote of a person stands. The coordinator fixes the time.",
        Tone.QUIET,
    )
    return Card(f"{meeting.ref} {meeting.title}: which time?", (Poll(rows, command), hint, Actions((*buttons, fix))))


def voted(meeting: Meeting, choices: Iterable[int], zone: ZoneInfo) -> Card:
    them = "; ".join(when(meeting.options[c - 1], zone) for c in choices)
    return note(f"Your vote on {meeting.ref}: {them}." if them else f"Your vote on {meeting.ref} is taken back.")


def reminder(meeting: Meeting, members: Sequence[Member], zone: ZoneInfo) -> Card:
    missing = missing_quorum(meeting, members)
    lack = f"Nobody has promised to come for: {disciplines(missing)}." if missing else ""
    items = count(len(meeting.agenda.items), "item")
    return note(
        f"{meeting.ref} {meeting.title} begins {when(meeting.start_at, zone)}, {items} on the agenda.",
        lack,
        buttons=[Button("Agenda", f"agenda {meeting.ref}"), Button("Start", f"meeting start {meeting.ref}")],
    )


def quorum_chaser(meeting: Meeting, missing: Sequence[Discipline], zone: ZoneInfo) -> str:
    return (
        f"{meeting.title}, {when(meeting.start_at, zone)}, still has nobody for {disciplines(missing)}. Can you come?"
    )


def series_line(series: Series) -> Row:
    stopped = "" if series.is_running else "stopped"
    details = (
        series.rule.words,
        f"{series.start:%H:%M} {series.zone}",
        length(series.length),
        series.kind.value,
        stopped,
    )
    return Row(series.ref, series.title, tuple(d for d in details if d))


def series_listing(series: Sequence[Series]) -> Card:
    if not series:
        return note('No series. `series create "Weekly case conference" every tue 08:00 for 60m` makes one.')
    return Card(count(len(series), "series", "series"), (Rows(tuple(series_line(s) for s in series)),))


def series_changed(
    series: Series, what: str, meetings: Sequence[Meeting], zone: ZoneInfo, dropped: Sequence[Meeting] = ()
) -> Card:
    rows = tuple(Row(m.ref, when(m.start_at, zone)) for m in meetings[:_FIRST])
    if len(meetings) > _FIRST:
        rows = (*rows, Row("…", f"and {len(meetings) - _FIRST} more; `meetings` lists them"))
    line = series_line(series)
    blocks: tuple[Block, ...] = (Text(", ".join(line.details)),)
    if dropped:
        more = f" and {len(dropped) - _FIRST} more" if len(dropped) > _FIRST else ""
        blocks += (Text(f"Cancelled: {', '.join(m.ref for m in dropped[:_FIRST])}{more}."),)
    return Card(f"{series.ref} {series.title} {what}.", (*blocks, *((Rows(rows),) if rows else ())))


def _facts(meeting: Meeting, members: Sequence[Member], zone: ZoneInfo) -> tuple[Fact, ...]:
    facts = [
        Fact("When", f"{when(meeting.start_at, zone)}, {length(meeting.length)}"),
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
    return f"{len(who)}: {', '.join(who)}" if who else "no votes"


def _votes(meeting: Meeting, number: int) -> int:
    return sum(number in votes for votes in meeting.votes.values())


def _state(meeting: Meeting) -> str:
    return "" if meeting.is_coming else f" ({meeting.state.value})"


def _tone(meeting: Meeting) -> Tone:
    return Tone.WARNING if meeting.state is MeetingState.CANCELLED else Tone.PLAIN
