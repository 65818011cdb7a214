"""Train the net of the tagger: Adam on short runs of text, words hidden at random so that it learns the frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax  # type: ignore[import-not-found]
import jax.numpy as jnp  # type: ignore[import-not-found]
import numpy as np
from numpy.typing import NDArray

from conference.deid.features import BLIND, SIZES
from conference.deid.tagger import vectors

WIDE = 64  # figures of a word within the net
ANSWERS = 4  # nothing, person, place, another identifier
RUN = 2048  # words of one step
EPOCHS, RATE, DECAY, DROP = 4, 2e-3, 1e-4, 0.25
NO_WORD, NO_VECTOR = 0.25, 0.15  # how often what tells a word apart, and its vector, is hidden

Arrays = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """One text as the net reads it: columns, rows of vectors, answers, weights."""

    ids: NDArray[np.uint16]
    rows: NDArray[np.int32]
    answer: NDArray[np.int8]
    weight: NDArray[np.float32]


def _start(seed: int, size: int) -> Arrays:
    keys = jax.random.split(jax.random.PRNGKey(seed), 5)
    shapes = {
        "E": (sum(SIZES), WIDE),
        "G": (size, WIDE),
        "W1": (5 * WIDE, WIDE),
        "W2": (5 * WIDE, WIDE),
        "W3": (WIDE, ANSWERS),
    }
    spread = {"E": 0.05, "G": 0.5 / size**0.5}
    found = {
        name: jax.random.normal(key, shape) * spread.get(name, shape[0] ** -0.5)
        for key, (name, shape) in zip(keys, shapes.items(), strict=True)
    }
    return found | {"b0": jnp.zeros(WIDE), "b1": jnp.zeros(WIDE), "b2": jnp.zeros(WIDE), "b3": jnp.zeros(ANSWERS)}


def _near(found: Any, weight: Any) -> Any:
    count, padded = found.shape[0], jnp.pad(found, ((2, 2), (0, 0)))
    return jnp.concatenate([padded[at : at + count] for at in range(5)], 1) @ weight


def _scores(net: Arrays, table: Any, ids: Any, rows: Any, key: Any) -> Any:
    """The net of `conference.deid.tagger`, with parts hidden at random."""
    keys, count = jax.random.split(key, 5), ids.shape[0]
    shown = jax.random.bernoulli(keys[0], 1 - NO_WORD, (count, 1))
    mask = jnp.ones((count, len(SIZES))).at[:, np.array(BLIND)].set(jnp.broadcast_to(shown, (count, len(BLIND))))
    vector = table[rows] * jax.random.bernoulli(keys[1], 1 - NO_VECTOR, (count, 1))
    found = jax.nn.relu((net["E"][ids] * mask[:, :, None]).sum(1) + vector @ net["G"] + net["b0"])
    found = _dropped(found, keys[2])
    for at, again in ((1, keys[3]), (2, keys[4])):
        found = _dropped(found + jax.nn.relu(_near(found, net[f"W{at}"]) + net[f"b{at}"]), again)
    return found @ net["W3"] + net["b3"]


def _dropped(found: Any, key: Any) -> Any:
    return found * jax.random.bernoulli(key, 1 - DROP, found.shape) / (1 - DROP)


def trained(examples: Sequence[Example], seed: int) -> Arrays:
    """The arrays of a net that has read the examples, in another order each time round."""
    _, packed, unit = vectors()
    table = jnp.array(packed.astype(np.float32) * unit)
    net = _start(seed, table.shape[1])
    first = second = jax.tree.map(jnp.zeros_like, net)
    rng, key = np.random.default_rng(seed), jax.random.PRNGKey(seed + 99)
    runs = sum(len(e.rows) for e in examples) // RUN
    total = EPOCHS * runs

    def loss(net: Arrays, ids: Any, rows: Any, answer: Any, weight: Any, key: Any) -> Any:
        told = jax.nn.log_softmax(_scores(net, table, ids, rows, key))
        return -(weight * told[jnp.arange(RUN), answer]).sum() / weight.sum()

    @jax.jit
    def step(
        net: Arrays, first: Arrays, second: Arrays, at: Any, ids: Any, rows: Any, answer: Any, weight: Any, key: Any
    ) -> Any:
        slope = jax.grad(loss)(net, ids, rows, answer, weight, key)
        first = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, first, slope)
        second = jax.tree.map(lambda a, b: 0.99 * a + 0.01 * b * b, second, slope)
        rate = RATE * jnp.minimum(1, at / 100) * jnp.maximum(0.02, 1 - at / total)
        net = jax.tree.map(
            lambda w, a, b: w - rate * (a / (1 - 0.9 ** (at + 1)) / (jnp.sqrt(b / (1 - 0.99 ** (at + 1))) + 1e-8) + DECAY * w),
            net, first, second,
        )  # fmt: skip
        return net, first, second

    for epoch in range(EPOCHS):
        order = [examples[at] for at in rng.permutation(len(examples))]
        ids = np.concatenate([e.ids for e in order]).astype(np.int32)
        rows, answer, weight = (
            np.concatenate([getattr(e, name) for e in order]) for name in ("rows", "answer", "weight")
        )
        for at in range(runs):
            key, own = jax.random.split(key)
            part = slice(at * RUN, (at + 1) * RUN)
            count = float(epoch * runs + at)
            net, first, second = step(
                net, first, second, count, ids[part], rows[part], answer[part].astype(np.int32), weight[part], own
            )
    return {name: np.asarray(array) for name, array in net.items()}
