"""What the words around one tell of it: titles, kin, verbs of speech, prepositions of place."""

from dataclasses import dataclass

from conference.deid.gazetteer import STATE_CODES, STATES
from conference.deid.reading import Reading
from conference.deid.tokens import Shape, Token

Lists = dict[str, frozenset[str]]

_DETERMINERS = frozenset(
    [
    "the", "a", "an", "his", "her", "my", "their", "this", "that", "your", "some", "any", "no", "each", "every",
])  # fmt: skip
_OWNERS = _DETERMINERS - {"that", "each", "every"}
# After these a modal verb cannot stand: "will came" is a person.
_PAST = frozenset(
    [
    "says", "said", "came", "told", "called", "missed", "was", "is", "has", "reports", "reported", "denies",
    "denied", "wants", "feels", "felt", "got", "went", "left", "moved", "cancelled", "canceled", "texted",
    "emailed", "presented", "endorses", "describes",
])  # fmt: skip
_VERBS_AND_NAMES = frozenset(["will", "may", "art", "mark", "bill", "rich", "grace", "hope"])
_GREETINGS = frozenset(["hey", "hi", "hello", "dear", "thanks"])
_RESULTS = frozenset(["positive", "negative", "pos", "neg"])
_BEING = frozenset(["is", "its", "it's", "im", "i'm", "am", "was"])
# Verbs of speech that things do too.
_WEAK_VERBS = frozenset(
    [
    "can", "will", "has", "is", "was", "does", "did", "needs", "had", "notes", "calls", "returns", "marks", "used",
])  # fmt: skip
_OPENERS = frozenset(
    [
    "will", "may", "art", "long", "so", "my", "an", "in", "see", "son", "man", "do", "the", "he", "she",
])  # fmt: skip


@dataclass(slots=True)
class Frame:
    """A word with the keys around it: `one` and `two` before, nearest first, three behind; signs as they are."""

    tokens: list[Token]
    at: int
    token: Token
    one: str
    two: str
    next: str
    then: str
    third: str


def frame(tokens: list[Token], at: int, titles: frozenset[str]) -> Frame:
    """The word's frame, which ends with its line."""
    one, back = _before(tokens, at, titles)
    two, _ = _before(tokens, back, titles) if one else ("", 0)
    behind = [token.key if token.is_word else token.text for token in tokens[at + 1 : at + 4]]
    if "\n" in behind:
        del behind[behind.index("\n") :]
    next_, then, third = (*behind, "", "", "")[:3]
    return Frame(tokens, at, tokens[at], one, two, next_, then, third)


def _before(tokens: list[Token], at: int, titles: frozenset[str]) -> tuple[str, int]:
    """The key before, nothing at the line's begin, and its place; dots of abbreviations are passed over."""
    while at > 0:
        at -= 1
        token = tokens[at]
        if token.text == "." and at > 0 and tokens[at - 1].key in titles:
            continue
        return "" if token.text == "\n" else "[]" if token.masked else token.key, at
    return "", 0


def weigh(around: Frame, reading: Reading, lists: Lists) -> None:
    """Add what the frame tells to the reading."""
    token, word = reading.token, reading.token.word
    plain = word.spelled and word.ratio < 4 and max(word.given, word.last) < 5 and token.shape is not Shape.TITLE
    bonus, reading.cued = _called(around, lists, plain=plain)
    bonus += _subject(around, lists)
    if around.one in _OWNERS:
        bonus -= 0.8
    reading.name += bonus
    if (
        around.one in lists["kin"]
        and token.shape is Shape.TITLE
        and not token.first
        and word.given >= 2
        and word.spelled
    ):
        reading.name += 1.2
    reading.place += _located(around, lists) * (0.4 if plain else 1.0)


