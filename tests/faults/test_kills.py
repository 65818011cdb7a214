"""kill -9 at every named step, and at any moment: what was acknowledged is done once and said once."""

import os
import random
import signal
from collections.abc import Callable, Sequence

import pytest

from tests.faults.bot import OK
from tests.faults.checks import Trace
from tests.faults.conftest import Begin

SAMPLE = int(os.environ.get("CONFER_STEPS", "12"))
"""How many of the steps CI kills at; 0: each of them."""
PARTS = 1 if SAMPLE else 8
"""In how many tests, so that several may run at once."""
KILLS = int(os.environ.get("CONFER_RANDOM_KILLS", "16"))
FIRST = 0.3
"""Seconds within which the first kill of a run comes."""
SEED = int(os.environ.get("CONFER_SEED", "5"))


def test_an_undisturbed_run_says_what_it_should(undisturbed: tuple[Trace, list[str]]) -> None:
    found, steps = undisturbed
    assert {step.split()[0] for step in steps} == {"before", "after"}
    assert {step.split()[1] for step in steps} == {"begin", "commit", "send", "edit", "acknowledging"}
    assert set(found.states) <= {"sent", "dropped"}
    assert any("overdue" in words for words in found.rooms["@nora nora"])
    assert found.acts["nora", "task done", "…", "done"] == 1


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_a_step_it_goes_on_as_if_nothing_had_been(
    begin: Begin, undisturbed: tuple[Trace, list[str]], record_property: Callable[[str, object], None], part: int
) -> None:
    expected, steps = undisturbed
    chance = random.Random(SEED)
    every = range(1, len(steps) + 1)
    chosen = sorted(chance.sample(every, SAMPLE)) if SAMPLE else every[part::PARTS]
    recoveries = []
    for at in chosen:
        bot = begin()
        end = bot.runs(kill_at=at)
        if end == OK:  # what is marked together differs a little from run to run: this one had fewer steps
            assert at > len(steps) * 0.9
            continue
        assert end == -signal.SIGKILL
        bot.runs_to_the_end()
        assert bot.trace() == expected, f"killed at step {at}, {steps[at - 1]}"
        recoveries.append(bot.recovered_in)
    _record(record_property, recoveries)


def test_killed_again_and_again_at_any_moment(
    begin: Begin, undisturbed: tuple[Trace, list[str]], record_property: Callable[[str, object], None]
) -> None:
    expected, _ = undisturbed
    chance = random.Random(SEED)
    recoveries: list[float] = []
    while len(recoveries) < KILLS:
        seed = chance.getrandbits(32)
        moments = random.Random(seed)
        bot = begin()
        longest = FIRST
        while (end := bot.runs(kill_after=moments.random() * longest)) == -signal.SIGKILL:
            recoveries.append(bot.recovered_in)
            longest *= 1.2  # however slow the machine, it ends
        assert end == OK
        assert bot.trace() == expected, f"seed {seed}"
    _record(record_property, recoveries)


def _record(record_property: Callable[[str, object], None], recoveries: Sequence[float]) -> None:
    """For the table of docs/reliability.md."""
    record_property("kills", len(recoveries))
    record_property("slowest recovery, seconds", round(max(recoveries), 2))
