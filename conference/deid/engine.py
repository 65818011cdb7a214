"""The gate: all detectors, one judgement, stable under a second pass."""

import re
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import compress

from conference.deid.context import Seen
from conference.deid.evidence import Evidence, evidence, read_page
from conference.deid.grow import grown, whole
from conference.deid.known import matcher
from conference.deid.lexicon import fold, lexicon
from conference.deid.model import WORDED, Draft, Finding, Kind, Known, Mark, cover
from conference.deid.names import names
from conference.deid.quasi import quasi
from conference.deid.settle import WORDS, findings, settle
from conference.deid.structured import structured
from conference.deid.tokens import Token, tokenise

_NUMBERED = frozenset(Kind) - WORDED
_ROUNDS = 4  # passes after which a text that still shows something new is given up as it is
_Read = frozenset[tuple[int, int, str]]


@dataclass(frozen=True, slots=True)
class _Scan:
    """What all passes over one text share."""

    known: Known
    keep: frozenset[str]
    seen: Seen


def scan(
    text: str,
    known: Known = Known(),  # noqa: B008  # frozen and empty
    *,
    anchor: date | None = None,
    keep: frozenset[str] = frozenset(),
    hide: frozenset[str] = frozenset(),
) -> Draft:
    """Everything in the text that must not reach a room, and what may together identify.

    `anchor` is the day from which dates are counted; `keep` holds phrases the author chose to keep (a known
    identifier is hidden all the same); `hide` phrases that the author hides by hand.
    """
    shared = _Scan(known, keep, {})
    first = evidence(text, shared.seen)
    marks = _marks(first, shared, hide)
    found = findings(text, marks, anchor)
    read: _Read = frozenset()
    for _ in range(_ROUNDS):
        more = _second(text, found, shared, read)
        if not more:
            break
        marks, read = settle(text, [*marks, *more]), frozenset((f.start, f.end, f.replacement) for f in found)
        found = findings(text, marks, anchor)
    return Draft(text, found, tuple(quasi(first.page, marks)))


def screen(text: str, known: Known, kinds: frozenset[Kind] | None = None) -> Draft:
    """For short operational texts: people of the record and identifiers with a form; no dates, no doubtful words."""
    tokens = tokenise(text)
    wanted = kinds if kinds is not None else _NUMBERED
    formed = [m for m in structured(read_page(text)) if m.kind in wanted and m.sure]
    return Draft(
        text, findings(text, settle(text, [*matcher(known).marks(text, tokens), *_unmasked(tokens, formed)]), None)
    )


def recheck(approved: str, known: Known, keep: frozenset[str] = frozenset()) -> tuple[Finding, ...]:
    """The second pass over an approved text: what would still have to go."""
    return scan(approved, known, keep=keep).findings


def _marks(known: Evidence, shared: _Scan, hide: frozenset[str] = frozenset()) -> list[Mark]:
    from conference.deid.tagger import vote  # numpy takes memory that a bot which reads no summary can spare

    text, book = known.page.text, lexicon()
    tokens, clear = known.tokens, known.clear
    vote(known.readings)
    formed = [*known.numbers, *known.dates, *known.ages, *known.places]
    worded = names(known.page, known.readings, book, any(m.sure for m in formed))
    worded = _unexplained(text, tokens, clear, [*known.places, *known.dates, *worded])
    raw = [whole(text, mark) for mark in (*known.numbers, *known.ages, *worded)]
    found = _unmasked(tokens, grown(text, tokens, settle(text, _unmasked(tokens, raw)), book))
    kept = cover(len(text), (span for phrase in shared.keep for span in _spans(text, phrase)))
    found = [part for mark in found for part in _without(text, mark, kept)]
    found += matcher(shared.known).marks(text, tokens)
    found += [
        Mark(s, e, Kind.ID, "hidden by hand", 10, stand_in="[hidden]")
        for phrase in hide
        for s, e in _spans(text, phrase)
    ]
    return settle(text, found)


def _unexplained(text: str, tokens: list[Token], clear: bytearray, marks: list[Mark]) -> list[Mark]:
    """Marks with a word that no vocabulary explains."""
    spans = cover(len(text), ((t.start, t.end) for t in compress(tokens, clear)))
    return [
        m
        for m in marks
        if any(c.isalnum() for c, k in zip(text[m.start : m.end], spans[m.start : m.end], strict=True) if not k)
    ]


