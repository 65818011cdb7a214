"""When the next call may go out: one post a second and channel, and never before Slack's Retry-After is over."""

import asyncio
import time
from collections.abc import Callable

from adapters.platform import NotDelivered

LONGEST_WAIT = 30.0
"""A caller that would wait longer is told when to come back, so that a crowded channel holds nobody else up."""


class Pace:
    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next: dict[str, float] = {}
        self._held: dict[str, float] = {}

    async def turn(self, key: str, seconds: float, burst: int = 1) -> None:
        """Wait for this key's turn; turns of one key lie ``seconds`` apart and come in the order they were asked.

        After a rest, ``burst`` of them may come at once."""
        now = self._clock()
        due = max(now, self._next.get(key, 0.0))
        at = max(now, due - (burst - 1) * seconds)
        if at - now > LONGEST_WAIT:
            raise NotDelivered("paced", retry_after=at - now)
        self._next[key] = due + seconds
        if len(self._next) > 10_000:
            self._next = {k: t for k, t in self._next.items() if t > now}
        if at > now:
            await asyncio.sleep(at - now)

    def hold(self, key: str, seconds: float) -> None:
        """Nothing of this key before so many seconds have passed: Slack said so."""
        self._held[key] = self._clock() + seconds

    def check(self, key: str) -> None:
        """Raise NotDelivered while the key is held."""
        left = self._held.get(key, 0.0) - self._clock()
        if left > 0:
            raise NotDelivered("ratelimited", retry_after=left)
