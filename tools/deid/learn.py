"""Train one net of the tagger: Adam on runs of text, much of it hidden at random so that it learns the frames."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax  # type: ignore[import-not-found]
import jax.numpy as jnp  # type: ignore[import-not-found]
import numpy as np
from numpy.typing import NDArray

from conference.deid.features import BLIND, COUNT, SIZES, WORDED
from conference.deid.reading import KINDS
from conference.deid.tagger import STEPS, TAPS, vectors

WIDE = 256  # figures of a word within the net
NECK = 96  # figures of a word that its neighbours see
ANSWERS = 1 + len(KINDS)  # nothing, and the kinds of identifier
RUN = 2048  # words of one step
EPOCHS, RATE, DECAY, DROP = 14, 2e-3, 1e-2, 0.4
LEAN = (80, 64, 40, 32)  # of the figures that neighbours see in each layer, how many are kept
MORE_EPOCHS, MORE_RATE = 6, 8e-4  # what is left learns on for so long
_SEEN = 3000  # texts by which the figures are weighed that are kept
TOGETHER = 16  # words side by side from which the same figures are hidden
NO_COLUMN, NO_TOKEN = 0.12, 0.06  # how often one column of a word, and all that tells of the word alone, is hidden
NO_WORD, NO_VECTOR = 0.25, 0.15  # how often what tells a word apart, and its vector, is hidden
FORMS = 3  # of one text, that are read in one turn
_OPEN = np.setdiff1d(np.arange(len(SIZES)), BLIND)
_ALONE = int((_OPEN < WORDED).sum())  # of the open columns, how many tell of the word alone

Arrays = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """One text as the net reads it: columns, rows of vectors, answers, weights."""

    ids: NDArray[np.uint16]
    rows: NDArray[np.int32]
    answer: NDArray[np.int8]
    weight: NDArray[np.float32]


def _start(seed: int, size: int) -> Arrays:
    shapes = {"E": (COUNT, WIDE), "G": (size, WIDE), "A": (WIDE, ANSWERS)}
    for at in range(1, len(STEPS) + 1):
        shapes |= {f"N{at}": (WIDE, NECK), f"D{at}": (TAPS, NECK), f"W{at}": (NECK, WIDE)}
    keys = jax.random.split(jax.random.PRNGKey(seed), len(shapes))
    spread = {"E": 0.05, "G": 0.5 / size**0.5} | {f"D{at}": 0.5 for at in range(1, len(STEPS) + 1)}
    found = {
        name: jax.random.normal(key, shape) * spread.get(name, shape[0] ** -0.5)
        for key, (name, shape) in zip(keys, shapes.items(), strict=True)
    }
    for at in range(1, len(STEPS) + 1):
        found[f"D{at}"] = found[f"D{at}"].at[TAPS // 2].add(0.5)  # what a word knows of itself counts most at first
        found[f"c{at}"] = jnp.zeros(NECK)
    return found | {f"b{at}": jnp.zeros(WIDE) for at in range(len(STEPS) + 1)} | {"a": jnp.zeros(ANSWERS)}


def _heard(net: Arrays, found: Any, at: int, step: int) -> Any:
    """What the words hear of their neighbours in the layer."""
    count, most = found.shape[0], TAPS // 2 * step
    padded = jnp.pad(found @ net[f"N{at}"], ((most, most), (0, 0)))
    near = sum(padded[tap * step : tap * step + count] * net[f"D{at}"][tap] for tap in range(TAPS))
    return jax.nn.relu(near + net[f"c{at}"])


def _scores(net: Arrays, table: Any, ids: Any, rows: Any, key: Any) -> Any:
    """The net of `conference.deid.tagger`, with parts hidden at random."""
    keys, count = jax.random.split(key, 6 + len(STEPS)), ids.shape[0]
    shown = jax.random.bernoulli(keys[0], 1 - NO_COLUMN, ids.shape)
    columns = jnp.concatenate([net["E"], jnp.zeros((1, WIDE))])
    ids = jnp.where(shown, ids, COUNT)  # the last row is of nothing
    opened = columns[ids[:, _OPEN]]
    vector = table[rows] * jax.random.bernoulli(keys[1], 1 - NO_VECTOR, (count, 1))
    apart = columns[ids[:, np.array(BLIND)]].sum(1) * jax.random.bernoulli(keys[2], 1 - NO_WORD, (count, 1))
    alone = (opened[:, :_ALONE].sum(1) + apart + vector @ net["G"]) * jax.random.bernoulli(
        keys[3], 1 - NO_TOKEN, (count, 1)
    )
    found = _dropped(jax.nn.relu(alone + opened[:, _ALONE:].sum(1) + net["b0"]), keys[4])
    for at, step in enumerate(STEPS, 1):
        found = _dropped(
            found + jax.nn.relu(_heard(net, found, at, step) @ net[f"W{at}"] + net[f"b{at}"]), keys[4 + at]
        )
    return found @ net["A"] + net["a"]


def _dropped(found: Any, key: Any) -> Any:
    """Figures hidden at random, the same ones for some words side by side."""
    parts = found.reshape(-1, TOGETHER, found.shape[1])
    shown = jax.random.bernoulli(key, 1 - DROP, (len(parts), 1, found.shape[1]))
    return (parts * shown / (1 - DROP)).reshape(found.shape)


def _turn(texts: Sequence[Sequence[Example]], rng: np.random.Generator) -> list[Example]:
    """Some forms of each text, in random order."""
    found = [own[at] for own in texts for at in rng.choice(len(own), min(FORMS, len(own)), replace=False)]
    return [found[at] for at in rng.permutation(len(found))]


def _runs(turn: list[Example]) -> Iterator[tuple[Any, ...]]:
    """The texts strung together, in runs of equal length."""
    ids, rows, answer, weight = (
        np.concatenate([getattr(e, n) for e in turn]) for n in ("ids", "rows", "answer", "weight")
    )
    for at in range(0, len(rows) - RUN + 1, RUN):
        part = slice(at, at + RUN)
        yield ids[part].astype(np.int32), rows[part], answer[part].astype(np.int32), weight[part]


def trained(texts: Sequence[Sequence[Example]], seed: int) -> Arrays:
    """The arrays of a net that has read the texts, some forms of each in every turn, and was made lean."""
    _, packed, unit = vectors()
    table = jnp.array(packed.astype(np.float32) * unit)
    net = _learnt(_start(seed, table.shape[1]), texts, table, seed, EPOCHS, RATE)
    return _learnt(lean(net, texts, table, seed), texts, table, seed + 1, MORE_EPOCHS, MORE_RATE)


def _learnt(
    net: Arrays, texts: Sequence[Sequence[Example]], table: Any, seed: int, epochs: int, most_rate: float
) -> Arrays:
    """The net after some turns over the texts."""
    first = second = jax.tree.map(jnp.zeros_like, net)
    rng, key = np.random.default_rng(seed), jax.random.PRNGKey(seed + 99)
    total = epochs * (sum(len(e.rows) for e in _turn(texts, rng)) // RUN)

    def loss(net: Arrays, ids: Any, rows: Any, answer: Any, weight: Any, key: Any) -> Any:
        told = jax.nn.log_softmax(_scores(net, table, ids, rows, key))
        return -(weight * told[jnp.arange(RUN), answer]).sum() / weight.sum()

    @jax.jit
    def step(net: Arrays, first: Arrays, second: Arrays, at: Any, key: Any, run: Any) -> Any:
        slope = jax.grad(loss)(net, *run, key)
        first = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, first, slope)
        second = jax.tree.map(lambda a, b: 0.99 * a + 0.01 * b * b, second, slope)
        rate = most_rate * jnp.minimum(1, at / 100) * jnp.maximum(0.02, 1 - at / total)
        net = jax.tree.map(
            lambda w, a, b: w - rate * (a / (1 - 0.9 ** (at + 1)) / (jnp.sqrt(b / (1 - 0.99 ** (at + 1))) + 1e-8) + DECAY * w),
            net, first, second,
        )  # fmt: skip
        return net, first, second

    count = 0.0
    for _ in range(epochs):
        for run in _runs(_turn(texts, rng)):
            key, own = jax.random.split(key)
            net, first, second = step(net, first, second, count, own, run)
            count += 1
    return {name: np.asarray(array) for name, array in net.items()}


def lean(net: Arrays, texts: Sequence[Sequence[Example]], table: Any, seed: int) -> Arrays:
    """The net without the figures that its neighbours hardly need; what is left makes up for them as well as it can."""
    rng = np.random.default_rng(seed)
    some = [texts[at][rng.integers(len(texts[at]))] for at in rng.permutation(len(texts))[:_SEEN]]
    ids, rows = (jnp.concatenate([getattr(e, n) for e in some]) for n in ("ids", "rows"))
    known = net["b0"] + table[rows] @ net["G"]
    for column in ids.T:
        known += net["E"][column]
    found, net = jax.nn.relu(known), dict(net)
    for at, (step, count) in enumerate(zip(STEPS, LEAN, strict=True), 1):
        heard = _heard(net, found, at, step)
        found += jax.nn.relu(heard @ net[f"W{at}"] + net[f"b{at}"])
        kept, net[f"W{at}"], net[f"b{at}"] = _fewer(np.asarray(heard, float), net[f"W{at}"], net[f"b{at}"], count)
        for name in "NDc":
            net[f"{name}{at}"] = net[f"{name}{at}"][..., kept]
    return net


def _fewer(heard: Any, weight: Any, bias: Any, count: int) -> tuple[list[int], Any, Any]:
    """Which figures are kept, with the weights that make most nearly the same of them; the least needed goes first."""
    last = heard.shape[1]
    every = np.column_stack((heard, np.ones(len(heard))))
    alike = every.T @ every / len(every)
    alike += np.eye(last + 1) * 1e-6 * np.trace(alike) / (last + 1)
    wanted, kept = alike @ np.vstack((weight, bias)), [*range(last), last]
    while True:
        inverse = np.linalg.inv(alike[np.ix_(kept, kept)])
        fitted = inverse @ wanted[kept]
        if len(kept) == count + 1:
            return kept[:-1], fitted[:-1], fitted[-1]
        kept.pop(int(np.argmin((fitted[:-1] ** 2).sum(1) / np.diag(inverse)[:-1])))
