"""The store of one transaction: a team's things, and what belongs to the house (rooms, inbox, notices, timers)."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import msgspec
from sqlalchemy import Connection, and_, delete, insert, select, update

from conference.case import Case, CaseState, Identifier
from conference.decision import Decision
from conference.meeting import Meeting
from conference.minutes import MinutesPart
from conference.people import Account, CaseId, Discipline, Member, Team
from conference.series import Series
from conference.task import Task, TaskId, TaskState
from storage import store_sql as sql
from storage.aggregates import Aggregates, Change, Changes, Kind, ones
from storage.audit import AuditEntry, append
from storage.keys import KeyRing
from storage.notices import Hand, Notices
from storage.store_sql import (
    CASES,
    DECISIONS,
    DRAWERS,
    INBOX,
    KEYS,
    MEETINGS,
    MEMBERS,
    MINUTES,
    ROOMS,
    SERIES,
    TASKS,
    TEAMS,
    UNDO,
)
from storage.timers import Timers

T = TypeVar("T")

HOUSE = "-"
"""The scope of what belongs to no team: the answer to a stranger, for one."""


class Undoable(msgspec.Struct, frozen=True):
    """A person's last change, as it can be taken back."""

    id: int
    account: str
    at: datetime
    invocation: str
    act: str
    subject: str
    changes: tuple[Change, ...]


