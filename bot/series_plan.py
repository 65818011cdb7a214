"""From a series to its meetings: planned ahead as far as the horizon, and planned anew whenever something changed.

Planning reads what stands and writes only the difference, so that doing it twice, late or on two machines is harmless.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from importlib import import_module
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo

from bot.carry import hand_on
from bot.grammar.times import show_date
from bot.planning import plan_meeting
from bot.settings import Settings
from conference.local_time import at_local, wall_clock
from conference.meeting import Meeting, MeetingId, MeetingState
from conference.people import Team
from conference.refusal import Refusal
from conference.series import Series
from storage.store import TeamStore

FAR = timedelta(days=3 * 366)
"""How far ahead the next date of a rare series is looked for."""
REMEMBERED = timedelta(days=400)
ZONES = "zones"
"""The subject of the timer that follows new rules of the world's zones."""


@dataclass(slots=True)
class Planned:
    """What planning changed: meetings that are new, that are at another time, and that are called off."""

    made: list[Meeting] = field(default_factory=list)
    moved: list[Meeting] = field(default_factory=list)
    dropped: list[Meeting] = field(default_factory=list)


def series_times(series: Series, team: Team, after: datetime, before: datetime) -> dict[datetime, datetime]:
    """When the series meets: by its rule, without what is skipped and the team's holidays; UTC with local times."""
    return series.times(after, before, holidays(team, after, before))


def times_to_plan(series: Series, team: Team, settings: Settings, now: datetime) -> dict[datetime, datetime]:
    """All within the horizon, or else the next one alone: a series is never without a date to come."""
    near = series_times(series, team, now, now + settings.meetings.horizon)
    return near or dict(list(series_times(series, team, now, now + FAR).items())[:1])


def plan_series(
    store: TeamStore, series: Series, team: Team, settings: Settings, now: datetime, why: str = "the series changed"
) -> Planned:
    """Bring the meetings of the series in line with it; ``why`` is what a meeting that is called off says."""
    planned = Planned()
    known = [m for m in store.meetings_of_series(series.ref, now - REMEMBERED) if m.recurrence_at and not m.is_left_out]
    ahead = [m for m in known if m.is_coming and m.start_at > now and m.recurrence_at and m.recurrence_at > now]
    if series.is_running:
        stays = [
            *_follow(store, series, team, settings, now, ahead, planned, why),
            *(m for m in known if m not in ahead),
        ]
        taken = {m.recurrence_at for m in stays} | {m.recurrence for m in stays}
        for at, local in times_to_plan(series, team, settings, now).items():
            if not {at, local} & taken:
                planned.made.append(_make(store, series, at, local))
                plan_meeting(store, planned.made[-1], settings, now)
    else:
        planned.dropped = [_call_off(store, meeting, why, settings, now) for meeting in ahead]
    for meeting in planned.dropped:
        hand_on(store, meeting)
    store.timers.plan(series.ref, {"series-plan": now + timedelta(days=1)} if series.is_running else {}, now)
    return planned


def plan_one(store: TeamStore, series: Series, team: Team, on: date) -> Meeting:
    """The meeting of the series on this local date, made now where its turn has not come."""
    midnight = at_local(datetime.combine(on, time()), ZoneInfo(series.zone))
    times = series_times(series, team, midnight, midnight + timedelta(days=1, hours=1))
    at = next((at for at, local in times.items() if local.date() == on), None)
    if at is None:
        raise Refusal(f"{series.ref} does not meet on {show_date(on)}. `series {series.ref}` shows its dates.")
    known = store.meetings_of_series(series.ref, at - REMEMBERED)
    found = next((m for m in known if m.recurrence_at == at and not m.is_left_out), None)
    return found or _make(store, series, at, times[at])


def keep_wall_clocks(store: TeamStore, settings: Settings, now: datetime) -> list[Meeting]:
    """Single and moved meetings stay at the local time that was meant; those that are at another instant now."""
    moved = []
    for meeting in store.coming_meetings(limit=1000):
        kept = meeting.keep_wall_clock() if meeting.is_coming else meeting
        if kept != meeting:
            store.meetings.save(kept)
            plan_meeting(store, kept, settings, now)
            moved.append(kept)
    return moved


