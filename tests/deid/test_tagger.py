"""The net reads what learning showed it; its scores become odds."""

import numpy as np
import pytest

from conference.deid import tagger
from conference.deid.evidence import evidence
from conference.deid.features import COUNT, PAD, numbers, place_columns, place_key
from conference.deid.model import Kind
from conference.deid.reading import KINDS
from conference.deid.tagger import REACH, STEPS, TAPS, Net, Tagger, layer, odds, vectors

TEXT = "Zorbakowa, Petra (MRN 4471-B) moved to the lofts on 4/2; [name 2] agrees.\nSildenafil 50 mg"
WIDE, NECK = 6, 3


def _net(near: float) -> Net:
    rng = np.random.default_rng(5)
    wide = vectors()[1].shape[1]
    shapes = ((WIDE, NECK), (TAPS, NECK), (NECK,), (NECK, WIDE), (WIDE,))
    layers = tuple(layer(*(near * rng.normal(size=shape).astype(np.float32) for shape in shapes)) for _ in STEPS)
    return Net(
        rng.normal(size=(COUNT, WIDE)).astype(np.float32),
        rng.normal(size=(wide, WIDE)).astype(np.float32),
        rng.normal(size=WIDE).astype(np.float32),
        layers,
        (rng.normal(size=(WIDE, 1 + len(KINDS))).astype(np.float32), np.zeros(1 + len(KINDS), np.float32)),
    )


def test_the_kept_sums_are_those_that_learning_reads():
    """The first layer, fed from kept sums of words, equals the one over all columns; a second reading too."""
    readings, net = evidence(TEXT).readings, _net(0.0)
    index, rows, unit = vectors()
    at = [0] * PAD + [index.get(r.token.key, 0) if r.token.is_word else 0 for r in readings] + [0] * PAD
    known = net.columns[numbers(readings)].sum(axis=1) + (rows[at] * np.float32(unit)) @ net.vectors + net.bias
    wanted = np.maximum(known, 0) @ net.answer[0]
    asked = Tagger(net)
    for _ in range(2):
        assert np.allclose(asked.read(readings), wanted, atol=1e-2)


def test_places_that_share_a_key_share_their_columns():
    """What is kept of a place under its key is right for every other place of that key."""
    columns = {}
    for text in (
        TEXT,
        TEXT.lower(),
        TEXT.upper(),
        "Hope may call Dr. May. hope is low; will, may and HOPE agree on Hope St.",
    ):
        for reading in evidence(text).readings:
            assert columns.setdefault(place_key(reading), place_columns(reading)) == place_columns(reading)


def test_words_are_told_apart_when_the_kept_ones_are_given_up(monkeypatch):
    """A text of more words than are kept is read as one of few."""
    readings, net = evidence(TEXT).readings, _net(0.6)
    whole = Tagger(net).read(readings)
    monkeypatch.setattr(tagger, "_MOST", 5)
    asked = Tagger(net)
    for _ in range(2):
        assert np.allclose(asked.read(readings), whole, rtol=1e-3)


def test_a_word_hears_its_neighbours_but_not_far_ones():
    """Another word within reach changes the scores; one beyond the reach of all layers does not."""
    net = _net(0.6)

    def last(first_word: str, gap: int) -> np.ndarray:
        readings = evidence(" ".join([first_word, *["and"] * gap, "quietly"])).readings
        return Tagger(net).read(readings)[-1 - PAD]

    assert not np.allclose(last("sertraline", 3), last("unicorn", 3))
    assert np.allclose(last("sertraline", REACH + 6), last("unicorn", REACH + 6), atol=1e-4)


def test_odds_are_of_any_kind_of_person_and_of_place():
    """Equal scores of nothing and a person give even odds; the likeliest kind is named."""
    any_, person, place, kinds = odds(np.array([[2.0, 2.0, -30, -30, -30, -30], [-9, -9, -9, 4, -9, -9]], np.float32))
    assert (any_[0], person[0], place[0]) == pytest.approx((0.0, 0.0, -13.8), abs=0.1)
    assert [KINDS[k] for k in kinds] == [Kind.NAME, Kind.DATE]


def test_a_long_text_is_read_in_blocks_as_it_were_whole(monkeypatch):
    """Where a block ends makes no difference."""
    readings, asked = evidence(TEXT * 4).readings, Tagger(_net(0.6))
    whole = asked.read(readings)
    monkeypatch.setattr(tagger, "_BLOCK", 7)
    assert np.allclose(asked.read(readings), whole, rtol=1e-3)