class TeamStore:
    """Everything of one team, in one transaction. Questions that need an index are methods with a name."""

    def __init__(self, connection: Connection, ring: KeyRing, team: str, hand: Hand | None = None):
        self.connection, self.ring, self.id = connection, ring, team
        self.changes = Changes()
        self.teams = self._kept(_OF_TEAM)
        self.members = self._kept(_MEMBER)
        self._blind_mrn = partial(ring.blind, connection, team, "mrn")
        clear_case = partial(_clear_case, self._blind_mrn)
        self.cases = self._kept(Kind(CASES, Case, lambda c: str(c.ref), clear_case, lambda c: str(c.ref)))
        self.meetings = self._kept(_MEETING)
        self.series = self._kept(_SERIES)
        self.decisions = self._kept(_DECISION)
        self.tasks = self._kept(_TASK)
        self.minutes = self._kept(_MINUTES)
        self.notices = Notices(connection, ring, hand)
        self.timers = Timers(connection, team)

    def _kept(self, kind: Kind[T]) -> Aggregates[T]:
        return Aggregates(kind, self.connection, self.ring, self.id, self.changes)

    def team(self) -> Team:
        found = self.teams.get(self.id)
        if found is None:
            raise LookupError(f"team {self.id} is gone")
        return found

    # -- references ----------------------------------------------------------------------------------------------
    def next_ref(self, kind: str) -> str:
        """The next ``T-12`` of the team."""
        counted = sql.COUNT[self.connection.dialect.name]
        return f"{kind}-{counted.value(self.connection, {'team': self.id, 'kind': kind, 'value': 1})}"

    def has_case_ref(self, ref: str) -> bool:
        """Whether the reference was ever given, to an erased case too."""
        found = select(CASES.c.ref).where(CASES.c.team == self.id, CASES.c.ref == ref)
        return self.connection.execute(found).first() is not None

    # -- cases ---------------------------------------------------------------------------------------------------
    def begin_case(self, case: Case, now: datetime) -> None:
        """Keep a new case under a data key of its own."""
        self.ring.begin_scope(self.connection, self.id, f"case:{case.ref}", now)
        self.cases.save(case)

    def cases_in(self, *states: CaseState, author: str = "", limit: int | None = None) -> tuple[Case, ...]:
        """Cases in these states, of one author if one is given."""
        question = sql.cases_in(states, of_author=bool(author), most=limit is not None)
        more = ({"by": author} if author else {}) | ({"most": limit} if limit is not None else {})
        return self.cases.read(question, **more)

    def cases_with_mrn(self, mrn: str) -> tuple[Case, ...]:
        return self.cases.read(sql.WITH_MRN, mrn=self._blind_mrn(mrn))

    def erase_case(self, ref: CaseId, now: datetime) -> None:
        """Destroy the case's data key; the husk of the row keeps the reference from being given again."""
        self.ring.destroy(self.connection, self.id, f"case:{ref}", now)
        mine = and_(CASES.c.team == self.id, CASES.c.ref == ref)
        self.connection.execute(update(CASES).where(mine).values(state=CaseState.ERASED.name, body=b"", mrn=""))
        tasks = and_(TASKS.c.team == self.id, TASKS.c.case == ref)
        self.connection.execute(update(TASKS).where(tasks).values(state=TaskState.DROPPED.value, body=b""))
        self.connection.execute(delete(UNDO).where(UNDO.c.team == self.id))  # rows as they were may tell of the case
        # What platforms keep about it, half-filled forms say, is sealed under the house's key: it has to go itself.
        self.connection.execute(delete(DRAWERS).where(DRAWERS.c.name.endswith(f"/{ref}", autoescape=True)))

    # -- meetings ------------------------------------------------------------------------------------------------
    def coming_meetings(self, limit: int = 20) -> tuple[Meeting, ...]:
        """Planned and running ones, the earliest first."""
        return self.meetings.read(sql.COMING, most=limit)

    def polled_meetings(self) -> tuple[Meeting, ...]:
        return self.meetings.read(sql.POLLED)

    def past_meetings(self, limit: int = 10) -> tuple[Meeting, ...]:
        """Ended and signed ones, the latest first."""
        return self.meetings.read(sql.PAST, most=limit)

    def running_meetings(self) -> tuple[Meeting, ...]:
        return self.meetings.read(sql.RUNNING)

    def meetings_of_series(self, ref: str, after: datetime) -> tuple[Meeting, ...]:
        return self.meetings.read(sql.OF_SERIES, of_series=ref, after=after)

    def meetings_after(self, after: datetime) -> tuple[Meeting, ...]:
        """All that begin later and have a time, called off ones too."""
        return self.meetings.read(sql.AFTER, after=after)

    # -- decisions and tasks -------------------------------------------------------------------------------------
    def decisions_on(self, *cases: CaseId) -> tuple[Decision, ...]:
        return self.decisions.read(sql.decisions_on(len(cases)), **ones(cases))

    def decisions_of_meeting(self, meeting: str) -> tuple[Decision, ...]:
        return self.decisions.read(sql.DECISIONS_OF_MEETING, of_meeting=meeting)

    def tasks_of(self, account: Account, limit: int = 50) -> tuple[Task, ...]:
        return self.tasks.read(sql.TASKS_OF, of_owner=account, most=limit)

    def tasks_for(self, discipline: Discipline, limit: int = 50, *, unclaimed: bool = False) -> tuple[Task, ...]:
        return self.tasks.read(
            sql.TASKS_UNCLAIMED if unclaimed else sql.TASKS_FOR, of_discipline=discipline, most=limit
        )

    def tasks_on(self, *cases: CaseId) -> tuple[Task, ...]:
        """All items of these cases, settled ones too."""
        return self.tasks.read(sql.tasks_on(len(cases)), most=200 * len(cases), **ones(cases))

    def pending_on(self, *cases: CaseId) -> tuple[Task, ...]:
        """What is still to be done on these cases."""
        return self.tasks.read(sql.pending_on(len(cases)), **ones(cases))

    def tasks_after(self, ref: TaskId) -> tuple[Task, ...]:
        return self.tasks.read(sql.TASKS_AFTER, of_task=ref)

    def tasks_of_meeting(self, meeting: str) -> tuple[Task, ...]:
        return self.tasks.read(sql.TASKS_OF_MEETING, of_meeting=meeting, most=200)

    def pending_tasks(self, limit: int = 50, *, due_before: datetime | None = None) -> tuple[Task, ...]:
        if due_before is None:
            return self.tasks.read(sql.TASKS_PENDING, most=limit)
        return self.tasks.read(sql.TASKS_DUE, most=limit, by=due_before)

    def count_pending(self) -> int:
        return self.tasks.count(sql.HOW_MANY_PENDING)

    def minutes_of(self, meeting: str) -> tuple[MinutesPart, ...]:
        parts = self.minutes.read(sql.MINUTES_OF, of_meeting=meeting)
        return tuple(sorted(parts, key=lambda p: p.position))

    # -- audit and undo ------------------------------------------------------------------------------------------
    def audit(self, entry: AuditEntry) -> None:
        append(self.connection, self.ring, entry)

    def remember(self, account: str, invocation: str, act: str, subject: str, now: datetime) -> None:
        """Keep what this transaction changed, so that its speaker can take it back."""
        changes = msgspec.json.encode(list(self.changes.rows.values())).decode()
        row = {"account": account, "invocation": invocation, "act": act, "subject": subject[:64], "changes": changes}
        sql.REMEMBER.run(self.connection, {"team": self.id, "at": now, **row})

    def last_undoable(self, account: str, since: datetime) -> Undoable | None:
        c = UNDO.c
        mine = select(UNDO).where(c.team == self.id, c.account == account, c.at >= since)
        row = self.connection.execute(mine.order_by(c.id.desc()).limit(1)).mappings().first()
        if row is None:
            return None
        changes = msgspec.json.decode(row["changes"], type=tuple[Change, ...])
        names = ("id", "account", "at", "invocation", "act", "subject")
        return Undoable(**{n: row[n] for n in names}, changes=changes)

    def put_back(self, undoable: Undoable) -> bool:
        """Restore every row of the change; False, with nothing to keep, if one was built upon since."""
        kept: dict[str, Callable[[Change], bool]] = {
            table.name: aggregates.put_back
            for table, aggregates in (
                (MEMBERS, self.members), (CASES, self.cases), (MEETINGS, self.meetings), (SERIES, self.series),
                (DECISIONS, self.decisions), (TASKS, self.tasks), (MINUTES, self.minutes), (TEAMS, self.teams),
            )
        }  # fmt: skip
        done = all(kept[change.table](change) for change in reversed(undoable.changes))
        self.connection.execute(delete(UNDO).where(UNDO.c.id == undoable.id))
        return done


