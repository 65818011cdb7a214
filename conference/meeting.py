"""A meeting: one dated conference, huddle, round or supervision, from the plan to the signed minutes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from zoneinfo import ZoneInfo

from conference.agenda import Agenda, Item, ItemState
from conference.local_time import at_local, wall_clock
from conference.people import Account, Discipline, Member, TeamId
from conference.refusal import Refusal, step

MeetingId = NewType("MeetingId", str)


class MeetingKind(StrEnum):
    CONFERENCE = "conference"
    HUDDLE = "huddle"
    ROUND = "round"
    SUPERVISION = "supervision"


class MeetingState(StrEnum):
    POLLING = "looking for a time"
    PLANNED = "planned"
    RUNNING = "running"
    ENDED = "ended"
    SIGNED = "signed"
    CANCELLED = "cancelled"


NEXT: Mapping[MeetingState, frozenset[MeetingState]] = {
    MeetingState.POLLING: frozenset({MeetingState.PLANNED, MeetingState.CANCELLED}),
    MeetingState.PLANNED: frozenset({MeetingState.PLANNED, MeetingState.RUNNING, MeetingState.CANCELLED}),
    MeetingState.RUNNING: frozenset({MeetingState.ENDED}),
    MeetingState.ENDED: frozenset({MeetingState.SIGNED}),
    MeetingState.SIGNED: frozenset(),
    MeetingState.CANCELLED: frozenset(),
}


class Answer(StrEnum):
    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


class Phase(StrEnum):
    """The way of one case through the meeting (Project ECHO's case presentation)."""

    PRESENT = "present"
    SUMMARISE = "summarise back"
    CLARIFY = "clarify"
    RECOMMEND = "recommend"
    SUM_UP = "sum up"


PHASES = tuple(Phase)
_LEFT_BEHIND = (ItemState.DONE, ItemState.DEFERRED)


@dataclass(frozen=True, slots=True)
class Correction:
    by: Account
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Signed:
    """That the facilitator signed the minutes: their parts never change, corrections stand below them.

    ``parts``: the SHA-256 of each part in order, and ``sha256`` over them, so that a changed part is noticed even
    after another was erased with its case.
    """

    sha256: str
    parts: tuple[str, ...]
    by: Account
    at: datetime
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True, slots=True)
class Meeting:
    """One meeting. Times are UTC; ``zone`` is the zone it was planned in. ``options``: the times of a poll.

    ``wall``: the local time that was meant, which stays where the zone's rules change. Of a series, ``recurrence_at``
    is the time by its rule and ``recurrence`` the same as a local time; ``is_left_out``: the series no longer has it.
    """

    ref: MeetingId
    team: TeamId
    title: str
    kind: MeetingKind
    state: MeetingState
    start_at: datetime
    length: timedelta
    zone: str
    created_by: Account
    agenda: Agenda = Agenda()
    quorum: tuple[Discipline, ...] = ()
    closes: timedelta = timedelta(hours=24)
    series: str | None = None
    recurrence_at: datetime | None = None
    recurrence: datetime | None = None
    is_left_out: bool = False
    wall: datetime | None = None
    sequence: int = 0
    options: tuple[datetime, ...] = ()
    votes: Mapping[Account, tuple[int, ...]] = field(default_factory=dict)
    rsvps: Mapping[Account, Answer] = field(default_factory=dict)
    attended: tuple[Account, ...] = ()
    leader: Account | None = None
    phase: Phase | None = None
    phase_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    because: str = ""
    minutes: Signed | None = None

    @property
    def end_at(self) -> datetime:
        return self.start_at + self.length

    @property
    def is_coming(self) -> bool:
        return self.state is MeetingState.PLANNED

    @property
    def is_running(self) -> bool:
        return self.state is MeetingState.RUNNING

    # -- planning ------------------------------------------------------------------------------------------------
    def move(self, start_at: datetime) -> "Meeting":
        """The meeting at another time; answers to the old time are asked again."""
        if self.state is MeetingState.POLLING:
            raise Refusal(f"{self.ref} has no time yet. `meeting fix {self.ref} 1` takes one of those offered.")
        if start_at == self.start_at:
            raise Refusal(f"{self.ref} is at that time already.")
        moved = self._to(MeetingState.PLANNED, "moved")._at(start_at)
        return replace(moved, sequence=self.sequence + 1, rsvps={})

    def keep_wall_clock(self) -> "Meeting":
        """The meeting at the local time that was meant, where the zone's rules have changed since it was planned."""
        if self.wall is None or wall_clock(self.start_at, self.zone) == self.wall:
            return self
        return replace(self, start_at=at_local(self.wall, ZoneInfo(self.zone)), sequence=self.sequence + 1)

    def cancel(self, because: str) -> "Meeting":
        """The meeting called off; what was to be talked about is free for another."""
        off = self._to(MeetingState.CANCELLED, "cancelled")
        return replace(off, because=because, sequence=self.sequence + 1, agenda=self.agenda.not_reached())

    def answer(self, account: Account, answer: Answer) -> "Meeting":
        if self.state not in (MeetingState.PLANNED, MeetingState.RUNNING):
            raise Refusal(f"{self.ref} is {self.state.value}; it takes no answers now.")
        return replace(self, rsvps={**self.rsvps, account: answer})

    def has_settled(self, account: Account) -> bool:
        """Whether this person has said yes or no; maybe is still asked about."""
        return self.rsvps.get(account) in (Answer.YES, Answer.NO)

    def vote(self, account: Account, choices: Iterable[int]) -> "Meeting":
        """``choices``: numbers of the offered times, from 1; none takes the vote back."""
        self._check_polling()
        wanted = tuple(sorted(set(choices)))
        if any(not 1 <= c <= len(self.options) for c in wanted):
            raise Refusal(f"{self.ref} offers the times 1 to {len(self.options)}.")
        return replace(self, votes={**self.votes, account: wanted})

    @property
    def leading(self) -> tuple[int, ...]:
        """The numbers of the times with the most votes, from 1; none while nobody has voted."""
        votes = [sum(n in chosen for chosen in self.votes.values()) for n in range(1, len(self.options) + 1)]
        most = max(votes, default=0)
        return tuple(n for n, given in enumerate(votes, start=1) if given == most) if most else ()

    def fix(self, choice: int, now: datetime) -> "Meeting":
        """The poll's winner becomes the time; who voted for it has said yes."""
        self._check_polling()
        if not 1 <= choice <= len(self.options):
            raise Refusal(f"{self.ref} offers the times 1 to {len(self.options)}.")
        if self.options[choice - 1] <= now:
            raise Refusal(f"Time {choice} of {self.ref} has passed. Fix another, or make a new poll.")
        yes = {account: Answer.YES for account, votes in self.votes.items() if choice in votes}
        return replace(self._at(self.options[choice - 1]), state=MeetingState.PLANNED, rsvps=yes)

    def _check_polling(self) -> None:
        if self.state is not MeetingState.POLLING:
            raise Refusal(f"{self.ref} is {self.state.value}; there is no vote to give.")

    # -- agenda --------------------------------------------------------------------------------------------------
    def with_agenda(self, agenda: Agenda) -> "Meeting":
        if self.state not in (MeetingState.POLLING, MeetingState.PLANNED, MeetingState.RUNNING):
            raise Refusal(f"{self.ref} is {self.state.value}; its agenda is history.")
        return replace(self, agenda=agenda)

    # -- in the meeting ------------------------------------------------------------------------------------------
    def start(self, leader: Account, now: datetime) -> "Meeting":
        begun = replace(
            self._to(MeetingState.RUNNING, "started"), leader=leader, started_at=now, agenda=self.agenda.lock()
        )
        return begun.attend(leader)._enter(0, now)

    def attend(self, account: Account) -> "Meeting":
        return self if account in self.attended else replace(self, attended=(*self.attended, account))

    def hear(self, discipline: Discipline) -> "Meeting":
        """Somebody of this discipline spoke while the current item was on."""
        item = self.current
        if item is None or discipline in item.heard:
            return self
        return replace(self, agenda=self.agenda.put(replace(item, heard=item.heard | {discipline})))

    @property
    def current(self) -> Item | None:
        """The item under discussion; None before the first and after the last."""
        return next((i for i in self.agenda.items if i.state is ItemState.CURRENT), None)

    def advance(self, now: datetime) -> "Meeting":
        """The next phase of the case, or the next item after its last phase (a topic has no phases)."""
        self._check_running("`next`")
        item = self.current
        if item is None:
            raise Refusal("The agenda is through. End with `meeting end`.")
        if self.phase is not None and self.phase is not PHASES[-1]:
            return replace(self, phase=PHASES[PHASES.index(self.phase) + 1], phase_at=now)
        return self._leave_item(item, ItemState.DONE, now)

    def go_back(self, now: datetime) -> "Meeting":
        """One phase back, or into the last phase of the item before."""
        self._check_running("`back`")
        if self.phase is not None and self.phase is not PHASES[0]:
            return replace(self, phase=PHASES[PHASES.index(self.phase) - 1], phase_at=now)
        position = self._position()
        before = [p for p, i in enumerate(self.agenda.items) if p < position and i.state in _LEFT_BEHIND]
        if not before:
            raise Refusal("This is where the meeting began; there is nothing to go back to.")
        item = self.current
        agenda = self.agenda.put(replace(item, state=ItemState.WAITING)) if item else self.agenda
        stepped = replace(self, agenda=agenda)._enter(before[-1], now)
        return replace(stepped, phase=PHASES[-1] if stepped.phase else None)

    def extend(self, more: timedelta) -> "Meeting":
        """More minutes for the item that is on."""
        self._check_running("`extend`")
        item = self.current
        if item is None:
            raise Refusal("No item is on; there is nothing to extend.")
        return replace(self, agenda=self.agenda.put(replace(item, length=item.length + more)))

    def defer_item(self, because: str, now: datetime) -> "Meeting":
        """Leave the current item for another meeting."""
        self._check_running("`defer`")
        item = self.current
        if item is None:
            raise Refusal("No item is on; there is nothing to defer.")
        return self._leave_item(replace(item, why=because or item.why), ItemState.DEFERRED, now)

    def end(self, now: datetime) -> "Meeting":
        """What is still waiting was not reached and is carried over by itself; the current item counts as done."""
        item = self.current
        agenda = self.agenda.put(self._spent(replace(item, state=ItemState.DONE), now)) if item else self.agenda
        state = step(NEXT, self.state, MeetingState.ENDED, str(self.ref), "ended")
        return replace(self, state=state, ended_at=now, phase=None, phase_at=None, agenda=agenda.not_reached())

    # -- minutes -------------------------------------------------------------------------------------------------
    def sign(self, sha256: str, parts: tuple[str, ...], by: Account, now: datetime) -> "Meeting":
        return replace(self._to(MeetingState.SIGNED, "signed"), minutes=Signed(sha256, parts, by, now))

    def correct(self, text: str, by: Account, now: datetime) -> "Meeting":
        """A correction below signed minutes; nothing above it changes."""
        if self.minutes is None:
            raise Refusal(f"The minutes of {self.ref} are not signed yet; they still follow the meeting's record.")
        corrections = (*self.minutes.corrections, Correction(by, text, now))
        return replace(self, minutes=replace(self.minutes, corrections=corrections))

    # -- inside --------------------------------------------------------------------------------------------------
    def _at(self, start_at: datetime) -> "Meeting":
        return replace(self, start_at=start_at, wall=wall_clock(start_at, self.zone))

    def _to(self, state: MeetingState, verb: str) -> "Meeting":
        return replace(self, state=step(NEXT, self.state, state, str(self.ref), verb))

    def _check_running(self, what: str) -> None:
        if not self.is_running:
            raise Refusal(
                f"{self.ref} is {self.state.value}; {what} is for a running meeting. `meeting start` begins it."
            )

    def _position(self) -> int:
        items = self.agenda.items
        return next((p for p, i in enumerate(items) if i.state is ItemState.CURRENT), len(items))

    def _spent(self, item: Item, now: datetime) -> Item:
        began = item.began_at or now
        return replace(item, spent=item.spent + (now - began), began_at=None)

    def _leave_item(self, item: Item, state: ItemState, now: datetime) -> "Meeting":
        agenda = self.agenda.put(self._spent(replace(item, state=state), now))
        waiting = [p for p, i in enumerate(agenda.items) if i.state is ItemState.WAITING]
        return replace(self, agenda=agenda)._enter(waiting[0] if waiting else len(agenda.items), now)

    def _enter(self, position: int, now: datetime) -> "Meeting":
        if position >= len(self.agenda.items):
            return replace(self, phase=None, phase_at=None)
        item = replace(self.agenda.items[position], state=ItemState.CURRENT, began_at=now)
        phase = PHASES[0] if item.case else None
        return replace(self, agenda=self.agenda.put(item), phase=phase, phase_at=now)


def missing_quorum(meeting: Meeting, members: Iterable[Member]) -> tuple[Discipline, ...]:
    """The disciplines that the quorum asks for and that nobody has promised (or, once it runs, nobody sits for)."""
    there = set(meeting.attended) | {a for a, answer in meeting.rsvps.items() if answer is Answer.YES}
    present = {m.discipline for m in members if m.account in there}
    return tuple(d for d in meeting.quorum if d not in present)


def unheard(meeting: Meeting, members: Iterable[Member]) -> tuple[Discipline, ...]:
    """Disciplines that attend and have not been heard on the current item, in the roster's order."""
    item = meeting.current
    if item is None:
        return ()
    heard = item.heard | {m.discipline for m in members if m.account == item.presenter}
    there = dict.fromkeys(m.discipline for m in members if m.account in meeting.attended)
    return tuple(d for d in there if d not in heard)
