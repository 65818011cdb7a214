"""Places with a form: street addresses, postal codes, named care sites and schools.

45 CFR 164.514(b)(2)(i)(B): all subdivisions smaller than a state. Three digits of a ZIP may stay where the area
holds more than 20,000 people; the full code goes and its first three digits stay only then.
"""

import re
from functools import cache

from conference.deid.addresses import addresses
from conference.deid.forms import Form, forms
from conference.deid.gazetteer import STATE_CODES, STATES
from conference.deid.lexicon import Lexicon
from conference.deid.model import Kind, Mark
from conference.deid.patterns import lowered
from conference.deid.sites import landscape, sites
from conference.deid.tokens import Token


@cache
def _forms() -> tuple[Form, ...]:
    states = "|".join(re.escape(s) for s in sorted(STATES, key=len, reverse=True))
    return forms("place_forms.txt", STATES=states, STATE_CODES="|".join(sorted(STATE_CODES)))


def places(text: str, tokens: list[Token], lexicon: Lexicon) -> list[Mark]:
    """Marks of addresses, postal codes and named sites."""
    low = lowered(text)
    held = _held(text, low)
    found = []
    for form in _forms():
        if form.need not in held:
            continue
        for match in form.rule.pattern.finditer(form.rule.of(text, low)):
            start, end = match.span(form.group)
            found.append(Mark(start, end, Kind.LOCATION, form.reason, form.rank, form.sure))
    found += addresses(tokens, lexicon)
    found += sites(tokens, lexicon)
    found += landscape(tokens, lexicon)
    return found


def _held(text: str, low: str) -> set[str]:
    """The hints of the table that the text holds."""
    hints = {
        "nothing": True,
        "corner": "corner" in low,
        "digit": any(c.isdigit() for c in text),
        "four": re.search(r"\d{4}", text) is not None,
        "five": re.search(r"\d{5}", text) is not None,
    }
    return {name for name, held in hints.items() if held}
