"""A team in memory that talks to the real dispatcher, store and delivery, on a clock that the test moves."""

import asyncio
import itertools
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Self

from adapters.card import Actions, Button, Card
from adapters.console.render import card_lines
from adapters.memory import MemoryPlatform, Said
from adapters.platform import Invocation, MessageRef, Outcome, Place, Source
from bot.app import App, begin_house
from bot.clock import MovableClock
from bot.settings import Settings
from storage import tables  # noqa: F401 - declares the domain's tables
from storage.database import Database
from storage.keys import KeyRing, RootKey
from storage.migrate import migrate
from storage.store import Store, TeamStore
from tests.conversations.relay import Relay, ShownOnStage, Stage

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
"""Monday 23 November 2026, 09:00 in New York."""
ROOM = "case-room"


@dataclass
class Answer:
    """What one thing said made the bot say, in the order it was seen."""

    outcome: Outcome
    said: list[Said]
    edited: list[Said] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        return self.outcome.refused

    @property
    def text(self) -> str:
        """Everything that was said, as the console would write it."""
        return "\n".join(words_of(s) for s in self.said if s.card)

    @property
    def first(self) -> Card:
        """The answer itself: the first thing that was said."""
        assert self.said, "nothing was said"
        assert self.said[0].card is not None
        return self.said[0].card

    @property
    def in_room(self) -> str:
        """What everyone in the room saw of it."""
        return "\n".join(words_of(s) for s in self.said if s.card and s.to is None and not s.place.direct)

    @property
    def private(self) -> str:
        """What only one person saw of it."""
        return "\n".join(words_of(s) for s in self.said if s.card and (s.to or s.place.direct))

    @property
    def buttons(self) -> tuple[Button, ...]:
        return tuple(b for s in self.said if s.card for b in s.card.buttons)

    def ref(self, letter: str) -> str:
        """The first reference of this kind in what was said: ``answer.ref("T")`` is "T-1"."""
        found = re.search(rf"\b{letter}-[0-9A-Z]+\b", self.text)
        assert found, f"no {letter}-… in: {self.text}"
        return found[0]


def refusal(answer: Answer) -> str:
    """The sentence of a refusal: one line, to the asker alone, and nothing else was said or changed in the room."""
    assert answer.refused, f"not refused: {answer.text}"
    assert not answer.in_room
    assert not answer.edited
    (said,) = [s for s in answer.said if s.card and not s.card.title.startswith("I am confer")]
    assert said.card is not None
    assert said.card.title in words_of(said)
    assert "\n" not in said.card.title
    assert not [b for b in said.card.blocks if not isinstance(b, Actions)]
    return said.card.title


def words_of(said: Said) -> str:
    """What people read of the bot's message, as the console would write it; on a stage, as it stands there."""
    return said.shown if isinstance(said, ShownOnStage) else text_of(said.card)


def text_of(card: Card | None) -> str:
    return "\n".join(line.text for line in card_lines(card, lambda f: f"saved {f.name}")) if card else ""


