"""What belongs to a name or place that was found: "Barnes ED", "cvs on Colfax", "Mr. Old Elk", "Whitfield Sr."

45 CFR 164.514(b)(2)(i)(A), (B): a name or place hidden in part still tells.
"""

import re
from bisect import bisect_left, bisect_right
from dataclasses import replace

from conference.deid.lexicon import Lexicon
from conference.deid.model import WORDED, Kind, Mark
from conference.deid.tokens import Shape, Token

_TAILS = frozenset([
    "ed", "er", "complex", "ihs", "vamc", "shop", "northeast", "northwest", "southeast", "southwest", "line", "mhp", "pt", "snf", "med", "medical", "detox", "dialysis", "probate", "general", "memorial", "clinic",
    "clinics", "hospital", "center", "centre", "daycare", "preschool", "pd", "police", "sheriff", "rehab",
    "hospice", "pharmacy", "surgery", "practice", "dental", "dentistry", "endoscopy", "imaging", "radiology",
    "lab", "labs", "health", "wellness", "counseling", "counselling", "therapy", "house", "home", "homes", "manor",
    "lodge", "inn", "motel", "hotel", "church", "temple", "mosque", "school", "academy", "college", "university",
    "elementary", "middle", "high", "library", "shelter", "mission", "station", "court", "courthouse", "jail",
    "prison", "farm", "farms", "ranch", "road", "rd", "street", "st", "avenue", "ave", "blvd", "boulevard", "lane",
    "ln", "drive", "court", "trail", "way", "terrace", "loop", "row", "park", "gardens", "estates", "apartments",
    "apts", "tower", "towers", "plaza", "mall", "bridge", "river", "lake", "creek", "falls", "springs", "beach",
    "county", "township", "village", "city", "town", "campus", "associates", "partners", "group", "services",
    "system", "network", "infirmary", "icu", "nicu", "picu", "ward", "unit", "wing", "east", "west", "north",
    "south", "va", "family", "internal", "medicine", "pain", "pelvic", "women's", "womens", "children's",
    "childrens", "behavioral", "mental", "recovery", "treatment", "care", "urgent", "primary", "eye", "heart",
    "cancer", "spine", "ortho", "minor", "injuries", "day", "program", "grounds", "cafe", "diner", "bar", "grill",
    "pub", "and", "&", "of", "colony", "office", "baths", "crisis", "floor", "drug", "district", "train", "stop",
])  # fmt: skip
_LOOSE = frozenset([
    "and", "&", "of", "family", "internal", "minor", "day", "pain", "care", "home", "high", "middle",
])  # fmt: skip
_HEADS = frozenset([
    "mercy", "new", "old", "red", "blue", "pg", "dmc", "suny", "kaiser", "central", "first", "bishop", "memorial", "planned", "catholic", "baptist", "methodist", "presbyterian", "lutheran", "st", "ste", "saint", "mount", "mt", "fort", "ft",
    "la", "le", "el", "los", "las", "san", "santa", "lake", "port", "north", "south", "east", "west", "upper",
    "lower", "cape", "point", "glen", "castle", "masjid", "our", "good", "sacred", "holy", "rue", "via", "calle",
    "camp", "pp", "cvs", "walgreens", "quest", "labcorp",
])  # fmt: skip
_LEADS = frozenset([
    "at", "behind", "outside", "inside", "near", "from", "to", "by", "past", "the", "can", "@", "in", "beside",
])  # fmt: skip
_STOPS = frozenset([
    "the", "a", "an", "his", "her", "my", "their", "is", "was", "are", "were", "and", "or", "but", "on", "in",
    "at", "to", "from", "for", "with", "by", "who", "that", "she", "he", "they", "it", "pt", "patient", "client",
    "lives", "living", "works", "worked", "seen", "due", "back", "not", "up", "out",
])  # fmt: skip
_SUFFIXES = frozenset(["jr", "sr", "ii", "iii", "iv"])
_BEFORE_NAME = frozenset([
    "big", "lil", "lil'", "li'l", "judge", "rev", "reverend", "atty", "chief", "old", "young",
])  # fmt: skip
_COUPLE = re.compile(r"\b(?:dr|mr|mrs|ms)\.?\s(?:and|&)\s(?:(?:dr|mr|mrs|ms)\.?\s)?\Z", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“'‘][^\W\d_]{2,15}[\"”'’] \Z")


