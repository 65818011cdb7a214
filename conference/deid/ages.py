"""Ages over 89, 45 CFR 164.514(b)(2)(i)(C), in digits, in words and implied."""

import re
from functools import cache

from conference.deid.model import Kind, Mark

_OLD = r"(?P<v>9\d|1[0-2]\d)"
_UNITS = "one|two|three|four|five|six|seven|eight|nine"
_WORDS = rf"(?P<v>ninety(?:[\s-](?:{_UNITS}))?|(?:one |a )?hundred(?:[\s-](?:and[\s-])?(?:{_UNITS}|ten|eleven|twelve))?)"
_AFTER = r"(?=\s?-?\s?(?:years?|yrs?|yr|y)[\s-]{0,2}(?:old|o\b|of age)|\s?-?\s?(?:y/?o|y\.o\.?|yo[mfw]?|yof|yom|yrs?|y)\b|\s?-?\s?years?[- ]old)"
_BEFORE = (
    r"\b(?:aged?|age is|age was|age of|ages|turned|turning|turns|turn|she is|he is|she's|he's|is now|now|nearly|almost|lived to|died at|i am|i'm|mom is|"
    r"mother is|father is|dad is|grandmother is|grandfather is|until age|adult aged|of age|at age|at the age of|reached|celebrated (?:her|his|their))[\s:=]{1,3}"
)
_RULES = (
    rf"(?<![\d./-]){_OLD}{_AFTER}",
    rf"{_BEFORE}(?:about |approximately |over )?{_OLD}(?![\d%/.:-]|\s?(?:mg|mmhg|kg|lbs?|percent|%|bpm|degrees|on\b|days?|weeks?|months?|minutes?|hours?|pounds|units?|and\s|cm|mm|in\b|systolic|over|points|ml|or\b|miles|beats|pack|meters|steps|g\b|L\b|RA\b))",
    rf"(?:^|[\n;,.(]|\bpt|\bpatient|\ba|\ban|\bthis)\s?{_OLD}\s?-?(?=[mfMF]\b|\s?(?:male|female|man|woman|lady|gentleman|gentlewoman)\b)",
    rf"(?<!\w)(?P<v>(?:9\d|1[0-2]\d)(?:st|nd|rd|th))(?= (?:birthday|bday|year of life))",
    rf"\b{_WORDS}(?=[\s-]{{1,2}}(?:year|yr)s?[\s-]{{1,2}}(?:old|of age))",
    rf"\b(?:aged?|turned|turning|she is|he is|is now|age of)\s{_WORDS}(?!\s?(?:percent|mg|degrees|over))\b",
    r"\b(?P<v>nonagenarians?|centenarians?|supercentenarians?)\b",
    r"\b(?:her|his|their|my)\s(?P<v>(?:(?:early|mid|late|low|upper)[\s-])?(?:nineties|90['’]?s|100['’]?s))(?!\w)",
    r"\b(?P<v>(?:ninety|hundred(?:th)?|hundred and|ninetieth|ninety[\s-](?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)))(?=\s(?:birthday|bday))",
    r"(?<![\d./-])(?P<v>9[1-9]|1[0-2]\d)\s?(?=years young)",
    r"\w{2,20},\s(?P<v>ninety(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?|9\d|10\d|11\d)(?=,\s(?:[a-z]+ic|at|who|is|was|a|an|lives|living|with|in|home|retired|widow|widower|widowed|admitted|presents|presented|here|has|from|on|still|frail|independent|bedbound|dementia|and|male|female)\b)",
    r"(?<![\d] )\((?P<v>9\d|10\d|11\d)(?=(?:,\s?[a-z]|\)|\s?[mMfF]\b|\s?(?:y|yo|yrs?)\b))(?!\)?\s?(?:mg|%|on\b))",
)
_BORN = r"\b(?:born|b\.|birth year|year of birth|yob)(?: in| circa| around)?[\s:]{1,2}(?P<v>(?:18[5-9]|190|191|192)\d|193[0-4])\b"


@cache
def _compiled() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(rule, re.IGNORECASE) for rule in (*_RULES, _BORN))


_STATED = re.compile(r"\s?(?:\+|or older|or over|and over|and older|or above)", re.IGNORECASE)


def ages(text: str) -> list[Mark]:
    """Marks of ages over 89; "90 or older" is the category the rule allows."""
    found = []
    for pattern in _compiled():
        for match in pattern.finditer(text):
            start, end = match.span("v")
            raw = text[start:end]
            if (raw[:2].isdigit() and int("".join(c for c in raw if c.isdigit())) < 90) or (_STATED.match(text, end) and raw in ("90", "ninety")):
                continue
            found.append(Mark(start, end, Kind.AGE, "age over 89, (C)", 66, stand_in=_words(raw)))
    return found


def _words(raw: str) -> str:
    if raw.isdigit() and len(raw) == 4:
        return "90 or more years ago"
    if raw.lower().endswith("s") and raw[0].isalpha() and "arian" in raw:
        return "people aged 90 or older"
    return "90 or older"
