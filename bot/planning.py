"""Which timers a thing has: written in the transaction that changes the thing."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.settings import Settings
from conference.case import Case
from conference.local_time import at_local
from conference.meeting import Meeting, MeetingState
from conference.task import Task
from storage.store import TeamStore


def plan_meeting(store: TeamStore, meeting: Meeting, settings: Settings, now: datetime) -> None:
    """Call for cases, chasers, lock, reminder, and the end of a meeting that nobody started; of a poll, its decision. A call that is late already goes out at once by its handler."""
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
    elif meeting.state is MeetingState.POLLING:
        first, last = min(meeting.options), max(meeting.options)
        ask = first - meeting.closes
        due = {"poll-decide": ask if ask > now else first - settings.meetings.lock, "poll-lapse": last}
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
