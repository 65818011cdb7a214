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
from conference.deid.patterns import Page, Table
from conference.deid.sites import landscape, sites
from conference.deid.tokens import Token


@cache
def table() -> Table[Form]:
    """The forms of places."""
    states = "|".join(re.escape(s) for s in sorted(STATES, key=len, reverse=True))
    return forms("place_forms.txt", STATES=states, STATE_CODES="|".join(sorted(STATE_CODES)))


def places(page: Page, tokens: list[Token], lexicon: Lexicon) -> list[Mark]:
    """Marks of addresses, postal codes and named sites."""
    found = [
        Mark(*match.span(form.group), Kind.LOCATION, form.reason, form.rank, form.sure)
        for form, match in page.matches(table())
    ]
    found += addresses(tokens, lexicon)
    found += sites(tokens, lexicon)
    found += landscape(tokens, lexicon)
    return found
