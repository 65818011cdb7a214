"""Places with a form: street addresses, postal codes, named care sites and schools.

45 CFR 164.514(b)(2)(i)(B): all subdivisions smaller than a state. Three digits of a ZIP may stay where the area
holds more than 20,000 people; the full code goes and its first three digits stay only then.
"""

import re
from functools import cache

from conference.deid.addresses import addresses
from conference.deid.gazetteer import STATE_CODES, STATES
from conference.deid.lexicon import Lexicon
from conference.deid.model import Kind, Mark
from conference.deid.patterns import Rule, compiled, lowered
from conference.deid.sites import landscape, sites
from conference.deid.tokens import Token

_ADDRESS = "street address"


@cache
def _rules() -> tuple[tuple[int, bool, str, Rule], ...]:
    states = "|".join(sorted(STATE_CODES))
    long = "|".join(re.escape(s) for s in sorted(STATES, key=len, reverse=True))
    return (
        (70, True, "post box", compiled(r"\bP\.?\s?O\.?\s?Box\s?#?\s?\d{1,8}\b")),
        (
            64,
            True,
            "ZIP code",
            compiled(
                r"\b(?:zip|zip ?code|postal code|postcode|post code)\b[\s:#]{0,3}(?:is\s|was\s|of\s)?(?P<v>\d{3} ?\d{1,2}(?:-\d{4})?|[A-Za-z]\d[A-Za-z] ?\d[A-Za-z]\d|[A-Za-z]{1,2}\d[A-Za-z\d]? ?\d[A-Za-z]{2})\b"
            ),
        ),
        (
            64,
            True,
            "ZIP code",
            Rule(
                re.compile(
                    rf"\b(?:(?:{states})|(?i:{states})(?=,? \d{{5}}\b)|(?i:{long})),?\s{{1,3}}(?P<v>\d{{5}}(?:-\d{{4}})?)(?![\d,.]\d)"
                ),
                low=False,
            ),
        ),
        (
            64,
            True,
            "postal code",
            Rule(re.compile(r"\b[A-Z]\d[A-Z] ?\d[A-Z]\d\b|\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b"), low=False),
        ),
        (
            64,
            True,
            "postal code",
            Rule(
                re.compile(
                    r"(?<![\w.-])[a-z]{1,2}\d[a-z\d]? \d(?!mg|ml|mm|cm|kg|hr|am|pm|st|nd|rd|th|yo|wk|mo|pt|iu|qd|po|ng|mc|da|we|ho)[a-z]{2}\b"
                ),
                low=False,
            ),
        ),
        (64, True, "postal code", Rule(re.compile(r",\s{0,3}\w{2,3}\s{0,2}\n\s{0,3}\d{5}\b"), low=False)),
        (
            64,
            True,
            "postal code",
            compiled(
                r"\b(?:New Zealand|United Kingdom|Spain|France|Germany|Italy|Portugal|Poland|Belgium|Austria|Switzerland|Sweden|Norway|Finland|Denmark|Netherlands|Ireland|Iceland|Greece|Hungary|Canada|Australia|Brazil|Mexico|Uruguay|Estonia|Slovenia|Croatia|Cyprus|Greenland(?:er)?|Czech Republic|USA|India|Japan|South Africa)\s\d{4,6}\b"
            ),
        ),
        (
            62,
            True,
            _ADDRESS,
            compiled(
                r"\b(?:the )?corner of (?:[\w.'’-]{1,20} ){1,5}(?:and|&) (?:[\w.'’-]{1,20}(?: (?:street|st|avenue|ave|road|rd|lane|drive|blvd)\b)?(?: [A-Z]\w{1,15})?)"
            ),
        ),
        (
            62,
            True,
            "named site",
            Rule(
                re.compile(
                    r"\b(?:St|Ste|Saint|Mt|Mount)\b\.? (?!John'?s wort)[A-Z][\w]{2,20}(?:['’]s)?(?: (?:[A-Z][\w'’]{2,20}|of|the)){0,3}(?<! of)(?<! the)"
                ),
                low=False,
            ),
        ),
        (
            62,
            True,
            "named site",
            compiled(r"\b(?:at|to|from|in|near|by) (?P<v>(?:st|ste|saint)\.? [a-z]{3,20}(?:['’]s)?)\b"),
        ),
        (
            62,
            True,
            "place smaller than a state",
            Rule(
                re.compile(
                    r"\b(?i:in|from|to|near|at|of|around|downtown|outside|via|for)\s(?P<v>LA|SF|DC|NYC|nyc|D\.C\.|L\.A\.|PDX|LAX|JFK|DFW|SFO|NOLA|nola|MGH|BWH|UCLA|UCSF|USC|UPMC|CHOP|NYU|OHSU|UNC|MIT|BU|UAB|UTSW|MSK|MSKCC|BIDMC|ucla|ucsf|mgh|nyu|ohsu|upmc)\b"
                ),
                low=False,
            ),
        ),
        (
            62,
            False,
            "place smaller than a state",
            Rule(re.compile(r"\b(?:NYC|nyc|LAX|DFW|MGH|BIDMC|MSKCC|UCSF|UCLA|NOLA)\b"), low=False),
        ),
        (
            62,
            True,
            _ADDRESS,
            compiled(
                r"\b(?:at|on|near|off) (?P<v>\d{1,3}(?:st|nd|rd|th)(?: (?:and|&) (?!the\b)[A-Za-z]\w{2,15})?)(?=[\s,.;]{1,2}(?!of\b|day|visit|week|grade|floor|month|dose|time|line|rib|toe|digit|and the))(?<=[a-z]{3})"
            ),
        ),
        (62, True, "school", Rule(re.compile(r"\b(?:PS|ps|P\.S\.) ?#?\d{1,3}\b"), low=False)),
        (
            62,
            True,
            "named site",
            Rule(
                re.compile(
                    r"\b(?:Engine|Ladder|Precinct|Battalion|Station|Troop|Local|Post|Ward|Unit|Pod|Cell ?block) (?:No\. ?|#)?\d{1,4}[A-Z]?\b"
                ),
                low=False,
            ),
        ),
        (
            62,
            False,
            "named site",
            compiled(
                r"(?<![\w./,-])(?<!the )\d{1,2} (?:north|south|east|west)\b(?! ?(?:of\b|coast|side|bound|asia|afric|americ|virginia|dakota|carolina|korea|street|st\b|ave|miles?\b|[a-z]{1,20} (?:st|street|ave|avenue|rd|road)\b))"
                r"|\bward \d{1,2}[a-z]?\b"
            ),
        ),
        (63, False, "ZIP code", Rule(re.compile(r"(?<![\w.,/-])\d{5}-\d{4}(?![\w-])"), low=False)),
        (
            62,
            True,
            _ADDRESS,
            compiled(r"\b(?:apt|apartment|suite|ste)\b\.?\s?#?\s?(?P<v>\d{1,5}[A-Za-z]?|[A-Z]\d{0,4})(?!\w)"),
        ),
        (
            62,
            True,
            _ADDRESS,
            Rule(
                re.compile(
                    r"\b(?:corner of|intersection of|exit)\s(?P<v>[A-Z]\w{2,20}(?:\s(?:and|&)\s[A-Z]\w{2,20})?|\d{1,3})\b"
                ),
                low=False,
            ),
        ),
        (
            62,
            True,
            _ADDRESS,
            compiled(
                r"\b(?:interstate|i-(?=\d)|route|rte|highway|hwy|us-|county road|state road)\s?#?\d{1,4}\b(?! ?(?:mg|%))"
            ),
        ),
        (
            62,
            True,
            _ADDRESS,
            Rule(
                re.compile(
                    r"\b[A-Z]\w{2,15} (?:&|and) \d{1,3}(?:st|nd|rd|th)\b|\b\d{1,3}(?:st|nd|rd|th) (?:&|and) [A-Z]\w{2,15}\b"
                ),
                low=False,
            ),
        ),
        (
            62,
            True,
            _ADDRESS,
            compiled(r"\b(?:[NSEW]\.? |north |south |east |west )?\d{1,3}(?:st|nd|rd|th) (?:street|st|avenue|ave)\b"),
        ),
    )


def places(text: str, tokens: list[Token], lexicon: Lexicon) -> list[Mark]:
    """Marks of addresses, postal codes and named sites."""
    found = []
    low = lowered(text)
    held = {hint: hint in low for hint in ("zip", "post", "corner")}
    four, five = re.search(r"\d{4}", text) is not None, re.search(r"\d{5}", text) is not None
    digit = four or any(c.isdigit() for c in text)
    for rank, sure, why, rule in _rules():
        source = rule.pattern.pattern
        if (
            ("corner of (" in source and not held["corner"])
            or (r"\d{5}" in source and not five)
            or (r"\d{4,6}" in source and not four)
            or (r"\d" in source and not digit)
        ):
            continue
        for match in rule.pattern.finditer(rule.of(text, low)):
            start, end = match.span("v" if "v" in rule.pattern.groupindex else 0)
            found.append(Mark(start, end, Kind.LOCATION, why, rank, sure))
    found += addresses(tokens, lexicon)
    found += sites(tokens, lexicon)
    found += landscape(tokens, lexicon)
    return found
