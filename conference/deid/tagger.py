"""The tagger's vote: two small convolutional nets over the features of the words, trained by `tools/deid/tagger.py`."""

from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from io import BytesIO

from conference.deid.arithmetic import NDArray, np
from conference.deid.features import EDGE_COLUMNS, PAD, START, Ids, places_of, word_columns
from conference.deid.reading import Reading
from conference.deid.tokens import Token

Floats = NDArray[np.float32]
_MOST = 20_000  # words whose sums are kept
STEPS = (1, 1, 2, 4)  # how far apart the five words are that each layer sees


@dataclass(frozen=True, slots=True)
class Net:
    """A layer that adds up features, some that look at the neighbours, one that answers; sums of words are kept."""

    columns: Floats
    vectors: Floats
    bias: Floats
    near: tuple[tuple[Floats, Floats], ...]
    answer: tuple[Floats, Floats]
    words: dict[str, Floats] = field(default_factory=dict)

    def read(self, tokens: list[Token], ids: Ids) -> Floats:
        """Scores of the answers for each word."""
        edge = [self._sum("", EDGE_COLUMNS)] * PAD
        known = np.array([*edge, *map(self._word, tokens), *edge])
        for column in range(ids.shape[1]):
            known += self.columns[ids[:, column]]
        found = np.maximum(known, 0)
        for step, (weight, bias) in zip(STEPS, self.near, strict=True):
            found = found + np.maximum(_beside(found, step) @ weight + bias, 0)
        answer: Floats = found @ self.answer[0] + self.answer[1]
        return answer

    def _word(self, token: Token) -> Floats:
        """What the first layer makes of the word alone."""
        name = token.key if token.is_word else f"[{token.text}]" if token.masked else token.text
        found = self.words.get(name)
        return self._sum(name, word_columns(token), token.is_word) if found is None else found

    def _sum(self, name: str, ids: tuple[int, ...], worded: bool = False) -> Floats:
        if len(self.words) >= _MOST:
            self.words.clear()
        index, rows, unit = vectors()
        found: Floats = self.columns[np.array(ids) + START[: len(ids)]].sum(axis=0) + self.bias
        if worded and (at := index.get(name)):
            found = found + (rows[at] * np.float32(unit)) @ self.vectors
        self.words[name] = found
        return found


def _beside(found: Floats, step: int) -> Floats:
    """Each row with its neighbours, in one row."""
    count, wide = found.shape
    padded = np.zeros((count + 4 * step, wide), np.float32)
    padded[2 * step : 2 * step + count] = found
    return np.concatenate([padded[at * step : at * step + count] for at in range(5)], axis=1)


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
    near = tuple((arrays[f"{name}W{at}"], arrays[f"{name}b{at}"]) for at in range(1, len(STEPS) + 1))
    return Net(columns, arrays[f"{name}G"], arrays[f"{name}b0"], near, (arrays[f"{name}A"], arrays[f"{name}a"]))


def vote(readings: list[Reading]) -> None:
    """Write the votes into the readings: log odds that a word identifies, that it is a person, that it is a place."""
    if not readings:
        return
    tokens, ids = [r.token for r in readings], places_of(readings)
    scores: Floats = np.mean([net.read(tokens, ids) for net in nets()], axis=0, dtype=np.float32)
    for reading, (any_, person, place), kind in zip(readings, *odds(scores[PAD:-PAD]), strict=True):
        reading.vote, reading.person_vote, reading.place_vote, reading.kind = any_, person, place, kind


def odds(scores: Floats) -> tuple[list[list[float]], list[int]]:
    """The log odds of any kind of identifier and of the first two, from the scores of nothing and of each; the likeliest."""
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares = shares / shares.sum(axis=1, keepdims=True)
    wanted = np.clip(np.column_stack((shares[:, 1:].sum(axis=1), shares[:, 1:3])), 1e-6, 1 - 1e-6)
    found: list[list[float]] = np.log(wanted / (1 - wanted)).tolist()
    return found, shares[:, 1:].argmax(axis=1).tolist()
