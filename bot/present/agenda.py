"""How agendas are said: what each point asks, who presents it, how long, why it is on, what it waits for."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from adapters.card import Actions, Block, Button, Card, Row, Rows, Text, Tone
from bot.present.common import length, note, person, when
from conference.agenda import Candidate, Item, ItemState
from conference.case import Case, Section
from conference.meeting import Meeting
from conference.people import Account, CaseId, Member

Cases = Mapping[CaseId, Case]


def agenda(meeting: Meeting, cases: Cases, members: Sequence[Member], zone: ZoneInfo) -> Card:
    """The items in their order. A case's question is shown only as its author approved it."""
    left = meeting.length - meeting.agenda.planned
    room = f"{length(left)} left" if left >= timedelta() else f"{length(-left)} over"
    state = "locked" if meeting.agenda.is_locked else "open"
    title = f"Agenda of {meeting.ref} {meeting.title}, {when(meeting.start_at, zone)} ({state})"
    if not meeting.agenda.items:
        return note(title, "Nothing on it yet.", buttons=_shape(meeting))
    people = {m.account: m for m in members}
    rows = tuple(item_row(n, i, cases, people) for n, i in enumerate(meeting.agenda.items, start=1))
    total = f"{length(meeting.agenda.planned)} of {length(meeting.length)} planned, {room}."
    blocks: list[Block] = [Rows(rows), Text(total, Tone.PLAIN if left >= timedelta() else Tone.WARNING)]
    if meeting.is_coming:
        blocks.append(Actions(_shape(meeting)))
    return Card(title, tuple(blocks))


def item_row(number: int, item: Item, cases: Cases, people: Mapping[Account, Member]) -> Row:
    case = cases.get(item.case) if item.case else None
    details = [length(item.length)]
    if item.presenter:
        details.append(person(people.get(item.presenter), item.presenter))
    if item.why:
        details.append(item.why)
    if item.state is not ItemState.WAITING:
        details.append(item.state.value)
    elif case is not None:
        details.append("ready" if case.is_ready else f"not ready: waits for {' and '.join(case.missing)}")
    tone = Tone.STRONG if item.state is ItemState.CURRENT else Tone.PLAIN
    return Row(f"{number}.", topic(item, case), tuple(details), tone)


def topic(item: Item, case: Case | None) -> str:
    if not item.case:
        return item.title
    question = case.summary.part(Section.QUESTION) if case and case.summary else ""
    return f"{item.case} {question}".strip()


def added(meeting: Meeting, item: Item, hint: str) -> Card:
    position = next(n for n, i in enumerate(meeting.agenda.items, start=1) if i.number == item.number)
    what = item.case or f"“{item.title}”"
    return note(
        f"{what} is item {position} on the agenda of {meeting.ref} {meeting.title}, {length(item.length)}.", hint
    )


def built(
    meeting: Meeting,
    cases: Cases,
    left_out: Sequence[Candidate],
    waiting: Sequence[Case],
    members: Sequence[Member],
    zone: ZoneInfo,
) -> Card:
    card = agenda(meeting, cases, members, zone)
    more: list[Block] = []
    if left_out:
        names = "; ".join(f"{c.case.ref} ({c.why})" for c in left_out)
        more.append(Text(f"No time left for {names}. They weigh more next time.", Tone.WARNING))
    if waiting:
        names = "; ".join(f"{c.ref} waits for {' and '.join(c.missing)}" for c in waiting)
        more.append(Text(f"Not ready: {names}.", Tone.QUIET))
    return Card(card.title, (*card.blocks[:-1], *more, *card.blocks[-1:]))


def call(meeting: Meeting, zone: ZoneInfo) -> Card:
    closes = meeting.start_at - meeting.closes
    return note(
        f"{meeting.ref} {meeting.title}, {when(meeting.start_at, zone)}: which cases and topics?",
        f"Submit a case in private with `case submit`, put one on with `case present C-… {meeting.ref}`, "
        f'add a topic with `agenda add "…" 10m`, or just answer this message. Please by {when(closes, zone)}.',
        buttons=[Button("Submit a case", "case submit"), Button("Agenda", f"agenda {meeting.ref}")],
    )


def offer(meeting: Meeting, text: str, command: str) -> Card:
    return note(f"Put “{text}” on the agenda of {meeting.ref}?", buttons=[Button("Add it", command)])


def chase(meeting: Meeting, case: Case, zone: ZoneInfo) -> str:
    return f"is on the agenda of {meeting.ref}, {when(meeting.start_at, zone)}, and waits for {' and '.join(case.missing)}."


def _shape(meeting: Meeting) -> tuple[Button, ...]:
    if meeting.agenda.is_locked:
        return (
            Button("Start the meeting", f"meeting start {meeting.ref}"),
            Button("Unlock", f"agenda unlock {meeting.ref}"),
        )
    return (Button("Build", f"agenda build {meeting.ref}"), Button("Lock", f"agenda lock {meeting.ref}"))
