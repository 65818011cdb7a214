"""Decisions: what the team recommends, why, what else it weighed, what the patient prefers, and who disagreed."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType

from conference.people import Account, CaseId, TeamId

DecisionId = NewType("DecisionId", str)


class DecisionKind(StrEnum):
    PLAIN = "plain"
    PAUSE_THERAPY = "pause therapy"
    MEDICAL_FIRST = "medical first"
    RESUME = "resume therapy"

    @classmethod
    def of(cls, text: str) -> "DecisionKind":
        """The kind that a decision's words begin with; plain otherwise."""
        words = " ".join(text.casefold().replace("-", " ").split())
        return next((k for k in cls if k is not cls.PLAIN and words.startswith(k.value)), cls.PLAIN)


@dataclass(frozen=True, slots=True)
class Dissent:
    by: Account
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    ref: DecisionId
    team: TeamId
    case: CaseId
    text: str
    decided_at: datetime
    recorded_by: Account
    kind: DecisionKind = DecisionKind.PLAIN
    because: str = ""
    options: tuple[str, ...] = ()
    prefers: str = ""
    meeting: str | None = None
    dissents: tuple[Dissent, ...] = ()

    def dissent(self, by: Account, text: str, now: datetime) -> "Decision":
        """The decision with somebody's disagreement beside it; it stays in the minutes."""
        return replace(self, dissents=(*self.dissents, Dissent(by, text, now)))

    def record_preference(self, text: str) -> "Decision":
        return replace(self, prefers=text)
