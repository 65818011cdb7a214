"""Recurring meetings."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.carry import hand_on
from bot.grammar.params import Args
from bot.handlers.meetings import checked_length, closes_before, is_call_due, refresh
from bot.planning import plan_meeting, plan_series, series_times, times_to_plan
from bot.present import common
from bot.present import meetings as present
from bot.request import Audience, Reply, Request
from conference.local_time import at_local
from conference.meeting import Meeting, MeetingKind
from conference.people import Account
from conference.recurrence import Recurrence, first_start
from conference.refusal import Refusal
from conference.series import Series, SeriesId

DEFAULT_LENGTH = timedelta(minutes=60)


def create(request: Request, args: Args) -> Reply:
    rule, clock = _rhythm(args)
    kind = MeetingKind(args.text("kind") or MeetingKind.CONFERENCE)
    series = Series(
        SeriesId(request.store.next_ref("S")),
        request.team.id,
        args.text("title"),
        rule,
        _first(request, rule, clock),
        request.zone.key,
        checked_length(args.get("length", DEFAULT_LENGTH)),
        kind,
        Account(request.account),
        quorum=args.opt("quorum", tuple) or (),
        closes=args.get("closes", closes_before(kind)),
    )
    request.store.series.save(series)
    made = plan_series(request.store, series, request.team, request.settings, request.now)
    request.subjects.append(series.ref)
    _announce_first(request, series, made)
    return Reply(
        present.series_changed(series, "is set up", made, request.team_zone),
        Audience.ROOM,
        kind="series",
        subject=series.ref,
    )


def listing(request: Request, args: Args) -> Reply:
    return Reply(present.series_listing(request.store.series.all()))


def change(request: Request, args: Args) -> Reply:
    rule, clock = _rhythm(args)
    series = request.series(args.text("series")).change(rule, _first(request, rule, clock), request.zone.key)
    request.store.series.save(series)
    kept = times_to_plan(series, request.team, request.settings, request.now)
    left = [m for m in _coming(request, series) if m.recurrence_at not in kept]
    dropped = [_cancel(request, replace(m, recurrence_at=None), "the series moved") for m in left]
    made = plan_series(request.store, series, request.team, request.settings, request.now)
    _announce_first(request, series, made)
    card = present.series_changed(
        series, "follows another rhythm now", made, request.team_zone, _handed_on(request, dropped)
    )
    return Reply(card, Audience.ROOM, kind="series", subject=series.ref)


def skip(request: Request, args: Args) -> Reply:
    on = args.one("on", date)
    before = request.series(args.text("series"))
    zone = ZoneInfo(before.zone)
    series = before.skip(on)
    midnight = at_local(datetime.combine(on, time()), zone)
    if not series_times(before, request.team, midnight, midnight + timedelta(days=1)):
        raise Refusal(f"{series.ref} does not meet on {common.day(on)}. `meetings` lists its dates.")
    request.store.series.save(series)
    hit = [m for m in _coming(request, series) if m.recurrence_at and m.recurrence_at.astimezone(zone).date() == on]
    dropped = [_cancel(request, meeting, "skipped") for meeting in hit]
    what = f"skips {common.day(on)}"
    card = present.series_changed(series, what, (), request.team_zone, _handed_on(request, dropped))
    return Reply(card, Audience.ROOM)


def stop(request: Request, args: Args) -> Reply:
    series = request.series(args.text("series")).stop(request.now)
    request.store.series.save(series)
    dropped = [_cancel(request, m, "the series was stopped") for m in _coming(request, series)]
    plan_series(request.store, series, request.team, request.settings, request.now)
    card = present.series_changed(series, "is stopped", (), request.team_zone, _handed_on(request, dropped))
    return Reply(card, Audience.ROOM)


def _announce_first(request: Request, series: Series, made: Sequence[Meeting]) -> None:
    """The next occurrence, where it is new, is announced with its answers; later ones follow in their turn."""
    meeting = next(iter(_coming(request, series)), None)
    if meeting is None or meeting.ref not in {m.ref for m in made}:
        return
    request.say(request.notice("meeting", meeting.ref))
    if is_call_due(request, meeting):
        request.say(request.notice("call", meeting.ref))


def _rhythm(args: Args) -> tuple[Recurrence, time]:
    rule, clock = args.one("rhythm", tuple)
    return rule, clock


def _first(request: Request, rule: Recurrence, clock: time) -> datetime:
    """The first day from now on that fits the rule, in local time without its zone; intervals count from there.

    A rule that names no day (“every week”) takes today's.
    """
    here = request.now.astimezone(request.zone)
    passed = clock <= here.time() and ("BY" in rule.rrule or "DAILY" in rule.rrule)
    return first_start(rule, here.date() + timedelta(days=int(passed)), clock)


def _coming(request: Request, series: Series) -> list[Meeting]:
    return [m for m in request.store.meetings_of_series(series.ref, request.now) if m.is_coming]


def _handed_on(request: Request, dropped: Sequence[Meeting]) -> Sequence[Meeting]:
    """What was on the agendas of the meetings that are called off goes to the next one that is not."""
    for meeting in dropped:
        hand_on(request.store, meeting)
    return dropped


def _cancel(request: Request, meeting: Meeting, why: str) -> Meeting:
    cancelled = meeting.cancel(why)
    request.store.meetings.save(cancelled)
    plan_meeting(request.store, cancelled, request.settings, request.now)
    refresh(request, cancelled, "meeting")
    return cancelled
