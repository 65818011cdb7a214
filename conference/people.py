"""Who treats a person together: disciplines, roles, the members of a team."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from difflib import get_close_matches
from enum import StrEnum
from typing import NewType

from conference.refusal import Refusal

TeamId = NewType("TeamId", str)
Account = NewType("Account", str)
Discipline = NewType("Discipline", str)
CaseId = NewType("CaseId", str)

DISCIPLINES: tuple[Discipline, ...] = tuple(
    Discipline(d)
    for d in [
        "psychiatry",
        "psychology",
        "primary-care",
        "nursing",
        "social-work",
        "sex-therapy",
        "pharmacy",
        "physiotherapy",
        "occupational-therapy",
        "care-coordination",
        "peer-support",
    ]
)

SYNONYMS: Mapping[str, Discipline] = {
    word: Discipline(discipline)
    for discipline, words in {
        "psychiatry": "psychiatrist psych psy md-psych",
        "psychology": "psychologist psychotherapy psychotherapist therapist counseling counselling counselor",
        "primary-care": "gp pcp primary primarycare family-medicine family-doctor general-practice internist",
        "nursing": "nurse rn np lpn nurse-practitioner",
        "social-work": "sw social-worker socialwork lcsw msw",
        "sex-therapy": "sex-therapist sextherapy sexology sexologist sexual-medicine",
        "pharmacy": "pharmacist pharm pharmd rph",
        "physiotherapy": "pt physio physiotherapist physical-therapy physical-therapist",
        "occupational-therapy": "ot occupational-therapist ergotherapy",
        "care-coordination": "cm cc care-manager care-coordinator case-manager case-management coordination",
        "peer-support": "peer peer-supporter peer-worker peer-specialist",
    }.items()
    for word in words.split()
}


def read_discipline(words: str, more: Iterable[str] = ()) -> Discipline:
    """The discipline that a person means: its name, a synonym (``gp``, ``pt``), in any case. ``more``: configured ones."""
    known = (*DISCIPLINES, *(Discipline(m) for m in more))
    key = "-".join(words.casefold().replace("_", " ").replace("-", " ").split())
    found = SYNONYMS.get(key) or SYNONYMS.get(key.rstrip("s")) or next((d for d in known if d == key), None)
    if found:
        return found
    if re.fullmatch(r"c-[0-9a-z]{4}", key):
        raise Refusal(
            f"{key.upper()} is a case; name it by `case {key.upper()}`, e.g. `for nursing case {key.upper()}`."
        )
    near = get_close_matches(key, [*known, *SYNONYMS], n=1)
    hint = f"Did you mean {SYNONYMS.get(near[0], near[0])}?" if near else f"Known are: {', '.join(known)}."
    raise Refusal(f"I know no discipline “{words[:40]}”. {hint}")


def own_part(account: Account) -> str:
    """What somebody is called of whom only the account is known: without the server."""
    return account[1:].partition(":")[0] if account.startswith("@") else account


class Role(StrEnum):
    """What a member may do; see :mod:`conference.policy`."""

    COORDINATOR = "coordinator"
    FACILITATOR = "facilitator"
    CLINICIAN = "clinician"
    OBSERVER = "observer"
    PRIVACY_OFFICER = "privacy-officer"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Attention:
    """When somebody wants to hear from the bot. ``quiet``: from, to in the own zone; safety alone breaks it.

    ``days_off``: weekdays, Monday 0, on which only what is urgent or about safety comes.
    """

    zone: str = ""
    quiet: tuple[time, time] | None = None
    digest: time | None = None
    away_until: datetime | None = None
    cover: Account | None = None
    days_off: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a team. ``case`` and ``until`` bound a guest to one case and a time."""

    team: TeamId
    account: Account
    name: str
    discipline: Discipline
    roles: frozenset[Role]
    joined_at: datetime
    attention: Attention = Attention()
    case: CaseId | None = None
    until: datetime | None = None
    left_at: datetime | None = None

    def is_active(self, now: datetime) -> bool:
        return self.left_at is None and (self.until is None or now < self.until)

    def has(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)

    def leave(self, now: datetime) -> "Member":
        return replace(self, left_at=now)

    def is_away(self, now: datetime) -> bool:
        away = self.attention.away_until
        return away is not None and now < away

    def attend(self, **changes: object) -> "Member":
        """The member with other settings, named as in :class:`Attention`."""
        return replace(self, attention=replace(self.attention, **changes))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Team:
    """A care team and the room it meets in. ``zone``: an IANA name, for everything said without a zone."""

    id: TeamId
    name: str
    zone: str
    platform: str
    room: str
    created_at: datetime
    created_by: Account
    holidays: str = ""
    """Whose public holidays a series skips: a country, or country and region, such as US or US-NY."""
    is_guarded: bool = False
    """Whether free chat in the room is looked at for identifiers."""
    days_off: frozenset[date] = frozenset()
    """The team's own, besides the public ones."""
    zones: str = ""
    """The edition of the world's zones that the meetings were planned with."""


class Ambiguous(Refusal):
    """A name that several people have."""


def find_member(name: str, members: Iterable[Member]) -> Member:
    """The member meant by a mention, an account or a display name that is unique; otherwise a :class:`Refusal`."""
    wanted = name.strip().removeprefix("@").casefold()
    members = tuple(members)
    exact = [m for m in members if m.account.casefold().removeprefix("@") == wanted]
    exact = exact or [m for m in members if m.account.casefold().removeprefix("@").split(":")[0] == wanted]
    exact = exact or [m for m in members if m.name.casefold() == wanted]
    exact = exact or [m for m in members if wanted in m.name.casefold().split()]
    if len(exact) == 1:
        return exact[0]
    if exact:
        raise Ambiguous(
            f"“{name[:40]}” could be {' or '.join('@' + m.account.removeprefix('@') for m in exact)}. Say which."
        )
    near = get_close_matches(wanted, [m.account.removeprefix("@").casefold() for m in members], n=1)
    hint = f"Did you mean @{near[0]}?" if near else "`team` shows who is in it."
    raise Refusal(f"I know nobody called “{name[:40]}” in this team. {hint}")
