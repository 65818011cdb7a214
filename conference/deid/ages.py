"""Ages over 89, 45 CFR 164.514(b)(2)(i)(C), in digits, in words and implied."""

import re
from collections.abc import Iterator
from functools import cache

from conference.deid.lexicon import fold, lexicon
from conference.deid.model import Kind, Mark
from conference.deid.patterns import Page, Table, compiled

_OLD = r"(?P<v>9\d|1[0-2]\d)"
_UNITS = "one|two|three|four|five|six|seven|eight|nine"
_WORDS = (
    rf"(?P<v>ninety(?:[\s-](?:{_UNITS}))?|(?:one |a )?hundred(?:[\s-](?:and[\s-])?(?:{_UNITS}|ten|eleven|twelve))?)"
)
_AFTER = r"(?=\s?-?\s?(?:years?|yrs?|yr|y)[\s-]{0,2}(?:old|o\b|of age)|\s?-?\s?(?:y/?o|y\.o\.?|yo[mfw]?|yof|yom|yrs?|y)\b|\s?-?\s?years?[- ]old)"
_BEFORE = (
    r"\b(?:aged?|age is|age was|age of|ages|turned|turning|turns|turn|she is|he is|she's|he's|is now|now|nearly|almost|lived to|died at|i am|i'm|mom is|"
    r"mother is|father is|dad is|grandmother is|grandfather is|until age|adult aged|of age|at age|at the age of|reached|celebrated (?:her|his|their))[\s:=]{1,3}"
)
_RULES = (
    rf"(?<![\d./-]){_OLD}{_AFTER}",
    rf"{_BEFORE}(?:about |approximately |over )?{_OLD}(?![\d%/.:-]|\s?(?:mg|mmhg|kg|lbs?|percent|%|bpm|degrees|on\b|days?|weeks?|months?|minutes?|hours?|pounds|units?|and\s|cm|mm|in\b|systolic|over|points|ml|or\b|miles|beats|pack|meters|steps|g\b|L\b|RA\b))",
    rf"(?:^|[\n;,.(]|\bpt|\bpatient|\ba|\ban|\bthis)\s?{_OLD}\s?-?(?=[mfMF]\b|\s?(?:male|female|man|woman|lady|gentleman|gentlewoman)\b)",
    r"(?<!\w)(?P<v>(?:9\d|1[0-2]\d)(?:st|nd|rd|th))(?= (?:birthday|bday|year of life))",
    rf"\b{_WORDS}(?=[\s-]{{1,2}}(?:year|yr)s?[\s-]{{1,2}}(?:old|of age))",
    rf"\b(?:turns?|turned|turning|will be|will turn|be turning|pushing|hit|shy of|short of|celebrated|reaching|reached)\s(?:a\s|the big\s)?{_OLD}(?![\d%/.:-]|\s?(?:mg|mmhg|kg|lbs?|percent|degrees|days?|weeks?|months?|minutes?|hours?|pounds|units?|cm|mm|points?|miles?|steps|people|dollars))",
    rf"\b(?:shy of|short of|pushing|will be|will turn|turns|hit|reached|celebrates?|celebrated|almost|nearly|she'?s|he'?s|mom'?s|dad'?s|gran'?s|nana'?s)\s(?:a\s)?{_WORDS}(?!\s?(?:percent|mg|degrees|over|dollars|times|people))\b",
    r"\b(?:into|in|past|through|well into) (?:her|his|their|my) (?P<v>(?:(?:early|mid|late|low|upper)[\s-])?(?:nineties|90['’]?s|tenth decade|eleventh decade))(?!\w)",
    r"\b(?P<v>(?:tenth|eleventh) decade(?: of life)?|centenary|centennial birthday|100 years old|1-0-0)(?!\w)",
    r"\b(?:her|his|their|my|mom'?s|dad'?s|grandma'?s|grandpa'?s)\s(?P<v>(?:9\d|1[0-2]\d)(?:st|nd|rd|th))(?=\s?(?:[,.;!?]|$|\s(?:in|on|next|last|this|with|party)\b))",
    rf"\b(?:aged?|turned|turning|she is|he is|is now|age of)\s{_WORDS}(?!\s?(?:percent|mg|degrees|over))\b",
    r"\b(?P<v>nonagenarians?|centenarians?|supercentenarians?)\b",
    r"\b(?:her|his|their|my)\s(?P<v>(?:(?:early|mid|late|low|upper)[\s-])?(?:nineties|90['’]?s|100['’]?s))(?!\w)",
    r"\b(?P<v>(?:ninety|hundred(?:th)?|hundred and|ninetieth|ninety[\s-](?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)))(?=\s(?:birthday|bday))",
    r"(?<![\d./-])(?P<v>9[1-9]|1[0-2]\d)\s?(?=years young)",
    r"\w{2,20},\s(?P<v>ninety(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?|9\d|10\d|11\d)(?=,\s(?:[a-z]{1,14}ic|at|who|is|was|a|an|lives|living|with|in|home|retired|widow|widower|widowed|admitted|presents|presented|here|has|from|on|still|frail|independent|bedbound|dementia|and|male|female)\b)",
    r"(?<![\d] )\((?P<v>9\d|10\d|11\d)(?=(?:,\s?[a-z]|\)|\s?[mMfF]\b|\s?(?:y|yo|yrs?)\b))(?!\)?\s?(?:mg|%|on\b))",
)
_PERSON = (
    r"(?:pt|patient|client|resident|man|woman|lady|gentleman|gentlewoman|male|female|mother|father|mom|mum|dad|grandmother|grandfather|grandma|grandpa|gran|nan|nana|husband|wife|spouse|"
    r"partner|widow|widower|aunt|uncle|sister|brother|neighbou?r|veteran|vet|nun|sister|friend|mil|fil|mother-in-law|father-in-law|great-grandmother|great-grandfather|caregiver|elder)"
)
_BARE = r"(?P<v>9\d|10\d|11[0-5])(?!\d|[%/:.,-]\d|[%°]|\s?(?:mg|mcg|mmhg|kg|lbs?|pounds?|percent|bpm|degrees|days?|weeks?|wks?|months?|mos?|min(?:ute)?s?|hours?|hrs?|h\b|units?|cm|mm|ml|cc|over|points?|miles?|beats|steps|meters?|g\b|l\b|ra\b|on\b|systolic|mmol|u/|cigarettes|dollars|th\b|st\b|nd\b|rd\b|x\b|f\b|c\b|iu\b|ng\b))"
_PLAIN_RULES = (
    rf"(?<![\d.,/$#:+-])(?<!\d[,;]\s)(?<![a-z]-)(?<![A-Z])(?!90|1\d\d){_BARE}(?!\s?-\s?\d|\s(?:of|out|to|x|times|people|patients|cases|questions|items|percentile|and \d))",
    r"(?<![\d./])(?P<v>(?:9\d|1[01]\d)(?=-something|\s?/\s?[mf]\b)|9-0\b|(?<=\bf/)9\d\b|(?<=\bm/)9\d\b)",
    r"(?<![\d./-])(?P<v>9\d|10\d)(?=\s?[mf]\b)",
    r"\b[mf]\s?/\s?(?P<v>9\d|10\d)\b",
    r"\b(?:the big|turned the) (?P<v>9-0|ninety)\b",
    r"\bborn in the (?P<v>(?:18\d|19[0-3])0['’]?s)\b",
    r"\bclass of (?P<v>19[0-4]\d)\b",
    rf"\b{_PERSON}(?:'s|’s|\s(?:is|was|now|aged?|who is|turned))?[\s,(:]{{1,3}}(?:now\s|about\s|almost\s|only\s)?{_BARE}",
    rf"\b(?:she|he|they|who|i)(?:'s|’s|\s(?:is|was|am|are|turned|turns|will be|would be)|'ll be|'m)\s(?:now\s|about\s|almost\s|only\s|already\s|like\s)?{_BARE}",
    rf"\b{_PERSON}\sof\s{_BARE}",
    r",\sis\s(?P<v>9[1-9]|10\d|11[0-5])(?=\s?(?:[.,;)!]|$|\sand\b))",
    r"(?<![\d/.])(?P<v>9[1-9]|10\d|11[0-5])(?=\s(?:in|this|next|on) (?:january|february|march|april|may|june|july|august|september|october|november|december|spring|summer|fall|her|his|their))",
    rf"\b(?:at|to|past|until|till|reached|turned|of|oldest|spry|frail|sharp|young|healthy|robust|feisty|a)\s{_BARE}(?=[,.;)!?]|\s?$|\s(?:she|he|they|and still|now|but|with no|who|the)\b)",
    rf"\b(?:ages|couple)\b[^.\n]{{0,12}}?\b{_BARE}",
    rf"(?<![\d/.])9\d\s(?:and|&)\s{_BARE}(?=[,.;)]|\s?$)",
    r"(?:^|[\n.;]\s?)(?P<v>9\d|10\d)(?=\s(?:and|but)\s(?:still|lives|frail|alert|independent))",
    r"(?<![\d./-])(?P<v>9\d|10\d|11[0-5])(?=\s?-?(?:ish\b|\syears\b(?! (?:ago|later|of experience|in |together|sober|married))|\+?\s?(?:female|male|woman|man)\b|\syears-of-age))",
    r"\b(?:y/o|yo|age|aged?)[\s:]{1,2}(?P<v>9\d|10\d|11[0-5])(?![\d%/.])",
    rf"(?<!\w)(?P<v>ninety[\s-](?:{_UNITS})|ninety|(?:one |a )hundred (?:and )?(?:{_UNITS}|ten))(?![\s-](?:percent|mg|minutes?|days?|degrees|seconds|pounds|meters|feet|dollars|beats|over|day|minute|second|times|per|milligrams|hours|weeks|eighty|seventy|sixty|fifty|forty))\b",
)
# Numbers behind a measured thing are no ages.
_MEASURE = re.compile(
    r"(?i)\b(?:bp|hr|pulse|heart rate|rate|sats?|spo2|o2|oxygen|saturations?|temp|temperature|t|glucose|sugars?|bg|fsbg|weigh(?:s|t|ed)?|wt|score[ds]?|scor|iq|map|systolic|diastolic|sbp|dbp|pressure|"
    r"mg|dose|level|ldl|hdl|a1c|cholesterol|index|na|cl|hgb|plt|percentile|percent|room|bed|unit|apt|day|hour|page|grade|bmi|egfr|ef|psa|tsh|ast|alt|co2|mcv|ferritin|ck|rpm|volume|height|fsiq|points?|grams?|zoloft|sertraline|hct|fev1|pao2|qtc?|phq|panss|ages? of|size|fio2|tanner|feet|steps|song|music|route|highway|i)\b[^.;\n]{0,18}\Z"
)
_BORN = r"\b(?:born|b\.|birth year|year of birth|yob|dob|d\.o\.b\.?)(?: in| circa| around)?[\s:]{1,2}(?P<v>(?:18[5-9]|190|191|192)\d|193[0-4])\b"


