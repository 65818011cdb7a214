"""Some days of an invented clinic in CI; ``python -m tests.simulation`` lives through whole months, ``make soak`` many."""

import os

import pytest

from tests.simulation.__main__ import month

DAYS = int(os.environ.get("CONFER_DAYS", "8"))


@pytest.mark.parametrize(
    ("engine", "seed"),
    [("sqlite", 1), ("sqlite", 2), pytest.param("postgresql", 3, marks=pytest.mark.postgres)],
    indirect=["engine"],
)
def test_days_of_a_clinic_leave_everything_in_order(url: str, seed: int) -> None:
    lived = month(seed, DAYS, url)
    assert lived.done["meeting start"]
    assert lived.done["case approve"] > 5
    assert lived.replayed
    assert lived.faults


def test_one_seed_is_one_run() -> None:
    assert month(4, 3) == month(4, 3)
