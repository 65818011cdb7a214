"""What a meeting did not reach or put off comes back by itself, on the next one of its kind."""

from dataclasses import replace
from datetime import timedelta

from conference.agenda import Item, ItemState
from conference.meeting import Meeting, MeetingState
from storage.store import TeamStore

LEFT = (ItemState.NOT_REACHED, ItemState.DEFERRED)


def carry_over(store: TeamStore, meeting: Meeting) -> Meeting:
    """The meeting with what the last ones left open and no other meeting has taken up."""
    for before in reversed(store.past_meetings(limit=3)):
        if before.kind is meeting.kind and not _was_taken_up(store, before, meeting):
            meeting = carry(before, meeting, store)
    return meeting


def hand_on(store: TeamStore, meeting: Meeting) -> Meeting | None:
    """Put what was left on the next meeting of this kind, if one is planned already."""
    if not any(i.state in LEFT for i in meeting.agenda.items):
        return None
    for coming in store.coming_meetings():
        fits = coming.is_coming and coming.kind is meeting.kind and coming.ref != meeting.ref
        if fits and not coming.agenda.is_locked:
            taken = carry(meeting, coming, store)
            store.meetings.save(taken)
            return taken
    return None


def carry(before: Meeting, meeting: Meeting, store: TeamStore) -> Meeting:
    """The meeting with what ``before`` left; a case that is closed or put off by date stays away."""
    agenda = meeting.agenda
    for item in before.agenda.items:
        if item.state not in LEFT or not _still_wanted(store, item):
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


def _was_taken_up(store: TeamStore, before: Meeting, meeting: Meeting) -> bool:
    others = [m for m in store.coming_meetings() if m.ref != meeting.ref and m.kind is before.kind]
    others += [m for m in store.past_meetings(3) if m.start_at > before.start_at and m.kind is before.kind]
    return any(i.carried_from == before.ref for m in others for i in m.agenda.items) or any(
        m.state is MeetingState.PLANNED and m.start_at < meeting.start_at for m in others
    )


def _still_wanted(store: TeamStore, item: Item) -> bool:
    case = store.cases.get(item.case) if item.case else None
    if item.case is None:
        return True
    return case is not None and not case.is_settled
