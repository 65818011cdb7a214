"""Where the time comes from: the machine's clock, or one that a person or a test moves."""

import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class MovableClock:
    """A clock that can be set. ``flows``: it also runs with the time that really passes."""

    def __init__(self, start: datetime, *, flows: bool = False):
        self._base, self._flows, self._since = start.astimezone(UTC), flows, time.monotonic()

    def now(self) -> datetime:
        passed = timedelta(seconds=time.monotonic() - self._since) if self._flows else timedelta()
        return self._base + passed

    def set(self, at: datetime) -> None:
        """Move on; a clock never goes back."""
        if at > self.now():
            self._base, self._since = at.astimezone(UTC), time.monotonic()


Clock = SystemClock | MovableClock
