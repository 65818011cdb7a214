"""How likely each word of a text is a person's name or a small place: lexical, written and neighbouring evidence.

45 CFR 164.514(b)(2)(i)(A), (B). What is neither known to be harmless nor explained by its frame stays suspicious.
"""

from functools import cache

from conference.deid.gazetteer import STATE_CODES, STATES
from conference.deid.lexicon import Lexicon, lexicon
from conference.deid.neighbours import headlines, neighbours
from conference.deid.reading import Reading
from conference.deid.tokens import Shape, Token

_DETERMINERS = frozenset(
    [
    "the", "a", "an", "his", "her", "my", "their", "this", "that", "your", "some", "any", "no", "each", "every",
])  # fmt: skip
# After these a modal verb cannot stand: "will came" is a person.
_PAST = frozenset(
    [
    "says", "said", "came", "told", "called", "missed", "was", "is", "has", "reports", "reported", "denies",
    "denied", "wants", "feels", "felt", "got", "went", "left", "moved", "cancelled", "canceled", "texted",
    "emailed", "presented", "endorses", "describes",
])  # fmt: skip
_NAME = (0.0, 0.6, 1.1, 1.7, 2.2, 2.7, 3.0)
_PLACE = (0.0, 0.5, 0.9, 1.7, 2.4)


Seen = dict[tuple[str, ...], tuple[float, float, bool, bool, bool, bool, bool, bool]]
_BACK, _AHEAD = 4, 3  # words around one that its reading looks at


@cache
def _firm() -> frozenset[str]:
    """Words that no vote alone makes a name of."""
    return frozenset[str]().union(*(lexicon().lists[name] for name in ("title", "kin", "pronoun", "contraction")))


def _shown(token: Token, caseless: bool) -> str:
    """All that a reading may look at of a word."""
    return f"{token.text}|{token.first:d}{token.loud:d}{token.masked:d}{token.owner:d}{caseless:d}"


