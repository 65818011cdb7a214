"""How consent is said."""

from adapters.card import Card, Row, Rows, Text, Tone
from bot.present.common import day, disciplines
from conference.case import Case
from conference.consent import Category, Grant


def consents(case: Case, changed: Grant | None = None) -> Card:
    rows = tuple(Row(category.value, _said(category, case)) for category in Category)
    title = f"Consent in {case.ref}"
    if changed is not None:
        title = f"Consent in {case.ref}: {changed.category.value} {_word(changed)}"
    hint = f"`consent {case.ref} allow sexual-health to sex-therapy,primary-care until 2027-01-01`"
    return Card(title, (Rows(rows), Text(hint, Tone.QUIET)))


def _said(category: Category, case: Case) -> str:
    grant = next((g for g in case.consents if g.category is category), None)
    if grant is not None:
        return _word(grant)
    return "the care team, for treatment" if category is Category.GENERAL else "nobody but the author"


def _word(grant: Grant) -> str:
    until = f" until {day(grant.until)}" if grant.until else ""
    return f"{disciplines(sorted(grant.to))}{until}" if grant.to else "nobody: withdrawn"
