"""What the words of a line, and the words beside a word, tell of it."""

from itertools import pairwise

from conference.deid.reading import Reading
from conference.deid.tokens import Shape, Token


def headlines(tokens: list[Token]) -> None:
    """Words of a line in title case carry their capital for the line's sake."""
    line: list[Token] = []
    for token in [*tokens, None]:
        if token is not None and token.text not in "\n.:;!?":
            if token.is_word:
                line.append(token)
            continue
        if len(line) >= 4 and _is_headline([t for t in line if len(t.text) > 3]):
            for t in line:
                t.loud = True
        line = []


def _is_headline(long: list[Token]) -> bool:
    """Whether most of a line's long words have a capital, half of them words that carry none elsewhere."""
    if len(long) < 4 or sum(t.shape is not Shape.LOWER for t in long) < 0.8 * len(long):
        return False
    plain = [
        t
        for t in long
        if t.shape is Shape.TITLE
        and t.word.spelled
        and t.word.ratio < 3
        and t.word.common > 5
        and max(t.word.given, t.word.last) < 3
    ]
    return len(plain) >= 0.5 * len(long)


def _next(readings: list[Reading], at: int) -> str:
    """The key of the word behind, or the sign; nothing at the end of a line."""
    token = readings[at + 1].token if at + 1 < len(readings) else None
    if token is None or token.text == "\n":
        return ""
    return token.key if token.is_word else token.text


def _reclaim(readings: list[Reading], lists: dict[str, frozenset[str]], *, caseless: bool) -> None:
    """An eponym or a nation beside a likely name, both with a capital, is a name: "Leopold Fink", "Tünde Hoffmann"."""
    heads = lists["eponym_head"]
    for at in [at for at, r in enumerate(readings) if r.harmless and max(r.token.word.given, r.token.word.last) >= 2]:
        reading = readings[at]
        token = reading.token
        if not (token.is_word and (token.shape is Shape.TITLE or caseless)):
            continue
        if (
            token.key in lists["title"]
            or token.key in lists["kin"]
            or token.key in lists["pronoun"]
            or token.key in lists["harmless"]
        ):
            continue
        near = [
            r
            for r in readings[max(0, at - 1) : at + 2]
            if r is not reading and r.token.is_word and not r.harmless and r.token.shape is token.shape
        ]
        after = _next(readings, at)
        if (
            any(r.name >= 2.0 and (r.token.word.given >= 2 or not r.token.word) for r in near[:1])
            and after not in heads
        ):
            reading.harmless = False
            reading.name += 5
            reading.place += 5


def neighbours(readings: list[Reading], lists: dict[str, frozenset[str]], *, caseless: bool) -> None:
    """A name beside a likely name is likelier; two names of the census side by side are a person."""
    _reclaim(readings, lists, caseless=caseless)
    boost = dict[int, float]()
    for at, (a, b) in enumerate(pairwise(readings)):
        if a.harmless or b.harmless or not (a.token.is_word and b.token.is_word):
            continue
        both = a.token.word.given >= 2 and b.token.word.last >= 1
        for here, there in ((at, b), (at + 1, a)):
            gain = min(2.2 if both else 1.6, 0.55 * max(0.0, there.name)) + (0.6 if both else 0.0)
            boost[here] = max(boost.get(here, 0.0), gain)
    for at, gain in boost.items():
        token = readings[at].token
        plain = token.word.spelled and token.word.ratio < 3 and token.shape is not Shape.TITLE
        readings[at].name += gain * (0.4 if plain else 1.0)
