"""A clinic's month, drawn from one seed: staff who answer late, are away, mistype and change their mind, over a chat
service that fails now and then. It drives the real dispatcher, store and delivery on a clock that jumps from one thing
to the next.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from sqlalchemy import func, select

from adapters.card import Card
from adapters.memory import MemoryPlatform
from adapters.platform import Invocation, Outcome
from bot import request
from conference.case import CaseState
from conference.task import Task
from storage import tables
from storage.schema import AuditRow
from tests.conversations.harness import TEAM, Answer, Chat, chat, make_team

PLANTED = "Marisol Quintanilla"
"""The patient's name in every submitted case: known to the bot, so it may stand in no room."""
FAULTS = ({"kind": "network"}, {"kind": "http_503"}, {"kind": "timeout", "unknown": True, "taken": True})
FAULT_RATE, REPLAY_RATE, SLIP_RATE = 0.03, 0.05, 0.04


@dataclass(frozen=True)
class Habit:
    """How somebody works: the share of items done in time, and how often a day they are away or change their mind."""

    diligence: float
    absence: float
    doubt: float


HABITS = (Habit(0.95, 0.01, 0.02), Habit(0.7, 0.03, 0.05), Habit(0.4, 0.05, 0.1), Habit(0.05, 0.02, 0.02))


@dataclass
class Month:
    """What happened: how many commands of which kind were carried out, refused or repeated."""

    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    replayed: int = 0
    faults: int = 0
    steps: int = 0
    """Commands, and times at which the clock went on: past all that fell due on the way."""
    timers: int = 0
    messages: int = 0

    def __str__(self) -> str:
        done, refused = sum(self.done.values()), sum(self.refused.values())
        return (
            f"{done} commands done, {refused} refused, {self.replayed} events came again, {self.faults} faults, "
            f"{self.timers} timers fired, {self.messages} messages"
        )


