"""What waits for one person, in references, dates and counts alone: shown where no patient data may stand."""

from datetime import datetime
from zoneinfo import ZoneInfo

from adapters.card import Actions, Block, Button, Card, Row, Rows, Text, Tone
from bot.present.common import count, when
from conference.case import CaseState
from conference.people import Account, Member
from storage.store import Store, TeamStore

SHOWN = 10


def glance(house: Store, account: str, now: datetime) -> Card:
    """The person's action items, next conferences and unfinished cases, without a word that anybody typed."""
    blocks: list[Block] = []
    for team in house.teams_of_account(account):
        store = house.of_team(team)
        member = store.members.get(account)
        if member is not None and member.is_active(now):
            blocks += _of_team(store, member, now)
    if not blocks:
        blocks = [Text("You are in no care team yet. A coordinator adds you with `team add`.", Tone.QUIET)]
    buttons = (
        Button("My tasks", "tasks mine"),
        Button("Meetings", "meetings"),
        Button("My cases", "cases mine"),
        Button("Submit a case", "case submit"),
    )
    return Card("What waits for you", (*blocks, Actions(buttons)))


def _of_team(store: TeamStore, member: Member, now: datetime) -> list[Block]:
    zone = ZoneInfo(member.attention.zone or store.team().zone)
    tasks = [t for t in store.tasks_of(Account(member.account)) if t.is_pending]
    rows = [
        Row(t.ref, f"due {when(t.due_at, zone)}" if t.due_at else "", tone=_tone(late=t.is_overdue(now)))
        for t in tasks[:SHOWN]
    ]
    meetings = [m for m in store.coming_meetings(limit=5) if m.end_at >= now]
    coming = [Row(m.ref, when(m.start_at, zone)) for m in meetings]
    cases = store.cases_in(CaseState.DRAFT, author=member.account, limit=SHOWN)
    waiting = [Row(c.ref, "waits for your approval") for c in cases]
    parts = (
        (count(len(tasks), "action item"), rows),
        ("Next conferences", coming),
        (count(len(cases), "unfinished case"), waiting),
    )
    return [block for title, them in parts if them for block in (Text(title, Tone.STRONG), Rows(tuple(them)))]


def _tone(*, late: bool) -> Tone:
    return Tone.WARNING if late else Tone.PLAIN
