"""Recurring meetings."""

from datetime import date, datetime, time, timedelta

from bot.grammar.params import Args
from bot.handlers.meetings import checked_length, is_call_due, refresh
from bot.planning import plan_meeting, plan_series
from bot.present import meetings as present
from bot.request import Audience, Reply, Request
from conference.meeting import Meeting, MeetingKind
from conference.people import Account
from conference.recurrence import Recurrence
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
        _first(request, clock),
        request.zone.key,
        checked_length(args.opt("length", timedelta) or DEFAULT_LENGTH),
        kind,
        Account(request.account),
        quorum=args.opt("quorum", tuple) or (),
        closes=args.opt("closes", timedelta) or timedelta(hours=24),
    )
    request.store.series.save(series)
    made = plan_series(request.store, series, request.team, request.settings, request.now)
    request.subjects.append(series.ref)
    if made:
        _announce_first(request, made[0])
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
    series = request.series(args.text("series")).change(rule, _first(request, clock))
    request.store.series.save(series)
    dropped = _drop_coming(request, series, "the series moved")
    made = plan_series(request.store, series, request.team, request.settings, request.now)
    note = (
        f"now follows another rhythm; {len(dropped)} planned before are cancelled"
        if dropped
        else "now follows another rhythm"
    )
    return Reply(
        present.series_changed(series, note, made, request.team_zone), Audience.ROOM, kind="series", subject=series.ref
    )


def skip(request: Request, args: Args) -> Reply:
    on = args.one("on", date)
    series = request.series(args.text("series")).skip(on)
    coming = request.store.meetings_of_series(series.ref, request.now)
    hit = [
        m
        for m in coming
        if m.is_coming and m.recurrence_at and m.recurrence_at.astimezone(request.team_zone).date() == on
    ]
    request.store.series.save(series)
    for meeting in hit:
        _cancel(request, meeting, "skipped")
    return Reply(
        present.series_changed(series, f"skips {on:%a} {on.day} {on:%b %Y}", (), request.team_zone), Audience.ROOM
    )


def stop(request: Request, args: Args) -> Reply:
    series = request.series(args.text("series")).stop(request.now)
    request.store.series.save(series)
    dropped = _drop_coming(request, series, "the series was stopped")
    plan_series(request.store, series, request.team, request.settings, request.now)
    return Reply(
        present.series_changed(
            series, f"is stopped; {len(dropped)} planned meetings are cancelled", (), request.team_zone
        ),
        Audience.ROOM,
    )


def _announce_first(request: Request, meeting: Meeting) -> None:
    """The next occurrence is announced with its answers; later ones follow when their turn comes."""
    request.say(request.notice("meeting", meeting.ref))
    if is_call_due(request, meeting):
        request.say(request.notice("call", meeting.ref))


def _rhythm(args: Args) -> tuple[Recurrence, time]:
    rule, clock = args.one("rhythm", tuple)
    return rule, clock


def _first(request: Request, clock: time) -> datetime:
    """From today on, in local time without its zone; the rule picks the days."""
    return datetime.combine(request.now.astimezone(request.zone).date(), clock)


def _drop_coming(request: Request, series: Series, why: str) -> list[Meeting]:
    coming = [m for m in request.store.meetings_of_series(series.ref, request.now) if m.is_coming]
    return [_cancel(request, meeting, why) for meeting in coming]


def _cancel(request: Request, meeting: Meeting, why: str) -> Meeting:
    cancelled = meeting.cancel(why)
    request.store.meetings.save(cancelled)
    plan_meeting(request.store, cancelled, request.settings, request.now)
    refresh(request, cancelled, "meeting")
    return cancelled
