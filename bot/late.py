"""When it is too late for a notice, and what is said then: that it was missed, never nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapters.card import Row
from bot.present import house as present
from bot.sending import Rendered, Sending, to_person
from bot.settings import Settings
from conference.meeting import MeetingState
from conference.people import Member
from storage.notices import LOST, Act, Notice

ANSWER = timedelta(hours=24)
"""An answer is shown as it is up to this age; after it, its words may no longer be true."""
WORTH_A_REMARK = timedelta(hours=1)
LAPSED = "nobody started it"
"""Why the bot itself calls a meeting off."""


@dataclass(frozen=True, slots=True)
class Late:
    """``after``: so long after its moment it is too late. ``what``: how the missed thing is named."""

    after: Callable[[Settings], timedelta]
    what: str


LATE: Mapping[str, Late] = {
    "call": Late(lambda s: s.meetings.call - s.meetings.lock, "the call for cases"),
    "agenda": Late(lambda s: s.meetings.lock, "the agenda"),
    "meeting-soon": Late(lambda s: s.meetings.remind, "the reminder"),
    "chase": Late(lambda s: s.meetings.chase, "the word that a case on its agenda is not ready"),
    "quorum": Late(lambda s: s.meetings.chase, "the question whether you can come"),
}
"""Of meetings alone: once it has begun, words that prepare it are pointless. What is not here is never too late: an
item that is overdue is so tomorrow as well, and what is posted of a meeting or case is made anew when it is sent."""


def missed(sending: Sending) -> Rendered:
    """What to say instead where it is too late; None where it is not, or nothing is missed by it."""
    notice = sending.notice
    if notice.card or LOST in notice.words:
        is_old = _lateness(sending) > ANSWER and notice.words.get("asker")
        return (
            present.late_answer(notice.subject, _due(sending), sending.house_zone)
            if is_old or not notice.card
            else None
        )
    late = LATE.get(notice.kind)
    if late is None or notice.act is Act.EDIT or _lateness(sending) <= late.after(sending.settings):
        return None
    meeting = sending.store.meetings.get(notice.subject)
    if meeting is None or (meeting.state is MeetingState.CANCELLED and meeting.because != LAPSED):
        return None
    due = _due(sending)
    if not notice.account:
        return present.missed(f"{late.what} for {meeting.ref}", due, sending.zone)

    def row(member: Member) -> Row:
        return Row(meeting.ref, *present.missed_row(late.what, due, sending.zone_of(member)))

    return to_person(sending, notice.account, row, (), urgent=False)


def remark(sending: Sending, member: Member) -> str:
    """Said behind a reminder that is not too late, but comes late."""
    if _lateness(sending) <= WORTH_A_REMARK:
        return ""
    return present.comes_late(_due(sending), sending.zone_of(member))


def _lateness(sending: Sending) -> timedelta:
    return sending.now - _due(sending)


def _due(sending: Sending) -> datetime:
    notice: Notice = sending.notice
    return notice.due_at or notice.created_at or sending.now
