"""The tagger's vote: small convolutional nets over the features of the words, trained by `tools/deid/tagger.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import BytesIO

from conference.deid.arithmetic import NDArray, np
from conference.deid.features import EDGE_COLUMNS, PAD, START, WORDED, Ids, places_of, word_columns
from conference.deid.reading import Reading
from conference.deid.tokens import Token

Floats = NDArray[np.float32]
_MOST = 20_000  # words of which is kept what the first layers make of them
STEPS = (1, 1, 2, 4)  # how far apart the five words are that each layer sees
REACH = 2 * sum(STEPS)  # words on either side that tell of a word
_BLOCK = 2_000  # words read at once: a long text takes no more memory


@dataclass(frozen=True, slots=True)
class Net:
    """The weights of a layer that adds up features, of some that look at the neighbours, and of one that answers.

    Of those in between, each has a neck (what of a word its neighbours see), weights and a bias.
    """

    columns: Floats
    vectors: Floats
    bias: Floats
    near: tuple[tuple[Floats, Floats, Floats], ...]
    answer: tuple[Floats, Floats]


class Nets:
    """Nets that are asked together; what their first layers make of a word alone is kept."""

    def __init__(self, nets: Sequence[Net]) -> None:
        self._shape = len(nets), len(nets[0].bias)
        self._columns, self._vectors, self._bias = (
            np.hstack(arrays) for arrays in zip(*((n.columns, n.vectors, n.bias) for n in nets), strict=True)
        )
        self._near = [_stacked(layers) for layers in zip(*(n.near for n in nets), strict=True)]
        self._answer = _stacked([n.answer for n in nets])
        self._empty(_MOST)

    def read(self, tokens: list[Token], ids: Ids) -> Floats:
        """Scores of the answers for each word and the places around the text; the mean of all nets."""
        known = self._words(tokens)
        for column in ids.T:
            known += self._columns[column]
        parts = []
        for at in range(0, len(known), _BLOCK):
            first = max(0, at - REACH)
            parts.append(self._scores(known[first : at + _BLOCK + REACH])[at - first :][:_BLOCK])
        return np.concatenate(parts)

    def _scores(self, known: Floats) -> Floats:
        count, edge, narrow = len(known), 2 * max(STEPS), self._near[0][0].shape[2]
        padded = np.zeros((self._shape[0], count + 2 * edge, narrow), np.float32)
        found = np.maximum(known.reshape(count, *self._shape).swapaxes(0, 1), 0)
        for step, (neck, weight, bias) in zip(STEPS, self._near, strict=True):
            np.matmul(found, neck, out=padded[:, edge : edge + count])
            five = [padded[:, edge + at : edge + at + count] for at in range(-2 * step, 3 * step, step)]
            heard = np.concatenate(five, axis=2) @ weight
            heard += bias
            found += np.maximum(heard, 0, out=heard)
        scores: Floats = (found @ self._answer[0] + self._answer[1]).mean(axis=0)
        return scores

    def _words(self, tokens: list[Token]) -> Floats:
        """What the first layers make of the words alone, and of the places around the text."""
        if len(self._kept) + len(tokens) > len(self._sums):
            self._empty(len(tokens) + _MOST)
        names = [t.key if t.is_word else f"[{t.text}]" if t.masked else t.text for t in tokens]
        new = {name: token for name, token in zip(names, tokens, strict=True) if name not in self._kept}
        if new:
            vectors_of = vectors()[0]
            at = [vectors_of.get(name, 0) if token.is_word else 0 for name, token in new.items()]
            self._keep(list(new), [word_columns(token) for token in new.values()], at)
        edge = [self._kept[""]] * PAD
        return self._sums[[*edge, *map(self._kept.__getitem__, names), *edge]]

    def _empty(self, size: int) -> None:
        self._sums = np.empty((size, self._columns.shape[1]), np.float32)
        self._kept = dict[str, int]()
        self._keep([""], [EDGE_COLUMNS], [0])

    def _keep(self, names: list[str], columns: list[tuple[int, ...]], at: list[int]) -> None:
        """Add up the features of new words, their vectors among them."""
        _, rows, unit = vectors()
        sums = self._bias + (rows[at] * np.float32(unit)) @ self._vectors
        for column in (np.array(columns) + START[:WORDED]).T:
            sums += self._columns[column]
        first = len(self._kept)
        self._sums[first : first + len(names)] = sums
        self._kept.update(zip(names, range(first, first + len(names)), strict=True))


def _stacked(layers: Sequence[tuple[Floats, ...]]) -> list[Floats]:
    """The arrays of one layer of all nets, to be multiplied at once; the last is the bias."""
    *weights, biases = (np.stack(arrays) for arrays in zip(*layers, strict=True))
    return [*weights, biases[:, None]]


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
def nets() -> Nets:
    """The trained nets."""
    packed = {key: array.astype(np.float32) for key, array in _packed("tagger").items()}
    return Nets([net(packed, f"{at}.") for at in range(int(packed["count"].item()))])


def net(arrays: dict[str, Floats], name: str = "") -> Net:
    """A net of its arrays; `columns` come as small numbers with a unit for each."""
    columns = arrays[f"{name}E"] * arrays[f"{name}units"]
    near = tuple(
        (arrays[f"{name}N{at}"], arrays[f"{name}W{at}"], arrays[f"{name}b{at}"]) for at in range(1, len(STEPS) + 1)
    )
    return Net(columns, arrays[f"{name}G"], arrays[f"{name}b0"], near, (arrays[f"{name}A"], arrays[f"{name}a"]))


def vote(readings: list[Reading]) -> None:
    """Write the votes into the readings: log odds that a word identifies, that it is a person, that it is a place."""
    if not readings:
        return
    tokens, ids = [r.token for r in readings], places_of(readings)
    scores = nets().read(tokens, ids)
    for reading, (any_, person, place), kind in zip(readings, *odds(scores[PAD:-PAD]), strict=True):
        reading.vote, reading.person_vote, reading.place_vote, reading.kind = any_, person, place, kind


def odds(scores: Floats) -> tuple[list[list[float]], list[int]]:
    """The log odds of any kind of identifier and of the first two, from the scores of nothing and of each; the likeliest."""
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares = shares / shares.sum(axis=1, keepdims=True)
    wanted = np.clip(np.column_stack((shares[:, 1:].sum(axis=1), shares[:, 1:3])), 1e-6, 1 - 1e-6)
    found: list[list[float]] = np.log(wanted / (1 - wanted)).tolist()
    return found, shares[:, 1:].argmax(axis=1).tolist()
