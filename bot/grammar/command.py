"""One command as one value, and the table of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

from bot.grammar.params import Args, Param
from bot.grammar.tokens import Token
from conference.policy import Action

if TYPE_CHECKING:
    from bot.request import Reply, Request


@dataclass(frozen=True, slots=True)
class Command:
    """What people type, the right it needs, what it does. Help, docs and the rights matrix are made from it."""

    words: str
    summary: str
    example: str
    handler: "Callable[[Request, Args], Reply]"
    action: Action | None = None
    """The right that the speaker needs as a member; None: anyone. Rights on one thing are checked by its handler."""
    params: tuple[Param, ...] = ()
    asks: Action | None = None
    """The right that the handler asks for on the thing itself; for help and the documents."""
    undoable: bool = False
    private: bool = False
    """Its words may name a patient: typed in a shared room, they are taken out of it, used or refused."""
    group: str = ""

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(self.words.split())

    @property
    def usage(self) -> str:
        return " ".join([self.words, *(p.shown for p in self.params)])

    @property
    def positional(self) -> tuple[Param, ...]:
        return tuple(p for p in self.params if not p.keyword)

    @property
    def keywords(self) -> dict[str, Param]:
        return {p.keyword: p for p in self.params if p.keyword}


@dataclass(frozen=True, slots=True)
class CommandTable:
    commands: tuple[Command, ...]
    _by_path: dict[tuple[str, ...], Command] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_path.update({c.path: c for c in self.commands})

    def find(self, tokens: Sequence[Token]) -> tuple[Command, int] | None:
        """The command with the most leading words in common, and how many those are."""
        for length in range(min(len(tokens), 3), 0, -1):
            found = self._by_path.get(tuple(t.word for t in tokens[:length]))
            if found:
                return found, length
        return None

    def is_private(self, text: str) -> bool:
        """Whether the words begin a private command and say more than its name, readable or not."""
        words = text.casefold().split()
        return any(
            c.private and tuple(words[: len(c.path)]) == c.path and len(words) > len(c.path) for c in self.commands
        )

    def under(self, words: Sequence[str]) -> tuple[Command, ...]:
        """The commands that begin with these words."""
        return tuple(c for c in self.commands if c.path[: len(words)] == tuple(words))

    def nearest(self, tokens: Sequence[Token]) -> str:
        """The command that a slip most likely meant, or ""."""
        said = [t.word for t in tokens[:2] if t.word]
        names = [c.words for c in self.commands]
        for length in (2, 1):
            phrase = " ".join(said[:length])
            near = get_close_matches(phrase, names, n=1, cutoff=0.75 if length == 1 else 0.7) if phrase else []
            if near:
                return near[0]
        if len(said) == 2 and said[0] in {c.path[0] for c in self.commands}:
            siblings = [c.path[1] for c in self.under(said[:1]) if len(c.path) > 1]
            near = get_close_matches(said[1], siblings, n=1, cutoff=0.6)
            return f"{said[0]} {near[0]}" if near else ""
        if len(said) == 2:
            firsts = get_close_matches(said[0], {c.path[0] for c in self.commands}, n=1, cutoff=0.6)
            whole = f"{firsts[0]} {said[1]}" if firsts else ""
            return whole if whole in names else ""
        return ""
