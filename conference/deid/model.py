"""The values that the de-identifier speaks in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Kind(StrEnum):
    """What sort of identifier was found; the kinds follow 45 CFR 164.514(b)(2)(i)(A)-(R)."""

    NAME = "NAME"
    LOCATION = "LOCATION"
    DATE = "DATE"
    AGE = "AGE"
    PHONE = "PHONE"
    EMAIL = "EMAIL"
    SSN = "SSN"
    MRN = "MRN"
    HEALTH_PLAN = "HEALTH_PLAN"
    ACCOUNT = "ACCOUNT"
    LICENSE = "LICENSE"
    URL = "URL"
    IP = "IP"
    ID = "ID"


# Kinds told by words rather than by a number or an address of the net.
WORDED = frozenset([Kind.NAME, Kind.LOCATION, Kind.DATE, Kind.AGE])


class Role(StrEnum):
    """Who a known person is to the case; the value is the word that stands in for the name."""

    PATIENT = "patient"
    PARTNER = "partner"
    RELATIVE = "relative"
    CLINICIAN = "clinician"
    OTHER = "person"


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person of the case or of the team, with every name they go by."""

    role: Role
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What the case's sealed record and the roster already tell: the surest source of what must go."""

    people: tuple[KnownPerson, ...] = ()
    birth_on: date | None = None
    numbers: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One stretch of the original text that is hidden, in characters, and what stands in for it."""

    start: int
    end: int
    kind: Kind
    sure: bool
    known: bool
    reason: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Quasi:
    """A stretch that does not identify by itself but may together with others."""

    start: int
    end: int
    reason: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A text with what must be hidden in it; findings are sorted and disjoint."""

    text: str
    findings: tuple[Finding, ...]
    quasi: tuple[Quasi, ...] = ()

    @property
    def safe(self) -> str:
        """The text with every finding replaced, the unsure ones too."""
        parts, at = [], 0
        for finding in self.findings:
            parts += [self.text[at : finding.start], finding.replacement]
            at = finding.end
        return "".join((*parts, self.text[at:]))


@dataclass(frozen=True, slots=True)
class Mark:
    """A suspicion of one detector, before overlaps are settled; `rank` decides the kind where two meet."""

    start: int
    end: int
    kind: Kind
    reason: str
    rank: int
    sure: bool = True
    known: bool = False
    stand_in: str = ""


def cover(length: int, spans: Iterable[tuple[int, int]]) -> bytearray:
    """One byte a character, 1 inside any of the spans: asking for overlaps stays linear in the text."""
    found = bytearray(length)
    for start, end in spans:
        found[start:end] = b"\x01" * (end - start)
    return found
