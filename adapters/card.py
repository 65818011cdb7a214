"""A neutral card: what the bot says, before a platform gives it a look.

Eight closed block kinds. Every platform renders each of them with an exhaustive ``match`` that ends in
``assert_never``, so a block that a platform cannot show is a type error and not a silent gap.
Text is plain: a platform escapes it for its own mark-up and shows it to the letter.
"""

from enum import StrEnum

import msgspec


class Tone(StrEnum):
    """How a line stands out; a platform without colour shows the words alone."""

    PLAIN = "plain"
    STRONG = "strong"
    QUIET = "quiet"
    WARNING = "warning"


class Text(msgspec.Struct, frozen=True, tag=True):
    """A paragraph; line breaks count."""

    text: str
    tone: Tone = Tone.PLAIN


class Fact(msgspec.Struct, frozen=True):
    name: str
    value: str


class Facts(msgspec.Struct, frozen=True, tag=True):
    """Short names with their values, one a line: when, where, who."""

    facts: tuple[Fact, ...]


class Row(msgspec.Struct, frozen=True):
    """One thing of a list: its reference or number, what it says, and quiet details below or behind it."""

    lead: str
    text: str
    details: tuple[str, ...] = ()
    tone: Tone = Tone.PLAIN


class Rows(msgspec.Struct, frozen=True, tag=True):
    """A list that can be read aloud row by row; never a table whose columns a phone would break."""

    rows: tuple[Row, ...]


class Poll(msgspec.Struct, frozen=True, tag=True):
    """A question, which is the card's title, with answers of which people choose any number.

    ``command`` followed by the numbers of the chosen ones, or by ``none``, is a vote, so that everyone can vote by words.
    A platform that has polls shows one beside the words; its votes become the same command.
    """

    answers: tuple[Row, ...]
    """``lead`` is the answer's number, from 1; ``details`` says who has chosen it."""
    command: str
    is_open: bool = True

    @property
    def example(self) -> str:
        """A vote as it is typed."""
        return f"{self.command} 1 2" if len(self.answers) > 1 else f"{self.command} 1"


class Button(msgspec.Struct, frozen=True):
    """A label that stands for a command. ``emoji``: the reaction that does the same where reactions exist."""

    label: str
    command: str
    emoji: str = ""
    danger: bool = False


class Actions(msgspec.Struct, frozen=True, tag=True):
    buttons: tuple[Button, ...]


class Choice(msgspec.Struct, frozen=True):
    value: str
    label: str


class Field(msgspec.Struct, frozen=True):
    """One thing a form asks for. ``name`` is what people type; ``other_names`` are understood too."""

    name: str
    label: str
    hint: str = ""
    value: str = ""
    required: bool = False
    multiline: bool = False
    choices: tuple[Choice, ...] = ()
    other_names: tuple[str, ...] = ()


class Form(msgspec.Struct, frozen=True, tag=True):
    """Fields that are submitted together as ``command``. ``label`` opens it: a button, a dialogue, a fill-in message."""

    label: str
    title: str
    command: str
    fields: tuple[Field, ...]
    submit: str = "Send"


class File(msgspec.Struct, frozen=True, tag=True):
    """A file that goes with the card. ``name`` holds nothing clinical: platforms show it in clear."""

    name: str
    media_type: str
    content: bytes


Block = Text | Facts | Rows | Poll | Actions | Form | File


class Card(msgspec.Struct, frozen=True):
    """What one message says. ``title`` and ``summary`` (the notification line) hold nothing clinical."""

    title: str
    blocks: tuple[Block, ...] = ()
    tone: Tone = Tone.PLAIN
    mentions: tuple[str, ...] = ()
    """Accounts to be called, and nobody else."""

    @property
    def buttons(self) -> tuple[Button, ...]:
        return tuple(b for block in self.blocks if isinstance(block, Actions) for b in block.buttons)

    @property
    def forms(self) -> tuple[Form, ...]:
        return tuple(block for block in self.blocks if isinstance(block, Form))


def encode(card: Card) -> bytes:
    """The card as bytes for the store; :func:`decode` gives an equal card back."""
    return msgspec.json.encode(card)


def decode(data: bytes) -> Card:
    """The card that :func:`encode` wrote. Raises ``msgspec.ValidationError`` on anything else."""
    return msgspec.json.decode(data, type=Card)
