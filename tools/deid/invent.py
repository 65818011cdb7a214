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
    names, _, towns = (HERE / "everyday.txt").read_text().partition("\n[names]\n")[2].partition("\n[towns]\n")
    return names.split(), towns.split()


LABELS = {
    **dict.fromkeys("FLNOWJ", "NAME"), **dict.fromkeys("PHRKB", "LOCATION"), "D": "DATE", "I": "ID", "T": "PHONE", "A": "AGE",
}  # fmt: skip
_SITES = (
    "Medical Center", "Hospital", "Clinic", "Health", "Counseling", "Wellness Center", "Rehab", "Recovery", "Hospice", "Manor", "Lodge", "Court",
    "House", "Place", "Village", "Terrace", "Gardens", "Associates", "Pediatrics", "Family Practice", "Urgent Care", "Behavioral Health", "ER",
    "Memorial", "Regional", "General", "Surgery Center", "Imaging", "Nursing Home", "Assisted Living", "Dialysis", "Women's Health", "Psychiatry",
)  # fmt: skip
_LAND = (
    "Creek",
    "Ridge",
    "Valley",
    "Hills",
    "Park",
    "Lake",
    "River",
    "Springs",
    "Grove",
    "Point",
    "Falls",
    "Bay",
    "View",
    "Haven",
    "Meadow",
    "Run",
)
_SCHOOLS = (
    "Elementary",
    "Middle School",
    "High",
    "High School",
    "Academy",
    "College",
    "University",
    "Jr High",
    "State",
    "Prep",
    "Montessori",
    "Tech",
)
_STREETS = (
    "St",
    "Street",
    "Ave",
    "Avenue",
    "Rd",
    "Road",
    "Lane",
    "Ln",
    "Dr",
    "Drive",
    "Blvd",
    "Court",
    "Ct",
    "Way",
    "Pkwy",
    "Place",
    "Terrace",
    "",
)
_SHOPS = (
    "Cafe", "Diner", "Grill", "Bar", "Mall", "Market", "Shelter", "Mission", "Church", "Bakery", "Gym", "Salon", "Motel", "Inn", "Library", "Station",
    "Barbers", "Pub", "Tavern", "Plaza", "Center", "Hall", "Ranch", "Farm", "Pharmacy", "Arms", "Lounge", "Brewery", "Theater", "Pizza",
)  # fmt: skip


_STATES = sorted(STATES)


