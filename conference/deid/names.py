"""From readings to marks: runs of likely names and places, with initials and particles between them."""

from collections.abc import Iterator

from conference.deid.context import Reading
from conference.deid.lexicon import Lexicon
from conference.deid.model import Kind, Mark
from conference.deid.tokens import Shape, Token

_LINKS = frozenset("de la del der den van von da di do dos das du le el al bin ibn ben abu st san santa mac o".split())
HIDE, SURE = 1.0, 3.0


def names(text: str, readings: list[Reading], lexicon: Lexicon) -> list[Mark]:
    """Marks of people and of single-word places."""
    found = [_mark(r) for r in readings if r.token.is_word and max(r.name, r.place) >= HIDE]
    found += _initials(text, readings)
    found += _links(readings)
    found += _phrases(text, [r.token for r in readings], lexicon)
    return found


def _mark(reading: Reading) -> Mark:
    token = reading.token
    place = reading.place > reading.name
    score = max(reading.name, reading.place)
    kind = Kind.LOCATION if place else Kind.NAME
    why = "place smaller than a state, (B)" if place else "name, (A)"
    return Mark(token.start, token.end, kind, why if score >= SURE else "perhaps a " + why, 40 if place else 41, score >= SURE)


def _initials(text: str, readings: list[Reading]) -> Iterator[Mark]:
    """Single letters beside a name: "J. Smith", "Maria L."."""
    for at, reading in enumerate(readings):
        token = reading.token
        if not (token.is_word and len(token.text) == 1 and token.text.isupper()) or token.text == "I":
            continue
        dotted = text[token.end : token.end + 1] == "."
        after = readings[at + (2 if dotted else 1) :][:1]
        before = readings[at - 1 : at]
        hidden = [r for r in (*after, *before) if r.token.is_word and r.name >= HIDE + 0.5]
        if hidden:
            yield Mark(token.start, token.end, Kind.NAME, "initial, (A)", 41, sure=False)


def _links(readings: list[Reading]) -> Iterator[Mark]:
    """Particles between or before name parts: "van der Berg"."""
    for at, reading in enumerate(readings[:-1]):
        token = reading.token
        if not token.is_word or token.key not in _LINKS:
            continue
        ahead = next((r for r in readings[at + 1 : at + 3] if r.token.key not in _LINKS), None)
        if ahead is not None and ahead.token.is_word and ahead.name >= HIDE + 1 and (token.shape is not Shape.TITLE or not token.first):
            yield Mark(token.start, token.end, Kind.NAME, "name, (A)", 41, sure=False)


def _phrases(text: str, tokens: list[Token], lexicon: Lexicon) -> Iterator[Mark]:
    """Places of several words out of the gazetteer: "Fort Worth"."""
    for at, token in enumerate(tokens):
        if token.key not in lexicon.place_heads or not token.is_word:
            continue
        for size in (4, 3, 2):
            part = [t for t in tokens[at : at + size + 2] if t.text not in ".-'"][:size]
            if len(part) < size or not all(t.is_word for t in part):
                continue
            class_ = lexicon.places.get(" ".join(t.key for t in part), 0)
            if class_ and _placed(part, class_):
                yield Mark(token.start, part[-1].end, Kind.LOCATION, "place smaller than a state, (B)", 45, sure=class_ > 2)
                break


def _placed(part: list[Token], class_: int) -> bool:
    """Whether the words are written as a name, or can hardly be anything else."""
    titled = all(t.shape in (Shape.TITLE, Shape.UPPER) for t in part if t.key not in _LINKS) and not any(t.loud for t in part)
    common = all(t.word.spelled and t.word.common > 4 for t in part)
    return titled or (class_ > 2 and not common)
