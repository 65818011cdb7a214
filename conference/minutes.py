"""Minutes: what the meeting's record says, in parts, so that one case can be erased without the rest."""

from dataclasses import dataclass

from conference.case import digest
from conference.meeting import MeetingId, Signed
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

    @property
    def sha256(self) -> str:
        return digest(f"{self.title}\n{self.text}")


def seal_of(parts: tuple[MinutesPart, ...]) -> str:
    """SHA-256 over the digests of the parts, in their order."""
    return digest("\n".join(p.sha256 for p in parts))


def is_as_signed(signed: Signed, parts: tuple[MinutesPart, ...]) -> bool:
    """Whether the parts that are left are those that were signed; one that was erased with its case is missing."""
    whole = digest("\n".join(signed.parts)) == signed.sha256
    return whole and all(p.position < len(signed.parts) and signed.parts[p.position] == p.sha256 for p in parts)
