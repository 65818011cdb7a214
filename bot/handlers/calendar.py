"""Calendar files: a meeting, a series with its exceptions, or all that a team or a person comes to.

Calendars are read by many and leave the chat: titles, times and references are in them, nothing of an agenda.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.calendar_file import CalendarEntry, calendar_file
from bot.grammar.params import Args
from bot.present import meetings as present
from bot.present.common import count, when
from bot.request import Reply, Request
from bot.series_plan import FAR, holidays
from conference.local_time import at_local, wall_clock
from conference.meeting import Answer, Meeting, MeetingState
from conference.people import Account, Team
from conference.policy import Action
from conference.refusal import Refusal
from conference.series import Series
from storage.store import TeamStore

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
MOST_TIMES = 4000
_MINE = {"mine", "my", "me", "own"}
_WEEK = {"week", "weekly"}
_FILLING = {"team", "all", "our", "the", "this", "whole", "calendar"}


def calendar(request: Request, args: Args) -> Reply:
    """A meeting's file, or a series', or with words the team's, one's own, the coming week's, or one by its title."""
    words = set(args.text("which").casefold().split())
    if args.text("which"):
        request.check(Action.READ_TEAM)
        named = _by_title(request, args.text("which"))
        if named is None and not words <= _MINE | _WEEK | _FILLING:
            raise Refusal(
                "I know no series or meeting of that title. Try `calendar team`, `calendar mine` or `calendar S-2`."
            )
        return (
            _of(request, named) if named else _of_many(request, is_own=bool(words & _MINE), is_week=bool(words & _WEEK))
        )
    if args.text("series"):
        request.check(Action.READ_TEAM)
        return _of(request, request.series(args.text("series")))
    return _of(request, request.meeting(args.opt("meeting", str), to=Action.READ_TEAM))


def _of(request: Request, thing: Meeting | Series) -> Reply:
    if isinstance(thing, Series):
        entries = of_series(request.store, request.team, thing, request.now)
        content = calendar_file(entries, cancel=not thing.is_running)
        return Reply(present.calendar(f"{thing.ref} {thing.title}", thing.ref, content))
    if thing.state is MeetingState.POLLING:
        raise Refusal(f"{thing.ref} has no time yet; its calendar file comes with it.")
    title = f"{thing.ref} {thing.title}, {when(thing.start_at, request.zone)}"
    content = calendar_file([of_meeting(request.store, request.team, thing, request.now)], cancel=_is_off(thing))
    return Reply(present.calendar(title, thing.ref, content))


def _of_many(request: Request, *, is_own: bool, is_week: bool) -> Reply:
    """The series and the single meetings to come; one's own are those of every team, without what one said no to."""
    teams = request.house_store.teams_of_account(request.account) if is_own else (request.team.id,)
    account = request.account if is_own else None
    entries: list[CalendarEntry] = []
    for ref in teams:
        store = request.house_store.of_team(ref)
        member = store.members.get(request.account)
        if member is not None and member.is_active(request.now) and not member.case:
            entries += _of_team(store, store.team(), request.now, account, is_week=is_week)
    what = f"{count(len({e.uid for e in entries}), 'entry', 'entries')} for your calendar"
    return Reply(present.calendar(what, "my-calendar" if is_own else "team-calendar", calendar_file(entries)))


def _of_team(
    store: TeamStore, team: Team, now: datetime, account: Account | None, *, is_week: bool
) -> list[CalendarEntry]:
    ends = now + timedelta(days=7) if is_week else now + FAR
    coming = [m for m in store.meetings_after(now - timedelta(hours=12)) if m.start_at < ends and not m.is_left_out]
    mine = [m for m in coming if account is None or m.rsvps.get(account) is not Answer.NO]
    if is_week:
        return [of_meeting(store, team, m, now) for m in mine if not _is_off(m)]
    singles = [of_meeting(store, team, m, now) for m in mine if not m.series]
    running = (s for s in store.series.all() if s.is_running)
    return [entry for series in running for entry in of_series(store, team, series, now, account)] + singles


