"""Planning meetings: when, for how long, who comes."""

from dataclasses import replace
from datetime import timedelta

from bot.carry import carry_over, hand_on
from bot.grammar.params import Args
from bot.grammar.times import Moment
from bot.planning import plan_meeting
from bot.present import meetings as present
from bot.request import Audience, Reply, Request
from conference.local_time import wall_clock
from conference.meeting import Answer, Meeting, MeetingId, MeetingKind, MeetingState, missing_quorum
from conference.policy import Action, may
from conference.refusal import Refusal
from storage.notices import Act

DEFAULT_LENGTH = timedelta(minutes=60)
LONGEST = timedelta(hours=12)


def schedule(request: Request, args: Args) -> Reply:
    start = _with_time(args.one("start", Moment))
    kind = MeetingKind(args.text("kind") or MeetingKind.CONFERENCE)
    default = timedelta(minutes=15) if kind is MeetingKind.HUDDLE else DEFAULT_LENGTH
    length = checked_length(args.get("length", default))
    meeting = Meeting(
        MeetingId(request.store.next_ref("M")),
        request.team.id,
        args.text("title"),
        kind,
        MeetingState.PLANNED,
        start.at,
        length,
        request.zone.key,
        request.account,
        quorum=args.opt("quorum", tuple) or (),
        closes=args.get("closes", closes_before(kind)),
        wall=wall_clock(start.at, request.zone.key),
    )
    meeting = carry_over(request.store, meeting)
    request.store.meetings.save(meeting)
    return announce(request, meeting, start.note)


def announce(request: Request, meeting: Meeting, note: str = "") -> Reply:
    """Show a new meeting to the room, with a way to answer; call for cases at once where the call is late already."""
    plan_meeting(request.store, meeting, request.settings, request.now)
    request.subjects.append(meeting.ref)
    if is_call_due(request, meeting):
        request.say(request.notice("call", meeting.ref))
    card = present.invitation(meeting, request.members, request.team_zone, note=note)
    return Reply(card, Audience.ROOM, kind="meeting", subject=meeting.ref)


def is_call_due(request: Request, meeting: Meeting) -> bool:
    late = meeting.start_at - request.settings.meetings.call <= request.now
    return late and meeting.kind is MeetingKind.CONFERENCE and meeting.start_at - meeting.closes > request.now


def poll(request: Request, args: Args) -> Reply:
    times = tuple(_with_time(m).at for m in args.one("times", tuple))
    if not 2 <= len(set(times)) <= 10:
        raise Refusal("Offer 2 to 10 different times, e.g. tue 09:00, wed 14:00.")
    kind = MeetingKind(args.text("kind") or MeetingKind.CONFERENCE)
    meeting = Meeting(
        MeetingId(request.store.next_ref("M")),
        request.team.id,
        args.text("title"),
        kind,
        MeetingState.POLLING,
        min(times),
        checked_length(args.get("length", DEFAULT_LENGTH)),
        request.zone.key,
        request.account,
        options=tuple(sorted(set(times))),
        quorum=args.opt("quorum", tuple) or (),
        closes=closes_before(kind),
    )
    request.store.meetings.save(meeting)
    plan_meeting(request.store, meeting, request.settings, request.now)
    request.subjects.append(meeting.ref)
    card = present.poll(meeting, request.members, request.team_zone)
    return Reply(card, Audience.ROOM, kind="poll", subject=meeting.ref)


def vote(request: Request, args: Args) -> Reply:
    meeting = request.meeting(args.opt("meeting", str) or _polled(request), to=Action.ANSWER_MEETING)
    choices, also = args.opt("choices", tuple), args.opt("also", int)
    if also is not None:  # a button: one time more, or one less where it was chosen already
        choices = tuple(set(meeting.votes.get(request.account, ())) ^ {also})
    if choices is None:
        raise Refusal(
            f"Say which times suit you, e.g. vote {meeting.ref} 1 3; `vote {meeting.ref} none` takes yours back."
        )
    had_all = _all_voted(request, meeting)
    meeting = meeting.vote(request.account, choices)
    request.store.meetings.save(meeting)
    refresh(request, meeting, "poll")
    if _all_voted(request, meeting) and not had_all:
        request.say(request.notice("poll-decide", meeting.ref, act=Act.WHISPER, account=meeting.created_by))
    return Reply(present.voted(meeting, meeting.votes[request.account], request.zone))