@cache
def _listed(name: str) -> list[str]:
    """The words of a hand-made list."""
    return sorted(lexicon().lists[name])


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    "Jan", "Feb", "Mar", "Aug", "Sept", "Oct", "Nov", "Dec",
)  # fmt: skip
_WEEKDAYS = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "tues", "weds", "thurs", "fri", "mon",
)  # fmt: skip


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
        self.drug = [w for w, v in words if v.drug and v.given < 2 and v.last < 3 and not v.place]
        self.plain = [w for w, v in words if v.spelled and 5 < v.common < 11 and v.ratio < 4 and 3 < len(w) < 10]
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
                return r.choice(_STATES).title()
            case "P":
                if r.random() < 0.12:
                    return r.choice(towns).title()
                return self._made() if r.random() < 0.1 else r.choice(self.town).title()
            case _:
                return self._special(slot)

    def _special(self, slot: str) -> str:
        """Sites, streets, shops, numbers, and the harmless look-alikes of names."""
        own = self.rng.choice([self.fill("P"), self.fill("L"), self.fill("F"), *(self._plain() for _ in range(3))])
        if slot in "HKRB":
            return self._site(slot, own)
        return self._number(slot) if slot in "DITAJ" else self._harmless(slot)

    def _site(self, slot: str, own: str) -> str:
        """A care site, a school, a street or a shop."""
        r, two = self.rng, self.rng.randrange
        match slot:
            case "H":
                head = r.choice(_SITES)
                saint = f"{r.choice(['St.', 'St', 'Saint', 'Mount', 'Our Lady of'])} {self.fill('F')}{r.choice(['', chr(39) + 's'])}"
                full = f"{r.choice([saint, own, own, f'{own} {self._plain()}', f'{own} {r.choice(_LAND)}'])} {head}"
                return r.choice([full, full, full, full, saint, f"the {own}", f"{own} {r.choice(_LAND)}"])
            case "K":
                name = r.choice([own, own, f"{own} {r.choice(_LAND)}", "St. " + self.fill("F")])
                return f"{name} {r.choice(_SCHOOLS)}"
            case "R":
                name = r.choice([own, own, self.fill("L"), f"{two(90) + 1}th", f"{own} {r.choice(_LAND)}"])
                street = f"{r.choice(['', '', 'N ', 'West ', 'E. '])}{name} {r.choice(_STREETS)}"
                return r.choice([f"{two(9000) + 3} {street}", street, street, f"{own} and {self.fill('L')}"])
            case _:
                plain = f"{self._plain()} {self._plain()}"
                named = [f"{own} {r.choice(_SHOPS)}", f"{own} {r.choice(_SHOPS)}"]
                shop = r.choice([own, plain, *named, f"{self.fill('F')}'s", f"{self._plain()} & {self._plain()}"])
                return r.choice([shop, shop, f"the {shop}"])

    def _number(self, slot: str) -> str:
        """A day, an identifier, a telephone number, an age over 89 or initials."""
        r, two = self.rng, self.rng.randrange
        match slot:
            case "D":
                month, day = r.choice(_MONTHS), two(28) + 1
                return r.choice([f"{two(12) + 1}/{day}", f"{two(12) + 1}/{day}/{two(24) + 2000}", f"{month} {day}", f"{day} {month} {two(24) + 2000}", month,
                    r.choice(_WEEKDAYS), f"the {day}th"])  # fmt: skip
            case "I":
                digits, letters = f"{two(10**7)}", f"{chr(65 + two(26))}{chr(65 + two(26))}"
                return r.choice([digits, f"{letters}-{two(10**5)}", f"{two(99)}-{two(999)}-{two(99)}"])
            case "T":
                return f"{two(800) + 200}{r.choice('-. ')}555{r.choice('-. ')}0{two(900) + 100}"
            case "A":
                return str(90 + two(14))
            case _:
                a, b = (chr(65 + two(26)) for _ in range(2))
                shown = [f"{self.fill('F')} {b}", f"{self.fill('F')} {b}.", f"{self.fill('F')} {b}"]
                return r.choice([f"{a}.{b}.", *shown, self.fill("F")[:4] + r.choice(["y", "ie", "o"])])

    def _harmless(self, slot: str) -> str:
        """An eponym, a drug, an abbreviation or brand, a plain word."""
        r = self.rng
        match slot:
            case "E":
                eponym = f"{r.choice(_listed('eponym')).title()} {r.choice(_listed('eponym_head'))}"
                return eponym if r.random() < 0.7 else r.choice(_listed("eponym_alone")).title()
            case "G":
                drug = r.choice(self.drug)
                return drug.title() if r.random() < 0.4 else drug
            case "Q":
                short = r.random() < 0.5
                return r.choice(_listed("abbreviation")).upper() if short else r.choice(_listed("brand")).title()
            case _:
                return r.choice(self.plain)

    def _plain(self) -> str:
        return self.rng.choice(self.plain).title()

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
                if part[1] in LABELS:
                    spans.append((len(text), len(text) + len(word), LABELS[part[1]]))
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


_HIDDEN = {
    "NAME": ["[name]", "[name 2]", "[clinician]", "[partner]", "the patient"], "LOCATION": ["[place]"], "DATE": ["[date]"],
    "PHONE": ["[phone]"], "ID": ["[id]"],
}  # fmt: skip


def hidden(text: str, spans: list[tuple[int, int, str]], rng: random.Random) -> Text:
    """The text with most of its identifiers behind placeholders, as the second pass reads it."""
    out, at = "", 0
    left: list[tuple[int, int, str]] = []
    for start, end, label in sorted(spans):
        out += text[at:start]
        if label in _HIDDEN and rng.random() < 0.6:
            out += rng.choice(_HIDDEN[label])
        else:
            left.append((len(out), len(out) + end - start, label))
            out += text[start:end]
        at = end
    return out + text[at:], left