def grown(text: str, tokens: list[Token], marks: list[Mark], lexicon: Lexicon) -> list[Mark]:
    """The marks, each with the words that belong to it."""
    if not marks:
        return marks
    starts, ends = [t.start for t in tokens], [t.end for t in tokens]
    found = []
    for mark in marks:
        if mark.kind not in (Kind.NAME, Kind.LOCATION) or mark.known:
            found.append(mark)
            continue
        first, last = bisect_left(starts, mark.start), bisect_right(ends, mark.end) - 1
        if first > last:
            found.append(mark)
        elif mark.kind is Kind.LOCATION:
            found.append(_place(text, tokens, mark, first, last, lexicon))
        else:
            found.append(_name(text, tokens, mark, first, last, lexicon))
    return found


def _beside(text: str, a: Token, b: Token) -> bool:
    return a.is_word and b.is_word and text[a.end : b.start] in (" ", "'s ", "’s ", "-", ". ")


def _place(text: str, tokens: list[Token], mark: Mark, first: int, last: int, lexicon: Lexicon) -> Mark:
    """Words of a site behind the name, a brand or head before it."""
    end = last
    for at in range(last + 1, min(last + 6, len(tokens))):
        token = tokens[at]
        same = token.shape is not Shape.LOWER or tokens[last].shape is Shape.LOWER
        link = token.key in ("and", "&", "of")
        if not (token.text == "&" or _beside(text, tokens[at - 1], token)) or token.key not in _TAILS:
            break
        if not link and not same:
            break
        if not link and (token.key not in _LOOSE or token.shape is not Shape.LOWER or at - end > 1):
            end = at
    start = first
    if start and _beside(text, tokens[start - 1], tokens[start]):
        before = tokens[start - 1]
        if before.key in _HEADS and (before.shape is not Shape.LOWER or tokens[start].shape is Shape.LOWER):
            start -= 1
    start = _article(text, tokens, _numbered(text, tokens, _on(text, tokens, start, lexicon), end), end)
    stop = max(mark.end, tokens[end].end)
    if text[stop : stop + 2] in ("'s", "’s"):
        stop += 2  # "at Queen's": the ending is part of the name
    return replace(mark, start=min(mark.start, tokens[start].start), end=stop)


def _numbered(text: str, tokens: list[Token], start: int, end: int) -> int:
    """A house number, and a point of the compass, before a place of several words."""
    at = start - 1
    while at > 0 and (tokens[at].text == "." or tokens[at].key in ("n", "s", "e", "w")):
        at -= 1
    several = end > start or at < start - 1
    house = (
        at >= 0
        and tokens[at].text.isdigit()
        and len(tokens[at].text) <= 5
        and text[tokens[at].end : tokens[at].end + 1] == " "
    )
    return at if several and house and "\n" not in text[tokens[at].start : tokens[start].start] else start


def _article(text: str, tokens: list[Token], start: int, end: int) -> int:
    """ "at the croft practice": the article is part of a site's name behind a preposition."""
    if (
        start < 2
        or tokens[start - 1].key != "the"
        or tokens[start - 2].key not in ("at", "from", "to", "of", "in", "on")
    ):
        return start
    named = end > start or tokens[end].key in _TAILS or tokens[end].word.spelled
    return start - 1 if named and text[tokens[start - 1].end : tokens[start].start] == " " else start


def _on(text: str, tokens: list[Token], start: int, lexicon: Lexicon) -> int:
    """ "the loft on baker street": the site that a street tells apart."""
    if start < 2 or tokens[start - 1].key != "on" or tokens[start - 1].masked:
        return start
    at = start - 2
    while at >= 0 and start - 2 - at < 3 and tokens[at].is_word and tokens[at].key not in _STOPS | _LEADS:
        at -= 1
    first = at + 1
    if first > start - 2 or "\n" in text[tokens[first].start : tokens[start].start]:
        return start
    lead = tokens[at].key if at >= 0 else ""
    head = tokens[start - 2]
    sited = (
        head.key in _TAILS
        or head.key in lexicon.lists["facility"]
        or head.shape is Shape.TITLE
        or not head.word.spelled
    )
    if first and tokens[first].key in _HEADS:
        return first
    return first if (lead in _LEADS and (lead != "the" or sited)) or (lead != "" and head.key in _HEADS) else start


