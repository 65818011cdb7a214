"""What a meeting did not reach or put off comes back by itself, on the next one of its kind."""

from dataclasses import replace
from datetime import timedelta

from bot.request import Request
from conference.agenda import Item, ItemState
from conference.meeting import Meeting, MeetingState

LEFT = (ItemState.NOT_REACHED, ItemState.DEFERRED)


def carry_over(request: Request, meeting: Meeting) -> Meeting:
    """The meeting with what the last ones left open and no other meeting has taken up."""
    for before in reversed(request.store.past_meetings(limit=3)):
        if before.kind is meeting.kind and not _was_taken_up(request, before, meeting):
            meeting = carry(before, meeting, request)
    return meeting


def carry(before: Meeting, meeting: Meeting, request: Request) -> Meeting:
    """The meeting with what ``before`` left; a case that is closed or put off by date stays away."""
    agenda = meeting.agenda
    for item in before.agenda.items:
        if item.state not in LEFT or not _still_wanted(request, item):
            continue
        if item.case and agenda.has_case(item.case):
            continue
        why = f"{item.state.value} in {before.ref}" + (
            f": {item.why}" if item.state is ItemState.DEFERRED and item.why else ""
        )
        fresh = replace(
            item, state=ItemState.WAITING, why=why, carried_from=before.ref, spent=timedelta(), heard=frozenset()
        )
        agenda = agenda.add(fresh)
    return replace(meeting, agenda=agenda)


def _was_taken_up(request: Request, before: Meeting, meeting: Meeting) -> bool:
    others = [m for m in request.store.coming_meetings() if m.ref != meeting.ref and m.kind is before.kind]
    others += [m for m in request.store.past_meetings(3) if m.start_at > before.start_at and m.kind is before.kind]
    return any(i.carried_from == before.ref for m in others for i in m.agenda.items) or any(
        m.state is MeetingState.PLANNED and m.start_at < meeting.start_at for m in others
    )


def _still_wanted(request: Request, item: Item) -> bool:
    case = request.store.cases.get(item.case) if item.case else None
    if item.case is None:
        return True
    return case is not None and not case.is_settled
