"""The questions of a team and of the house, prepared once."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, and_, bindparam, insert, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from conference.case import CaseState
from conference.meeting import MeetingState
from conference.task import PENDING
from storage import tables
from storage.aggregates import among, counting, finding
from storage.prepared import Prepared
from storage.schema import KeyRow, UtcDateTime

TEAMS = cast("Table", tables.TeamRow.__table__)
ROOMS = cast("Table", tables.RoomRow.__table__)
MEMBERS = cast("Table", tables.MemberRow.__table__)
CASES = cast("Table", tables.CaseRow.__table__)
MEETINGS = cast("Table", tables.MeetingRow.__table__)
SERIES = cast("Table", tables.SeriesRow.__table__)
DECISIONS = cast("Table", tables.DecisionRow.__table__)
TASKS = cast("Table", tables.TaskRow.__table__)
MINUTES = cast("Table", tables.MinutesRow.__table__)
COUNTERS = cast("Table", tables.CounterRow.__table__)
INBOX = cast("Table", tables.InboxRow.__table__)
CONTACTS = cast("Table", tables.ContactRow.__table__)
KEYS = cast("Table", KeyRow.__table__)
UNDO = cast("Table", tables.UndoRow.__table__)
DRAWERS = cast("Table", tables.DrawerRow.__table__)
_IS_PENDING = TASKS.c.state.in_([literal_column(f"'{s.value}'") for s in PENDING])
_BY_DUE = (TASKS.c.due_at.is_(None), TASKS.c.due_at, TASKS.c.ref)


def _meets(*states: MeetingState) -> ColumnElement[bool]:
    return MEETINGS.c.state.in_([literal_column(f"'{s.name}'") for s in states])


RUNNING = finding(MEETINGS, _meets(MeetingState.RUNNING))
COMING = finding(
    MEETINGS,
    _meets(MeetingState.PLANNED, MeetingState.RUNNING),
    order=(MEETINGS.c.start_at, MEETINGS.c.ref),
    most=True,
)
POLLED = finding(MEETINGS, _meets(MeetingState.POLLING))
PAST = finding(
    MEETINGS, _meets(MeetingState.ENDED, MeetingState.SIGNED), order=(MEETINGS.c.start_at.desc(),), most=True
)
_IS_AFTER = MEETINGS.c.start_at > bindparam("after", type_=UtcDateTime())
OF_SERIES = finding(MEETINGS, MEETINGS.c.series == bindparam("of_series"), _IS_AFTER, order=(MEETINGS.c.start_at,))
AFTER = finding(MEETINGS, _IS_AFTER, ~_meets(MeetingState.POLLING), order=(MEETINGS.c.start_at,))
WITH_MRN = finding(CASES, CASES.c.mrn == bindparam("mrn"))
DECISIONS_OF_MEETING = finding(DECISIONS, DECISIONS.c.meeting == bindparam("of_meeting"))
TASKS_OF = finding(TASKS, TASKS.c.owner == bindparam("of_owner"), _IS_PENDING, order=_BY_DUE, most=True)
_IS_FOR = TASKS.c.discipline == bindparam("of_discipline")
TASKS_FOR = finding(TASKS, _IS_FOR, _IS_PENDING, order=_BY_DUE, most=True)
TASKS_UNCLAIMED = finding(TASKS, _IS_FOR, _IS_PENDING, TASKS.c.owner == "", order=_BY_DUE, most=True)
TASKS_AFTER = finding(TASKS, TASKS.c.after == bindparam("of_task"), _IS_PENDING)
TASKS_OF_MEETING = finding(TASKS, TASKS.c.meeting == bindparam("of_meeting"), most=True)
TASKS_PENDING = finding(TASKS, _IS_PENDING, order=_BY_DUE, most=True)
TASKS_DUE = finding(
    TASKS, _IS_PENDING, TASKS.c.due_at <= bindparam("by", type_=UtcDateTime()), order=_BY_DUE, most=True
)
HOW_MANY_PENDING = counting(TASKS, _IS_PENDING)
MINUTES_OF = finding(MINUTES, MINUTES.c.meeting == bindparam("of_meeting"))


@cache
def cases_in(states: tuple[CaseState, ...], *, of_author: bool, most: bool) -> Prepared:
    within = CASES.c.state.in_([literal_column(f"'{s.name}'") for s in states])
    return finding(CASES, within, *([CASES.c.author == bindparam("by")] if of_author else []), most=most)


@cache
def decisions_on(number: int) -> Prepared:
    return finding(DECISIONS, among(DECISIONS.c.case, number))


@cache
def tasks_on(number: int) -> Prepared:
    return finding(TASKS, among(TASKS.c.case, number), order=_BY_DUE, most=True)


@cache
def pending_on(number: int) -> Prepared:
    return finding(TASKS, among(TASKS.c.case, number), _IS_PENDING)


def _either(made: Callable[[Any], Any]) -> Mapping[str, Prepared]:
    """A statement that each engine spells in its own way."""
    return {"sqlite": Prepared(made(sqlite.insert)), "postgresql": Prepared(made(postgresql.insert))}


MEET = _either(lambda insert: insert(CONTACTS).on_conflict_do_nothing().returning(CONTACTS.c.name))
TAKE_IN = _either(lambda insert: insert(INBOX).on_conflict_do_nothing().returning(INBOX.c.id))
COUNT = _either(
    lambda insert: (
        insert(COUNTERS)
        .on_conflict_do_update(index_elements=[COUNTERS.c.team, COUNTERS.c.kind], set_={"value": COUNTERS.c.value + 1})
        .returning(COUNTERS.c.value)
    )
)
REMEMBER = Prepared(insert(UNDO))
TEAM_OF_ROOM = Prepared(
    select(ROOMS.c.team).where(ROOMS.c.platform == bindparam("of_platform"), ROOMS.c.room == bindparam("of_room"))
)
TEAMS_OF = Prepared(select(MEMBERS.c.team).where(MEMBERS.c.ref == bindparam("of_account")).order_by(MEMBERS.c.team))
_IS_CONTACT = and_(CONTACTS.c.platform == bindparam("of_platform"), CONTACTS.c.name == bindparam("of_name"))
CONTACT = Prepared(select(CONTACTS.c.team).where(_IS_CONTACT))
WORK_IN = Prepared(update(CONTACTS).where(_IS_CONTACT))