def _name(text: str, tokens: list[Token], mark: Mark, first: int, last: int, lexicon: Lexicon) -> Mark:
    """A suffix, a quoted nickname, an epithet, the other part of a name in capitals or behind a comma."""
    start, end = mark.start, mark.end
    follow = tokens[last + 1] if last + 1 < len(tokens) else None
    if (
        follow is not None
        and follow.key in _SUFFIXES
        and text[tokens[last].end : follow.start] in (" ", ", ")
        and follow.shape is not Shape.LOWER
    ) or (follow is not None and _capitals(text, tokens[last], follow)):
        end = follow.end
    elif (
        follow is not None
        and follow.text == ","
        and last + 2 < len(tokens)
        and (first == 0 or tokens[first].first or tokens[last].shape is Shape.UPPER)
    ):
        other = tokens[last + 2]
        if (
            other.is_word
            and other.shape is tokens[last].shape
            and other.shape is not Shape.LOWER
            and max(other.word.given, other.word.last) >= 2
        ):
            end = other.end
    if first:
        before = tokens[first - 1]
        if (
            _beside(text, before, tokens[first])
            and before.key in _BEFORE_NAME
            and (before.shape is tokens[first].shape or before.key in ("big", "lil"))
        ):
            if before.key not in ("old", "young") or before.shape is Shape.TITLE:
                start = before.start
        elif _capitals(text, before, tokens[first]):
            start = before.start
    couple = _COUPLE.search(text, max(0, start - 16), start)
    if couple:
        start = couple.start()
    quoted = _QUOTED.search(text[max(0, start - 20) : start])
    if quoted:
        start -= len(quoted.group())
        start += 1
    return replace(mark, start=start, end=max(end, mark.end))


def _capitals(text: str, a: Token, b: Token) -> bool:
    """Two words in capitals side by side, the unmarked one no abbreviation."""
    return (
        a.is_word
        and b.is_word
        and a.shape is b.shape is Shape.UPPER
        and min(len(a.text), len(b.text)) > 3
        and text[a.end : b.start] in (" ", ", ", ",")
        and all(
            not (t.word.acronym or t.word.disease or t.word.drug) and (t.word.common < 8 or t.word.given > 2)
            for t in (a, b)
        )
    )


_RUN = 40  # characters
_CODED = r"(?:[A-Za-z]{0,8}\d[^\W_]{0,20}|[A-Z]{1,5})"  # a part of a code behind a hyphen or a slash
_RUN_BEFORE = re.compile(
    rf"(?:(?<![\w/-])(?:(?:{_CODED}|[a-z]{{1,4}})[-/]{{1,2}}){{1,4}}[^\W_]{{0,20}}|(?<!\w)[^\W_]{{1,20}})\Z"
)
_PREFIX = re.compile(r"(?<![^\s(\[])(?P<v>[A-Z]{1,4}) \Z")
# These announce a number and are no part of it.
_CUES = frozenset([
    "MRN", "ID", "NO", "SSN", "DOB", "NPI", "DEA", "VIN", "IP", "DL", "SN", "FIN", "CSN", "PIN", "REF", "ACCT",
    "TEL", "PH", "FAX", "EXT", "CELL", "ZIP", "BOX", "RM", "NHS", "UR", "MR", "CARD", "LIC", "LOT", "REG", "TAG",
    "CASE", "AUTH", "CPT", "ICD", "RX", "HR", "BP", "PT", "AND", "OR", "THE", "IS", "AT", "TO", "A", "I", "PO",
    "CHI", "PAC", "SS", "CC", "RE", "ON", "IN", "OF", "FOR", "BY",
])  # fmt: skip
_RUN_BEHIND = re.compile(rf"[^\W_]{{0,20}}(?:[-/]{{1,2}}{_CODED}){{0,4}}(?!\w)")


def whole(text: str, mark: Mark) -> Mark:
    """A number with the letters and digits that stand right beside what was found of it."""
    if mark.kind in WORDED:
        return mark
    start, end = mark.start, mark.end
    if _joined(text, start, start - 1) and (before := _RUN_BEFORE.search(text, max(0, start - _RUN), start)):
        start = before.start()
    if mark.kind is not Kind.PHONE and text[max(0, start - 2) : start - 1].isupper():
        prefix = _PREFIX.search(text, max(0, start - 6), start)
        if prefix and prefix["v"] not in _CUES:
            start = prefix.start("v")
    if _joined(text, end - 1, end) and (behind := _RUN_BEHIND.match(text, end)):
        end = behind.end()
    return mark if (start, end) == (mark.start, mark.end) else replace(mark, start=start, end=end)


def _joined(text: str, inside: int, outside: int) -> bool:
    """Whether the mark, from its last character inside, goes on with the one outside."""
    return 0 <= outside < len(text) and text[inside].isalnum() and (text[outside].isalnum() or text[outside] in "-/")
