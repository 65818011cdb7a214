"""Named care sites and schools, and places of a landscape word; 45 CFR 164.514(b)(2)(i)(B)."""

from collections.abc import Iterator
from functools import cache

from conference.deid.lexicon import Lexicon, lexicon
from conference.deid.model import Kind, Mark
from conference.deid.tokens import Shape, Token


def sites(tokens: list[Token], book: Lexicon) -> Iterator[Mark]:
    """Named hospitals, clinics, homes and schools; a merely described one ("the community hospital") stays."""
    lists, done = book.lists, -1
    first = _heads()
    for at in [at for at, token in enumerate(tokens) if token.key in first]:
        if not tokens[at].is_word or at <= done:
            continue
        end = _head_end(tokens, at, book)
        if end is None:
            continue
        start = _by_case(tokens, at, book)
        if start == at:
            start = _by_preposition(tokens, at, book)
        part = [t for t in tokens[start:at] if t.is_word]
        specific = [t for t in part if t.key not in lists["generic"]]
        if specific and not _ordinary(tokens, start, at, specific, book):
            done = end
            yield Mark(
                tokens[start].start,
                tokens[end].end,
                Kind.LOCATION,
                "named site",
                63,
                sure=any(not t.word.spelled for t in specific),
            )


@cache
def _heads() -> frozenset[str]:
    """The first words of all heads."""
    lists = lexicon().lists
    return frozenset(head.partition(" ")[0] for head in lists["strong_facility"] | lists["weak_facility"])


def _ordinary(tokens: list[Token], start: int, at: int, specific: list[Token], book: Lexicon) -> bool:
    """A weak head ("Center", "High") needs a name that is written as one."""
    strong = tokens[at].key in book.lists["strong_facility"] or (
        at + 1 < len(tokens) and f"{tokens[at].key} {tokens[at + 1].key}" in book.lists["strong_facility"]
    )
    if strong:
        return False
    written = all(t.shape in (Shape.TITLE, Shape.UPPER) and not t.loud for t in (tokens[at], specific[-1]))
    behind = start > 0 and tokens[start - 1].key in _SITE_BEFORE
    named = any(not t.word.spelled or t.word.last > 3 for t in specific)
    low = tokens[at].key in book.lists["low_facility"] or _pair(tokens, at) in book.lists["low_facility"]
    placed = behind and (named or (low and all(t.word.common < 12 for t in specific)))
    return not (written and not tokens[start].first) and not placed


def _pair(tokens: list[Token], at: int) -> str:
    """The word and its follower."""
    return f"{tokens[at].key} {tokens[at + 1].key}" if at + 1 < len(tokens) and tokens[at + 1].is_word else ""


def _head_end(tokens: list[Token], at: int, book: Lexicon) -> int | None:
    """The last word of a site's head that begins at `at`, if one does."""
    heads, weak = book.lists["strong_facility"], book.lists["weak_facility"]
    two = f"{tokens[at].key} {tokens[at + 1].key}" if at + 1 < len(tokens) and tokens[at + 1].is_word else ""
    if two in heads or two in weak:
        end = at + 1
    elif tokens[at].key in heads or tokens[at].key in weak:
        end = at
    else:
        return None
    follow = (
        "center",
        "centre",
        "system",
        "hospital",
        "clinic",
        "unit",
        "health",
        "services",
        "group",
        "associates",
        "school",
        "campus",
    )
    while (
        end + 1 < len(tokens)
        and tokens[end + 1].is_word
        and tokens[end + 1].key in follow
        and tokens[end + 1].shape is tokens[end].shape
    ):
        end += 1
    return end


_SITE_BEFORE = frozenset(
    [
    "at", "from", "to", "in", "through", "near", "by", "with", "into", "via", "visited", "attends", "attended",
    "left", "via", "called", "contact",
])  # fmt: skip
_DETERMINERS = frozenset(
    [
    "the", "a", "an", "my", "her", "his", "our", "their", "your", "this", "that", "any", "some", "each", "every",
    "another", "no", "old", "new", "same", "local", "nearby", "outside", "which", "what", "other",
])  # fmt: skip


