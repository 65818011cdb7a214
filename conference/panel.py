"""How many open cases of the team look alike: a summary that fits one person only names that person.

Small cells re-identify: the Centers for Medicare & Medicaid Services publishes no cell below 11 people
(CMS Cell Size Suppression Policy). A team's panel is small by nature, so the count warns and does not refuse.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from conference.case import Case, Identifier

SMALL_CELL = 11

_AGE = re.compile(
    r"\b(\d{1,2})\s?(?:-?\s?years?[ -]old|y/?o\b|yrs?\b|y\b|[fm]\b)|\b(?:aged?|age:?)\s(\d{1,2})\b", re.IGNORECASE
)
_DECADE = re.compile(r"\bin (?:her|his|their) (?:early |mid |late )?(\d)0s\b", re.IGNORECASE)
_FEMALE = re.compile(r"\b(?:female|woman|she|her|girl|lady|\d{1,2}\s?f)\b", re.IGNORECASE)
_MALE = re.compile(r"\b(?:male|man|he|his|boy|gentleman|\d{1,2}\s?m)\b", re.IGNORECASE)
_STATES = (
    "Alabama Alaska Arizona Arkansas California Colorado Connecticut Delaware Florida Georgia Hawaii Idaho Illinois "
    "Indiana Iowa Kansas Kentucky Louisiana Maine Maryland Massachusetts Michigan Minnesota Mississippi Missouri "
    "Montana Nebraska Nevada New_Hampshire New_Jersey New_Mexico New_York North_Carolina North_Dakota Ohio Oklahoma "
    "Oregon Pennsylvania Rhode_Island South_Carolina South_Dakota Tennessee Texas Utah Vermont Virginia Washington "
    "West_Virginia Wisconsin Wyoming"
)
_STATE = re.compile(
    r"\b(" + "|".join(sorted((s.replace("_", " ") for s in _STATES.split()), key=len, reverse=True)) + r")\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a reader can tell of a person without a name. ``decade``: 30 for 30 to 39, 90 for 90 or older."""

    decade: int | None = None
    sex: str = ""
    state: str = ""

    @property
    def told(self) -> int:
        """How many of the three are told."""
        return (self.decade is not None) + bool(self.sex) + bool(self.state)

    def covers(self, other: "Profile") -> bool:
        """Whether the other could be this one: everything told here is told alike there."""
        return self.decade in (None, other.decade) and self.sex in ("", other.sex) and self.state in ("", other.state)

    @property
    def words(self) -> str:
        band = (
            ""
            if self.decade is None
            else ("90 or older" if self.decade >= 90 else f"{self.decade} to {self.decade + 9}")
        )
        return ", ".join(w for w in (band, self.sex, self.state) if w)


def profile(case: Case) -> Profile:
    """Age band, sex and state, as far as the case's words tell them."""
    text = "\n".join(case.texts.values())
    return Profile(_decade(text), _sex(text), _state("\n".join((text, case.identifiers.get(Identifier.ADDRESS, "")))))


def alike(case: Case, panel: Iterable[Case]) -> tuple[Profile, int]:
    """The case's profile, and how many cases of the panel, itself included, fit it."""
    mine = profile(case)
    return mine, 1 + sum(mine.covers(profile(other)) for other in panel if other.ref != case.ref)


def _decade(text: str) -> int | None:
    found = _AGE.search(text)
    if found:
        return min(int(found[1] or found[2]) // 10 * 10, 90)
    spoken = _DECADE.search(text)
    return int(spoken[1]) * 10 if spoken else None


def _sex(text: str) -> str:
    """Female or male where one of them is said more often; nothing where it stays open."""
    female, male = len(_FEMALE.findall(text)), len(_MALE.findall(text))
    return "female" if female > male else "male" if male > female else ""


def _state(text: str) -> str:
    found = _STATE.search(text)
    return found[1].title() if found else ""
