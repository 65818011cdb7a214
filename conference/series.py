"""A series: the recurring conference from which meetings are planned."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import NewType
from zoneinfo import ZoneInfo

from conference.local_time import at_local
from conference.meeting import MeetingKind
from conference.people import Account, Discipline, TeamId
from conference.recurrence import Recurrence, anchored, dated
from conference.refusal import Refusal

SeriesId = NewType("SeriesId", str)


@dataclass(frozen=True, slots=True)
class Series:
    """``start``: naive local time of the first occurrence in ``zone``; occurrences follow ``rule`` from there.

    ``until``: the last local date. ``skipped`` dates are left out, ``kept`` ones stand though they are holidays.
    ``sequence`` counts what calendars have to hear of.
    """

    ref: SeriesId
    team: TeamId
    title: str
    rule: Recurrence
    start: datetime
    zone: str
    length: timedelta
    kind: MeetingKind
    created_by: Account
    quorum: tuple[Discipline, ...] = ()
    closes: timedelta = timedelta(hours=24)
    skipped: frozenset[date] = frozenset()
    stopped_at: datetime | None = None
    until: date | None = None
    kept: frozenset[date] = frozenset()
    sequence: int = 0

    @property
    def is_running(self) -> bool:
        return self.stopped_at is None

    @property
    def rrule(self) -> str:
        """RFC 5545 text for calendars; its end is in UTC, as the RFC wants beside a zone (3.3.10)."""
        text = anchored(self.rule, self.start)
        return f"{text};UNTIL={self._end():%Y%m%dT%H%M%SZ}" if self.until else text

    def times(
        self, after: datetime, before: datetime, holidays: frozenset[date] = frozenset(), *, limit: int = 400
    ) -> dict[datetime, datetime]:
        """When it meets from ``after`` up to ``before``: UTC, each with the local time that the rule says."""
        without = self.skipped | (holidays - self.kept)
        end = min(before, self._end() + timedelta(seconds=1)) if self.until else before
        return dated(self.rule, self.start, ZoneInfo(self.zone), after, end, limit=limit, without=without)

    def skip(self, dates: Iterable[date]) -> "Series":
        self._check_running()
        them = frozenset(dates)
        if them <= self.skipped:
            raise Refusal(f"Series {self.ref} leaves that date out already.")
        return replace(self, skipped=self.skipped | them, kept=self.kept - them, sequence=self.sequence + 1)

    def keep(self, dates: Iterable[date]) -> "Series":
        """Meet on these dates after all, holidays or not."""
        self._check_running()
        them = frozenset(dates)
        return replace(self, skipped=self.skipped - them, kept=self.kept | them, sequence=self.sequence + 1)

    def change(self, **what: object) -> "Series":
        """Another rhythm, length or name, from now on."""
        self._check_running()
        changed = replace(self, **what)  # type: ignore[arg-type]  # fields by name
        if changed == self:
            raise Refusal(f"Series {self.ref} is like that already.")
        return changed.told_anew()

    def told_anew(self) -> "Series":
        """Calendars have to hear of it, though the series itself is as it was."""
        return replace(self, sequence=self.sequence + 1)

    def stop(self, now: datetime) -> "Series":
        self._check_running()
        return replace(self, stopped_at=now, sequence=self.sequence + 1)

    def _end(self) -> datetime:
        """The last second of the last date, in UTC."""
        assert self.until is not None
        last = at_local(datetime.combine(self.until, time(23, 59, 59)), ZoneInfo(self.zone))
        return last.astimezone(UTC)

    def _check_running(self) -> None:
        if not self.is_running:
            raise Refusal(f"Series {self.ref} has been stopped. `series create` makes a new one.")
