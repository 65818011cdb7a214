"""Training texts with gold spans: frames with slots, annotated texts with their names exchanged, clinical prose."""

import html
import random
import re
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from conference.deid.gazetteer import STATES
from conference.deid.lexicon import Word, lexicon

HERE = Path(__file__).parent
Text = tuple[str, list[tuple[int, int, str]]]


@cache
def everyday() -> tuple[list[str], list[str]]:
    """Words that are also names of people, and of towns."""
    names, _, towns = (HERE / "everyday.txt").read_text().partition("[names]")[2].partition("[towns]")
    return names.split(), towns.split()


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
        names, towns = everyday()
        match slot:
            case "F":
                return self._made() if r.random() < 0.08 else r.choice(self.first).title()
            case "L":
                made = r.random() < 0.15
                double = "-" + r.choice(self.last).title() if r.random() < 0.06 else ""
                return (self._made() if made else r.choice(self.last).title()) + double
            case "N":
                middle = r.choice(["", "", "", f" {chr(65 + r.randrange(26))}.", f" {r.choice(self.first).title()}"])
                return f"{self.fill('O' if r.random() < 0.1 else 'F')}{middle} {self.fill('L')}"
            case "O":
                return r.choice(names).title()
            case "W":
                return r.choice(names + towns).title()
            case "S":
                return r.choice(sorted(STATES)).title()
            case _:
                if r.random() < 0.12:
                    return r.choice(towns).title()
                return self._made() if r.random() < 0.1 else r.choice(self.town).title()

    def _made(self) -> str:
        """A word glued from two halves of the lexicon."""
        a, b = self.rng.choice(self.last), self.rng.choice(self.last)
        return (a[: 2 + len(a) // 2] + b[len(b) // 2 :]).title()


def from_frames(source: Source, rounds: int) -> Iterator[Text]:
    """Texts of the frames with gold spans."""
    lines = (HERE / "frames.txt").read_text().splitlines()
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


def exchanged(text: str, spans: list[tuple[int, int, str]], source: Source) -> Text:
    """The text with its names and plain towns replaced; word-like names mostly stay, for their frames are about them."""
    out, at = "", 0
    new: list[tuple[int, int, str]] = []
    for start, end, label in sorted(spans):
        out += text[at:start]
        fresh = _other(text[start:end], label, source)
        new.append((len(out), len(out) + len(fresh), label))
        out += fresh
        at = end
    return out + text[at:], new


def _other(old: str, label: str, source: Source) -> str:
    """Another name or town in place of a plain one, in the same letter case."""
    words, rng = old.split(), source.rng
    fresh = old
    if all(w.isalpha() and len(w) > 2 for w in words) and rng.random() < 0.85:
        if label == "NAME" and len(words) == 2 and words[0].lower() not in ("dr", "mrs", "miss", "prof"):
            fresh = source.fill("N")
        elif label == "NAME" and len(words) == 1:
            like = old.lower() in everyday()[0]
            fresh = source.fill("O" if like or rng.random() < 0.12 else "L" if rng.random() < 0.25 else "F")
        elif label == "LOCATION" and len(words) == 1:
            fresh = source.fill("P")
    return fresh.lower() if old.islower() else fresh


def from_icd(archive: Path, prose: list[str], source: Source, count: int) -> Iterator[Text]:
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
