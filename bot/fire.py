"""What happens when a timer falls due. Each is one transaction, reads its subject again, and may run twice."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from bot.carry import hand_on
from bot.late import LAPSED
from bot.planning import plan_consents
from bot.series_plan import ZONES, keep_wall_clocks, plan_series, zones_version
from bot.settings import Settings
from conference.meeting import Meeting, MeetingKind, MeetingState, missing_quorum
from conference.people import Account, Member, Role, Team
from conference.task import Chase, Task
from storage.audit import AuditEntry
from storage.notices import Act, Notice, NoticeState
from storage.store import Store, TeamStore
from storage.timers import Timer


@dataclass
class Firing:
    """One timer being carried out, in one transaction."""

    house: Store
    timer: Timer
    now: datetime
    settings: Settings

    @cached_property
    def store(self) -> TeamStore:
        return self.house.of_team(self.timer.team)

    @cached_property
    def team(self) -> Team:
        return self.store.team()

    @cached_property
    def members(self) -> tuple[Member, ...]:
        return tuple(m for m in self.store.members.all() if m.is_active(self.now))

    def post(self, kind: str, subject: str) -> None:
        self._say(kind, subject, "", "")

    def whisper(self, kind: str, subject: str, account: Account, case: str = "") -> None:
        self._say(kind, subject, account, case)

    def edit(self, kind: str, subject: str) -> None:
        """Bring what was posted about the subject up to date, in place."""
        for posted in self.store.notices.posts(self.team.id, subject, kind):
            key = ":".join(["timer", self.team.id, "edit", str(posted.id), self.timer.due_at.isoformat()])
            edit = replace(posted, key=key, act=Act.EDIT, words=posted.place_of_edit, card=b"")
            self.store.notices.add(replace(edit, state=NoticeState.NEW), self.now)

    def _say(self, kind: str, subject: str, account: str, case: str) -> None:
        """The key holds the timer's own moment, so that firing it twice says it once."""
        self.store.notices.add(
            Notice(
                key=":".join(["timer", self.timer.team, kind, subject, account, case, self.timer.due_at.isoformat()]),
                team=self.timer.team,
                kind=kind,
                act=Act.WHISPER if account else Act.POST,
                platform=self.team.platform,
                room="" if account else self.team.room,
                account=account,
                subject=subject,
                case=case,
                due_at=self.timer.due_at,
            ),
            self.now,
        )

    def note(self, act: str, subject: str) -> None:
        """What the bot does by itself stands in the audit trail too."""
        self.store.audit(AuditEntry(self.timer.team, self.now, "confer", act, subject, "done"))


def fire(firing: Firing) -> None:
    """Carry the timer out; a kind that is no longer known does nothing."""
    action = _ACTIONS.get(firing.timer.kind)
    if action:
        action(firing)


def could_not_fire(firing: Firing) -> None:
    """What an error kept from happening is not passed over in silence: the coordinators hear that it was missed."""
    firing.note(f"{firing.timer.kind} failed", firing.timer.subject)
    for account in _coordinators(firing):
        firing.whisper("missed", firing.timer.subject, account)


# -- meetings ----------------------------------------------------------------------------------------------------
def _coming(firing: Firing) -> Meeting | None:
    meeting = firing.store.meetings.get(firing.timer.subject)
    return meeting if meeting is not None and meeting.is_coming else None


def _call(firing: Firing) -> None:
    meeting = _coming(firing)
    if meeting is not None and meeting.kind is MeetingKind.CONFERENCE:
        if meeting.series and not firing.store.notices.posts(firing.team.id, meeting.ref, "meeting"):
            firing.post("meeting", meeting.ref)
        firing.post("call", meeting.ref)


def _chase(firing: Firing) -> None:
    """Presenters whose case is not ready, and the disciplines that the quorum misses."""
    meeting = _coming(firing)
    if meeting is None:
        return
    for item in meeting.agenda.items:
        case = firing.store.cases.get(item.case) if item.case else None
        if case is not None and not case.is_ready:
            firing.whisper("chase", meeting.ref, case.author, case.ref)
    missing = missing_quorum(meeting, firing.members)
    for member in firing.members:
        if member.discipline in missing and not meeting.has_settled(member.account):
            firing.whisper("quorum", meeting.ref, member.account)


def _lock(firing: Firing) -> None:
    meeting = _coming(firing)
    if meeting is None:
        return
    if not meeting.agenda.is_locked:
        firing.store.meetings.save(meeting.with_agenda(meeting.agenda.lock()))
        firing.note("agenda locked", meeting.ref)
    if meeting.agenda.items:
        firing.post("agenda", meeting.ref)


def _remind(firing: Firing) -> None:
    meeting = _coming(firing)
    if meeting is not None:
        firing.post("meeting-soon", meeting.ref)


def _lapse(firing: Firing) -> None:
    """What nobody started must not stand before the meetings to come."""
    meeting = _coming(firing)
    if meeting is not None:
        lapsed = meeting.cancel(LAPSED)
        firing.store.meetings.save(lapsed)
        hand_on(firing.store, lapsed)
        firing.note("meeting called off", meeting.ref)
        firing.edit("meeting", meeting.ref)


def _poll(firing: Firing) -> Meeting | None:
    meeting = firing.store.meetings.get(firing.timer.subject)
    return meeting if meeting is not None and meeting.state is MeetingState.POLLING else None


