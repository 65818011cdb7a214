"""The tagger's vote: a linear model over the features of a word, trained by `tools/deid/tagger.py`."""

from functools import cache

from conference.deid.context import Reading
from conference.deid.features import features
from conference.deid.lexicon import read

_UNIT = 16.0  # weights are stored as sixteenths
_FLOOR = -6.5  # below this hand-made judgement no vote is asked


@cache
def _weights() -> tuple[dict[str, float], dict[str, float]]:
    people, places = {}, {}
    for row in read("tagger.txt.xz").split("\n"):
        feature, person, place = row.split("\t")
        people[feature], places[feature] = int(person) / _UNIT, int(place) / _UNIT
    return people, places


def vote(readings: list[Reading]) -> None:
    """Write the votes into the readings: log odds that a word is a person, that it is a place."""
    people, places = _weights()
    for at, reading in enumerate(readings):
        if (
            reading.token.is_word
            and not reading.harmless
            and max(reading.name, reading.place) > _FLOOR
            and len(reading.token.key) > 1
        ):
            active = features(readings, at)
            reading.person_vote = sum(people.get(f, 0.0) for f in active)
            reading.place_vote = sum(places.get(f, 0.0) for f in active)
