"""The people, numbers and places of the case's sealed record: they go in whatever form they appear.

45 CFR 164.514(b)(2)(i) covers the individual, relatives, employers and household members.
"""

import re
from calendar import month_abbr, month_name
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from itertools import pairwise

from rapidfuzz.distance import OSA

from conference.deid.gazetteer import STATES
from conference.deid.lexicon import Lexicon, fold, lexicon
from conference.deid.model import Kind, Known, KnownPerson, Mark, Role
from conference.deid.tokens import Shape, Token

_PARTICLES = frozenset(
    [
    "of", "for", "to", "de", "la", "del", "der", "den", "van", "von", "da", "di", "do", "dos", "das", "du", "le",
    "el", "al", "bin", "ibn", "ben", "y", "e", "st", "san", "jr", "sr", "ii", "iii", "mr", "mrs", "ms", "dr",
    "prof", "md", "phd", "the", "and", "and", "at", "in",
])  # fmt: skip
# Words that are names and grammar: alone and in lower case they are left where the grammar around them is plain.
_BEFORE_VERB = frozenset(
    [
    "i", "you", "he", "she", "it", "we", "they", "who", "that", "this", "there", "which", "patient", "pt", "what",
    "client", "family", "mom", "dad", "not", "and",
])  # fmt: skip
_AFTER_VERB = frozenset(
    [
    "be", "have", "not", "need", "also", "continue", "return", "follow", "see", "take", "try", "start", "stop",
    "require", "want", "like", "do", "get", "go", "come", "call", "help", "discuss", "consider", "benefit",
    "report", "remain", "become", "make", "use", "give", "then", "likely", "never", "always", "only", "still",
    "n't", "the",
])  # fmt: skip
_GRAMMAR = frozenset(
    [
    "will", "may", "can", "art", "mark", "bill", "grant", "chase", "pat", "drew", "sue", "rob", "don", "faith",
    "grace", "hope", "joy",
])  # fmt: skip


def squash(text: str) -> str:
    """Letters only, folded: "O’Brien" and "o brien" are one."""
    return "".join(c for c in fold(text) if c.isalpha())


