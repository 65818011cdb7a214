"""Months of an invented clinic, one seed each: ``python -m tests.simulation [--seed N] [--months N] [--seconds S]``."""

import argparse
import sys
import time

from bot.garbage import sparing_what_is_loaded
from tests.simulation.clinic import Month, clinic
from tests.simulation.invariants import hold

DAYS = 30


def month(seed: int, days: int = DAYS, url: str = "sqlite://") -> Month:
    """Live through a month, checking every evening. Raises AssertionError."""
    with clinic(seed, url) as team, sparing_what_is_loaded():
        team.begin()
        for _ in range(days):
            team.day()
            hold(team)
        return team.end()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first month's seed; one seed is one month")
    parser.add_argument("--months", type=int, default=0, help="how many; 0: until the time is over")
    parser.add_argument("--seconds", type=float, default=60, help="how long, where no number of months is given")
    args = parser.parse_args()
    began, begun, seed, steps = time.monotonic(), time.process_time(), args.seed, 0
    while seed < args.seed + args.months if args.months else time.monotonic() - began < args.seconds:
        try:
            lived = month(seed)
        except BaseException:
            sys.stderr.write(f"seed {seed} failed; python -m tests.simulation --seed {seed} --months 1\n")
            raise
        steps += lived.steps
        rate, worked = steps / (time.monotonic() - began), steps / (time.process_time() - begun)
        speed = f"{rate:.0f} a second, {worked:.0f} a second of processor time"
        sys.stdout.write(f"seed {seed}: {lived}; {steps} steps so far, {speed}\n")
        seed += 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
