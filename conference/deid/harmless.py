"""Which words a list or a frame explains: grammar, medicine, abbreviations, eponyms."""

from functools import cache

from conference.deid.frames import Frame, Lists
from conference.deid.gazetteer import STATE_CODES
from conference.deid.lexicon import lexicon
from conference.deid.tokens import Shape

# Behind these any word with a capital is an eponym.
_HEADS = frozenset(
    [
    "disease", "syndrome", "sign", "procedure", "classification", "maneuver", "phenomenon", "lymphoma", "sarcoma",
    "criteria",
])  # fmt: skip


def _joined(*names: str) -> frozenset[str]:
    return frozenset[str]().union(*(lexicon().lists[name] for name in names))


@cache
def firm() -> frozenset[str]:
    """Words that no vote alone makes a name of."""
    return _joined("title", "kin", "pronoun", "contraction")


@cache
def _listed() -> frozenset[str]:
    return firm() | _joined("harmless", "clinical", "nation", "placeholder_like")


def harmless(around: Frame, lists: Lists) -> bool:
    """Whether a list or a frame explains the word."""
    token, word = around.token, around.token.word
    bare = token.key.removesuffix("'s")
    if token.key in _listed() or bare in lists["brand"]:
        return True
    if token.text in STATE_CODES and (not token.loud or around.one == ","):
        return True
    strength = max(word.given, word.last)
    if _short(around, lists, strength):
        return True
    if token.shape is Shape.MIXED or (token.shape is Shape.TITLE and token.text[1:2].isupper() and not word):
        return strength < 2
    return around.one not in lists["strong_title"] and _eponym(around, bare, lists, strength)


def _short(around: Frame, lists: Lists, strength: int) -> bool:
    """Whether the word is an abbreviation: listed, in capitals, or before a figure; `strength` as a name speaks against it."""
    token, word = around.token, around.token.word
    shape = token.shape
    given = shape is Shape.TITLE and not token.loud and word.given >= 2
    if (token.key in lists["abbreviation"] or word.acronym) and strength < 5 and not given:
        return True
    if strength > 2 or word.place:
        return False
    if shape is Shape.UPPER and not token.loud and 2 <= len(token.text) <= 6:
        return True
    return around.next.isdigit() and shape is not Shape.TITLE and 2 <= len(token.key) <= 6 and strength < 2


def _eponym(around: Frame, bare: str, lists: Lists, strength: int) -> bool:
    """Whether the word names a sign, a disease or a scale: "Hurley II", "Kellgren-Lawrence", "Crohn's disease"."""
    next_, then, heads = around.next, around.then, lists["eponym_head"]
    listed = bare in lists["eponym"]
    if "-" in (around.one, next_) and _paired(around, lists, listed=listed):
        return True
    if bare in lists["eponym_alone"]:
        return strength < 4 or next_ in heads or then in heads or around.token.word.ratio >= 7
    if listed:
        return next_ in heads or then in heads or (next_ in ("-", "and", "/", "&") and around.third in heads)
    return around.token.shape is Shape.TITLE and next_ in heads and next_ in _HEADS


def _paired(around: Frame, lists: Lists, *, listed: bool) -> bool:
    """Whether the word is half of an eponym with a hyphen."""
    key, at = around.token.key, around.at
    pair = f"{around.tokens[at - 2].key}-{key}" if around.one == "-" and at > 1 else f"{key}-{around.then}"
    return pair in lists["eponym_pair"] or (listed and all(part in lists["eponym"] for part in pair.split("-")))
