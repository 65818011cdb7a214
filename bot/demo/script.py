"""What a scene and its steps are made of."""

from dataclasses import dataclass
from enum import Enum, auto


class Show(Enum):
    """How much is shown of what comes after a line."""

    NOTHING = auto()
    SEEN = auto()
    """The lines with the words that must come, and the first line of their message."""
    LINES = auto()
    """Of a message that is known already, only the lines with those words."""
    ALL = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """One line that is typed, and the words that must come of it. ``{case}`` stands for a reference found before."""

    line: str
    sees: tuple[str, ...] = ()
    finds: str = ""
    """``decision=D``: the first D-… that comes is called ``{decision}`` from now on; ``call=#`` is a message's number."""
    hides: tuple[str, ...] = ()
    """Words that the room may not see, beside those that it never may."""
    about: str = ""
    """Only messages with these words are shown, where others come as well."""
    show: Show = Show.SEEN


@dataclass(frozen=True, slots=True)
class Scene:
    """Some steps under one heading, with what the narrator says before them. ``at``: the team's local time."""

    at: str
    title: str
    says: str
    steps: tuple[Step, ...]
