"""Recurring meetings."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.grammar.params import Args
from bot.grammar.rhythm import Rhythm
from bot.grammar.times import Moment
from bot.handlers.meetings import checked_length, closes_before, is_call_due, refresh
from bot.planning import plan_meeting
from bot.present import meetings as present_meetings
from bot.present import series as present
from bot.request import Audience, Reply, Request
from bot.series_plan import FAR, Planned, holidays, plan_one, plan_series, series_times
from conference.local_time import at_local
from conference.meeting import MeetingKind
from conference.recurrence import Recurrence, first_start
from conference.refusal import Refusal
from conference.series import Series, SeriesId

DEFAULT_LENGTH = timedelta(minutes=60)


def create(request: Request, args: Args) -> Reply:
    rhythm = args.one("rhythm", Rhythm)
    if rhythm.rule is None:
        raise Refusal("Say how often as well, e.g. every tue 08:00.")
    if rhythm.at is None:
        raise Refusal("Say the time as well, e.g. every tue 08:00.")
    kind = MeetingKind(args.text("kind") or MeetingKind.CONFERENCE)
    zone = _zone(args, rhythm, request.zone)
    series = Series(
        SeriesId(request.store.next_ref("S")),
        request.team.id,
        args.text("title"),
        rhythm.rule,
        _first(request, rhythm.rule, rhythm.at, zone, args.opt("starting", date)),
        zone.key,
        checked_length(args.opt("length", timedelta) or rhythm.length or DEFAULT_LENGTH),
        kind,
        request.account,
        quorum=args.opt("quorum", tuple) or (),
        closes=args.get("closes", closes_before(kind)),
        until=args.opt("until", date),
    )
    _check_until(series)
    return _changed(request, series, "is set up")


def show(request: Request, args: Args) -> Reply:
    """All series, or one with its dates and what is left out."""
    if not args.text("series"):
        return Reply(present.listing(request.store.series.all()))
    series = request.series(args.text("series"))
    zone = ZoneInfo(series.zone)
    times = series_times(series, request.team, request.now, request.now + FAR) if series.is_running else {}
    coming = {
        m.recurrence_at: m for m in request.store.meetings_of_series(series.ref, request.now) if not m.is_left_out
    }
    standing = (coming[at].start_at if at in coming else at for at in times if at not in coming or coming[at].is_coming)
    dates = sorted(standing)[:6]
    today = request.now.astimezone(zone).date()
    every = {local.date() for local in series.times(request.now, request.now + timedelta(days=366)).values()}
    off = sorted(holidays(request.team, request.now, request.now + timedelta(days=366)) & every - series.kept)
    return Reply(present.one(series, dates, sorted(d for d in series.skipped if d >= today), off, request.zone))


def change(request: Request, args: Args) -> Reply:
    """Another rhythm, hour, length, name or end; what was left out stays as it was."""
    before = request.series(args.text("series"))
    rhythm = args.opt("rhythm", Rhythm) or Rhythm(None, None)
    what: dict[str, object] = {
        "title": args.text("title") or before.title,
        "length": checked_length(args.opt("length", timedelta) or rhythm.length or before.length),
        "kind": MeetingKind(args.text("kind") or before.kind),
        "quorum": args.opt("quorum", tuple) or before.quorum,
        "closes": args.opt("closes", timedelta) or before.closes,
        "until": args.opt("until", date) or before.until,
    }
    starting = args.opt("starting", date)
    if rhythm.rule or rhythm.at or starting or args.opt("zone", ZoneInfo):
        rule, at = rhythm.rule or before.rule, rhythm.at or before.start.time()
        asked = request.zone if rhythm.rule and rhythm.at else ZoneInfo(before.zone)
        zone = _zone(args, rhythm, asked)
        what |= {"rule": rule, "start": _first(request, rule, at, zone, starting), "zone": zone.key}
        told = "follows another rhythm now"
    else:
        told = "is changed"
    series = before.change(**what)
    _check_until(series)
    return _changed(request, series, told, "the series moved")


def skip(request: Request, args: Args) -> Reply:
    before = _meant(request, args)
    dates = args.one("on", tuple)
    hit = _dates_among(request, before, dates)
    if not hit and not set(dates) <= before.skipped:
        raise Refusal(f"{before.ref} does not meet on {present.days(dates)}. `series {before.ref}` shows its dates.")
    series = before.skip(hit or dates)
    return _changed(request, series, f"skips {present.days(hit)}", args.text("because") or "skipped", kind="reply")


def keep(request: Request, args: Args) -> Reply:
    """Dates that were skipped, or are holidays, take place after all."""
    before = _meant(request, args)
    series = before.keep(args.one("on", tuple))
    hit = _dates_among(request, series, args.one("on", tuple))
    left_out = set(_dates_among(request, before, args.one("on", tuple)))
    if not set(hit) - left_out:
        raise Refusal(f"{before.ref} leaves none of these dates out. `series {before.ref}` shows its dates.")
    return _changed(request, series, f"meets on {present.days(hit)} after all", kind="reply")


def move(request: Request, args: Args) -> Reply:
    """One date of the series to another time, also where its turn has not come yet."""
    start = args.one("start", Moment)
    if not start.has_time:
        raise Refusal("Say the time as well, e.g. to 23 dec 10:00.")
    series = _meant(request, args)
    before = plan_one(request.store, series, request.team, args.one("on", date))
    meeting = before.move(start.at)
    request.store.meetings.save(meeting)
    request.subjects.append(meeting.ref)
    plan_meeting(request.store, meeting, request.settings, request.now)
    refresh(request, meeting, "meeting")
    card = present_meetings.moved(meeting, before.start_at, request.members, request.team_zone, start.note)
    return Reply(card, Audience.ROOM, kind="moved", subject=meeting.ref)


def stop(request: Request, args: Args) -> Reply:
    series = request.series(args.text("series")).stop(request.now)
    return _changed(request, series, "is stopped", args.text("because") or "the series was stopped", kind="reply")


def replan_all(request: Request, why: str) -> Planned:
    """All series of the team, after something that concerns each of them."""
    all_of_it = Planned()
    for series in request.store.series.all():
        if series.is_running:
            planned = plan_series(request.store, series, request.team, request.settings, request.now, why)
            if planned.made or planned.dropped:
                request.store.series.save(series.told_anew())
            _tell(request, series, planned)
            all_of_it.made += planned.made
            all_of_it.dropped += planned.dropped
    return all_of_it


def rezone_all(request: Request, before: str, zone: ZoneInfo) -> Planned:
    """The series that went by the zone ``before`` go by another: their hour on the clock stays."""
    all_of_it = Planned()
    for series in request.store.series.all():
        if series.is_running and series.zone == before:
            changed = series.change(zone=zone.key)
            request.store.series.save(changed)
            planned = plan_series(request.store, changed, request.team, request.settings, request.now)
            _tell(request, changed, planned)
            all_of_it.moved += planned.moved
            all_of_it.made += planned.made
    return all_of_it


def _changed(request: Request, series: Series, what: str, why: str = "", kind: str = "series") -> Reply:
    """Keep the series, bring its meetings in line, and tell the room."""
    request.store.series.save(series)
    request.subjects.append(series.ref)
    planned = plan_series(request.store, series, request.team, request.settings, request.now, why)
    _tell(request, series, planned)
    return Reply(
        present.changed(series, what, planned, request.team_zone), Audience.ROOM, kind=kind, subject=series.ref
    )


def _tell(request: Request, series: Series, planned: Planned) -> None:
    """What stands in the room follows; the next meeting, where it is new, is announced with its answers."""
    for meeting in (*planned.dropped, *planned.moved):
        refresh(request, meeting, "meeting")
    coming = (m for m in request.store.meetings_of_series(series.ref, request.now) if m.is_coming)
    first = next(iter(coming), None)
    if first is None or first.ref not in {m.ref for m in planned.made}:
        return
    request.say(request.notice("meeting", first.ref))
    if is_call_due(request, first):
        request.say(request.notice("call", first.ref))


def _meant(request: Request, args: Args) -> Series:
    """The series that was named, or else the only one that runs."""
    running = [s for s in request.store.series.all() if s.is_running]
    if not args.text("series") and len(running) != 1:
        raise Refusal(f"Say which series, e.g. {running[0].ref if running else 'S-2'}. `series` lists them.")
    return request.series(args.text("series") or running[0].ref)


def _zone(args: Args, rhythm: Rhythm, asked: ZoneInfo) -> ZoneInfo:
    return args.opt("zone", ZoneInfo) or (ZoneInfo(rhythm.zone) if rhythm.zone else asked)


def _first(request: Request, rule: Recurrence, clock: time, zone: ZoneInfo, starting: date | None) -> datetime:
    """The first day from now on that fits the rule, in local time without its zone; intervals count from there.

    A rule that names no day (“every week”) takes today's.
    """
    here = request.now.astimezone(zone)
    passed = clock <= here.time() and ("BY" in rule.rrule or "DAILY" in rule.rrule)
    today = here.date() + timedelta(days=int(passed))
    return first_start(rule, max(today, starting or today), clock)


def _check_until(series: Series) -> None:
    if series.until and series.until < series.start.date():
        raise Refusal(f"It would end before it begins, on {present.days([series.start.date()])}. Give a later date.")


def _dates_among(request: Request, series: Series, dates: Sequence[date]) -> list[date]:
    """Those of the dates on which the series meets."""
    if not dates:
        return []
    zone = ZoneInfo(series.zone)
    begins, ends = (at_local(datetime.combine(d, time()), zone) for d in (min(dates), max(dates)))
    times = series_times(series, request.team, max(begins, request.now), ends + timedelta(days=1, hours=1))
    return sorted({local.date() for local in times.values()} & set(dates))
