"""Leading the meeting: start, next, back, extend, defer, end."""

from datetime import timedelta

from bot.carry import hand_on
from bot.grammar.params import Args
from bot.handlers.agenda import questions
from bot.planning import plan_meeting
from bot.present import conduct as present
from bot.request import Audience, Reply, Request
from bot.screen import screened
from conference.agenda import ItemState
from conference.case import Case, CaseState
from conference.meeting import Meeting
from conference.policy import Action
from conference.refusal import Refusal


def start(request: Request, args: Args) -> Reply:
    if running := request.running_meetings:
        raise Refusal(f"{running[0].ref} is running already. `next` goes on, `meeting end` ends it.")
    meeting = request.meeting(args.opt("meeting", str), to=Action.LEAD_MEETING)
    meeting = meeting.start(request.account, request.now)
    request.store.meetings.save(meeting)
    plan_meeting(request.store, meeting, request.settings, request.now)
    return _board(request, meeting)


def step(request: Request, args: Args) -> Reply:
    before = request.meeting(None, to=Action.LEAD_MEETING, running=True)
    meeting = before.advance(request.now)
    _mark_discussed(request, before, meeting)
    request.store.meetings.save(meeting)
    return _board(request, meeting)


def back(request: Request, args: Args) -> Reply:
    meeting = request.meeting(None, to=Action.LEAD_MEETING, running=True).go_back(request.now)
    request.store.meetings.save(meeting)
    return _board(request, meeting)


def extend(request: Request, args: Args) -> Reply:
    more = args.one("more", timedelta)
    if not timedelta(minutes=1) <= more <= timedelta(minutes=60):
        raise Refusal("Extend by 1 to 60 minutes.")
    meeting = request.meeting(None, to=Action.LEAD_MEETING, running=True).extend(more)
    request.store.meetings.save(meeting)
    return _board(request, meeting)


def defer(request: Request, args: Args) -> Reply:
    """Leave what is on now for the next meeting; it is carried over by itself."""
    meeting = request.meeting(None, to=Action.LEAD_MEETING, running=True)
    item = meeting.current
    case = request.store.cases.get(item.case) if item and item.case else None
    why = screened(request, args.text("because"), case)
    meeting = meeting.defer_item(why.text, request.now)
    if case is not None and case.may_become(CaseState.DEFERRED):
        request.store.cases.save(case.defer(None, why.text))
        request.subjects.append(case.ref)
    request.store.meetings.save(meeting)
    left = f"{item.case or item.title} is left for the next meeting." if item else ""
    return _board(request, meeting, " ".join(w for w in (left, why.note) if w))


def here(request: Request, args: Args) -> Reply:
    meeting = request.meeting(None, to=Action.ANSWER_MEETING, running=True).attend(request.account)
    request.store.meetings.save(meeting)
    return Reply(present.attending(meeting, request.me))


def end(request: Request, args: Args) -> Reply:
    before = request.meeting(None, to=Action.LEAD_MEETING, running=True)
    meeting = before.end(request.now)
    _mark_discussed(request, before, meeting)
    request.store.meetings.save(meeting)
    plan_meeting(request.store, meeting, request.settings, request.now)
    taken = hand_on(request.store, meeting)
    for item in meeting.agenda.items:
        case = request.store.cases.get(item.case) if item.case else None
        if case is not None and item.state is ItemState.NOT_REACHED:
            request.store.cases.save(case.pass_over())
    tasks = request.store.tasks_of_meeting(meeting.ref)
    decisions = request.store.decisions_of_meeting(meeting.ref)
    card = present.ended(
        meeting, taken, decisions, tasks, questions(request, meeting), request.members, request.team_zone
    )
    return Reply(card, Audience.ROOM, kind="ended", subject=meeting.ref)


def _mark_discussed(request: Request, before: Meeting, after: Meeting) -> None:
    """A case whose turn has ended was discussed, whether or not something was decided."""
    item = before.current
    if item is None or item.case is None or after.current == item:
        return
    now_done = next((i for i in after.agenda.items if i.number == item.number), item)
    case = request.store.cases.get(item.case)
    is_new = case is not None and case.state is not CaseState.DISCUSSED and case.may_become(CaseState.DISCUSSED)
    if now_done.state is ItemState.DONE and case is not None and is_new:
        request.store.cases.save(case.discuss(request.now))


def _board(request: Request, meeting: Meeting, hint: str = "") -> Reply:
    case = _current_case(request, meeting)
    tasks = request.store.tasks_on(case.ref) if case else ()
    decisions = [d for d in request.store.decisions_on(case.ref) if d.meeting == meeting.ref] if case else []
    card = present.board(meeting, case, decisions, tasks, request.members, request.now, request.team_zone, hint)
    return Reply(card, Audience.ROOM, kind="board", subject=meeting.ref, case=case.ref if case else "")


def _current_case(request: Request, meeting: Meeting) -> Case | None:
    item = meeting.current
    case = request.store.cases.get(item.case) if item and item.case else None
    return request.as_the_team_sees(case) if case else None