def _poll_decide(firing: Firing) -> None:
    meeting = _poll(firing)
    if meeting is not None:
        firing.whisper("poll-decide", meeting.ref, meeting.created_by)


def _poll_lapse(firing: Firing) -> None:
    """All times that were offered have passed."""
    meeting = _poll(firing)
    if meeting is not None:
        firing.store.meetings.save(meeting.cancel("no time was fixed"))
        firing.note("poll called off", meeting.ref)
        firing.edit("poll", meeting.ref)


def _series(firing: Firing) -> None:
    series = firing.store.series.get(firing.timer.subject)
    if series is not None:
        planned = plan_series(firing.store, series, firing.team, firing.settings, firing.now)
        for meeting in (*planned.moved, *planned.dropped):
            firing.edit("meeting", meeting.ref)


def _zones(firing: Firing) -> None:
    """The world's zones have new rules: what is planned stays at the hour on the clock that was meant."""
    firing.store.teams.save(replace(firing.team, zones=zones_version()))
    moved = []
    for series in firing.store.series.all():
        moved += plan_series(firing.store, series, firing.team, firing.settings, firing.now).moved
    moved += keep_wall_clocks(firing.store, firing.settings, firing.now)
    for meeting in moved:
        firing.note("meeting at another instant", meeting.ref)
        firing.edit("meeting", meeting.ref)
        firing.post("rezoned", meeting.ref)


# -- cases -------------------------------------------------------------------------------------------------------
def _consent_ends(firing: Firing) -> None:
    """What was posted of the case is taken out, and posted anew as it may be seen from now on: an edit has a history."""
    case = firing.store.cases.get(firing.timer.subject)
    if case is None or case.summary is None:
        return
    key = ":".join(["timer", firing.timer.team, "consent", case.ref, firing.timer.due_at.isoformat()])
    posts = firing.store.notices.about(firing.team.id, case.ref, "summary")
    for posted in posts:
        firing.store.notices.mark(posted, NoticeState.DROPPED, why="taken out")
        words = {"message": posted.message}
        out = Notice(f"{key}:{posted.id}", posted.team, "redact", Act.REDACT, posted.platform, posted.room, words=words)
        firing.store.notices.add(out, firing.now)
    if posts:
        where, words = firing.team, {"revision": str(case.summary.revision)}
        anew = Notice(
            key, where.id, "summary", Act.POST, where.platform, where.room, subject=case.ref, case=case.ref, words=words
        )
        firing.store.notices.add(anew, firing.now)
    plan_consents(firing.store, case, ZoneInfo(firing.team.zone), firing.now)


# -- action items ------------------------------------------------------------------------------------------------
def _pending(firing: Firing) -> Task | None:
    task = firing.store.tasks.get(firing.timer.subject)
    return task if task is not None and task.is_pending else None


def _owners(firing: Firing, task: Task) -> list[Account]:
    """The owner, or everyone of the discipline while nobody has claimed the item."""
    if task.owner:
        return [task.owner]
    return [m.account for m in firing.members if m.discipline == task.discipline] or _coordinators(firing)


def _coordinators(firing: Firing) -> list[Account]:
    return [m.account for m in firing.members if m.has(Role.COORDINATOR)]


def _to_owner(kind: str) -> Callable[[Firing], None]:
    def act(firing: Firing) -> None:
        task = _pending(firing)
        if task is not None:
            for account in _owners(firing, task):
                firing.whisper(kind, task.ref, account, task.case or "")

    return act


def _late(firing: Firing) -> None:
    task = _pending(firing)
    if task is not None:
        _to_owner("task-late")(firing)
        _reached(firing, task, Chase.OWNER)


def _to_discipline(firing: Firing) -> None:
    """The owner's colleagues of the same discipline."""
    task = _pending(firing)
    if task is None:
        return
    owner = next((m for m in firing.members if m.account == task.owner), None)
    discipline = task.discipline or (owner.discipline if owner else None)
    for member in firing.members:
        if member.discipline == discipline and member.account != task.owner:
            firing.whisper("task-escalated", task.ref, member.account, task.case or "")
    _reached(firing, task, Chase.DISCIPLINE)


def _to_coordinator(firing: Firing) -> None:
    task = _pending(firing)
    if task is None:
        return
    for account in _coordinators(firing):
        firing.whisper("task-coordinator", task.ref, account, task.case or "")
    _reached(firing, task, Chase.COORDINATOR)


def _reached(firing: Firing, task: Task, who: Chase) -> None:
    firing.store.tasks.save(task.chase(who))
    firing.note(f"escalated to {who}", task.ref)


_ACTIONS: Mapping[str, Callable[[Firing], None]] = {
    "meeting-call": _call,
    "meeting-chase": _chase,
    "meeting-lock": _lock,
    "meeting-remind": _remind,
    "meeting-lapse": _lapse,
    "poll-decide": _poll_decide,
    "poll-lapse": _poll_lapse,
    "series-plan": _series,
    ZONES: _zones,
    "consent-ends": _consent_ends,
    "task-before": _to_owner("task-before"),
    "task-due": _to_owner("task-due"),
    "task-owner": _late,
    "task-discipline": _to_discipline,
    "task-coordinator": _to_coordinator,
}