def _follow(
    store: TeamStore,
    series: Series,
    team: Team,
    settings: Settings,
    now: datetime,
    coming: Sequence[Meeting],
    planned: Planned,
    why: str,
) -> list[Meeting]:
    """What is planned stays where the series still has its date, at that date's instant; the rest is called off."""
    stays = []
    last = max((m.recurrence_at for m in coming if m.recurrence_at), default=now)
    times = series_times(series, team, now, last + timedelta(days=2))
    instants = {local: at for at, local in times.items()}
    for meeting in coming:
        at = instants.get(meeting.recurrence) if meeting.recurrence else None
        at = at or (meeting.recurrence_at if meeting.recurrence_at in times else None)
        if at is None:
            planned.dropped.append(_call_off(store, replace(meeting, is_left_out=True), why, settings, now))
            continue
        followed = _followed(meeting, series, at, times[at])
        if followed != meeting:
            store.meetings.save(followed)
            plan_meeting(store, followed, settings, now)
        if followed.start_at != meeting.start_at:
            planned.moved.append(followed)
        stays.append(followed)
    return stays


def _followed(meeting: Meeting, series: Series, at: datetime, local: datetime) -> Meeting:
    """The meeting as the series has it now; one that was moved by itself stays where it was moved."""
    own = meeting.start_at != meeting.recurrence_at
    fresh = replace(
        meeting,
        title=series.title,
        kind=series.kind,
        length=series.length,
        quorum=series.quorum,
        closes=series.closes,
        zone=series.zone,
        recurrence_at=at,
        recurrence=local,
    )
    if not own:
        asked_again = at != meeting.start_at and series.zone != meeting.zone
        rsvps = {} if asked_again else meeting.rsvps
        fresh = replace(fresh, start_at=at, wall=wall_clock(at, series.zone), rsvps=rsvps)
    told = (fresh.title, fresh.length, fresh.start_at) != (meeting.title, meeting.length, meeting.start_at)
    return replace(fresh, sequence=meeting.sequence + 1) if told else fresh


def _call_off(store: TeamStore, meeting: Meeting, why: str, settings: Settings, now: datetime) -> Meeting:
    cancelled = meeting.cancel(why)
    store.meetings.save(cancelled)
    plan_meeting(store, cancelled, settings, now)
    return cancelled


def _make(store: TeamStore, series: Series, at: datetime, local: datetime) -> Meeting:
    meeting = Meeting(
        MeetingId(store.next_ref("M")),
        series.team,
        series.title,
        series.kind,
        MeetingState.PLANNED,
        at,
        series.length,
        series.zone,
        series.created_by,
        quorum=series.quorum,
        closes=series.closes,
        series=series.ref,
        recurrence_at=at,
        recurrence=local,
        wall=wall_clock(at, series.zone),
    )
    store.meetings.save(meeting)
    return meeting


# -- holidays and zones ------------------------------------------------------------------------------------------
def holidays(team: Team, after: datetime, before: datetime) -> frozenset[date]:
    """The team's own days off and the public holidays that it keeps."""
    if not team.holidays:
        return team.days_off
    import holidays as known  # slow to import, and few teams ask for it

    country, _, region = team.holidays.partition("-")
    years = range(after.year - 1, before.year + 2)  # a local date may lie in the year beside
    return team.days_off | frozenset(known.country_holidays(country, subdiv=region or None, years=years))


def check_holidays(where: str) -> None:
    """Refuse a country or region that the holidays library does not know."""
    import holidays as known

    country, _, region = where.partition("-")
    countries = known.list_supported_countries()
    if country not in countries:
        raise Refusal(f"I know no holidays of “{country[:20]}”. Give a country's two letters, e.g. US, DE or US-NY.")
    if region and region not in countries[country]:
        raise Refusal(
            f"I know no region “{region[:20]}” of {country}. Known are: {', '.join(countries[country][:20])}."
        )


def zones_version() -> str:
    """Which edition of the world's zones this machine reckons with, such as 2026a; empty where it does not say."""
    for folder in TZPATH:
        file = Path(folder, "tzdata.zi")
        if file.exists():
            with file.open(encoding="utf-8") as lines:
                return next(lines, "").removeprefix("# version").strip()
    try:
        return str(import_module("tzdata").IANA_VERSION)
    except ModuleNotFoundError:
        return ""
