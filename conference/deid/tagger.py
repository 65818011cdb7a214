"""The tagger's vote: a small convolution over the features of the words, trained by `tools/deid/tagger.py`."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import BytesIO

from conference.deid.arithmetic import NDArray, np
from conference.deid.features import PAD, Ids, numbers
from conference.deid.reading import Reading

Floats = NDArray[np.float32]
_REACH = 2  # words on each side that one layer sees


@dataclass(frozen=True, slots=True)
class Net:
    """A layer that adds up features, two that look at the neighbours, one that answers."""

    columns: Floats
    vectors: Floats
    bias: Floats
    near: tuple[tuple[Floats, Floats], ...]
    answer: tuple[Floats, Floats]

    def read(self, ids: Ids, rows: Floats) -> Floats:
        """Scores of the four answers for each word."""
        known = self.columns[ids[:, 0]]
        for column in range(1, ids.shape[1]):
            known += self.columns[ids[:, column]]
        found = np.maximum(known + rows @ self.vectors + self.bias, 0)
        for weight, bias in self.near:
            found = found + np.maximum(_beside(found) @ weight + bias, 0)
        answer: Floats = found @ self.answer[0] + self.answer[1]
        return answer


def _beside(found: Floats) -> Floats:
    """Each row with its neighbours, in one row."""
    count, wide = found.shape
    padded = np.zeros((count + 2 * _REACH, wide), np.float32)
    padded[_REACH : _REACH + count] = found
    return np.concatenate([padded[at : at + count] for at in range(2 * _REACH + 1)], axis=1)


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
def nets() -> tuple[Net, ...]:
    """The trained nets; their scores are averaged."""
    packed = {key: array.astype(np.float32) for key, array in _packed("tagger").items()}
    return tuple(net(packed, f"{at}.") for at in range(int(packed["count"].item())))


def net(arrays: dict[str, Floats], name: str = "") -> Net:
    """A net of its arrays; `columns` come as small numbers with a unit for each."""
    columns = arrays[f"{name}E"] * arrays[f"{name}units"]
    near = tuple((arrays[f"{name}W{at}"], arrays[f"{name}b{at}"]) for at in (1, 2))
    return Net(columns, arrays[f"{name}G"], arrays[f"{name}b0"], near, (arrays[f"{name}W3"], arrays[f"{name}b3"]))


def rows_of(readings: list[Reading]) -> Floats:
    """The vectors of the words, padded as the numbers of features are."""
    index, rows, unit = vectors()
    at = [index.get(r.token.key, 0) if r.token.is_word else 0 for r in readings]
    found: Floats = rows[[0] * PAD + at + [0] * PAD].astype(np.float32) * np.float32(unit)
    return found


def vote(readings: list[Reading]) -> None:
    """Write the votes into the readings: log odds that a word is a person, that it is a place."""
    if not readings:
        return
    ids, rows, trained = numbers(readings), rows_of(readings), nets()
    scores: Floats = np.mean([net.read(ids, rows) for net in trained], axis=0, dtype=np.float32)
    for reading, (person, place) in zip(readings, odds(scores[PAD:-PAD]), strict=True):
        reading.person_vote, reading.place_vote = person, place


def odds(scores: Floats) -> list[list[float]]:
    """The log odds of the first two kinds of identifier, from the scores of nothing, person, place and other."""
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares = shares / shares.sum(axis=1, keepdims=True)
    wanted = np.clip(shares[:, 1:3], 1e-6, 1 - 1e-6)
    found: list[list[float]] = np.log(wanted / (1 - wanted)).tolist()
    return found
