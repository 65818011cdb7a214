"""One thing to say, and what may become of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

PATIENCE = 4
"""Failures of its own up to which a notice keeps its place before those that came after it in its lane."""
LOST = "lost"
"""Stands in the words of an answer whose card is gone."""
POST = "post"
"""Stands in the words of an edit of what was not out yet when it was changed: the number of its post."""
Lane = tuple[str, str]
"""A platform, and the room or the account."""
TAKEN_OUT = "taken-out"
"""The kind of a notice that removes a person's own message; ``account`` is that person."""


class Act(StrEnum):
    POST = "post"
    WHISPER = "whisper"
    EDIT = "edit"
    REDACT = "redact"


class NoticeState(StrEnum):
    NEW = "new"
    SENDING = "sending"
    """Held by an instance: it may have gone out."""
    SENT = "sent"
    DROPPED = "dropped"
    """Not sent on purpose: taken back, or it no longer applied."""
    DEAD = "dead"
    """Given up; somebody has to look."""


class Body(msgspec.Struct, frozen=True):
    """What to say: a finished card (a reply), or what it takes to render one when sending."""

    card: str = ""
    words: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Notice:
    """``kind`` says how it is rendered; ``room`` empty means the person's direct room."""

    key: str
    team: str
    kind: str
    act: Act
    platform: str
    room: str = ""
    thread: str = ""
    direct: bool = False
    account: str = ""
    subject: str = ""
    case: str = ""
    card: bytes = b""
    words: Mapping[str, str] = field(default_factory=dict)
    state: NoticeState = NoticeState.NEW
    id: int = 0
    attempts: int = 0
    message: str = ""
    created_at: datetime | None = None
    not_before: datetime | None = None
    due_at: datetime | None = None
    """When it was to be said, where that is another moment than the one at which it came into the outbox."""
    holder: str = ""
    batch: str = ""
    strikes: int = 0
    rule: str = ""
    why: str = ""
    settled_at: datetime | None = None

    @property
    def lane(self) -> str:
        return self.room or self.account

    @property
    def is_for_all(self) -> bool:
        """Whether everyone in its room is to see it."""
        return bool(self.room) and not self.direct and not self.account

    @property
    def place_of_edit(self) -> dict[str, str]:
        """For the words of an edit: the message that this became, or its own number while it has not."""
        return {"message": self.message} if self.state is NoticeState.SENT else {POST: str(self.id)}


class Hand(Protocol):
    """An instance that takes what is put into the outbox straight on its way, where nothing has to be checked first."""

    holder: str
    left: dict[Lane, bool]
    """Where something was left in the outbox that somebody has to look at, and whether it is for everyone in a room."""

    def takes(self, notice: Notice) -> bool:
        """Whether it would send this one as it is."""

    def reserve(self, notice: Notice) -> None:
        """It is held for it, and goes out once the transaction is committed."""
