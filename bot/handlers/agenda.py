"""The agenda of a meeting."""

from datetime import timedelta

from bot.grammar.params import Args
from bot.present import agenda as present
from bot.request import Audience, Reply, Request
from bot.screen import screened
from conference.agenda import (
    CASE_LENGTH,
    TOPIC_LENGTH,
    Agenda,
    Candidate,
    Item,
    candidate,
    needs_safety,
    propose,
)
from conference.case import Case, CaseState
from conference.meeting import Meeting
from conference.people import CaseId
from conference.policy import Action
from conference.refusal import Refusal

LONGEST_ITEM = timedelta(hours=4)


def show(request: Request, args: Args) -> Reply:
    meeting = request.meeting(args.opt("meeting", str), to=Action.READ_TEAM)
    return _shown(request, meeting)


def add(request: Request, args: Args) -> Reply:
    meeting = request.meeting(args.opt("meeting", str), to=Action.SUGGEST_ITEM)
    text = screened(request, args.text("topic"))
    length = checked_item(args.get("length", TOPIC_LENGTH))
    item = Item(0, text.text, length, "suggested", presenter=request.account)
    meeting = meeting.with_agenda(meeting.agenda.add(item))
    request.store.meetings.save(meeting)
    return Reply(present.added(meeting, meeting.agenda.items[-1], text.note), Audience.ROOM, subject=meeting.ref)


def drop(request: Request, args: Args) -> Reply:
    meeting = request.meeting(args.opt("meeting", str), to=Action.SUGGEST_ITEM)
    item = meeting.agenda.at(args.one("position", int))
    if item.presenter != request.account:
        request.check(Action.SHAPE_AGENDA)
    return _changed(request, meeting, meeting.agenda.drop(args.one("position", int)))


def move(request: Request, args: Args) -> Reply:
    meeting = request.meeting(args.opt("meeting", str), to=Action.SHAPE_AGENDA)
    return _changed(request, meeting, meeting.agenda.move(args.one("position", int), args.one("to", int)))


def lock(request: Request, args: Args) -> Reply:
    meeting = request.meeting(args.opt("meeting", str), to=Action.SHAPE_AGENDA)
    if meeting.agenda.is_locked:
        raise Refusal(f"The agenda of {meeting.ref} is locked already.")
    return _changed(request, meeting, meeting.agenda.lock(), kind="agenda")


def unlock(request: Request, args: Args) -> Reply:
    meeting = request.meeting(args.opt("meeting", str), to=Action.SHAPE_AGENDA)
    if not meeting.agenda.is_locked:
        raise Refusal(f"The agenda of {meeting.ref} is open already.")
    return _changed(request, meeting, meeting.agenda.unlock())


def build(request: Request, args: Args) -> Reply:
    """Fill the time with the cases that wait; the coordinator still moves, drops and locks."""
    meeting = request.meeting(args.opt("meeting", str), to=Action.SHAPE_AGENDA)
    agenda, left_out = propose(meeting.agenda, candidates(request), meeting.length)
    for one in left_out if agenda != meeting.agenda else ():  # pressing Build again passes nobody over again
        request.store.cases.save(one.case.pass_over())
    meeting = meeting.with_agenda(agenda)
    request.store.meetings.save(meeting)
    waiting = [c for c in request.store.cases_in(CaseState.APPROVED, CaseState.DRAFT) if not c.is_ready]
    card = present.built(meeting, questions(request, meeting), left_out, waiting, request.members, request.team_zone)
    return Reply(card, Audience.ROOM, kind="agenda", subject=meeting.ref)


def candidates(request: Request) -> list[Candidate]:
    today = request.now.astimezone(request.team_zone).date()
    cases = request.store.cases_in(CaseState.APPROVED, CaseState.DEFERRED, CaseState.DISCUSSED)
    taken = {i.case for m in request.store.coming_meetings() for i in m.agenda.items if i.case}
    found = (candidate(c, today, flagged=needs_safety(c)) for c in cases if c.ref not in taken)
    return [c for c in found if c is not None]


def present_case(request: Request, args: Args) -> Reply:
    case = request.case(args.opt("case", str), to=Action.PRESENT_CASE)
    case.check_presentable()
    meeting = request.meeting(args.opt("meeting", str), to=Action.SUGGEST_ITEM)
    length = checked_item(args.get("length", CASE_LENGTH))
    meeting = put_case(request, meeting, case, length, f"put on by @{request.me.name}")
    request.store.meetings.save(meeting)
    return Reply(present.added(meeting, meeting.agenda.items[-1], _missing(case)), Audience.ROOM, subject=meeting.ref)


def put_case(request: Request, meeting: Meeting, case: Case, length: timedelta, why: str) -> Meeting:
    item = Item(0, "", length, why, presenter=case.author, case=case.ref)
    return meeting.with_agenda(meeting.agenda.add(item))


def questions(request: Request, meeting: Meeting) -> dict[CaseId, Case]:
    """The cases on the agenda, to show what each asks and whether it is ready."""
    found = {i.case: request.store.cases.get(i.case) for i in meeting.agenda.items if i.case}
    return {ref: request.as_the_team_sees(case) for ref, case in found.items() if case is not None}


def checked_item(length: timedelta) -> timedelta:
    if not timedelta(minutes=1) <= length <= LONGEST_ITEM:
        raise Refusal("An item lasts from 1 minute to 4 hours.")
    return length


def _missing(case: Case) -> str:
    return f"It still waits for {' and '.join(case.missing)}." if case.missing else ""


def _changed(request: Request, meeting: Meeting, agenda: Agenda, kind: str = "agenda-draft") -> Reply:
    meeting = meeting.with_agenda(agenda)
    request.store.meetings.save(meeting)
    return _shown(request, meeting, Audience.ROOM, kind)


def _shown(request: Request, meeting: Meeting, audience: Audience = Audience.ASKER, kind: str = "reply") -> Reply:
    zone = request.zone if audience is Audience.ASKER else request.team_zone
    card = present.agenda(meeting, questions(request, meeting), request.members, zone)
    return Reply(card, audience, kind=kind, subject=meeting.ref)