class Store:
    """The house in one transaction: who is asked, what was said already, and the teams."""

    def __init__(self, connection: Connection, ring: KeyRing, hand: Hand | None = None):
        self.connection, self.ring, self._hand = connection, ring, hand
        self.notices = Notices(connection, ring, hand)
        self._contacts: dict[tuple[str, str], str | None] = {}
        """The rooms and people that were asked about, each with its team: None where the bot has not met them."""

    def of_team(self, team: str) -> TeamStore:
        return TeamStore(self.connection, self.ring, team, self._hand)

    def begin_team(self, team: Team, now: datetime) -> TeamStore:
        """Keep a new team under keys of its own and give it the room it was made in."""
        self.ring.begin_team(self.connection, team.id, now)
        self.connection.execute(insert(ROOMS).values(platform=team.platform, room=team.room, team=team.id))
        store = self.of_team(team.id)
        store.teams.save(team)
        return store

    def has_house(self) -> bool:
        """Whether the keys of what belongs to no team exist."""
        c = KEYS.c
        return self.connection.execute(select(c.scope).where(c.team == HOUSE).limit(1)).first() is not None

    def team_ids(self) -> tuple[str, ...]:
        return tuple(self.connection.execute(select(TEAMS.c.team)).scalars())

    def team_of_room(self, platform: str, room: str) -> str | None:
        found = sql.TEAM_OF_ROOM.value(self.connection, {"of_platform": platform, "of_room": room})
        return str(found) if found is not None else None

    def teams_of_account(self, account: str) -> tuple[str, ...]:
        return tuple(team for (team,) in sql.TEAMS_OF.rows(self.connection, {"of_account": account}))

    def take_in(self, platform: str, invocation: str, at: datetime) -> bool:
        """Note that the invocation arrived; False if it had arrived before."""
        taken = sql.TAKE_IN[self.connection.dialect.name]
        row = {"platform": platform, "id": invocation[:255], "at": at}
        return taken.first(self.connection, row) is not None

    def is_first_contact(self, platform: str, name: str, now: datetime) -> bool:
        """Whether the bot has not yet introduced itself to this room or person; from now on it has."""
        if self._contact(platform, name) is not None:
            return False
        met = sql.MEET[self.connection.dialect.name]
        self._contacts[platform, name] = ""
        return met.first(self.connection, {"platform": platform, "name": name, "at": now}) is not None

    def last_team(self, platform: str, account: str) -> str:
        return self._contact(platform, account) or ""

    def _contact(self, platform: str, name: str) -> str | None:
        if (platform, name) not in self._contacts:
            found = sql.CONTACT.value(self.connection, {"of_platform": platform, "of_name": name})
            self._contacts[platform, name] = found
        return self._contacts[platform, name]

    def work_in(self, platform: str, account: str, team: str) -> None:
        """Remember the team for what the person says in the direct room next."""
        if self.last_team(platform, account) != team:
            sql.WORK_IN.run(self.connection, {"of_platform": platform, "of_name": account, "team": team})
            if self._contacts[platform, account] is not None:
                self._contacts[platform, account] = team

    def forget_inbox(self, before: datetime) -> None:
        self.connection.execute(delete(INBOX).where(INBOX.c.at < before))
        self.connection.execute(delete(UNDO).where(UNDO.c.at < before - timedelta(days=1)))


