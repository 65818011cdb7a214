"""The statements of the outbox, built once: building one costs more than running it."""

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from storage import tables
from storage.notice import PATIENCE
from storage.prepared import Prepared
from storage.schema import UtcDateTime

NOTICES = cast("Table", tables.NoticeRow.__table__)
PLAIN = ("key", "team", "kind", "platform", "room", "thread", "direct", "account", "subject", "case")
KEPT = (
    "id", "attempts", "message", "created_at", "not_before", "due_at",
    "holder", "batch", "strikes", "rule", "why", "settled_at",
)  # fmt: skip
INSERT: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_C = NOTICES.c
# Spelled out and not bound, so that the planner sees that the partial indexes fit.
NEW = _C.state == literal_column("'new'")
SENDING = _C.state == literal_column("'sending'")
_BEFORE = NOTICES.alias("earlier")
_SAME_LANE = and_(_BEFORE.c.platform == _C.platform, _BEFORE.c.lane == _C.lane)
_WAITS_IN = and_(_BEFORE.c.state == literal_column("'new'"), _BEFORE.c.id < _C.id, _SAME_LANE)
_NOW = bindparam("now", type_=UtcDateTime())
_IN_LANE = and_(_C.platform == bindparam("of_platform"), _C.lane == bindparam("of_lane"))


def _keeps_place(table: Any, now: Any) -> ColumnElement[bool]:
    """Whether later ones of the lane wait for it: it is due, or it is being tried again and has not failed too often."""
    return or_(table.c.not_before <= now, and_(table.c.attempts > 0, table.c.strikes < PATIENCE))


_OF = _C.platform.concat("").in_(bindparam("platforms", expanding=True))
"""An expression: by the bare column SQLite would walk all that waits rather than what is due."""
_IS_DUE = and_(NEW, _C.not_before <= _NOW)
_OTHERS = exists().where(
    _SAME_LANE, _BEFORE.c.state == literal_column("'sending'"), _BEFORE.c.holder != bindparam("of_holder")
)
"""Whether somebody else is sending in the lane."""
_IS_FIRST = and_(~_OTHERS, ~exists().where(_WAITS_IN, _keeps_place(_BEFORE, _NOW)))


def _some(statement: Select[Any], *where: ColumnElement[bool]) -> Select[Any]:
    return statement.where(_IS_DUE, *where).order_by(_C.not_before, _C.id).limit(bindparam("most"))


_ROOMS = select(_C.platform, _C.room)
_FOR_ALL = and_(_C.room != "", _C.direct.is_(False), _C.account == "")
ROOMS_DUE = _some(_ROOMS, _OF, _FOR_ALL)
ROOMS_IN = Prepared(_some(_ROOMS.add_columns(_FOR_ALL.label("is_for_all")), _IN_LANE))
_LANES = select(_C.platform, _C.lane)
ROOM_LANES_DUE = _some(_LANES, _OF, _C.room != "", _IS_FIRST).with_for_update(skip_locked=True)
LANES_DUE = _some(_LANES, _OF, _C.room == "", _IS_FIRST).with_for_update(skip_locked=True)
IS_LANE_DUE = Prepared(_some(_LANES, _IN_LANE, _IS_FIRST).with_for_update(skip_locked=True))
DUE = Prepared(
    select(NOTICES)
    .where(NEW, _IN_LANE, _keeps_place(NOTICES, _NOW))
    .order_by(_C.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


def _is_free() -> ColumnElement[bool]:
    """For a notice that is being put in: nothing is due before it in its lane, and nobody else is sending there."""
    there = and_(_C.platform == bindparam("platform"), _C.lane == bindparam("lane"))
    waits = exists().where(there, NEW, _keeps_place(NOTICES, bindparam("not_before", type_=UtcDateTime())))
    sends = exists().where(there, SENDING, _C.holder != bindparam("of_holder"))
    return ~(waits | sends)


def _adding(dialect: str, state: Any, **more: Any) -> Prepared:
    named = (*PLAIN, "act", "body", "lane", "created_at", "not_before", "due_at")
    values: dict[str, Any] = {name: bindparam(name, type_=_C[name].type) for name in named}
    values |= {"state": state, "attempts": literal_column("0"), **{n: literal_column("''") for n in ("message", "why")}}
    into = INSERT[dialect](NOTICES).values(**values | more)
    return Prepared(into.on_conflict_do_nothing(index_elements=[_C.key]).returning(_C.id, _C.state))


ADD = {dialect: _adding(dialect, literal_column("'new'")) for dialect in INSERT}
HAND = {
    dialect: _adding(
        dialect,
        case((_is_free(), literal_column("'sending'")), else_=literal_column("'new'")),
        holder=bindparam("of_holder"),
    )
    for dialect in INSERT
}
HOLD = Prepared(
    update(NOTICES)
    .where(_C.id == bindparam("of_id"))
    .values(
        state="sending",
        holder=bindparam("of_holder"),
        batch=bindparam("in_batch"),
        rule=bindparam("by_rule"),
    )
)
_HELD = and_(_C.id == bindparam("of_id"), _C.holder == bindparam("of_holder"), SENDING)
LET_GO = Prepared(update(NOTICES).where(_HELD).values(state="new", holder=""))
SENT = Prepared(
    update(NOTICES)
    .where(_HELD)
    .values(
        state="sent",
        body=bindparam("left"),
        room=bindparam("in_room"),
        message=bindparam("as_message"),
        account=bindparam("by_account"),
        settled_at=bindparam("at", type_=UtcDateTime()),
    )
)
BY_ID = Prepared(select(NOTICES).where(_C.id == bindparam("of_id")))
_AT = and_(
    _C.platform == bindparam("of_platform"),
    _C.room == bindparam("of_room"),
    _C.message == bindparam("of_message"),
    _C.act != "edit",
)
AT_MESSAGE = Prepared(select(NOTICES).where(_AT).order_by(_C.id))
_NEXT = select(func.min(_C.not_before)).where(NEW, _C.platform == bindparam("of_platform"))
NEXT_DUE = Prepared(_NEXT)
NEXT_DUE_AFTER = Prepared(_NEXT.where(_C.not_before > _NOW))
_ABOUT = and_(_C.team == bindparam("of_team"), _C.subject == bindparam("of_subject"), _C.act != "edit")
_STANDS = and_(_C.state == literal_column("'sent'"), _C.message != "")
_WAITS = _C.state.in_([literal_column("'new'"), literal_column("'sending'")])


@cache
def about(kinds: int, *, waits_too: bool) -> Prepared:
    """What stands in a room about a subject; with ``waits_too``, also what is on its way there."""
    of_kind = _C.kind.in_([bindparam(f"kind_{n}") for n in range(kinds)])
    state = or_(_STANDS, _WAITS) if waits_too else _STANDS
    return Prepared(select(NOTICES).where(_ABOUT, of_kind, state).order_by(_C.id))
