"""A meeting's states: whatever is tried in whatever order, only allowed moves happen."""

from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from conference.agenda import Item, ItemState
from conference.meeting import (
    NEXT,
    PHASES,
    Answer,
    Meeting,
    MeetingId,
    MeetingKind,
    MeetingState,
    missing_quorum,
    unheard,
)
from conference.people import Account, CaseId, Discipline, Member, Role, TeamId
from conference.refusal import Refusal

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
PEOPLE = [Account(name) for name in ("ann", "ben", "cat")]
TEAM = [
    Member(TeamId("t"), account, account, Discipline(discipline), frozenset({Role.CLINICIAN}), NOW)
    for account, discipline in zip(PEOPLE, ("nursing", "psychiatry", "pharmacy"), strict=True)
]
people = st.sampled_from(PEOPLE)
OPEN = (MeetingState.PLANNED, MeetingState.RUNNING)


class Meetings(RuleBasedStateMachine):
    """Every method in any order; ``allowed`` says from which states it may succeed."""

    @initialize(polled=st.booleans(), topics=st.lists(st.booleans(), max_size=4))
    def plan(self, polled: bool, topics: list[bool]) -> None:
        self.now = NOW
        options = tuple(NOW + timedelta(hours=h) for h in (1, 2, 3)) if polled else ()
        state = MeetingState.POLLING if polled else MeetingState.PLANNED
        start = NOW + timedelta(hours=1)
        quorum = (Discipline("nursing"), Discipline("psychiatry"))
        self.meeting = Meeting(
            MeetingId("M-1"), TeamId("t"), "X", MeetingKind.CONFERENCE, state, start, timedelta(hours=1), "UTC",
            PEOPLE[0], quorum=quorum, options=options,
        )  # fmt: skip
        for number, is_case in enumerate(topics):
            case = CaseId(f"C-000{number}") if is_case else None
            item = Item(0, "topic", timedelta(minutes=5), "", presenter=PEOPLE[0], case=case)
            self.meeting = self.meeting.with_agenda(self.meeting.agenda.add(item))
        self.signed = None

    def tried(self, move, *allowed: MeetingState) -> bool:  # type: ignore[no-untyped-def]
        """Do it, and hold the state against the table; a refusal must leave everything as it was."""
        before = self.meeting
        self.now += timedelta(minutes=1)
        try:
            after = move(before)
        except Refusal as refusal:
            refused = str(refusal)
        else:
            refused = ""
        if refused:
            assert "\n" not in refused
            assert self.meeting is before
            return False
        assert before.state in allowed
        assert after.state is before.state or after.state in NEXT[before.state]
        assert after.sequence >= before.sequence
        self.meeting = after
        return True

    @rule(hours=st.integers(1, 5))
    def move(self, hours: int) -> None:
        if self.tried(lambda m: m.move(NOW + timedelta(hours=hours)), MeetingState.PLANNED):
            assert not self.meeting.rsvps

    @rule()
    def cancel(self) -> None:
        if self.tried(lambda m: m.cancel("rain"), MeetingState.POLLING, MeetingState.PLANNED):
            assert self.meeting.because == "rain"

    @rule(who=people, answer=st.sampled_from(Answer))
    def answer(self, who: Account, answer: Answer) -> None:
        if self.tried(lambda m: m.answer(who, answer), *OPEN):
            assert self.meeting.rsvps[who] is answer

    @rule(who=people, choices=st.lists(st.integers(0, 4), max_size=3))
    def vote(self, who: Account, choices: list[int]) -> None:
        if self.tried(lambda m: m.vote(who, choices), MeetingState.POLLING):
            assert set(self.meeting.votes[who]) == set(choices) <= {1, 2, 3}

    @rule(choice=st.integers(0, 4))
    def fix(self, choice: int) -> None:
        votes = self.meeting.votes
        if self.tried(lambda m: m.fix(choice, self.now), MeetingState.POLLING):
            assert self.meeting.start_at == self.meeting.options[choice - 1] > self.now
            assert self.meeting.rsvps == {a: Answer.YES for a, v in votes.items() if choice in v}

    @rule(who=people)
    def start(self, who: Account) -> None:
        if self.tried(lambda m: m.start(who, self.now), MeetingState.PLANNED):
            assert self.meeting.agenda.is_locked
            assert who in self.meeting.attended

    @rule()
    def advance(self) -> None:
        self.tried(lambda m: m.advance(self.now), MeetingState.RUNNING)

    @rule()
    def go_back(self) -> None:
        self.tried(lambda m: m.go_back(self.now), MeetingState.RUNNING)

    @rule()
    def defer(self) -> None:
        self.tried(lambda m: m.defer_item("lab is missing", self.now), MeetingState.RUNNING)

    @rule(minutes=st.integers(1, 9))
    def extend(self, minutes: int) -> None:
        planned = self.meeting.agenda.planned
        more = timedelta(minutes=minutes)
        if self.tried(lambda m: m.extend(more), MeetingState.RUNNING):
            assert self.meeting.agenda.planned == planned + more

    @rule(who=st.sampled_from(TEAM))
    def speak(self, who: Member) -> None:
        self.meeting = self.meeting.attend(who.account).hear(who.discipline)
        assert who.discipline not in unheard(self.meeting, TEAM)

    @rule()
    def end(self) -> None:
        if self.tried(lambda m: m.end(self.now), MeetingState.RUNNING):
            assert self.meeting.current is None
            assert all(i.state is not ItemState.WAITING for i in self.meeting.agenda.items)

    @rule(who=people)
    def sign(self, who: Account) -> None:
        if self.tried(lambda m: m.sign("hash", ("part",), who, self.now), MeetingState.ENDED):
            self.signed = (who, "hash")

    @rule(who=people)
    def correct(self, who: Account) -> None:
        if self.tried(lambda m: m.correct("TSH was 2.1", who, self.now), MeetingState.SIGNED):
            assert self.meeting.minutes is not None
            assert (self.meeting.minutes.by, self.meeting.minutes.sha256) == self.signed

    @invariant()
    def one_item_is_on(self) -> None:
        """At most one, with a phase only where it is a case, and only while the meeting runs."""
        on = [i for i in self.meeting.agenda.items if i.state is ItemState.CURRENT]
        assert len(on) <= 1
        if self.meeting.state is not MeetingState.RUNNING:
            assert not on
        if on:
            assert (self.meeting.phase in PHASES) is bool(on[0].case)
        else:
            assert self.meeting.phase is None

    @invariant()
    def time_is_never_lost(self) -> None:
        """Nobody's time counts backwards, and the numbers of items stay their own."""
        items = self.meeting.agenda.items
        assert all(i.spent >= timedelta() for i in items)
        assert len({i.number for i in items}) == len(items)

    @invariant()
    def the_quorum_counts_who_is_there(self) -> None:
        """A discipline is missing exactly while nobody of it has promised to come or sits there."""
        there = {*self.meeting.attended, *(a for a, answer in self.meeting.rsvps.items() if answer is Answer.YES)}
        have = {m.discipline for m in TEAM if m.account in there}
        assert set(missing_quorum(self.meeting, TEAM)) == set(self.meeting.quorum) - have

    @invariant()
    def what_is_over_stays_over(self) -> None:
        """A cancelled and a signed meeting have no way on."""
        if self.meeting.state in (MeetingState.CANCELLED, MeetingState.SIGNED):
            assert not NEXT[self.meeting.state]


Meetings.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestMeetings = Meetings.TestCase
