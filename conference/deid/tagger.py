"""The tagger's vote: a small convolutional net over the features of the words, trained by `tools/deid/tagger.py`."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Generic, TypeVar

from conference.deid.arithmetic import NDArray, np
from conference.deid.features import (
    EDGE_COLUMNS,
    OUTSIDE,
    PAD,
    START,
    WORDED,
    Columns,
    Ids,
    place_columns,
    place_key,
    word_columns,
)
from conference.deid.reading import Reading

K = TypeVar("K", bound=Hashable)
Floats = NDArray[np.float32]
_MOST = 10_000  # words, and places of words, of which is kept what the first layer makes of them
_LEAST = 1e-6  # a share is never nearer to none and to all
LAYER = ("N", "D", "c", "W", "b")  # how the arrays of a `Layer` are called
STEPS = (1, 1, 2, 4)  # how far apart the words are that each layer sees
TAPS = 5  # how many those are
REACH = TAPS // 2 * sum(STEPS)  # words on either side that tell of a word
_TOGETHER = 64  # words whose columns are added up at once
_BLOCK = 2_000  # words read at once: a long text takes no more memory


@dataclass(frozen=True, slots=True)
class Layer:
    """What of a word its neighbours see, how each figure counts at each of five distances, and what is made of them.

    The last figure is 1 everywhere: what is made of it is the bias.
    """

    neck: Floats
    taps: Floats
    inner: Floats
    weight: Floats


@dataclass(frozen=True, slots=True)
class Net:
    """The weights of a layer that adds up features, of some that look at the neighbours, and of one that answers."""

    columns: Floats
    vectors: Floats
    bias: Floats
    near: tuple[Layer, ...]
    answer: tuple[Floats, Floats]


class _Sums(Generic[K]):
    """Rows of figures that are made once for each key, of the latest ones."""

    def __init__(self, wide: int) -> None:
        self._wide = wide
        self._empty(_MOST)

    def rows(self, keys: list[K], made: Callable[[list[int]], Floats]) -> Floats:
        """A row for each key; `made` gives those of the keys at some places, which are not yet kept."""
        try:
            at = list(map(self._at.__getitem__, keys))
        except KeyError:
            self._add(keys, made)
            at = list(map(self._at.__getitem__, keys))
        found: Floats = self._rows[at]
        return found

    def _add(self, keys: list[K], made: Callable[[list[int]], Floats]) -> None:
        if len(self._at) + len(keys) > len(self._rows):
            self._empty(len(keys) + _MOST)
        new = {key: at for at, key in enumerate(keys) if key not in self._at}
        first = len(self._at)
        self._rows[first : first + len(new)] = made(list(new.values()))
        self._at.update(zip(new, range(first, first + len(new)), strict=True))

    def _empty(self, size: int) -> None:
        self._rows = np.empty((size, self._wide), np.float32)
        self._at = dict[K, int]()


class Tagger:
    """A net that is asked; what its first layer makes of a word alone and of its place is kept."""

    def __init__(self, net: Net) -> None:
        self._net = net
        self._words, self._places = _Sums[str](len(net.bias)), _Sums[Columns](len(net.bias))
        edge = self._of_words([EDGE_COLUMNS], [0]) + self._of_places([OUTSIDE])
        self._edge = np.repeat(edge, PAD, axis=0)

    def read(self, readings: list[Reading]) -> Floats:
        """Scores of the answers for each word and the places around the text."""
        tokens, placed = [r.token for r in readings], list(map(place_key, readings))
        vectors_of = vectors()[0]

        def words(new: list[int]) -> Floats:
            at = [vectors_of.get(names[n], 0) if tokens[n].is_word else 0 for n in new]
            return self._of_words([word_columns(tokens[n]) for n in new], at)

        names = [t.key if t.is_word else f"[{t.text}]" if t.masked else t.text for t in tokens]
        known = self._words.rows(names, words)
        known += self._places.rows(placed, lambda new: self._of_places([place_columns(readings[n]) for n in new]))
        return self._all_scores(np.concatenate((self._edge, known, self._edge)))

    def _all_scores(self, known: Floats) -> Floats:
        if len(known) <= _BLOCK:
            return self._scores(known)
        parts = []
        for at in range(0, len(known), _BLOCK):
            first = max(0, at - REACH)
            parts.append(self._scores(known[first : at + _BLOCK + REACH])[at - first :][:_BLOCK])
        return np.concatenate(parts)

    def _scores(self, known: Floats) -> Floats:
        count, nothing = len(known), np.zeros_like(known)  # faster to compare with than a single 0
        found = np.maximum(known, nothing)
        for step, near in zip(STEPS, self._net.near, strict=True):
            narrow, edge = len(near.inner), TAPS // 2 * step
            padded = np.zeros((count + 2 * edge, narrow), np.float32)
            np.matmul(found, near.neck, out=padded[edge : edge + count])
            heard, part = padded[:count] * near.taps[0], np.empty((count, narrow), np.float32)
            for at, weight in zip(range(step, 2 * edge + 1, step), near.taps[1:], strict=True):
                heard += np.multiply(padded[at : at + count], weight, out=part)
            heard += near.inner
            made = np.maximum(heard, nothing[:, :narrow], out=heard) @ near.weight
            found += np.maximum(made, nothing, out=made)
        scores: Floats = found @ self._net.answer[0] + self._net.answer[1]
        return scores

    def _of_words(self, columns: list[Columns], at: list[int]) -> Floats:
        """What words alone add, their vectors and the bias among it."""
        _, rows, unit = vectors()
        start = np.asarray(self._net.bias + (rows[at] * np.float32(unit)) @ self._net.vectors, np.float32)
        return self._added(start, np.array(columns) + START[:WORDED])

    def _of_places(self, columns: list[Columns]) -> Floats:
        start = np.zeros((len(columns), len(self._net.bias)), np.float32)
        return self._added(start, np.array(columns) + START[WORDED:])

    def _added(self, start: Floats, ids: Ids) -> Floats:
        for at in range(0, len(ids), _TOGETHER):
            part = slice(at, at + _TOGETHER)
            rows = self._net.columns.take(ids[part].ravel(), axis=0)
            start[part] += rows.reshape(-1, ids.shape[1], rows.shape[1]).sum(axis=1)
        return start


@cache
def _packed(name: str) -> dict[str, NDArray[np.generic]]:
    data = resources.files("conference.deid").joinpath("data", f"{name}.npz").read_bytes()
    with np.load(BytesIO(data)) as arrays:
        return {key: arrays[key] for key in arrays.files}


@cache
def vectors() -> tuple[dict[str, int], NDArray[np.int8], float]:
    """The row of each word, the rows (the first is of a word that has none), and their unit."""
    packed = _packed("vectors")
    words = packed["words"].tobytes().decode().split("\n")
    rows = packed["rows"].astype(np.int8, copy=False)
    return {word: at for at, word in enumerate(words, 1)}, rows, float(packed["unit"].item())


@cache
def tagger() -> Tagger:
    """The trained net, to be asked."""
    return Tagger(net({key: array.astype(np.float32) for key, array in _packed("tagger").items()}))


def net(arrays: dict[str, Floats]) -> Net:
    """A net of its arrays; `E`, the columns, come as small numbers with a unit for each."""
    near = (layer(*(arrays[f"{name}{at}"] for name in LAYER)) for at in range(1, len(STEPS) + 1))
    return Net(arrays["E"] * arrays["units"], arrays["G"], arrays["b0"], tuple(near), (arrays["A"], arrays["a"]))


def layer(neck: Floats, taps: Floats, inner: Floats, weight: Floats, bias: Floats) -> Layer:
    """A layer of its arrays as learning makes them."""
    one = ((0, 0), (0, 1))
    return Layer(np.pad(neck, one), np.pad(taps, one), np.append(inner, np.float32(1)), np.vstack((weight, bias)))


def vote(readings: list[Reading]) -> None:
    """Write the votes into the readings: log odds that a word identifies, that it is a person, that it is a place."""
    if not readings:
        return
    scores = tagger().read(readings)[PAD:-PAD]
    for reading, any_, person, place, kind in zip(readings, *odds(scores), strict=True):
        reading.vote, reading.person_vote, reading.place_vote, reading.kind = any_, person, place, kind


def odds(scores: Floats) -> tuple[list[float], list[float], list[float], list[int]]:
    """From the scores of nothing and of each kind: the log odds of any identifier, of the first two kinds; the likeliest kind."""
    shares = np.ascontiguousarray(scores.T)
    shares -= np.maximum.reduce(shares, axis=0)
    np.exp(shares, out=shares)
    likeliest: list[int] = shares[1:].argmax(axis=0).tolist()
    shares /= np.add.reduce(shares, axis=0)
    np.add.reduce(shares[1:], axis=0, out=shares[0])  # the share of nothing gives way to that of anything
    wanted = np.minimum(np.maximum(shares[:3], _LEAST), 1 - _LEAST)
    any_, person, place = np.log(wanted / (1 - wanted)).tolist()
    return any_, person, place, likeliest