def _by_case(tokens: list[Token], at: int, book: Lexicon) -> int:
    """Walk back from a head with a capital over the capitals before it."""
    if tokens[at].shape not in (Shape.TITLE, Shape.UPPER) or tokens[at].loud:
        return _by_rarity(tokens, at, book)
    start, back = at, at - 1
    while back >= 0 and at - back <= 8:
        token = tokens[back]
        link = (token.key in ("of", "the", "for", "and", "at") and token.shape is Shape.LOWER) or token.text in ".'’-&"
        if token.text == "." and not (back and len(tokens[back - 1].text) <= 3):
            break
        if not link:
            opener = token.first and token.word.common > 9 and token.key not in book.lists["generic"]
            if (
                not token.is_word
                or token.shape not in (Shape.TITLE, Shape.UPPER)
                or opener
                or (
                    token.key in book.lists["title"]
                    and token.key not in ("st", "saint", "sister", "king", "queen", "lady")
                )
            ):
                break
            start = back
        back -= 1
    return start


def _by_rarity(tokens: list[Token], at: int, book: Lexicon) -> int:
    """Walk back from a head in lower case over words that are not everyday words."""
    generic, start, back = book.lists["generic"], at, at - 1
    while back >= 0 and at - back <= 6:
        token = tokens[back]
        if token.text in ".'’-&" and tokens[back + 1].key not in _DETERMINERS:
            back -= 1
            continue
        ordinary = (token.word.spelled and token.word.ratio < 4) or token.word.common > 9 or token.word.disease
        if (
            not token.is_word
            or token.key in _DETERMINERS
            or not (token.key in ("st", "mt", "saint") or (token.key in generic and len(token.key) > 3) or not ordinary)
        ):
            break
        if token.key in book.lists["place_before"] or (
            token.key in book.lists["title"] and token.key not in ("st", "saint")
        ):
            break
        start = back
        back -= 1
    while start < at and (
        (tokens[start].key in generic and tokens[start].key in ("and", "for", "from", "with"))
        or not tokens[start].is_word
    ):
        start += 1
    return start if any(t.is_word and t.key not in generic for t in tokens[start:at]) else at


def _by_preposition(tokens: list[Token], at: int, book: Lexicon) -> int:
    """ "at open door counseling": words between a preposition and the head, without a determiner, name the site."""
    for back in range(at - 1, max(-1, at - 6), -1):
        token = tokens[back]
        if token.key in _SITE_BEFORE:
            part = tokens[back + 1 : at]
            good = (
                part
                and part[0].key not in _DETERMINERS
                and not any(
                    (t.key in _DETERMINERS and t.key not in ("the", "new", "old")) or t.key in book.lists["kin"]
                    for t in part
                )
            )
            return (
                back + 1
                if good
                and not any(t.word.common > 12 or t.word.drug or (t.word.disease and not t.word.last) for t in part)
                else at
            )
        if not token.is_word and token.text not in "'’&-":
            return at
    return at


def landscape(tokens: list[Token], book: Lexicon) -> Iterator[Mark]:
    """ "Orchid Bay", "mica falls": an everyday word and a landscape word, placed by a preposition or written with capitals."""
    words = book.lists["landscape"]
    for at in [at for at, token in enumerate(tokens) if at and token.key in words]:
        token, first = tokens[at], tokens[at - 1]
        if not (token.is_word and first.is_word):
            continue
        before = tokens[at - 2].key if at > 1 else ""
        if first.key in book.lists["generic"] or first.word.common > 11 or first.key in _DETERMINERS:
            continue
        titled = first.shape is Shape.TITLE and token.shape is Shape.TITLE and not token.loud
        placed = before in book.lists["place_before"] and first.shape is token.shape
        rare = not first.word.spelled or first.word.ratio > 4
        if (
            (titled and not first.first)
            or (
                placed
                and token.key
                not in (
                    "falls",
                    "spring",
                    "springs",
                    "point",
                    "park",
                    "bridge",
                    "heights",
                    "cross",
                    "port",
                    "field",
                    "fields",
                    "wood",
                    "woods",
                )
            )
            or (placed and rare)
            or (titled and rare)
            or (placed and before in ("in", "within", "near", "outside"))
        ):
            yield Mark(first.start, token.end, Kind.LOCATION, "place smaller than a state", 62, sure=titled)
