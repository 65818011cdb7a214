"""A series: the recurring conference from which meetings are planned."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NewType

from conference.meeting import MeetingKind
from conference.people import Account, Discipline, TeamId
from conference.recurrence import Recurrence
from conference.refusal import Refusal

SeriesId = NewType("SeriesId", str)


@dataclass(frozen=True, slots=True)
class Series:
    """``start``: naive local time of the first occurrence in ``zone``; occurrences follow ``rule`` from there."""

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

    @property
    def is_running(self) -> bool:
        return self.stopped_at is None

    def skip(self, on: date) -> "Series":
        self._check_running()
        if on in self.skipped:
            raise Refusal(f"Series {self.ref} leaves that date out already.")
        return replace(self, skipped=self.skipped | {on})

    def change(self, rule: Recurrence, start: datetime, zone: str) -> "Series":
        self._check_running()
        return replace(self, rule=rule, start=start, zone=zone)

    def stop(self, now: datetime) -> "Series":
        self._check_running()
        return replace(self, stopped_at=now)

    def _check_running(self) -> None:
        if not self.is_running:
            raise Refusal(f"Series {self.ref} has been stopped. `series create` makes a new one.")
