"""What a handler gets and what it gives back."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from functools import cached_property
from zoneinfo import ZoneInfo

from adapters.card import Card, encode
from adapters.platform import Invocation, Source
from bot.settings import Settings
from conference.case import Case
from conference.decision import Decision
from conference.meeting import Meeting
from conference.people import Account, CaseId, Member, Role, Team
from conference.policy import Action, Relation, holders, may
from conference.refusal import Refusal
from conference.series import Series
from conference.task import Task
from storage.notices import TAKEN_OUT, Act, Notice
from storage.store import HOUSE, Store, TeamStore

_REF_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_NO_TEAM = 'There is no care team here yet. `team create "North clinic"` makes this room one\'s room.'


class Audience(Enum):
    """Who sees a reply. The quiet one is the default."""

    ASKER = "asker"
    ROOM = "room"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the bot answers. ``kind`` names what was posted, so that it can be found and edited later."""

    card: Card | None
    audience: Audience = Audience.ASKER
    kind: str = "reply"
    subject: str = ""
    case: str = ""


@dataclass
class House:
    """What is the same for every request: settings and the table of commands."""

    settings: Settings
    help: "Callable[[Request, str], Card]"


@dataclass
class Request:
    """One invocation being carried out, in one transaction."""

    invocation: Invocation
    now: datetime
    store: TeamStore
    house_store: Store
    settings: Settings
    team_or_none: Team | None
    member: Member | None
    thread_subject: str = ""
    thread_kind: str = ""
    """What began the thread: the call for cases, an invitation, a summary."""
    subjects: list[str] = field(default_factory=list)
    asked_for: str = ""
    """The case last asked for, allowed or not: a refused look stands in the audit trail under it."""
    outbox: list[Notice] = field(default_factory=list)
    """What to say besides the answer; it goes out after the answer, once the transaction is committed."""

    # -- who and where -------------------------------------------------------------------------------------------
    @property
    def account(self) -> Account:
        return Account(self.invocation.account)

    @property
    def me(self) -> Member:
        if self.member is None or not self.member.is_active(self.now):
            if self.team_or_none is None and not self.invocation.place.direct:
                raise Refusal(_NO_TEAM)
            raise Refusal("You are not in a care team here. A coordinator adds you with `team add`.")
        return self.member

    @property
    def team(self) -> Team:
        if self.team_or_none is None:
            raise Refusal(_NO_TEAM)
        return self.team_or_none

    @property
    def zone(self) -> ZoneInfo:
        """The speaker's own zone, else the team's."""
        own = self.member.attention.zone if self.member else ""
        return ZoneInfo(own or (self.team_or_none.zone if self.team_or_none else self.settings.bot.zone))

    @property
    def team_zone(self) -> ZoneInfo:
        return ZoneInfo(self.team.zone)

    @cached_property
    def members(self) -> tuple[Member, ...]:
        """The team's members that are active now."""
        return tuple(m for m in self.store.members.all() if m.is_active(self.now))

    @cached_property
    def running_meetings(self) -> tuple[Meeting, ...]:
        return self.store.running_meetings()

    def member_of(self, account: Account | None) -> Member | None:
        return next((m for m in self.members if m.account == account), None)

    # -- rights --------------------------------------------------------------------------------------------------
    def check(self, action: Action, *relations: Relation, case: CaseId | None = None) -> None:
        """Refuse unless the speaker may; the only way a handler asks about rights."""
        if not may(self.me, action, self.now, relations=frozenset(relations), case=case):
            raise Refusal(f"You may not {action.value} here; that is for: {holders(action)}.")

    def has_right(self, action: Action, *relations: Relation, case: CaseId | None = None) -> bool:
        return may(self.member, action, self.now, relations=frozenset(relations), case=case)

    def case(self, ref: CaseId | str | None, to: Action) -> Case:
        """The case, for this purpose. A missing and a forbidden one are refused alike, so nobody can probe."""
        if ref is None:
            raise Refusal("Say which case, e.g. C-7K2P. `cases` lists them.")
        self.asked_for = str(ref)
        case = self.store.cases.get(self.asked_for)
        relations = [Relation.AUTHOR] if case and case.author == self.account else []
        if case is None or not self._may_touch(case, to, relations):
            raise Refusal(
                f"There is no case {ref} that you could {_VERB.get(to, 'see')}. `cases` lists those you can see."
            )
        self.subjects.append(case.ref)
        return case

    def _may_touch(self, case: Case, to: Action, relations: list[Relation]) -> bool:
        if not self.has_right(to, *relations, case=case.ref):
            return False
        return case.is_shared or bool(relations) or to in _UNSEEN

    def meeting(self, ref: str | None, to: Action, *, running: bool = False) -> Meeting:
        """The meeting named, or else the running one, or else the next one."""
        meeting = self.store.meetings.get(ref) if ref else self._likely_meeting(running=running)
        self.check(to, *([Relation.LEADER] if meeting and meeting.leader == self.account else []))
        if meeting is None and ref:
            raise Refusal(f"There is no meeting {ref}. `meetings` lists them.")
        if meeting is None and running:
            raise Refusal("No meeting is running. `meeting start` begins the next one.")
        if meeting is None:
            raise Refusal('No meeting is planned. `meeting schedule "Case conference" tue 08:00 for 60m` plans one.')
        self.subjects.append(meeting.ref)
        return meeting

    def _likely_meeting(self, *, running: bool) -> Meeting | None:
        now_on = self.running_meetings
        if now_on or running:
            return now_on[0] if now_on else None
        coming = self.store.coming_meetings(limit=1)
        return coming[0] if coming else None

    def task(self, ref: str, to: Action) -> Task:
        if not ref:
            raise Refusal("Say which action item, e.g. T-12. `tasks` lists them.")
        task = self.store.tasks.get(ref)
        if task is None or not self.has_right(Action.READ_TASKS):
            raise Refusal(f"There is no action item {ref}. `tasks` lists them.")
        if to is not Action.READ_TASKS:
            self.check(to, *task.relations(self.me, self.member_of(task.owner)))
        self.subjects.extend([task.ref, *([task.case] if task.case else [])])
        return task

    def decision(self, ref: str, to: Action) -> tuple[Decision, Case]:
        """The decision and its case; a missing one and one of a case that may not be seen are refused alike."""
        decision = self.store.decisions.get(ref)
        try:
            case = self.case(decision.case, to) if decision else None
        except Refusal:
            case = None
        if decision is None or case is None:
            raise Refusal(f"There is no decision {ref} that you could {_VERB.get(to, 'see')}.")
        self.subjects.append(decision.ref)
        return decision, case

    def series(self, ref: str) -> Series:
        series = self.store.series.get(ref)
        if series is None:
            raise Refusal(f"There is no series {ref}. `series` lists them.")
        self.subjects.append(series.ref)
        return series

    def as_the_team_sees(self, case: Case) -> Case:
        """The case with what everyone in the team may see of it today: for what is shown, never for what is kept."""
        return case.seen_by({m.discipline for m in self.members}, self.now.astimezone(self.team_zone).date())

    # -- saying things -------------------------------------------------------------------------------------------
    def new_case_ref(self) -> CaseId:
        """A reference by chance alone: nothing of the person is in it (45 CFR 164.514(c))."""
        while True:
            ref = "C-" + "".join(secrets.choice(_REF_LETTERS) for _ in range(4))
            if not ref[2:].isalpha() and not self.store.has_case_ref(ref):
                return CaseId(ref)

    def say(self, notice: Notice) -> None:
        """Say this after the answer."""
        self.outbox.append(notice)

    @property
    def was_taken_out(self) -> bool:
        """Whether the message that carried the words leaves the shared room it was typed in."""
        return any(n.kind == TAKEN_OUT for n in self.outbox)

    def take_out(self) -> bool:
        """Remove the message that carried the words, where it was typed in a shared room; whether it was."""
        said, place = self.invocation.message, self.invocation.place
        if said is None or place.direct or self.invocation.source is not Source.TYPED:
            return False
        if not self.was_taken_out:
            self.say(
                Notice(
                    key=f"inv:{self.invocation.id}:{TAKEN_OUT}",
                    team=self.team_or_none.id if self.team_or_none else HOUSE,
                    kind=TAKEN_OUT,
                    act=Act.REDACT,
                    platform=place.platform,
                    room=said.room,
                    account=self.account,
                    words={"message": said.message},
                )
            )
        return True

    def notice(
        self, kind: str, subject: str, *, act: Act = Act.POST, account: str = "", case: str = "", **words: str
    ) -> Notice:
        """A notice for the team's room, or for one account, rendered when it is sent."""
        return Notice(
            key=f"inv:{self.invocation.id}:{len(self.outbox) + 1}:{kind}",
            team=self.team.id,
            kind=kind,
            act=act,
            platform=self.team.platform,
            room="" if account else self.team.room,
            account=account,
            subject=subject,
            case=case,
            words=words,
        )

    def reply_notice(self, reply: Reply) -> Notice | None:
        """The reply as the first thing this invocation says."""
        if reply.card is None:
            return None
        place, private = self.invocation.place, reply.audience is Audience.ASKER
        act = Act.WHISPER if private and not place.direct else Act.POST
        return Notice(
            key=f"inv:{self.invocation.id}:reply",
            team=self.team_or_none.id if self.team_or_none else HOUSE,
            kind=reply.kind,
            act=act,
            platform=place.platform,
            room=place.room,
            thread=place.thread or "",
            direct=place.direct,
            account=self.account if private else "",
            subject=reply.subject or (self.subjects[0] if self.subjects else ""),
            case=reply.case,
            card=encode(reply.card),
            words={"asker": self.account},
        )

    def room_notice(self, reply: Reply) -> Notice | None:
        """What the room sees of something that was said to the bot in private and concerns everyone."""
        concerns = reply.audience is Audience.ROOM and reply.kind in _FOR_EVERYONE
        answer = self.reply_notice(reply)
        if answer is None or not concerns or not self.invocation.place.direct or self.team_or_none is None:
            return None
        return replace(
            answer, key=f"inv:{self.invocation.id}:room", room=self.team.room, thread="", direct=False, account=""
        )


_FOR_EVERYONE = frozenset(
    (
        "meeting",
        "poll",
        "moved",
        "cancelled",
        "series",
        "agenda",
        "agenda-draft",
        "board",
        "ended",
        "decision",
        "minutes",
    )
)
"""What is said in the team's room too when it was typed in private; an action item's news stays with its people."""

_UNSEEN = frozenset(
    {Action.TRIAGE_CASE, Action.PRESENT_CASE, Action.WITHDRAW_CASE, Action.ERASE_CASE, Action.KEEP_CONSENT}
)
"""What may be done with a case whose words nobody but the author can see yet."""

_VERB = {
    Action.READ_CASE: "see",
    Action.WRITE_CASE: "change",
    Action.PRESENT_CASE: "present",
    Action.TRIAGE_CASE: "defer or close",
    Action.WITHDRAW_CASE: "withdraw",
    Action.ERASE_CASE: "erase",
    Action.DECIDE: "decide on",
    Action.DISSENT: "dissent from",
    Action.ADD_TASK: "add items to",
    Action.KEEP_CONSENT: "record consent for",
}

__all__ = ["Audience", "House", "Reply", "Request", "Role", "replace"]