class KnownMatcher:
    """One matcher per case, made once and used for every text of the case."""

    def __init__(self, known: Known, lexicon: Lexicon) -> None:
        self._people = known.people
        self._lexicon = lexicon
        self._keys: dict[str, set[int]] = {}
        self._pets: dict[str, set[int]] = {}
        self._deletes: dict[str, set[str]] = {}
        self._initials: dict[str, int] = {}
        for at, person in enumerate(known.people):
            for name in person.names:
                self._learn(at, name)
        for key in list(self._keys):
            if len(key) >= 5:
                for short in _shorter(key):
                    self._deletes.setdefault(short, set()).add(key)
        self._patterns = list(_patterns(known))

    def _learn(self, at: int, name: str) -> None:
        parts = [squash(p) for p in re.split(r"[\s\-‐–,]+", name)]
        whole = [p for p in parts if p]
        useful = [p for p in whole if (len(p) > 1 and p not in _PARTICLES) or len(whole) == 1]
        for part in useful:
            self._keys.setdefault(part, set()).add(at)
            for pet in self._lexicon.nicknames.get(part, frozenset()):
                self._pets.setdefault(pet, set()).add(at)
        for a, b in pairwise(whole):
            self._keys.setdefault(a + b, set()).add(at)
        self._keys.setdefault("".join(whole), set()).add(at)
        if len(useful) >= 2:
            self._initials["".join(p[0] for p in useful)] = at
            self._initials[useful[0][0] + useful[-1][0]] = at

    def marks(self, text: str, tokens: list[Token]) -> list[Mark]:
        """Everything of the record that the text holds."""
        found = [
            Mark(m.start(), m.end(), kind, why, 100, known=True, stand_in=word)
            for kind, why, word, rule in self._patterns
            for m in rule.finditer(text)
        ]
        if self._keys:
            found += self._names(text, tokens)
        return found

    def _names(self, text: str, tokens: list[Token]) -> list[Mark]:
        words = [t for t in tokens if t.is_word]
        hits: list[tuple[int, int, set[int], bool]] = []
        for at, token in enumerate(words):
            before = words[at - 1] if at else None
            after = words[at + 1] if at + 1 < len(words) else None
            people, sure = self._who(token, before, after, text)
            if (
                not people
                and after is not None
                and text[token.end : after.start] in ("-", " ", "'", "’", "")
                and self._keys.get(squash(token.text) + squash(after.text))
            ):
                hits.append((token.start, after.end, self._keys[squash(token.text) + squash(after.text)], True))
            elif people:
                hits.append((token.start, token.end, people, sure))
        return [self._mark(*hit) for hit in _joined(text, hits)] + list(self._by_initials(text))

    def _who(self, token: Token, before: Token | None, after: Token | None, text: str) -> tuple[set[int], bool]:
        """Whom the word may mean, and whether that is sure."""
        key = squash(token.text)
        exact = self._keys.get(key) or self._keys.get(key.removesuffix("s") if len(key) > 4 else "")
        common = token.word.spelled and token.word.common >= 5 and token.word.ratio < 5
        plain = token.shape is Shape.LOWER or token.first or token.loud
        if exact:
            grammar = plain and key in _GRAMMAR and _verbal(before, after) and not self._beside(before, after)
            return (set(), False) if grammar else (exact, not (common and plain))
        pet = self._pets.get(key)
        said = common and (token.shape is Shape.LOWER or token.loud or (token.first and _verbal(None, after)))
        if pet and not said and len(key) > 1:
            return pet, False
        if len(key) < 4 or (common and (plain or token.word.common > 9)):
            return set(), False
        near = {k for short in (key, *_shorter(key)) for k in self._deletes.get(short, ())}
        close = [k for k in near if OSA.distance(key, k, score_cutoff=1) <= 1]
        return ({p for k in close for p in self._keys[k]}, False) if close else (set(), False)

    def _beside(self, before: Token | None, after: Token | None) -> bool:
        """Whether a neighbour is another part of a known name."""
        return any(
            t is not None and squash(t.text) in self._keys and squash(t.text) not in _GRAMMAR for t in (before, after)
        )

    def _by_initials(self, text: str) -> Iterator[Mark]:
        for letters, at in self._initials.items():
            dotted = r"\.\s?".join(letters.upper()) + r"\."
            plain = rf"|(?<![\w./])(?<!\d\s){letters.upper()}(?![\w/])" if len(letters) > 1 else ""
            for match in re.finditer(rf"(?<![\w.])(?i:{dotted})(?!\w){plain}", text):
                word = self._lexicon[match.group().lower()]
                if "." in match.group() or not (word.common > 7 or word.disease):
                    yield self._mark(match.start(), match.end(), {at}, sure=False)

    def _mark(self, start: int, end: int, people: set[int], sure: bool) -> Mark:
        person = self._people[min(people)]
        return Mark(
            start, end, Kind.NAME, f"known {person.role.value}", 100, sure, known=True, stand_in=self._word(person)
        )

    def _word(self, person: KnownPerson) -> str:
        if person.role is Role.PATIENT:
            return "the patient"
        same = [p for p in self._people if p.role is person.role]
        return f"[{person.role.value} {same.index(person) + 1}]" if len(same) > 1 else f"[{person.role.value}]"


@lru_cache(maxsize=256)
def matcher(known: Known) -> KnownMatcher:
    """The matcher of a case; kept, as a case is scanned often."""
    return KnownMatcher(known, lexicon())


def _verbal(before: Token | None, after: Token | None) -> bool:
    return bool((before is not None and before.key in _BEFORE_VERB) or (after is not None and after.key in _AFTER_VERB))


def _shorter(key: str) -> set[str]:
    """The word itself and the word with any one letter left out."""
    return {key, *(key[:i] + key[i + 1 :] for i in range(len(key)))}


def _joined(text: str, hits: list[tuple[int, int, set[int], bool]]) -> Iterator[tuple[int, int, set[int], bool]]:
    """Neighbouring parts of one person's name as one stretch, initials between or beside them included."""
    gap = re.compile(r"[\s.,'’-]{0,3}(?:[A-Za-z]\.?[\s-]{1,2})?\Z")
    current: tuple[int, int, set[int], bool] | None = None
    for start, end, people, sure in hits:
        if (
            current
            and "\n" not in text[current[1] : start]
            and current[2] & people
            and gap.match(text[current[1] : start])
        ):
            current = (current[0], max(end, current[1]), current[2] & people, current[3] or sure)
            continue
        if current:
            yield current
        current = (start, end, people, sure)
    if current:
        yield current