class Clinic:
    """The team of the conversations, living through days."""

    def __init__(self, bot: Chat, seed: int) -> None:
        self.bot, self.month = bot, Month()
        self._chance = random.Random(seed)
        self._habits = {who: self._chance.choice(HABITS) for who in TEAM}
        self._taken: list[Invocation] = []
        self.read: dict[int, Card] = {}
        """The cards that were looked through for the patient's name; a card never changes."""
        _watch(bot.platform, self._taken)
        with bot.app.database.reading() as connection:
            self.rows_before = connection.execute(select(func.count()).where(AuditRow.actor != "confer")).scalar_one()

    def end(self) -> Month:
        """The month, with what the bot did of itself in it."""
        t = tables.TimerRow
        with self.bot.app.database.reading() as connection:
            fired = select(func.count()).select_from(t).where(t.done_at.is_not(None))
            self.month.timers = connection.execute(fired).scalar_one()
        self.month.messages = sum(said.author == self.bot.platform.bot for said in self.bot.platform.messages)
        return self.month

    # -- a day ---------------------------------------------------------------------------------------------------
    def begin(self) -> None:
        self._say("carla", 'series create "Case conference" every tue,thu 10:00 for 60m')
        for who, habit in self._habits.items():
            if habit.diligence > 0.9:
                self._say(who, "me digest 08:00")
            elif habit.diligence < 0.1:
                self._say(who, "me quiet 17:00-09:00")

    def day(self) -> None:
        """One day of work: what people do comes at moments of the day, in the order of the clock."""
        today = self.bot.clock.now()
        acts = [
            self._submit,
            self._submit,
            self._work,
            self._work,
            self._work,
            self._leave,
            self._slip,
            self._answer_calls,
        ]
        if self._meets(today):
            acts += [self._confer]
        for moment, act in sorted(((self._moment(today, act), act) for act in acts), key=lambda pair: pair[0]):
            self._until(moment)
            act()
        self._until(today + timedelta(days=1))

    def _moment(self, today: datetime, act: Callable[[], None]) -> datetime:
        minute = 5 if act == self._confer else self._chance.randrange(60, 480)
        return today + timedelta(minutes=minute)

    def _meets(self, today: datetime) -> bool:
        with self.bot.store() as store:
            meetings = store.coming_meetings(limit=3)
        return any(timedelta() <= m.start_at - today < timedelta(hours=2) for m in meetings)

    # -- what people do ------------------------------------------------------------------------------------------
    def _submit(self) -> None:
        who = self._chance.choice([w for w in TEAM if w != "carla"])
        self._say(who, "case submit", private=True)
        text = f"{self._chance.choice(QUESTIONS)} {PLANTED} asks."
        given = {"question": text, "background": "34, stable.", "patient": PLANTED}
        self._tell(lambda: self.bot.sends(who, "case submit", **given), "case submit")
        with self.bot.store() as store:
            drafts = store.cases_in(CaseState.DRAFT, author=who, limit=1)  # type: ignore[arg-type]
        if not drafts or self._chance.random() < 0.1:
            return  # left unfinished
        case = drafts[0].ref
        self._say(who, f"case approve {case}", private=True)
        self._maybe_undo(who)
        self._say("carla", f"case present {case}")

    def _answer_calls(self) -> None:
        with self.bot.store() as store:
            meetings = store.coming_meetings(limit=2)
        for meeting in meetings:
            for who, habit in self._habits.items():
                if self._chance.random() < habit.diligence:
                    self._say(who, f"rsvp {meeting.ref} {self._chance.choice(['yes', 'yes', 'no', 'maybe'])}")

    def _confer(self) -> None:
        """The conference that begins now, through all its items, unless everybody is late."""
        with self.bot.store() as store:
            meeting = next((m for m in store.coming_meetings(limit=1)), None)
        if meeting is None or self._chance.random() < 0.1:
            return
        self._until(meeting.start_at + timedelta(minutes=self._chance.randrange(0, 9)))
        self._say("pat", f"meeting start {meeting.ref}")
        for item in meeting.agenda.items[:4]:
            if item.case:
                self._treat(item.case)
            for _ in range(self._chance.randrange(1, 6)):
                self._say("pat", "next")
                self._until(self.bot.clock.now() + timedelta(minutes=2))
        self._say("pat", "meeting end")
        if self._chance.random() < 0.8:
            self._say("pat", f"minutes sign {meeting.ref}")

    def _treat(self, case: str) -> None:
        who = self._chance.choice(list(TEAM))
        self._say(who, f'decide {case} "{self._chance.choice(DECISIONS)}"')
        self._maybe_undo(who)
        for _ in range(self._chance.randrange(3)):
            owner = self._chance.choice(["@" + w for w in TEAM] + ["nursing", "social-work"])
            days = self._chance.randrange(1, 12)
            self._say("pat", f'task add "{self._chance.choice(TASKS)}" for {owner} due in {days} days case {case}')

    def _work(self) -> None:
        """Somebody looks at what is theirs, and does some of it, or puts it off, or says what is in the way."""
        who = self._chance.choice(list(TEAM))
        self._say(who, "tasks mine", private=self._chance.random() < 0.5)
        for task in self._tasks_of(who)[:3]:
            luck = self._chance.random()
            if luck < self._habits[who].diligence * 0.6:
                self._say(who, f'task done {task.ref} "done as agreed"')
                self._maybe_undo(who)
            elif luck > 0.97:
                self._say(who, f"task drop {task.ref} because moved away")
            elif luck > 0.94:
                self._say(who, f'task block {task.ref} "waiting for the lab"')
            elif luck > 0.9:
                self._say(who, f"task snooze {task.ref} 2d")

    def _leave(self) -> None:
        for who, habit in self._habits.items():
            if self._chance.random() < habit.absence:
                cover = self._chance.choice([w for w in TEAM if w != who])
                words = f"me away until in {self._chance.randrange(1, 6)} days"
                self._say(who, words + (f" cover @{cover}" if self._chance.random() < 0.6 else ""))

    def _slip(self) -> None:
        who = self._chance.choice(list(TEAM))
        self._say(who, self._chance.choice(SLIPS))

    def _maybe_undo(self, who: str) -> None:
        if self._chance.random() < self._habits[who].doubt:
            self._say(who, "undo")

    def _tasks_of(self, who: str) -> tuple[Task, ...]:
        with self.bot.store() as store:
            member = store.members.get(who)  # type: ignore[arg-type]
            return store.tasks_of(member.account) if member else ()

    # -- on the wire ---------------------------------------------------------------------------------------------
    def _say(self, who: str, words: str, *, private: bool = False) -> None:
        if self._chance.random() < SLIP_RATE:
            words = _mistyped(words, self._chance)
        speak = self.bot.whispers if private else self.bot.says
        self._tell(lambda: speak(who, words), " ".join(words.split()[:2]))

    def _tell(self, act: Callable[[], Answer], what: str) -> None:
        if self._chance.random() < FAULT_RATE:
            self.bot.platform.fail(self._chance.randrange(1, 4), **self._chance.choice(FAULTS))  # type: ignore[arg-type]
            self.month.faults += 1
        answer = act()
        self.month.steps += 1
        (self.month.refused if answer.refused else self.month.done)[what] += 1
        if self._chance.random() < REPLAY_RATE:
            again = self.bot.receives(self._chance.choice(self._taken[-50:]))
            assert again.outcome.ignored, "an event that came again was carried out again"
            self.month.replayed += 1

    def _until(self, moment: datetime) -> None:
        if moment > self.bot.clock.now():
            self.bot.passes(moment)
            self.month.steps += 1


QUESTIONS = (
    "Switch the antidepressant?",
    "Who leads the exposure?",
    "Pain first, or desire first?",
    "Is it time to end?",
)
DECISIONS = ("Taper over four weeks", "Begin with the pelvic floor", "See the couple together", "Wait for the levels")
TASKS = ("ask for the levels", "ring the practice", "send the plan", "book the couple")
SLIPS = (
    "taks mine",
    "meeting start M-999",
    "task done T-999",
    "tasks mien",
    "decide",
    "calender",
    "help tasks",
    "agenda",
)


def _mistyped(words: str, chance: random.Random) -> str:
    at = chance.randrange(len(words))
    return words[:at] + words[at + 1 :]


def _watch(platform: MemoryPlatform, taken: list[Invocation]) -> None:
    """Remember every invocation, so that one can be handed in again."""
    receive = platform._receive
    assert receive

    async def seen(invocation: Invocation) -> Outcome:
        taken.append(invocation)
        return await receive(invocation)

    platform._receive = seen


class Here(ThreadPoolExecutor):
    """Does in the caller's own thread what the bot does in others: nobody speaks at the same moment, and to wait for a
    thread takes longer than most of what it is to do."""

    def submit(self, work: Callable[..., Any], /, *of: Any, **named: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(work(*of, **named))
        except Exception as failure:
            done.set_exception(failure)
        return done


@contextmanager
def clinic(seed: int, url: str = "sqlite://") -> Iterator[Clinic]:
    """A clinic in which chance is the seed's alone: also that of waits, and of what cases are called."""
    random.seed(seed)
    with chat(url=url) as bot, patch.object(request, "secrets", random.Random(seed)):
        bot._loop.set_default_executor(Here(1))
        make_team(bot)
        yield Clinic(bot, seed)