@cache
def table() -> Table[bool]:
    """The forms of ages, each with whether it is sure."""
    rules = [(True, rule) for rule in (*_RULES, _BORN)] + [(False, rule) for rule in _PLAIN_RULES]
    return tuple((sure, compiled(rule)) for sure, rule in rules)


_STATED = re.compile(
    r"(?:th-or-later|[\s-]?plus)|[\s-]?(?:\+|or[\s-]older|or over|and over|and older|or above)", re.IGNORECASE
)


def ages(page: Page) -> Iterator[Mark]:
    """Marks of ages over 89; "90 or older" is the category the rule allows."""
    text = page.text
    for sure, match in page.matches(table()):
        start, end = match.span("v")
        raw = text[start:end]
        if (raw[:2].isdigit() and int("".join(c for c in raw if c.isdigit())) < 90) or (
            _STATED.match(text, end) and raw in ("90", "ninety")
        ):
            continue
        if sure or not (_MEASURE.search(text[max(0, start - 30) : start]) or _dosed(text, start)):
            stand_in = _words(raw, text[end : end + 12])
            yield Mark(start, end, Kind.AGE, "age over 89", 66 if sure else 58, sure, stand_in=stand_in)


def _dosed(text: str, start: int) -> bool:
    """Whether a drug's name stands before the number."""
    before = re.search(r"([^\W\d_]{3,30})\W{1,3}\Z", text[max(0, start - 34) : start])
    return before is not None and lexicon()[fold(before[1])].drug


_UNIT = re.compile(r"[\s-]{0,3}(?:years?|yrs?|y/?o|y\.o|yo[mfw]?|something|ish|y\b|[mf]\b)", re.IGNORECASE)


def _words(raw: str, behind: str) -> str:
    """The category of ages that may be told, worded to fit what stands behind it."""
    low = raw.lower()
    if raw.isdigit() and len(raw) == 4:
        return "90 or more years ago"
    if "arian" in low:
        return "people aged 90 or older" if low.endswith("s") else "person aged 90 or older"
    if raw[0].isdigit() and low.endswith(("st", "nd", "rd", "th")):
        return "90th-or-later"
    if low.endswith(("nineties", "90s", "90's", "90’s", "decade")):
        return "90-plus years"
    if behind[:1].isalpha():
        return "90-plus "
    return "90-plus" if _UNIT.match(behind) else "90 or older"