class Chat:
    """The bot in one room with a team; ``says`` is how people speak."""

    def __init__(self, app: App, platform: MemoryPlatform, clock: MovableClock, loop: asyncio.AbstractEventLoop):
        self.app, self.platform, self.clock, self._loop = app, platform, clock, loop

    # -- speaking ------------------------------------------------------------------------------------------------
    def says(self, who: str, words: str, *, room: str = ROOM, thread: MessageRef | None = None) -> Answer:
        """``who`` says it to the bot in the room."""
        self._enters(who, room)
        return self._told(self.platform.say(who, self.place(room, thread), f"!confer {words}", self.clock.now()))

    def chats(self, who: str, words: str, *, room: str = ROOM, thread: MessageRef | None = None) -> Answer:
        """``who`` says it to the room, not to the bot."""
        self._enters(who, room)
        return self._told(self.platform.say(who, self.place(room, thread), words, self.clock.now()))

    def whispers(self, who: str, words: str) -> Answer:
        """``who`` says it in the direct room with the bot."""
        return self._told(self.platform.say(who, self.direct(who), words, self.clock.now()))

    def presses(self, who: str, label: str) -> Answer:
        """``who`` presses the newest button of that label that they can see."""
        said = next(
            s for s in reversed(self.visible_to(who)) if s.card and any(b.label == label for b in s.card.buttons)
        )
        return self._told(self.platform.press(who, said.ref, label, self.clock.now()))

    def fills(self, who: str, **fields: str) -> Answer:
        """``who`` fills the newest form they can see; ``sexual_health=`` stands for the field “sexual health”."""
        said = next(s for s in reversed(self.visible_to(who)) if s.card and s.card.forms)
        given = {name.replace("_", " "): value for name, value in fields.items()}
        return self._told(self.platform.submit(who, said.ref, given, self.clock.now()))

    def sends(self, who: str, command: str, **fields: str) -> Answer:
        """``who`` submits a form of that command with exactly these fields, as a platform would hand them over."""
        given = {name.replace("_", " "): value for name, value in fields.items()}
        place = self.direct(who)
        return self._told(self.platform.tell(who, place, command, Source.FORM, self.clock.now(), fields=given))

    def joins(self, *who: str, room: str = ROOM) -> None:
        self.platform.join(room, *who)

    def tells(self, who: str, words: str, source: Source, *, room: str = ROOM) -> Answer:
        return self._told(self.platform.tell(who, self.place(room), words, source, self.clock.now()))

    def receives(self, invocation: Invocation) -> Answer:
        """The platform hands this very invocation in, perhaps for the second time."""
        relay = self.platform if isinstance(self.platform, Relay) else self.app
        return self._told(relay.receive(invocation))

    # -- time ----------------------------------------------------------------------------------------------------
    def passes(self, to: datetime) -> Answer:
        """Time goes on until ``to``; what the bot said on the way."""
        return self._seen(lambda: self._loop.run_until_complete(self.app.advance(to)))

    def waits(self, minutes: float = 0, *, hours: float = 0, days: float = 0) -> Answer:
        """Time goes on by so much."""
        return self.passes(self.clock.now() + timedelta(days=days, hours=hours, minutes=minutes))

    # -- looking -------------------------------------------------------------------------------------------------
    def visible_to(self, who: str) -> list[Said]:
        rooms = {s.ref.room for s in self.platform.messages}
        seen = [s for room in rooms for s in self.platform.seen_by(who, room)]
        return sorted(seen, key=self.platform.messages.index)

    @contextmanager
    def store(self) -> Iterator[TeamStore]:
        """The first team's store, to look at what is kept."""
        with self.app.database.transaction() as connection:
            house = Store(connection, self.app.ring)
            yield house.of_team(house.team_ids()[0])

    def room_shows(self, room: str = ROOM) -> str:
        """All that stands in the room now, for everyone in it."""
        return "\n".join(words_of(s) or s.text for s in self._standing(room))

    def bot_shows(self, room: str = ROOM) -> str:
        """What the bot has posted there and what still stands."""
        return "\n".join(words_of(s) for s in self._standing(room) if s.card)

    def _standing(self, room: str) -> list[Said]:
        return [s for s in self.platform.messages if s.ref.room == room and not s.removed and s.to is None]

    def account(self, who: str) -> str:
        """What the platform calls the person."""
        return self.platform.stage.account(who) if isinstance(self.platform, Relay) else who

    def place(self, room: str = ROOM, thread: MessageRef | None = None) -> Place:
        return Place(self.platform.name, room, thread.message if thread else None)

    def direct(self, who: str) -> Place:
        return Place(self.platform.name, f"@{who}", direct=True)

    def _enters(self, who: str, room: str) -> None:
        """Where a bot greets a room that it is asked into, it has done so before anybody speaks there."""
        if isinstance(self.platform, Relay):
            self._loop.run_until_complete(self.platform.enters(who, self.place(room)))
            self._loop.run_until_complete(self.app.settle())

    @contextmanager
    def unwatched(self) -> Iterator[None]:
        """Set a scene that nobody has to look at yet."""
        if not isinstance(self.platform, Relay):
            yield
            return
        self.platform.is_watched = False
        try:
            yield
        finally:
            self.platform.is_watched = True

    def _told(self, coroutine) -> Answer:  # type: ignore[no-untyped-def]
        outcomes: list[Outcome] = []
        answer = self._seen(lambda: outcomes.append(self._loop.run_until_complete(coroutine)))
        answer.outcome = outcomes[0]
        return answer

    def _seen(self, act) -> Answer:  # type: ignore[no-untyped-def]
        before, edits = len(self.platform.messages), len(self.platform.edited)
        act()
        if isinstance(self.platform, Relay):
            self._loop.run_until_complete(self.app.settle())
            self._loop.run_until_complete(self.platform.look())
        new = [s for s in self.platform.messages[before:] if s.author == self.platform.bot]
        changed = {id(s) for s in self.platform.edited[edits:]}
        edited = [s for s in self.platform.messages[:before] if id(s) in changed] if changed else []
        return Answer(Outcome(), new, edited)


