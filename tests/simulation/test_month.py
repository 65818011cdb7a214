"""Some days of an invented clinic in CI; ``python -m tests.simulation`` lives through whole months, ``make soak`` many."""

import os

import pytest

from tests.simulation.__main__ import month

DAYS = int(os.environ.get("CONFER_DAYS", "8"))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_days_of_a_clinic_leave_everything_in_order(seed: int) -> None:
    lived = month(seed, DAYS)
    assert lived.done["meeting start"]
    assert lived.done["case approve"] > 5
    assert lived.replayed
    assert lived.faults
