"""When to try again: the waits of one notice, and the breaker that spares a platform which does not answer."""

import math
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapters.platform import NotDelivered

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=10)
LONGEST_ASKED = timedelta(hours=1)
"""A platform that names a longer time is asked again after this one."""
ENOUGH = 5
"""Failures in a row that open the breaker."""
FIRST_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=1)


def asked_for(failure: NotDelivered) -> timedelta | None:
    """How long the platform asks to be left alone, within reason; None where it does not, or talks nonsense."""
    after = failure.retry_after
    if after is None or not math.isfinite(after) or after <= 0:
        return None
    return min(timedelta(seconds=min(after, 1e9)), LONGEST_ASKED)


def own_wait(attempts: int) -> timedelta:
    """The wait after so many attempts that failed: each about twice the one before."""
    return min(FIRST_WAIT * int(2 ** min(attempts, 20)), LONGEST_WAIT)


def spread(wait: timedelta) -> timedelta:
    """Up to a quarter longer, so that those who failed together do not come back together."""
    return wait * (1 + random.random() / 4)  # noqa: S311 - jitter, not a secret


@dataclass(slots=True)
class Breaker:
    """Of one platform: closed while it answers, open while it rests, and one probe after each rest.

    Only what says that the platform itself is in trouble counts: neither a refusal of one message or room, nor a rate
    limit, nor an error of ours.
    """

    failures: int = 0
    """In a row."""
    rests: int = 0
    until: datetime | None = None
    is_probing: bool = False

    @property
    def is_open(self) -> bool:
        return self.until is not None

    def lets_probe(self, now: datetime) -> bool:
        """Whether it rested long enough for one more try; whoever is told so has to try."""
        return self.until is not None and now >= self.until and not self.is_probing

    def worked(self) -> None:
        self.failures, self.rests, self.until, self.is_probing = 0, 0, None, False

    def failed(self, now: datetime) -> None:
        self.failures += 1
        if self.failures >= ENOUGH and (self.until is None or self.is_probing):
            self.until = now + spread(min(FIRST_REST * int(2**self.rests), LONGEST_REST))
            self.rests, self.is_probing = min(self.rests + 1, 10), False

    def probe_came_to_nothing(self) -> None:
        """The probe was not sent after all; the next one may be."""
        self.is_probing = False


def is_platforms(failure: NotDelivered) -> bool:
    """Whether a failure says something of the whole platform."""
    return not failure.final and (failure.retry_after is None or failure.unknown)