def _unmasked(tokens: list[Token], marks: list[Mark]) -> list[Mark]:
    """Marks that do not touch a placeholder of an earlier pass."""
    masked = [(t.start, t.end) for t in tokens if t.masked] if marks else []
    if not masked:
        return marks
    masks = cover(max(end for _, end in masked), masked)
    return [m for m in marks if masks.find(1, m.start, m.end) < 0]


@cache
def _phrase(phrase: str) -> re.Pattern[str] | None:
    words = re.findall(r"\w+", fold(phrase))
    return re.compile(r"(?<!\w)" + r"\W{1,3}".join(map(re.escape, words)) + r"(?!\w)") if words else None


def _spans(text: str, phrase: str) -> list[tuple[int, int]]:
    """Where the phrase stands, in any letter case and accents; characters of the original."""
    pattern = _phrase(phrase)
    if pattern is None:
        return []
    folded, places_ = [], []
    for at, char in enumerate(text):
        for c in fold(char):
            folded.append(c)
            places_.append(at)
    return [(places_[m.start()], places_[m.end() - 1] + 1) for m in pattern.finditer("".join(folded))]


def _without(text: str, mark: Mark, kept: bytearray) -> list[Mark]:
    """The parts of a mark outside what the author keeps."""
    if kept.find(1, mark.start, mark.end) < 0:
        return [mark]
    parts, at = [], mark.start
    while at < mark.end:
        start = kept.find(0, at, mark.end)
        if start < 0:
            break
        at = kept.find(1, start, mark.end)
        at = mark.end if at < 0 else at
        if any(c.isalnum() for c in text[start:at]):
            parts.append(replace(mark, start=start, end=at))
    return parts


def _longer(finding: Finding) -> int:
    """By how much the placeholder is longer than what it hides."""
    return len(finding.replacement) - (finding.end - finding.start)


def _second(text: str, found: tuple[Finding, ...], shared: _Scan, read: _Read) -> list[Mark]:
    """What a pass over the safe text still finds, in characters of the original; hidden neighbours change frames."""
    spots, shift, at = [], 0, 0
    for mark in _fresh(Draft(text, found).safe, found, shared, read):
        while at < len(found) and found[at].start + shift + len(found[at].replacement) <= mark.start:
            shift += _longer(found[at])
            at += 1
        start, end = mark.start - shift, mark.end - shift
        if at < len(found) and found[at].start + shift < mark.end:
            # A wording that is itself found again gives way to a plain placeholder.
            hidden = found[at]
            start, end = min(start, hidden.start), max(end - _longer(hidden), hidden.end)
            mark = replace(mark, kind=hidden.kind, rank=99, stand_in=f"[{WORDS[hidden.kind]}]")
        spots.append(replace(mark, start=start, end=min(end, len(text)), sure=False))
    return spots


_REACH, _EDGE = 160, 240  # characters around a placeholder that are read again, and those read for their frame only


def _fresh(safe: str, found: tuple[Finding, ...], shared: _Scan, read: _Read) -> list[Mark]:
    """Marks of the safe text; of a long one only the surroundings of placeholders that were not `read` before."""
    windows = _windows(found, read)
    if sum(e - s + 2 * (_REACH + _EDGE) for s, e in windows) > 0.8 * len(safe):
        return _marks(evidence(safe, shared.seen), shared)
    marks = []
    for start, end in windows:
        first, last = _cut(safe, start - _REACH - _EDGE, -1), _cut(safe, end + _REACH + _EDGE, 1)
        marks += [
            replace(m, start=m.start + first, end=m.end + first)
            for m in _marks(evidence(safe[first:last], shared.seen), shared)
            if start - _REACH <= m.start + first and m.end + first <= end + _REACH
        ]
    return marks


def _windows(found: tuple[Finding, ...], read: _Read) -> list[tuple[int, int]]:
    """Where placeholders that were not read before stand in the safe text; near ones in one stretch."""
    windows: list[tuple[int, int]] = []
    shift = 0
    for finding in found:
        start = finding.start + shift
        shift += _longer(finding)
        if (finding.start, finding.end, finding.replacement) in read:
            continue
        near = windows and start - 2 * (_REACH + _EDGE) <= windows[-1][1]
        first = windows.pop()[0] if near else start
        windows.append((first, start + len(finding.replacement)))
    return windows


def _cut(text: str, at: int, step: int) -> int:
    """The nearest line end or space outwards, within sixty characters."""
    at = max(0, min(len(text), at))
    for _ in range(60):
        if at in (0, len(text)) or text[at - 1].isspace():
            break
        at += step
    return at