def _patterns(known: Known) -> Iterator[tuple[Kind, str, str, re.Pattern[str]]]:
    for number in known.numbers:
        signs = [c for c in number if c.isalnum()]
        if len(signs) >= 4:
            body = r"[\s().\-/_–]{0,3}".join(map(re.escape, signs))
            yield Kind.ID, "known number", "", re.compile(rf"(?<![^\W_]){body}(?!\d)", re.IGNORECASE)
        if len(signs) in (10, 11, 12) and all(c.isdigit() for c in signs):
            for tail in (signs[-10:], signs[-7:]):
                yield (
                    Kind.PHONE,
                    "known number",
                    "",
                    re.compile(r"(?<!\d)" + r"[\s().\-/_–]{0,3}".join(tail) + r"(?!\d)"),
                )
    for mail in known.emails:
        body = r"\s{0,2}".join(re.escape(c) for c in mail if not c.isspace())
        yield Kind.EMAIL, "known e-mail", "", re.compile(rf"(?<!\w){body}(?!\w)", re.IGNORECASE)
    for place in known.addresses:
        for part in re.split(r"[,;\n]", place):
            rule = _phrase(part)
            if rule:
                yield Kind.LOCATION, "known address", "", rule
    for name in known.organisations:
        rule = _phrase(name)
        if rule:
            yield Kind.LOCATION, "known employer or school", "[organisation]", rule
    if known.birth_on:
        yield Kind.DATE, "birth date", str(known.birth_on.year), _birth(known.birth_on)


_LETTERS = {
    "a": "aàáâãäåā",
    "c": "cçćč",
    "e": "eèéêëēę",
    "i": "iìíîïī",
    "n": "nñń",
    "o": "oòóôõöøō",
    "s": "sśš",
    "u": "uùúûüū",
    "y": "yýÿ",
    "z": "zźžż",
    "l": "lł",
}
_STREETS = {
    "street": "st",
    "avenue": "ave",
    "road": "rd",
    "drive": "dr",
    "lane": "ln",
    "boulevard": "blvd",
    "court": "ct",
    "place": "pl",
    "apartment": "apt",
    "saint": "st",
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
}


def _phrase(phrase: str) -> re.Pattern[str] | None:
    """A phrase in any letter case, accents or none, street words long or short; None for a state or two letters."""
    words = re.findall(r"[^\W_]+", fold(phrase))
    if not words or len("".join(words)) < 4 or (len(words) <= 2 and " ".join(words) in STATES):
        return None
    back = {v: k for k, v in _STREETS.items()}
    parts = []
    for word in words:
        forms = {word, _STREETS.get(word, word), back.get(word, word)}
        parts.append(
            "(?:"
            + "|".join(
                "".join(f"[{_LETTERS[c]}]" if c in _LETTERS else re.escape(c) for c in f)
                for f in sorted(forms, key=len, reverse=True)
            )
            + ")"
        )
    return re.compile(r"(?<!\w)" + r"[\s.,'’-]{0,3}".join(parts) + r"(?!\w)", re.IGNORECASE)


def _birth(day: date) -> re.Pattern[str]:
    """The birth date in every order, with every separator, whole or without its year."""
    d, m = f"0?{day.day}", f"0?{day.month}"
    year = f"(?:{day.year}|['’]?{day.year % 100:02d})"
    sep = r"\s?[-/. ]\s?"
    month = f"(?:{month_name[day.month]}|{month_abbr[day.month]}t?)\\.?"
    ordinal = f"{d}(?:st|nd|rd|th)?"
    forms = (
        f"{m}{sep}{d}{sep}{year}",
        f"{d}{sep}{m}{sep}{year}",
        f"{day.year}{sep}{m}{sep}{d}",
        f"{month}[\\s-]{{0,2}}(?:the )?{ordinal}(?:[\\s,-]{{0,3}}(?:of )?{year})?",
        f"{ordinal}[\\s.-]{{0,2}}(?:of )?{month}(?:[\\s,.-]{{0,3}}{year})?",
        f"{day.month:02d}{day.day:02d}{day.year}",
        f"{day.day:02d}{day.month:02d}{day.year}",
        f"{day.year}{day.month:02d}{day.day:02d}",
        f"{day.month:02d}{day.day:02d}{day.year % 100:02d}",
        f"{month}[\\s,-]{{0,2}}{day.year}",
    )
    return re.compile(r"(?<![\w/])(?:" + "|".join(forms) + r")(?![\d/]|[a-z])", re.IGNORECASE)