def fix(request: Request, args: Args) -> Reply:
    meeting = request.meeting(args.opt("meeting", str) or _polled(request), to=Action.PLAN_MEETING)
    meeting = carry_over(request.store, meeting.fix(args.one("choice", int), request.now))
    request.store.meetings.save(meeting)
    refresh(request, meeting, "poll")
    return announce(request, meeting)


def listing(request: Request, args: Args) -> Reply:
    coming = (*request.store.coming_meetings(), *request.store.polled_meetings())
    return Reply(present.listing(coming, request.store.past_meetings(3), request.zone))


def show(request: Request, args: Args) -> Reply:
    meeting = request.meeting(args.opt("meeting", str), to=Action.READ_TEAM)
    return Reply(present.details(meeting, request.members, request.zone))


def move(request: Request, args: Args) -> Reply:
    start = _with_time(args.one("start", Moment))
    before = request.meeting(args.opt("meeting", str), to=Action.PLAN_MEETING)
    meeting = before.move(start.at)
    request.store.meetings.save(meeting)
    plan_meeting(request.store, meeting, request.settings, request.now)
    refresh(request, meeting, "meeting")
    card = present.moved(meeting, before.start_at, request.members, request.team_zone, start.note)
    return Reply(card, Audience.ROOM, kind="moved", subject=meeting.ref)


def cancel(request: Request, args: Args) -> Reply:
    meeting = request.meeting(args.opt("meeting", str), to=Action.PLAN_MEETING).cancel(args.text("because"))
    request.store.meetings.save(meeting)
    plan_meeting(request.store, meeting, request.settings, request.now)
    refresh(request, meeting, "meeting")
    refresh(request, meeting, "poll")
    taken = hand_on(request.store, meeting)
    card = present.cancelled(meeting, request.team_zone, taken)
    return Reply(card, Audience.ROOM, kind="cancelled", subject=meeting.ref)


def rsvp(request: Request, args: Args) -> Reply:
    answer = Answer(args.text("answer"))
    meeting = request.meeting(args.opt("meeting", str), to=Action.ANSWER_MEETING).answer(request.account, answer)
    request.store.meetings.save(meeting)
    refresh(request, meeting, "meeting")
    missing = missing_quorum(meeting, request.members)
    return Reply(present.answered(meeting, answer, missing, request.zone))


def refresh(request: Request, meeting: Meeting, kind: str) -> None:
    """Bring the messages that show this meeting up to date, in place."""
    for posted in request.store.notices.posts(request.team.id, meeting.ref, kind):
        edit = request.notice(kind, meeting.ref, act=Act.EDIT, **posted.place_of_edit)
        request.say(replace(edit, room=posted.room))


def checked_length(length: timedelta) -> timedelta:
    if not timedelta(minutes=1) <= length <= LONGEST:
        raise Refusal("A meeting lasts from 1 minute to 12 hours.")
    return length


def _with_time(moment: Moment) -> Moment:
    if not moment.has_time:
        raise Refusal("Say the time as well, e.g. tue 14:00.")
    return moment


def closes_before(kind: MeetingKind) -> timedelta:
    """How long before a meeting of this kind its agenda should stand, where nothing else is said."""
    return timedelta(hours=24) if kind is MeetingKind.CONFERENCE else timedelta(hours=1)


def _all_voted(request: Request, meeting: Meeting) -> bool:
    """Whether everyone who could come has said what suits them."""
    asked = [m for m in request.members if may(m, Action.ANSWER_MEETING, request.now)]
    return all(meeting.votes.get(m.account) for m in asked)


def _polled(request: Request) -> str | None:
    polled = request.store.polled_meetings()
    if len(polled) > 1:
        raise Refusal(f"Say which: {', '.join(m.ref for m in polled)}.")
    return polled[0].ref if polled else None