@dataclass(frozen=True)
class Begun:
    """A chat as it stood once, to go on from: making a team again for every test would cost most of its time."""

    database: bytes
    root: RootKey
    messages: tuple[Said, ...]
    rooms: dict[str, set[str]]

    @classmethod
    def of(cls, bot: Chat) -> Self:
        platform = deepcopy((bot.platform.messages, bot.platform.rooms))
        return cls(_driver(bot.app.database).serialize(), bot.app.ring.root, tuple(platform[0]), platform[1])

    def put_into(self, database: Database, platform: MemoryPlatform) -> None:
        _driver(database).deserialize(self.database)
        messages, platform.rooms = deepcopy((list(self.messages), self.rooms))
        platform.messages = messages
        platform._posted = {said.key: said.ref for said in messages if said.key}
        platform._counter = itertools.count(len(messages) + 1000)


def _driver(database: Database) -> sqlite3.Connection:
    driver = database._engine.raw_connection().driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


ON = ContextVar("ON", default="memory")
"""The platform that the scripts are played on."""
STORE: ContextVar[Callable[[], str]] = ContextVar("STORE", default=lambda: "sqlite://")
"""Gives the URL of an empty database for each chat."""


def _stage(database: Database, ring: KeyRing, clock: MovableClock) -> Stage:
    """The stage of that platform; each is only known where it is played on."""
    module = import_module(f"tests.conversations.on_{ON.get()}")
    stage: Stage = module.stage(database, ring, clock)
    return stage


@contextmanager
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop of the chat's own; on Matrix that of the people, whose clients go on from one script to the next."""
    if ON.get() == "matrix":
        yield import_module("tests.conversations.on_matrix").lasting_loop()
        return
    loop = asyncio.new_event_loop()
    try:
        yield loop
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@contextmanager
def chat(
    start: datetime = START, settings: Settings | None = None, url: str = "", begun: Begun | None = None
) -> Iterator[Chat]:
    """A bot nobody has spoken to yet, or one that goes on from where another was."""
    url = url or STORE.get()()
    again = begun if begun and ON.get() == "memory" and url == "sqlite://" else None
    clock, ring = MovableClock(start), KeyRing(again.root if again else RootKey.new())
    with Database.open(url) as database, _loop() as loop:
        if not again:
            migrate(database)
            begin_house(database, ring, clock.now())
        platform = MemoryPlatform() if ON.get() == "memory" else Relay(_stage(database, ring, clock))
        if again:
            again.put_into(database, platform)
        app = App(database, ring, settings or Settings(), clock, {platform.name: platform})
        running = loop.create_task(platform.run(app.receive))
        loop.run_until_complete(platform.ready() if isinstance(platform, Relay) else asyncio.sleep(0))
        bot = Chat(app, platform, clock, loop)
        try:
            if begun and not again:
                make_team(bot)
            yield bot
        finally:
            platform.end()
            loop.run_until_complete(running)


TEAM = {
    "carla": "care-coordination",
    "pat": "psychiatry",
    "sol": "psychology",
    "gene": "primary-care",
    "thea": "sex-therapy",
    "nora": "nursing",
    "wes": "social-work",
}
"""An invented team; carla coordinates, pat also facilitates."""


def make_team(bot: Chat) -> None:
    """carla makes the team and adds everyone; all of them are in the room."""
    bot.joins(*TEAM)
    with bot.unwatched():
        bot.says("carla", 'team create "North clinic" zone America/New_York')
        for who, discipline in TEAM.items():
            if who != "carla":
                role = " role facilitator" if who == "pat" else ""
                bot.says("carla", f"team add @{who} {discipline}{role}")
    with bot.app.database.transaction() as connection:
        for who in TEAM:  # the bot has introduced itself to everyone
            Store(connection, bot.app.ring).is_first_contact(bot.platform.name, bot.account(who), bot.clock.now())


def submitted(bot: Chat, who: str = "pat", **fields: str) -> str:
    """The reference of a case that ``who`` submitted in private and has not approved."""
    given = {
        "question": "Switch the SSRI or treat the low desire first?",
        "background": "34, low desire since sertraline.",
        **fields,
    }
    bot.whispers(who, "case submit")
    return bot.fills(who, **given).ref("C")


def approved(bot: Chat, who: str = "pat", **fields: str) -> str:
    """The reference of a case that ``who`` submitted and approved."""
    case = submitted(bot, who, **fields)
    bot.whispers(who, f"case approve {case}")
    return case


def running(bot: Chat, *cases: str) -> str:
    """The reference of a meeting that pat has started, with these cases on its agenda."""
    meeting = bot.says("carla", 'meeting schedule "Case conference" tue 08:00 for 60m').ref("M")
    for case in cases:
        bot.says("carla", f"case present {case} {meeting}")
    bot.says("pat", f"meeting start {meeting}")
    return meeting
