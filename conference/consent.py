"""Whether a part of a case may be shown to somebody: what the patient allowed, to whom, until when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from conference.people import Discipline


class Category(StrEnum):
    """What the patient decides about. Substance-use records need their own consent (42 CFR Part 2)."""

    GENERAL = "general"
    SEXUAL_HEALTH = "sexual-health"
    SUBSTANCE_USE = "substance-use"
    PSYCHOTHERAPY = "psychotherapy"
    REPRODUCTIVE = "reproductive"
    HIV = "hiv"
    PARTNER = "partner"


@dataclass(frozen=True, slots=True)
class Grant:
    """The patient's word on one category. ``to`` empty: nobody (withdrawn). ``until``: the last day."""

    category: Category
    to: frozenset[Discipline]
    until: date | None = None

    def covers(self, discipline: Discipline, today: date) -> bool:
        return discipline in self.to and (self.until is None or today <= self.until)


def not_covered(
    category: Category, grants: Iterable[Grant], disciplines: Iterable[Discipline], today: date
) -> frozenset[Discipline]:
    """The disciplines that may not see the category today.

    General matters may be shared for treatment within the care team without a further form
    (45 CFR 164.506(c)), unless the patient restricted it; every other category needs a grant.
    """
    stated = [g for g in grants if g.category is category]
    if category is Category.GENERAL and not stated:
        return frozenset()
    return frozenset(d for d in disciplines if not any(g.covers(d, today) for g in stated))
