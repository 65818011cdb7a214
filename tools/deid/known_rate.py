"""How often a person of the case's record is found: as recorded in any letter case, and with one slip of the pen.

    python -m tools.deid.known_rate [--people 300]

draws people from the packaged names and puts each, whole and by surname, into frames of chat. A slip leaves out,
doubles, exchanges or swaps one letter inside a name of five letters or more.
"""

import argparse
import random
import sys
from collections.abc import Callable

from conference.deid import Known, KnownPerson, Role, scan
from tools.deid.invent import Source

FRAMES = ("{} came in today.", "spoke with {} about the plan", "pt {}: low mood, no si", "HX: {}; PHQ-9 14", "({})")
CASES: tuple[Callable[[str], str], ...] = (str, str.lower, str.upper, str.title, str.swapcase)


def slip(word: str, rng: random.Random) -> str:
    """The word with one letter left out, doubled, exchanged or swapped with the next."""
    at = rng.randrange(1, len(word) - 1)
    match rng.randrange(4):
        case 0:
            return word[:at] + word[at + 1 :]
        case 1:
            return word[:at] + word[at] + word[at:]
        case 2:
            return word[:at] + rng.choice("abcdefghijklmnopqrstuvwxyz") + word[at + 1 :]
        case _:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def hidden(text: str, name: str, known: Known) -> bool:
    """Whether every letter of the name is hidden, wherever it comes from."""
    at = text.index(name)
    covered = {i for f in scan(text, known).findings for i in range(f.start, f.end)}
    return all(i in covered for i in range(at, at + len(name)) if text[i].isalpha())


def main() -> None:
    """Print both rates."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=300)
    count = parser.parse_args().people
    source = Source(23)
    rng, right, slipped = source.rng, [0, 0], [0, 0]
    for _ in range(count):
        given, last = source.fill("F"), source.fill("L")
        known = Known(people=(KnownPerson(Role.PATIENT, (f"{given} {last}",)),))
        for name in (f"{given} {last}", last):
            frame, write = rng.choice(FRAMES), rng.choice(CASES)
            written = write(name)
            right[0] += hidden(frame.format(written), written, known)
            right[1] += 1
        if len(last) >= 5 and last.isalpha():
            written = rng.choice((str.lower, str.title))(slip(last.lower(), rng))
            slipped[0] += hidden(rng.choice(FRAMES).format(written), written, known)
            slipped[1] += 1
    sys.stdout.write(f"as recorded, any letter case: {100 * right[0] / right[1]:.2f} % of {right[1]}\n")
    sys.stdout.write(f"one slip: {100 * slipped[0] / slipped[1]:.2f} % of {slipped[1]}\n")


if __name__ == "__main__":
    main()