def _called(around: Frame, lists: Lists, *, plain: bool) -> tuple[float, bool]:
    """What a title, a word of kin or a lead before the word adds to a name, and whether that is a cue."""
    one, word = around.one, around.token.word
    if one in lists["strong_title"] and not (plain and one in ("miss", "dr", "drs", "ms") and not _dotted(around)):
        return (6.0 if word.last >= 3 and word.common < 13 else 4.0), True
    if plain:
        return 0.0, False
    if one in lists["title"]:
        return (3.5 if around.token.shape is Shape.TITLE and word.last >= 2 else 1.8), True
    if _led(around, lists):
        return 1.6, True
    return (0.8 if one == "am" and around.two == "i" else 0.0), False


def _dotted(around: Frame) -> bool:
    """Whether the title before is written with its dot."""
    return around.one in ("dr", "drs", "ms") and around.tokens[around.at - 1].text == "."


def _led(around: Frame, lists: Lists) -> bool:
    """Whether a word of kin or one like "named" leads to the word."""
    one, two, word = around.one, around.two, around.token.word
    return (
        one in lists["kin"]
        or (one in (":", "=") and two in lists["kin"] and word.given + word.last >= 2)
        or one in lists["lead"]
        or (one in (":", ",", "is", "as", "by") and two in lists["lead"])
        or (one == "is" and two == "this")
    )


def _subject(around: Frame, lists: Lists) -> float:
    """A word of the given names where only a person can stand: before a verb, before "(they/them)", after "hey"."""
    one, next_, token = around.one, around.next, around.token
    word = token.word
    if one in _GREETINGS and word.given >= 1 and (token.shape is Shape.TITLE or word.ratio >= 3):
        return 2.6
    if one in _BEING and word.given >= 2 and _introduced(around):
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
    if token.key in _VERBS_AND_NAMES and next_ in _PAST and one not in _DETERMINERS:
        return 9.0
    if next_ == "(" and around.then in lists["pronoun"]:
        return 4.0
    if token.first and word.given >= 4 and next_ in _RESULTS:
        return 2.0
    spoke = next_ in lists["spoke"]
    if spoke or (token.first and next_ in ("from", "is", "was", "has", "can't", "won't")):
        return _speaking(around, strong=spoke and next_ not in _WEAK_VERBS)
    return 0.0


def _introduced(around: Frame) -> bool:
    """Whether the given name behind "this is" or "i'm" ends the clause or goes on as an introduction does."""
    next_, token = around.next, around.token
    word, titled = token.word, token.shape is Shape.TITLE
    return (
        (next_ in (",", "from", "here", "w", "with", "(", ".") or titled)
        and (word.common < 9 or next_ in ("from", "here", "("))
        and not (word.spelled and next_ in (",", ".", "with", "w") and not titled and word.ratio < 3)
    )


def _speaking(around: Frame, *, strong: bool) -> float:
    """How much a verb behind the word makes a person of it; `strong` is one that only people do."""
    token = around.token
    word = token.word
    if word.given < 2 or around.one in _DETERMINERS:
        return 0.7 if not word.spelled else 0.0
    return 3.0 + 0.2 * word.common if token.first and strong and token.key not in _OPENERS else 1.0


def _located(around: Frame, lists: Lists) -> float:
    """How much the frame makes a place of the word."""
    one, two, next_, then = around.one, around.two, around.next, around.then
    spot = 0.0
    if one in lists["place_before"] or (one == "," and two in lists["place_before"]):
        spot += 0.8
    if one in lists["place_before"] and two in lists["place_lead"]:
        spot += 1.6
    if next_ == "," and (then.upper() in STATE_CODES or then in STATES):
        spot += 2.5
    if next_ in ("area", "county", "native", "resident", "residents"):
        spot += 1.0
    if one in ("at", "to", "from", "in", "near") and _capitals(around) and around.token.key not in lists["generic"]:
        spot += 1.0
    return spot


def _capitals(around: Frame) -> bool:
    """Whether the word and the one behind it carry capitals of their own, as places of two words do."""
    token = around.token
    return (
        token.shape is Shape.TITLE
        and not token.first
        and not token.loud
        and around.next[:1].isalpha()
        and around.tokens[around.at + 1].shape is Shape.TITLE
        and not token.word.disease
    )
