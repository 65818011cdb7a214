"""Why somebody got a message unasked, and how to change that."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from adapters.card import Card, Row, Rows, Text, Tone
from bot.present.common import length, note, person, when
from bot.sending import BUDGET, COVER, SAFETY, URGENT
from bot.settings import Settings
from conference.people import Account, Member
from storage.notices import Notice, NoticeState

_KINDS: Mapping[str, str] = {
    "task-given": "it was given to you",
    "task-freed": "what it waited for is settled, and it is yours or your discipline's",
    "task-before": "it is yours, or your discipline's to claim, and was due within {before}",
    "task-due": "it is yours, or your discipline's to claim, and was due",
    "task-late": "it is yours, or your discipline's to claim, and overdue by {owner}",
    "task-escalated": "overdue by {discipline}: from then on the owner's discipline hears (escalation, second step)",
    "task-coordinator": "overdue by {coordinator}: from then on coordinators hear (escalation, third step)",
    "chase": "a case of yours is on the agenda and not ready",
    "quorum": "the quorum misses your discipline, and you have not answered",
    "missed": "you coordinate the team, and something that was due could not be done",
}
_REASONS: Mapping[str, str] = {
    "quiet": "it waited for the end of your quiet hours",
    "off": "it waited for the end of your days off",
    "digest": "it is not urgent and waited for your digest",
    "away": "it waited until you were back",
    BUDGET: "you had had your {budget} messages of the day, so it waited for your next digest",
    SAFETY: "it is about safety, and that waits for nothing",
    URGENT: "it is urgent, and only quiet hours and absence hold that back",
}
HINT = "Change it: `me quiet 18:00-08:00`, `me off sat,sun`, `me digest 08:00`, `me away until 5 dec cover @lee`, `task snooze T-12 2d`; `me` shows what is set."


def why(notices: Sequence[Notice], subject: str, members: Sequence[Member], settings: Settings, zone: ZoneInfo) -> Card:
    """One row for each message: why this person, why then."""
    if not notices:
        about = f" about {subject}" if subject else ""
        return note(f"I have told you nothing unasked{about}.", "What I answer is for whoever asked.")
    rows = tuple(Row(n.subject or n.kind, _because(n, members, settings), _times(n, zone)) for n in notices)
    return Card("Why you got this", (Rows(rows), Text(HINT, Tone.QUIET)))


def _because(notice: Notice, members: Sequence[Member], settings: Settings) -> str:
    late = settings.reminders
    steps = {name: length(getattr(late, name)) for name in ("before", "owner", "discipline", "coordinator")}
    parts = [_KINDS.get(notice.kind, "it concerns you").format(**steps)]
    for token in notice.rule.split():
        if token.startswith(COVER):
            account = Account(token.removeprefix(COVER))
            parts.append(f"you cover for {person(next((m for m in members if m.account == account), None), account)}")
        elif token in _REASONS:
            parts.append(_REASONS[token].format(budget=late.budget))
    return "; ".join(parts)


def _times(notice: Notice, zone: ZoneInfo) -> tuple[str, ...]:
    if notice.state is NoticeState.NEW:
        return (f"comes {when(notice.not_before, zone)}",) if notice.not_before else ()
    return (f"sent {when(notice.settled_at, zone)}",) if notice.settled_at else ()
