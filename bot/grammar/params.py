"""What a command takes: typed parameters, by place or behind a keyword, and the values read from them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TypeVar
from zoneinfo import ZoneInfo

from conference.people import Account, Discipline, Member

T = TypeVar("T")


class Type(Enum):
    """How the words of a parameter are read. The value is what usage shows."""

    TEXT = '"text"'
    LONG_TEXT = '"long text"'
    CASE = "C-7K2P"
    MEETING = "M-8"
    TASK = "T-12"
    DECISION = "D-4"
    SERIES = "S-2"
    MOMENT = "tomorrow 14:00"
    MOMENTS = "tue 09:00, wed 14:00"
    DUE = "fri"
    DATE = "24 dec"
    DATES = "24 dec to 2 jan"
    DURATION = "15m"
    CLOCK = "08:00"
    SPAN = "18:00-08:00"
    WEEKDAYS = "sat,sun"
    ZONE = "Europe/Berlin"
    RECURRENCE = "every tue 08:00"
    PERSON = "@dana"
    NEWCOMER = "@Dana"
    DISCIPLINE = "psychiatry"
    DISCIPLINES = "psychiatry,nursing"
    HOLDER = "nursing|@dana"
    NUMBER = "3"
    NUMBERS = "1 3"
    CHOICE = "…"
    WORDS = "words"


_ASKED = {
    Type.CASE: "which case",
    Type.MEETING: "which meeting",
    Type.TASK: "which action item",
    Type.DECISION: "which decision",
    Type.SERIES: "which series",
    Type.MOMENT: "when",
    Type.MOMENTS: "which times",
    Type.DUE: "when",
    Type.DATE: "which date",
    Type.DATES: "which dates",
    Type.DURATION: "how long",
    Type.CLOCK: "at which hour",
    Type.SPAN: "from when to when",
    Type.WEEKDAYS: "which weekdays",
    Type.ZONE: "which zone",
    Type.RECURRENCE: "how often and when",
    Type.PERSON: "who",
    Type.NEWCOMER: "who",
    Type.DISCIPLINE: "which discipline",
    Type.DISCIPLINES: "which disciplines",
    Type.HOLDER: "for whom",
    Type.NUMBER: "which number",
    Type.NUMBERS: "which numbers",
}


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter. ``keyword``: the word it stands behind; empty, it is read by its place."""

    name: str
    type: Type
    keyword: str = ""
    optional: bool = False
    choices: tuple[str, ...] = ()
    most: int = 500
    context: bool = False
    """May be left out in the thread of the thing it names."""

    @property
    def shown(self) -> str:
        if self.choices:
            value = "|".join(self.choices)
        elif self.type in (Type.TEXT, Type.LONG_TEXT):
            value = "…" if self.keyword == "because" else f'"{self.name}"'
        else:
            value = self.type.value
        text = f"{self.keyword} {value}" if self.keyword else value
        return f"[{text}]" if self.optional or self.context else text

    @property
    def asked(self) -> str:
        """The sentence that asks for it where it was left out."""
        if self.keyword == "because":
            return "Say why, e.g. because two are ill."
        if self.choices:
            return f"Say {', '.join(self.choices[:-1])} or {self.choices[-1]}."
        if self.type in (Type.TEXT, Type.LONG_TEXT):
            return f'Say what: "{self.name}" in quotes.'
        what = f"{self.keyword} when" if self.type is Type.DUE and self.keyword else _ASKED.get(self.type, "which")
        return f"Say {what}, e.g. {self.keyword} {self.type.value}.".replace(" e.g.  ", " e.g. ")


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading needs to know: who speaks, when, where, and whom the words may mean."""

    now: datetime
    zone: ZoneInfo
    members: Callable[[], tuple[Member, ...]]
    disciplines: tuple[str, ...] = ()
    thread_subject: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    """What a form sent along; a text that the words leave out is taken from the field of its name."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who gets an action item: a person or a discipline."""

    account: Account | None = None
    discipline: Discipline | None = None


@dataclass(frozen=True, slots=True)
class Args:
    """The values read, by parameter name."""

    values: Mapping[str, object] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    """What a form sent along."""

    def one(self, name: str, kind: type[T]) -> T:
        value = self.values[name]
        if not isinstance(value, kind):
            raise TypeError(f"{name} is a {type(value).__name__}")
        return value

    def opt(self, name: str, kind: type[T]) -> T | None:
        return self.one(name, kind) if self.values.get(name) is not None else None

    def get(self, name: str, default: T) -> T:
        """The value, or the default where none was given; nought is a value."""
        return default if self.values.get(name) is None else self.one(name, type(default))

    def text(self, name: str) -> str:
        """The text, or "" where none was given."""
        return self.opt(name, str) or ""