def of_meeting(store: TeamStore, team: Team, meeting: Meeting, now: datetime) -> CalendarEntry:
    """The meeting as a calendar knows it; one of a series goes by the series' UID and its own recurrence."""
    single = CalendarEntry(
        uid=f"{meeting.ref.lower()}.{team.id}@confer",
        sequence=meeting.sequence,
        start=meeting.start_at,
        end=meeting.end_at,
        zone=ZoneInfo(meeting.zone),
        title=f"{meeting.title} ({team.name})",
        description=f"{meeting.ref}. The agenda is in the team's room.",
        cancelled=_is_off(meeting),
        stamp=now,
        organizer=team.name,
    )
    series = store.series.get(meeting.series) if meeting.series else None
    local = _recurrence(meeting)
    if series is None or local is None:
        return single
    return replace(
        single,
        uid=_uid(series, team),
        sequence=_sequence(series, store.meetings_of_series(series.ref, ALWAYS)),
        recurrence_id=local.replace(tzinfo=ZoneInfo(meeting.zone)),
    )


def of_series(
    store: TeamStore, team: Team, series: Series, now: datetime, account: Account | None = None
) -> list[CalendarEntry]:
    """The series with its rule, the dates that are left out, and each meeting that was moved.

    ``account``: what that person said no to is left out as well.
    """
    zone = ZoneInfo(series.zone)
    meetings = store.meetings_of_series(series.ref, ALWAYS)
    known = {_recurrence(m): m for m in meetings if not m.is_left_out and m.zone == series.zone}
    begins, ends = at_local(series.start, zone), now + FAR
    every = replace(series, skipped=frozenset()).times(begins, ends, limit=MOST_TIMES)
    off = holidays(team, begins, ends) - series.kept | series.skipped
    gone = {
        local
        for local in every.values()
        if (_is_declined(known[local], account) if local in known else local.date() in off)
    }
    master = CalendarEntry(
        uid=_uid(series, team),
        sequence=_sequence(series, meetings),
        start=series.start.replace(tzinfo=zone),
        end=begins + series.length,
        zone=zone,
        title=f"{series.title} ({team.name})",
        description=f"{series.ref}. The agenda is in the team's room.",
        cancelled=not series.is_running,
        stamp=now,
        organizer=team.name,
        recurrence=series.rrule,
        without=tuple(local.replace(tzinfo=zone) for local in sorted(gone)),
    )
    stand = [m for local, m in known.items() if local in set(every.values()) - gone and m.start_at != m.recurrence_at]
    moved = [replace(of_meeting(store, team, m, now), sequence=master.sequence) for m in stand]
    return [master, *moved]


def _by_title(request: Request, words: str) -> Series | Meeting | None:
    wanted = " ".join(words.casefold().strip("\"'“”").split())
    things: list[Series | Meeting] = [s for s in request.store.series.all() if s.is_running]
    things += request.store.coming_meetings()
    return next((t for t in things if t.title.casefold() == wanted), None)


def _is_declined(meeting: Meeting, account: Account | None) -> bool:
    return _is_off(meeting) or (account is not None and meeting.rsvps.get(account) is Answer.NO)


def _recurrence(meeting: Meeting) -> datetime | None:
    if meeting.recurrence is None and meeting.recurrence_at is not None:
        return wall_clock(meeting.recurrence_at, meeting.zone)
    return meeting.recurrence


def _sequence(series: Series, meetings: Iterable[Meeting]) -> int:
    """Grows with every change of the series and of any of its meetings, since one file tells of all."""
    return series.sequence + sum(m.sequence for m in meetings)


def _uid(series: Series, team: Team) -> str:
    return f"{series.ref.lower()}.{team.id}@confer"


def _is_off(meeting: Meeting) -> bool:
    return meeting.state is MeetingState.CANCELLED
