"""Which timers a thing has: written in the transaction that changes the thing."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.settings import Settings
from conference.case import Case
from conference.local_time import at_local
from conference.meeting import Meeting, MeetingId, MeetingState
from conference.people import Team
from conference.recurrence import occurrences
from conference.refusal import Refusal
from conference.series import Series
from conference.task import Task
from storage.store import TeamStore


def plan_meeting(store: TeamStore, meeting: Meeting, settings: Settings, now: datetime) -> None:
    """Call for cases, chasers, lock, reminder, and the end of a meeting that nobody started. A call that is late already goes out at once by its handler."""
    due: dict[str, datetime] = {}
    if meeting.state is MeetingState.PLANNED:
        chase = meeting.start_at - meeting.closes - settings.meetings.chase
        if chase <= now:  # planned too late for that: while there is still time before the agenda is locked
            chase = meeting.start_at - 2 * settings.meetings.lock
        due = {
            "meeting-call": meeting.start_at - settings.meetings.call,
            "meeting-chase": chase,
            "meeting-lock": meeting.start_at - settings.meetings.lock,
            "meeting-remind": meeting.start_at - settings.meetings.remind,
            "meeting-lapse": meeting.end_at + settings.meetings.lapse,
        }
    store.timers.plan(meeting.ref, due, now)


def plan_consents(store: TeamStore, case: Case, zone: ZoneInfo, now: datetime) -> None:
    """What is posted is looked at again when the next consent has had its last day."""
    ends = [at_local(datetime.combine(g.until + timedelta(days=1), time()), zone) for g in case.consents if g.until]
    coming = [at for at in ends if at > now]
    store.timers.plan(case.ref, {"consent-ends": min(coming)} if coming else {}, now)


def plan_task(store: TeamStore, task: Task, settings: Settings, now: datetime) -> None:
    """Before due, due, and the three circles of lateness; a snooze moves the next word to its end."""
    due: dict[str, datetime] = {}
    if task.is_pending and task.due_at is not None:
        late = settings.reminders
        due = {
            "task-before": task.due_at - late.before,
            "task-due": task.due_at,
            "task-owner": task.due_at + late.owner,
            "task-discipline": task.due_at + late.discipline,
            "task-coordinator": task.due_at + late.coordinator,
        }
        if task.snoozed_until is not None:
            due = {kind: at for kind, at in due.items() if at > task.snoozed_until} | {"task-due": task.snoozed_until}
    store.timers.plan(task.ref, due, now)


FAR = timedelta(days=3 * 366)


def series_times(series: Series, team: Team, after: datetime, before: datetime) -> tuple[datetime, ...]:
    """When the series meets in this time: by its rule, without what is skipped and the team's holidays."""
    without = series.skipped | _holidays(team, after, before)
    return occurrences(series.rule, series.start, ZoneInfo(series.zone), after, before, without=without)


def times_to_plan(series: Series, team: Team, settings: Settings, now: datetime) -> tuple[datetime, ...]:
    """All within the horizon, or else the next one alone: a series is never without a date to come."""
    near = series_times(series, team, now, now + settings.meetings.horizon)
    return near or series_times(series, team, now, now + FAR)[:1]


def plan_series(store: TeamStore, series: Series, team: Team, settings: Settings, now: datetime) -> list[Meeting]:
    """The meetings of the series within the horizon that did not exist yet; planning twice makes nothing twice."""
    made = []
    if series.is_running:
        known = {m.recurrence_at for m in store.meetings_of_series(series.ref, now - timedelta(days=400))}
        for at in times_to_plan(series, team, settings, now):
            if at not in known:
                made.append(_meeting_of(store, series, at))
                store.meetings.save(made[-1])
                plan_meeting(store, made[-1], settings, now)
    store.timers.plan(series.ref, {"series-plan": now + timedelta(days=1)} if series.is_running else {}, now)
    return made


def _holidays(team: Team, now: datetime, horizon: datetime) -> frozenset:  # type: ignore[type-arg]
    if not team.holidays:
        return frozenset()
    import holidays  # slow to import, and few teams ask for it

    country, _, region = team.holidays.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=region or None, years=range(now.year, horizon.year + 1)))


def check_holidays(where: str) -> None:
    """Refuse a country or region that the holidays library does not know."""
    import holidays

    country, _, region = where.partition("-")
    known = holidays.list_supported_countries()
    if country not in known:
        raise Refusal(f"I know no holidays of “{country[:20]}”. Give a country's two letters, e.g. US, DE or US-NY.")
    if region and region not in known[country]:
        raise Refusal(f"I know no region “{region[:20]}” of {country}. Known are: {', '.join(known[country][:20])}.")


def _meeting_of(store: TeamStore, series: Series, at: datetime) -> Meeting:
    return Meeting(
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
    )
