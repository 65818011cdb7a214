"""A notice on its way out: what its renderer may look at, what may come of it, and when its person wants to hear it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from adapters.card import Button, Card, Form, Row, encode
from bot.present import house as present_house
from bot.present.common import person
from bot.settings import Settings
from conference.attention import after_days_off, digest_hour, hears_at, recipient, why_later
from conference.people import Account, Member, Role, Team
from storage.notices import Act, Notice
from storage.store import HOUSE, Store, TeamStore


@dataclass(frozen=True, slots=True)
class Later:
    """Not now: the person is away, has quiet hours, gets a digest, or has had enough for today (``because``)."""

    at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class Nudge:
    """One line for one person; several that are due together become one message. ``rule``: why this person, and now."""

    account: Account
    row: Row
    rule: str
    buttons: tuple[Button, ...] = ()
    forms: tuple[Form, ...] = ()


Rendered = Card | Nudge | Later | None


@dataclass
class TeamNow:
    """A team as one transaction sees it; nothing is read twice."""

    store: TeamStore
    now: datetime

    @cached_property
    def team(self) -> Team:
        return self.store.team()

    @cached_property
    def members(self) -> dict[Account, Member]:
        return {m.account: m for m in self.store.members.all() if m.is_active(self.now)}


@dataclass
class Sending:
    """A notice on its way out, with all that its renderer may look at. ``in_room`` None: nobody can say who is there."""

    house: Store
    notice: Notice
    now: datetime
    settings: Settings
    in_room: frozenset[str] | None
    of_team: TeamNow

    @property
    def store(self) -> TeamStore:
        return self.of_team.store

    @property
    def team(self) -> Team:
        return self.of_team.team

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.team.zone)

    @property
    def house_zone(self) -> ZoneInfo:
        """The team's zone, or the house's where it is no team's notice."""
        return ZoneInfo(self.settings.bot.zone) if self.notice.team == HOUSE else self.zone

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    @property
    def members(self) -> dict[Account, Member]:
        return self.of_team.members

    def zone_of(self, member: Member) -> ZoneInfo:
        return ZoneInfo(member.attention.zone or self.team.zone)

    def tell(self, kind: str, account: str, card: Card, case: str = "") -> None:
        """Say something else to somebody as well, because of this one."""
        notice = Notice(
            key=f"{kind}:{self.notice.key}",
            team=self.notice.team,
            kind="reply",
            act=Act.WHISPER,
            platform=self.notice.platform,
            account=account,
            subject=self.notice.subject,
            case=case,
            card=encode(card),
        )
        self.store.notices.add(notice, self.now)


CASE_REF = re.compile(rb"\bC-[0-9A-HJKMNP-TV-Z]{4,6}\b")


def needs_room(notice: Notice) -> bool:
    """Whether who is in the room decides what is said there."""
    if notice.act not in (Act.POST, Act.EDIT) or notice.direct or notice.account:
        return False
    if notice.card:
        return is_about_case(notice)
    return notice.kind in ("summary", "agenda")


def is_about_case(notice: Notice) -> bool:
    """Whether an answer for the whole room names a case."""
    has_asker = notice.act is Act.POST and not notice.direct and bool(notice.words.get("asker"))
    return has_asker and CASE_REF.search(notice.card) is not None


def is_ready(notice: Notice) -> bool:
    """Whether it goes out as it is: a finished card or a removal, with nothing to be checked when it is sent."""
    return notice.act is Act.REDACT or (bool(notice.card) and not needs_room(notice))


SELF, SAFETY, URGENT, BUDGET = "self", "safety", "urgent", "budget"
COVER = "cover="


def to_person(
    sending: Sending,
    account: str,
    row: Callable[[Member], Row],
    buttons: tuple[Button, ...],
    *,
    urgent: bool,
    at_once: bool = False,
) -> Rendered:
    """The nudge, to whoever hears for the person now, at a moment that person wants to hear it.

    ``at_once``: it is about safety, and waits for no quiet hour, digest or return.
    """
    member = sending.members.get(Account(account))
    if member is None:
        return None
    who = recipient(member, sending.members, sending.now)
    later = None if at_once else _later(sending, who, urgent=urgent)
    if later is not None:
        return later
    line, rule = row(who), [SELF]
    if who.account != member.account:
        rule = [f"{COVER}{member.account}"]
        line = Row(line.lead, line.text, (*line.details, f"you cover for {person(member)}"), line.tone)
    rule += [SAFETY] if at_once else [URGENT] if urgent else []
    return Nudge(who.account, line, " ".join(dict.fromkeys([*rule, *sending.notice.rule.split()])), buttons)


def _later(sending: Sending, who: Member, *, urgent: bool) -> Later | None:
    """The moment at which the person wants to hear it, and why not now; None: now is that moment."""
    notice, zone, hour = sending.notice, sending.team.zone, sending.settings.reminders.digest
    since = notice.created_at or sending.now
    due = hears_at(who, since, zone, digest=hour, urgent=urgent)
    at = max(due, hears_at(who, sending.now, zone, digest=None, urgent=True))
    if not urgent:
        at = after_days_off(who, at, zone, digest=hour)
    if at > sending.now:
        return Later(at, why_later(who, sending.now, zone, urgent=urgent))
    if urgent or BUDGET in notice.rule.split() or not (budget := sending.settings.reminders.budget):
        return None
    midnight = sending.now.astimezone(sending.zone_of(who)).replace(hour=0, minute=0, second=0, microsecond=0)
    if sending.store.notices.heard(sending.team.id, who.account, midnight) < budget:
        return None
    return Later(digest_hour(who, sending.now + timedelta(seconds=1), zone, digest=hour), BUDGET)


def tell_of_dead(store: TeamStore, notice: Notice, now: datetime) -> None:
    """The coordinators hear in private, once, that something about an item, a meeting or a case was not delivered."""
    if not (notice.subject or notice.case) or notice.kind == DEAD_LETTER:
        return
    card = encode(present_house.dead_letter(notice.subject or notice.case, notice.kind))
    team = store.team()
    for member in store.members.all():
        if member.has(Role.COORDINATOR) and member.is_active(now):
            told = Notice(
                key=f"dead:{notice.key}:{member.account}"[:255],
                team=notice.team,
                kind=DEAD_LETTER,
                act=Act.WHISPER,
                platform=team.platform,
                account=member.account,
                subject=notice.subject,
                card=card,
            )
            store.notices.add(told, now)


DEAD_LETTER = "dead-letter"
