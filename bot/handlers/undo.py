"""Taking back the speaker's own last change, with its timers and with what was posted."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.grammar.params import Args
from bot.handlers.cases import repost_summary
from bot.handlers.meetings import refresh
from bot.planning import plan_consents, plan_meeting, plan_task
from bot.present import house as present
from bot.request import Reply, Request
from bot.series_plan import plan_series
from conference.case import Case
from conference.decision import Decision
from conference.meeting import Meeting, MeetingState
from conference.refusal import Refusal
from conference.series import Series
from conference.task import Task
from storage.aggregates import Change
from storage.notices import Act, Notice, NoticeState
from storage.store import Undoable

_SHOWN = ("case approve", "consent")
"""The acts that change what stands of a case in the rooms."""


def undo(request: Request, args: Args) -> Reply:
    """Take back the speaker's own last change while nothing was built on it."""
    me = request.me
    since = request.now - request.settings.bot.undo
    last = request.store.last_undoable(me.account, since)
    if last is None:
        raise Refusal("There is nothing of yours to take back: I can undo your last change for ten minutes.")
    told = {c.ref: thing.sequence for c in last.changes if (thing := _in_calendars(request, c))}
    if any(_is_built_upon(request, last, c) for c in last.changes) or not request.store.put_back(last):
        raise Refusal(f"`{last.act}` can no longer be taken back: something was built on it since.")
    _tell_calendars(request, last, told)
    _replan(request, last)
    _unsay(request, last)
    request.subjects.append(last.subject)
    return Reply(present.undone(last.act, last.subject))


def _is_built_upon(request: Request, last: Undoable, change: Change) -> bool:
    """Whether others rely on the thing, though its own row stands as this change left it."""
    store = request.store
    if change.table == "decisions" and (decision := store.decisions.get(change.ref)):
        return _is_signed(request, decision)
    if change.table == "tasks" and (task := store.tasks.get(change.ref)):
        # What happens to an item later does not stand in the minutes; that it was given does.
        return change.before is None and (_is_signed(request, task) or bool(store.tasks_after(task.ref)))
    if change.table == "cases" and (case := store.cases.get(change.ref)):
        later = any(d.decided_at > last.at for d in store.decisions_on(case.ref))
        later |= any(t.created_at > last.at for t in store.tasks_on(case.ref))
        begun = change.before is None and any(m.agenda.has_case(case.ref) for m in store.coming_meetings())
        return later or begun
    return False


def _in_calendars(request: Request, change: Change) -> Meeting | Series | None:
    if change.table == "meetings":
        return request.store.meetings.get(change.ref)
    return request.store.series.get(change.ref) if change.table == "series" else None


def _tell_calendars(request: Request, last: Undoable, told: Mapping[str, int]) -> None:
    """What calendars were told once is told anew: a SEQUENCE that goes back would be passed over."""
    for thing in (_in_calendars(request, c) for c in last.changes):
        if thing is None or thing.sequence == told[thing.ref]:
            continue
        if isinstance(thing, Meeting):
            request.store.meetings.save(replace(thing, sequence=told[thing.ref] + 1))
        else:
            request.store.series.save(replace(thing, sequence=told[thing.ref] + 1))


def _is_signed(request: Request, thing: Decision | Task) -> bool:
    """Whether signed minutes hold it."""
    meeting = request.store.meetings.get(thing.meeting) if thing.meeting else None
    return meeting is not None and meeting.state is MeetingState.SIGNED


def _replan(request: Request, last: Undoable) -> None:
    """Timers and the messages that show a meeting follow what was put back."""
    for change in last.changes:
        task = request.store.tasks.get(change.ref) if change.table == "tasks" else None
        meeting = request.store.meetings.get(change.ref) if change.table == "meetings" else None
        series = request.store.series.get(change.ref) if change.table == "series" else None
        if task is not None:
            plan_task(request.store, task, request.settings, request.now)
        elif meeting is not None:
            plan_meeting(request.store, meeting, request.settings, request.now)
            refresh(request, meeting, "meeting")
            refresh(request, meeting, "poll")
        elif series is not None:
            plan_series(request.store, series, request.team, request.settings, request.now)
        elif change.table in ("tasks", "meetings", "series"):
            request.store.timers.plan(change.ref, {}, request.now)


def _unsay(request: Request, last: Undoable) -> None:
    """What was not said yet is dropped; what the room has seen is marked as taken back, or shows what holds again."""
    said = request.store.notices.sent_by_invocation(last.invocation)
    again = _still_approved(request, last)
    for notice in said:
        if notice.act is Act.REDACT:
            continue  # what was taken out of a room stays out
        if notice.state is NoticeState.NEW:
            request.store.notices.mark(notice, NoticeState.DROPPED, why="taken back")
        elif _stands_in_a_room(notice) and not (notice.kind == "summary" and again):
            edit = request.notice(
                "taken-back", notice.subject, act=Act.EDIT, act_words=last.act, **notice.place_of_edit
            )
            request.say(replace(edit, room=notice.room))
    for case in again:
        repost_summary(request, case)
        plan_consents(request.store, case, request.team_zone, request.now)


def _still_approved(request: Request, last: Undoable) -> list[Case]:
    """Cases whose approved words stand after all: an earlier approval, or the same one with other consents."""
    if last.act not in _SHOWN:
        return []
    cases: Iterable[Case | None] = (request.store.cases.get(c.ref) for c in last.changes if c.table == "cases")
    return [c for c in cases if c is not None and c.is_shared]


def _stands_in_a_room(notice: Notice) -> bool:
    """Or will in a moment."""
    is_out = notice.state is NoticeState.SENDING or (notice.state is NoticeState.SENT and bool(notice.message))
    return is_out and notice.act is Act.POST and not notice.direct
