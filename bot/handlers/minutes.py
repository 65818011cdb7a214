"""Minutes: made from the record, signed once, then only corrected."""

from bot.grammar.params import Args
from bot.minutes_pdf import minutes_pdf
from bot.present import minutes as present
from bot.request import Audience, Reply, Request
from bot.screen import screened
from conference.meeting import Meeting, MeetingState
from conference.minutes import MinutesPart, is_as_signed, seal_of
from conference.people import CaseId
from conference.policy import Action
from conference.refusal import Refusal


def show(request: Request, args: Args) -> Reply:
    meeting = _meeting(request, args)
    parts = _parts(request, meeting)
    pdf = minutes_pdf(meeting, parts, request.members, request.team.name, request.team_zone)
    return Reply(present.minutes(meeting, parts, pdf, request.members, request.zone), subject=meeting.ref)


def sign(request: Request, args: Args) -> Reply:
    meeting = _meeting(request, args, to=Action.SIGN_MINUTES)
    parts = _made(request, meeting)
    meeting = meeting.sign(seal_of(parts), tuple(p.sha256 for p in parts), request.account, request.now)
    for part in parts:
        request.store.minutes.save(part)
    request.store.meetings.save(meeting)
    return Reply(
        present.signed(meeting, request.members, request.team_zone), Audience.ROOM, kind="minutes", subject=meeting.ref
    )


def correct(request: Request, args: Args) -> Reply:
    meeting = _meeting(request, args, to=Action.SIGN_MINUTES)
    cases = [request.store.cases.get(i.case) for i in meeting.agenda.items if i.case]
    words = screened(request, args.text("correction"), *cases)
    meeting = meeting.correct(words.text, request.account, request.now)
    request.store.meetings.save(meeting)
    return Reply(present.corrected(meeting, words.note), Audience.ROOM, kind="minutes", subject=meeting.ref)


def _meeting(request: Request, args: Args, to: Action = Action.READ_MINUTES) -> Meeting:
    ref = args.opt("meeting", str)
    if ref is None:
        held = (*request.running_meetings, *request.store.past_meetings(1))
        if not held:
            raise Refusal("No meeting has been held yet, so there are no minutes.")
        ref = held[0].ref
    meeting = request.meeting(ref, to=to)
    if meeting.state not in (MeetingState.RUNNING, MeetingState.ENDED, MeetingState.SIGNED):
        raise Refusal(f"{meeting.ref} is {meeting.state.value}; minutes come with the meeting.")
    return meeting


def _parts(request: Request, meeting: Meeting) -> tuple[MinutesPart, ...]:
    """The signed parts to the letter; before signing, what the record says now."""
    if meeting.minutes is None:
        return _made(request, meeting)
    parts = request.store.minutes_of(meeting.ref)
    if not is_as_signed(meeting.minutes, parts):
        raise Refusal(f"The minutes of {meeting.ref} are not as they were signed. Tell whoever runs this bot.")
    return parts


def _made(request: Request, meeting: Meeting) -> tuple[MinutesPart, ...]:
    refs: list[CaseId] = [i.case for i in meeting.agenda.items if i.case]
    cases = {ref: request.as_the_team_sees(case) for ref in refs if (case := request.store.cases.get(ref))}
    request.subjects.extend(cases)
    decisions = request.store.decisions_of_meeting(meeting.ref)
    tasks = request.store.tasks_of_meeting(meeting.ref)
    return present.parts(meeting, cases, decisions, tasks, request.members, request.team_zone)