def _case(thing: Decision | Task | MinutesPart) -> str:
    return str(thing.case or "")


def _clear_case(blind: Callable[[str], str], c: Case) -> Mapping[str, object]:
    mrn = c.identifiers.get(Identifier.MRN, "")
    return {"state": c.state.name, "author": c.author, "mrn": blind(mrn) if any(a.isalnum() for a in mrn) else ""}


def _clear_meeting(m: Meeting) -> Mapping[str, object]:
    return {"state": m.state.name, "start_at": m.start_at, "series": m.series or ""}


def _clear_series(s: Series) -> Mapping[str, object]:
    return {"state": "running" if s.is_running else "stopped"}


def _clear_decision(d: Decision) -> Mapping[str, object]:
    return {"case": d.case, "meeting": d.meeting or ""}


def _clear_minutes(p: MinutesPart) -> Mapping[str, object]:
    return {"meeting": p.meeting, "case": p.case or ""}


def _clear_task(t: Task) -> Mapping[str, object]:
    return {
        "state": t.state.value,
        "owner": t.owner or "",
        "discipline": t.discipline or "",
        "case": t.case or "",
        "meeting": t.meeting or "",
        "after": t.after or "",
        "due_at": t.due_at,
    }


_OF_TEAM = Kind(TEAMS, Team, lambda t: str(t.id))
_MEMBER = Kind(MEMBERS, Member, lambda m: str(m.account))
_MEETING = Kind(MEETINGS, Meeting, lambda m: str(m.ref), _clear_meeting)
_SERIES = Kind(SERIES, Series, lambda s: str(s.ref), _clear_series)
_DECISION = Kind(DECISIONS, Decision, lambda d: str(d.ref), _clear_decision, _case)
_TASK = Kind(TASKS, Task, lambda t: str(t.ref), _clear_task, _case)
_MINUTES = Kind(MINUTES, MinutesPart, lambda p: p.ref, _clear_minutes, _case)
