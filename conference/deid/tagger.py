"""The tagger's vote: a linear model over the features of a word, trained by `tools/deid/tagger.py`."""

from functools import cache

from conference.deid.context import Reading
from conference.deid.features import Signs, worth
from conference.deid.lexicon import read

_UNIT = 16.0  # weights are stored as sixteenths
FLOOR = -6.5  # below this hand-made judgement no vote is asked


@cache
def weights() -> dict[str, tuple[float, float]]:
    """By feature, what it adds to the log odds of a person and of a place."""
    found = {}
    for row in read("tagger.txt.xz").split("\n"):
        feature, person, place = row.split("\t")
        found[feature] = (int(person) / _UNIT, int(place) / _UNIT)
    return found


def vote(readings: list[Reading]) -> None:
    """Write the votes into the readings: log odds that a word is a person, that it is a place."""
    table, signs = weights(), Signs(readings)
    for at, reading in enumerate(readings):
        if worth(reading, FLOOR):
            person = place = 0.0
            for feature in signs.of(at):
                pair = table.get(feature)
                if pair is not None:
                    person += pair[0]
                    place += pair[1]
            reading.person_vote, reading.place_vote = person, place
