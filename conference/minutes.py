"""Minutes: what the meeting's record says, in parts, so that one case can be erased without the rest."""

from dataclasses import dataclass

from conference.case import digest
from conference.meeting import MeetingId
from conference.people import CaseId


@dataclass(frozen=True, slots=True)
class MinutesPart:
    """One part of signed minutes, to the letter. ``case`` None: the part about the meeting itself."""

    meeting: MeetingId
    position: int
    title: str
    text: str
    case: CaseId | None = None

    @property
    def ref(self) -> str:
        return f"{self.meeting}/{self.position}"


def seal_of(parts: tuple[MinutesPart, ...]) -> str:
    """SHA-256 over the digests of the parts: checks them together, and still after one was erased."""
    return digest("\n".join(digest(f"{p.title}\n{p.text}") for p in parts))