class Reader:
    """Reads a text once, word by word, then lets neighbours vote."""

    def __init__(self, tokens: list[Token], lexicon: Lexicon, seen: Seen | None = None) -> None:
        self._tokens = tokens
        self._seen = {} if seen is None else seen
        self._lexicon = lexicon
        self._befores: dict[int, list[str]] = {}
        self._afters: dict[int, list[str]] = {}
        self._endings = tuple(lexicon.lists["ending"])
        self._prefixes = tuple(lexicon.lists["prefix"])
        words = [t for t in tokens if t.is_word]
        title = sum(t.shape is Shape.TITLE and not t.first for t in words)
        upper = sum(t.shape is Shape.UPPER for t in words)
        openings = [t for t in words if t.first]
        low_openings = sum(t.shape is Shape.LOWER for t in openings)
        self._caseless = (title + upper) <= 0.02 * len(words) and low_openings >= 0.5 * len(openings)
        headlines(tokens)

    def read(self) -> list[Reading]:
        """One reading for each token, in order."""
        shown = [""] * _BACK + [_shown(t, self._caseless) for t in self._tokens] + [""] * _AHEAD
        readings = [
            self._known(tuple(shown[at : at + _BACK + _AHEAD + 1]), at, token) if token.is_word else Reading(token)
            for at, token in enumerate(self._tokens)
        ]
        neighbours(readings, self._lexicon.lists, caseless=self._caseless)
        return readings

    def _known(self, around: tuple[str, ...], at: int, token: Token) -> Reading:
        """The reading of the word, made once for the same words around it: the second pass meets most of them again."""
        found = self._seen.get(around)
        if found is not None:
            return Reading(token, *found)
        made = self._one(at, token)
        self._seen[around] = (
            made.name, made.place, made.cued, made.harmless, made.servant, made.wide, made.quiet, made.clinical,
        )  # fmt: skip
        return made

    def _one(self, at: int, token: Token) -> Reading:
        word = token.word
        if word.common >= 13 and token.shape is Shape.LOWER and word.given < 2 and word.last < 5 and not word.place:
            return Reading(token, harmless=True, servant=True)
        base = self._lexical(token) + self._written(token)
        reading = Reading(token, base + _NAME[max(word.given, word.last)], base + _PLACE[min(word.place, 4)])
        reading.quiet = self._caseless or token.loud
        reading.wide = token.key in self._lexicon.lists["nation"] or token.key in STATES or token.text in STATE_CODES
        reading.servant = reading.wide and word.given < 3
        reading.clinical = len(token.key) > 5 and (
            token.key.endswith(self._endings) or token.key.startswith(self._prefixes)
        )
        self._frame(at, reading)
        if self._harmless(at, token) and not (reading.cued and max(word.given, word.last) >= 2):
            reading.harmless = True
            reading.servant |= token.key in _firm()
            reading.name -= 5
            reading.place -= 5
        return reading

    def _lexical(self, token: Token) -> float:
        word, key = token.word, token.key
        if len(key) == 1:
            return -4.0
        if not word:
            clinical = len(key) > 5 and (key.endswith(self._endings) or key.startswith(self._prefixes))
            score = (
                (-0.6 if token.shape is Shape.TITLE and not token.first and not token.loud else -2.0)
                if clinical
                else 1.3
            ) - (1.0 if len(key) == 2 else 0.0)
            return score + (0.0 if token.text.isascii() else 1.0)
        score = (word.ratio - 3.5) * 0.7 if word.common or word.ratio > 4 else 0.6
        score -= 1.3 * word.spelled + max(0, word.common - 6) * 0.35
        if not token.text.isascii() and not word.spelled and "’" not in token.text:
            score += 1.0
        if word.disease:
            score -= 1.2
        if word.drug and word.given < 4:
            score -= 2.5
        if len(key) <= 3 and not word.spelled:
            score -= 0.8
        if (
            max(word.given, word.last) == 0
            and not word.place
            and len(key) > 5
            and key.endswith(self._endings)
            and word.ratio < 6
        ):
            score -= 1.5
        return score

    def _written(self, token: Token) -> float:
        if self._caseless or token.loud:
            return 0.3 if not token.loud else -0.2
        match token.shape:
            case Shape.TITLE:
                return 0.2 if token.first else 1.8
            case Shape.UPPER:
                return -1.5 if len(token.text) <= 4 else 0.0
            case Shape.MIXED:
                return -0.5
            case _:
                return -2.2

    def _at(self, at: int) -> Token | None:
        return self._tokens[at] if 0 <= at < len(self._tokens) else None

    def _before(self, at: int) -> list[str]:
        """Keys of the three tokens before, nearest first; dots of abbreviations are passed over."""
        if at in self._befores:
            return self._befores[at]
        origin, found = at, list[str]()
        while len(found) < 3 and at > 0:
            at -= 1
            token = self._tokens[at]
            if token.text == "\n":
                break
            if token.text == "." and at > 0 and self._tokens[at - 1].key in self._lexicon.lists["title"]:
                continue
            found.append(token.key if not token.masked else "[]")
        self._befores[origin] = found + [""] * (3 - len(found))
        return self._befores[origin]

    def _after(self, at: int) -> list[str]:
        """Keys of the three tokens behind; signs as they are."""
        if at in self._afters:
            return self._afters[at]
        found = []
        for token in self._tokens[at + 1 : at + 4]:
            if token.text == "\n":
                break
            found.append(token.key if token.is_word else token.text)
        self._afters[at] = found + [""] * (3 - len(found))
        return self._afters[at]

    def _frame(self, at: int, reading: Reading) -> None:
        """The words around: titles, kin, verbs of speech, prepositions of place."""
        lists = self._lexicon.lists
        one, two, _ = self._before(at)
        next_, then, _ = self._after(at)
        word = reading.token.word
        plain = (
            word.spelled
            and word.ratio < 4
            and max(word.given, word.last) < 5
            and reading.token.shape is not Shape.TITLE
        )
        bonus = 0.0
        dotted = at > 0 and self._tokens[at - 1].text == "." and one in ("dr", "drs", "ms", "mr", "mrs")
        if one in lists["strong_title"] and (dotted or not (one in ("miss", "dr", "drs", "ms") and plain)):
            bonus, reading.cued = (6.0 if word.last >= 3 and word.common < 13 else 4.0), True
        elif one in lists["title"] and (not plain or reading.token.shape is Shape.TITLE):
            bonus, reading.cued = (3.5 if reading.token.shape is Shape.TITLE and word.last >= 2 else 1.8), True
        elif (
            (one in lists["kin"] or (one in (":", "=") and two in lists["kin"] and word.given + word.last >= 2))
            and not plain
        ) or (
            (
                one in lists["lead"]
                or (one in (":", ",", "is", "as", "by") and two in lists["lead"])
                or (one == "is" and two == "this")
            )
            and not plain
        ):
            bonus, reading.cued = 1.6, True
        elif one == "am" and two == "i" and not plain:
            bonus = 0.8
        bonus += self._subject(at, reading, one, next_, then)
        if one in (
            "the",
            "a",
            "an",
            "his",
            "her",
            "my",
            "their",
            "this",
            "of",
            "with",
            "no",
            "any",
            "your",
            "some",
        ) and one not in ("with", "of"):
            bonus -= 0.8
        reading.name += bonus
        spot = 0.0
        if one in lists["place_before"] or (one == "," and two in lists["place_before"]):
            spot += 0.8
        if one in lists["place_before"] and two in lists["place_lead"]:
            spot += 1.6
        if next_ == "," and (then.upper() in STATE_CODES or then in STATES):
            spot += 2.5
        if next_ in ("area", "county", "native", "resident", "residents"):
            spot += 1.0
        compound = next_ == "-" or one == "-"
        if (
            not compound
            and one in ("at", "to", "from", "in", "near")
            and reading.token.shape is Shape.TITLE
            and not reading.token.first
            and not reading.token.loud
            and next_[:1].isalpha()
            and at + 1 < len(self._tokens)
            and self._tokens[at + 1].shape is Shape.TITLE
            and not word.disease
            and reading.token.key not in lists["generic"]
        ):
            spot += 1.0
        if (
            one in lists["kin"]
            and reading.token.shape is Shape.TITLE
            and not reading.token.first
            and word.given >= 2
            and word.spelled
        ):
            reading.name += 1.2
        if plain:
            spot *= 0.4
        reading.place += spot

    def _subject(self, at: int, reading: Reading, one: str, next_: str, then: str) -> float:
        """A word of the given names where only a person can stand: before a verb, before "(they/them)", after "hey"."""
        token, lists = reading.token, self._lexicon.lists
        word = token.word
        if (
            one in ("hey", "hi", "hello", "dear", "thanks")
            and word.given >= 1
            and (token.shape is Shape.TITLE or word.ratio >= 3)
        ):
            return 2.6
        if (
            one in ("is", "its", "it's", "im", "i'm", "am", "was")
            and word.given >= 2
            and (next_ in (",", "from", "here", "w", "with", "(", ".") or token.shape is Shape.TITLE)
            and (word.common < 9 or next_ in ("from", "here", "("))
            and not (
                word.spelled and next_ in (",", ".", "with", "w") and token.shape is not Shape.TITLE and word.ratio < 3
            )
        ):
            return 2.4
        if (
            one in lists["kin"]
            and word.given >= 2
            and word.spelled
            and token.shape is Shape.LOWER
            and (next_ in lists["spoke"] or next_ in ("", ",", ".", "("))
            and next_ not in ("can", "will")
        ):
            return 2.6 + 0.2 * word.common
        if (
            token.key in ("will", "may", "art", "mark", "bill", "rich", "grace", "hope")
            and next_ in _PAST
            and one not in _DETERMINERS
        ):
            return 9.0
        if next_ == "(" and then in lists["pronoun"]:
            return 4.0
        if next_ not in lists["spoke"] and not (
            next_ in ("from", "is", "was", "has", "can't", "won't") and token.first
        ):
            return 0.0
        if word.given < 2 or one in _DETERMINERS:
            return 0.7 if not word.spelled else 0.0
        strong = next_ in lists["spoke"] and next_ not in (
            "can",
            "will",
            "has",
            "is",
            "was",
            "does",
            "did",
            "needs",
            "had",
            "notes",
            "calls",
            "returns",
            "marks",
            "used",
        )
        if (
            token.first
            and strong
            and token.key
            not in ("will", "may", "art", "long", "so", "my", "an", "in", "see", "son", "man", "do", "the", "he", "she")
        ):
            return 3.0 + 0.2 * word.common
        return 1.0

    def _harmless(self, at: int, token: Token) -> bool:
        """Whether a list or a frame explains the word."""
        lists, key = self._lexicon.lists, token.key
        one = self._before(at)[0]
        next_, then, third = self._after(at)
        bare = key.removesuffix("'s")
        if (
            key in lists["harmless"]
            or key in lists["clinical"]
            or key in lists["nation"]
            or bare in lists["brand"]
            or key in lists["placeholder_like"]
        ):
            return True
        if key in lists["title"] or key in lists["kin"] or key in lists["contraction"] or key in lists["pronoun"]:
            return True
        if (
            (key in lists["abbreviation"] or token.word.acronym)
            and not (token.shape is Shape.TITLE and not token.loud and token.word.given >= 2)
            and max(token.word.given, token.word.last) < 5
        ):
            return True
        if token.text in STATE_CODES and (not token.loud or one == ","):
            return True
        if (
            token.shape is Shape.UPPER
            and not token.loud
            and 2 <= len(token.text) <= 6
            and max(token.word.given, token.word.last) < 3
            and not token.word.place
        ):
            return True
        if (
            next_.isdigit()
            and token.shape is not Shape.TITLE
            and 2 <= len(key) <= 6
            and max(token.word.given, token.word.last) < 2
            and not token.word.place
        ):
            return True
        if token.shape is Shape.MIXED or (token.shape is Shape.TITLE and token.text[1:2].isupper() and not token.word):
            return max(token.word.given, token.word.last) < 2
        if one == "-" or next_ == "-":
            pair = f"{self._tokens[at - 2].key}-{key}" if one == "-" and at > 1 else f"{key}-{then}"
            if pair in lists["eponym_pair"] or (
                bare in lists["eponym"] and all(p in lists["eponym"] for p in pair.split("-"))
            ):
                return one not in lists["strong_title"]
        if bare in lists["eponym_alone"] and one not in lists["strong_title"]:
            strong = max(token.word.given, token.word.last) >= 4
            return (
                not strong or next_ in lists["eponym_head"] or then in lists["eponym_head"] or not token.word.ratio < 7
            )
        if bare in lists["eponym"] or token.shape is Shape.TITLE:
            heads = lists["eponym_head"]
            listed = bare in lists["eponym"]
            if next_ in heads and (
                listed
                or next_
                in (
                    "disease",
                    "syndrome",
                    "sign",
                    "procedure",
                    "classification",
                    "maneuver",
                    "phenomenon",
                    "lymphoma",
                    "sarcoma",
                    "criteria",
                )
            ):
                return one not in lists["strong_title"]
            if listed and (then in heads or (next_ in ("-", "and", "/", "&") and third in heads)):
                return one not in lists["strong_title"]
        return False
