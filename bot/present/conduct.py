"""How a running meeting is said: what is on, which phase, how long, who has not been heard."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from adapters.card import Actions, Block, Button, Card, Fact, Facts, Rows, Text, Tone
from bot.present.agenda import Cases, item_row, topic
from bot.present.common import count, disciplines, length, note, person
from conference.agenda import ItemState
from conference.case import Case, Section
from conference.decision import Decision
from conference.meeting import PHASES, Meeting, Phase, missing_quorum, unheard
from conference.people import Member
from conference.task import Task

PROMPTS = {
    Phase.PRESENT: "The presenter presents; everyone else listens.",
    Phase.SUMMARISE: "The facilitator says it back: “Did I get it right?”",
    Phase.CLARIFY: "Clarifying questions only, no advice yet.",
    Phase.RECOMMEND: "Recommendations, one discipline after the other.",
    Phase.SUM_UP: "Sum up: what is decided, who does what by when, who tells the patient.",
}


def board(
    meeting: Meeting,
    case: Case | None,
    decisions: Sequence[Decision],
    tasks: Sequence[Task],
    members: Sequence[Member],
    now: datetime,
    zone: ZoneInfo,
    hint: str,
) -> Card:
    item = meeting.current
    if item is None:
        return _through(meeting, hint)
    position = meeting.agenda.items.index(item) + 1
    blocks: list[Block] = [Text(hint, Tone.QUIET)] if hint else []
    if meeting.phase:
        steps = " → ".join(f"[{p.value}]" if p is meeting.phase else p.value for p in PHASES)
        blocks += [Text(steps), Text(PROMPTS[meeting.phase], Tone.STRONG)]
    blocks.append(Facts(_facts(meeting, item.spent, members, now)))
    blocks += _asks(meeting, case, decisions, members)
    if position == 1 and meeting.phase in (None, Phase.PRESENT):
        blocks += _at_the_start(meeting, members)
    blocks.append(Actions(_controls(meeting)))
    title = f"{meeting.ref} item {position} of {len(meeting.agenda.items)}: {topic(item, case)}"
    return Card(title, tuple(blocks))


def _facts(meeting: Meeting, spent: timedelta, members: Sequence[Member], now: datetime) -> tuple[Fact, ...]:
    item = meeting.current
    assert item is not None
    used = spent + (now - item.began_at if item.began_at else timedelta())
    left = item.length - used
    time = (
        f"{_whole_minutes(left)} left of {length(item.length)}"
        if left > timedelta()
        else f"over by {_whole_minutes(-left)}"
    )
    facts = [Fact("Time", time)]
    if item.presenter:
        presenter = next((m for m in members if m.account == item.presenter), None)
        facts.append(Fact("Presenter", person(presenter, item.presenter)))
    return tuple(facts)


def _whole_minutes(time: timedelta) -> str:
    """Begun minutes count: the board is no clock that runs."""
    return length(timedelta(minutes=max(1, -(-time // timedelta(minutes=1)))))


def _asks(meeting: Meeting, case: Case | None, decisions: Sequence[Decision], members: Sequence[Member]) -> list[Block]:
    """What the team tends to forget: the voices not heard, the patient's view, who tells the patient."""
    blocks: list[Block] = []
    silent = unheard(meeting, members)
    if silent and meeting.phase in (Phase.CLARIFY, Phase.RECOMMEND, Phase.SUM_UP):
        blocks.append(Text(f"Not heard yet: {disciplines(silent)}."))
    if meeting.phase is Phase.RECOMMEND and case is not None:
        goals = case.summary.part(Section.GOALS) if case.summary else ""
        blocks.append(
            Text(f"The patient's view: “{goals}”" if goals else "What does the patient want? Nobody has said it yet.")
        )
    if meeting.phase is Phase.SUM_UP and case is not None:
        if not decisions:
            blocks.append(Text(f'Nothing is decided yet: `decide {case.ref} "…" because "…" prefers "…"`.'))
        blocks.append(Text(f'Who tells the patient? `task add "…" for @… due … case {case.ref} kind tell-patient`'))
    return blocks


def _at_the_start(meeting: Meeting, members: Sequence[Member]) -> list[Block]:
    blocks: list[Block] = []
    missing = missing_quorum(meeting, members)
    if missing:
        blocks.append(Text(f"The quorum lacks {disciplines(missing)}.", Tone.WARNING))
    blocks.append(Text("Say `here`, or just speak, to be in the attendance.", Tone.QUIET))
    return blocks


def _through(meeting: Meeting, hint: str) -> Card:
    return note(
        f"{meeting.ref}: the agenda is through.",
        hint,
        buttons=[Button("End the meeting", "meeting end"), Button("Back", "back")],
    )


def _controls(meeting: Meeting) -> tuple[Button, ...]:
    return (
        Button("Next", "next", emoji="⏭️"),
        Button("Back", "back", emoji="⏮️"),
        Button("5 more minutes", "extend 5m"),
        Button("Defer", "defer"),
        Button("Here", "here", emoji="✋"),
    )


def attending(meeting: Meeting, member: Member) -> Card:
    return note(f"You are in the attendance of {meeting.ref}, {person(member)}.")


def ended(
    meeting: Meeting,
    taken: Meeting | None,
    decisions: Sequence[Decision],
    tasks: Sequence[Task],
    cases: Cases,
    members: Sequence[Member],
    zone: ZoneInfo,
) -> Card:
    people = {m.account: m for m in members}
    rows = tuple(item_row(n, i, cases, people) for n, i in enumerate(meeting.agenda.items, start=1))
    assert meeting.started_at is not None
    assert meeting.ended_at is not None
    took = length(timedelta(seconds=round((meeting.ended_at - meeting.started_at).total_seconds())))
    facts = (
        Fact("Took", f"{took} of {length(meeting.length)}"),
        Fact("Present", ", ".join(person(people.get(a), a) for a in meeting.attended)),
        Fact("Results", f"{count(len(decisions), 'decision')}, {count(len(tasks), 'action item')}"),
    )
    left = [i for i in meeting.agenda.items if i.state in (ItemState.NOT_REACHED, ItemState.DEFERRED)]
    blocks: list[Block] = [Facts(facts), *((Rows(rows),) if rows else ())]
    if left:
        where = f"on the agenda of {taken.ref}" if taken else "kept for the next meeting"
        blocks.append(Text(f"{count(len(left), 'item')} carried over: {where}."))
    blocks.append(Actions((Button("Minutes", f"minutes {meeting.ref}"), Button("Sign", f"minutes sign {meeting.ref}"))))
    return Card(f"{meeting.ref} {meeting.title} has ended", tuple(blocks))
