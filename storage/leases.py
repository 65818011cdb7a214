"""Leases: who alone may do something, until when. A holder that falls silent is succeeded once its time is over.

On PostgreSQL the server's clock alone counts, whatever the clocks of the instances say. A SQLite file has one machine
and takes the caller's.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage import tables
from storage.schema import UtcDateTime

LEASES = cast("Table", tables.LeaseRow.__table__)
_INSERT: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class Leases:
    """The leases as one holder asks for them, in one transaction. ``holder`` is a name that is never used again."""

    def __init__(self, connection: Connection, holder: str, now: datetime):
        self._connection, self._holder = connection, holder
        is_shared = connection.dialect.name == "postgresql"
        self._now: ColumnElement[datetime] = func.clock_timestamp() if is_shared else literal(now, UtcDateTime())
        self._moment = connection.execute(select(func.clock_timestamp())).scalar_one() if is_shared else now

    def take(self, name: str, length: timedelta) -> int | None:
        """The lease's fence where it is mine now: it was free, over, or mine already. None: somebody else's."""
        until = self._moment + length
        insert = _INSERT[self._connection.dialect.name]
        fresh = insert(LEASES).values(name=name, holder=self._holder, fence=1, until=until)
        c = LEASES.c
        mine = fresh.on_conflict_do_update(
            index_elements=[c.name],
            set_={"holder": self._holder, "until": until, "fence": c.fence + 1},
            where=and_(c.holder != self._holder, c.until <= self._now),
        )
        taken = self._connection.execute(mine.returning(c.fence)).scalar()
        if taken is not None:
            return int(taken)
        again = update(LEASES).where(c.name == name, c.holder == self._holder).values(until=until)
        kept = self._connection.execute(again.returning(c.fence)).scalar()
        return int(kept) if kept is not None else None

    def renew(self, length: timedelta) -> frozenset[str]:
        """Hold on to all that is still mine; the names. What was taken over is not among them."""
        mine = update(LEASES).where(LEASES.c.holder == self._holder).values(until=self._moment + length)
        return frozenset(self._connection.execute(mine.returning(LEASES.c.name)).scalars())

    def give_back(self, names: Iterable[str] | None = None) -> None:
        """Let the next one in at once; without names, all that is mine."""
        some = () if names is None else (LEASES.c.name.in_(tuple(names)),)
        self._connection.execute(
            update(LEASES).where(LEASES.c.holder == self._holder, *some).values(until=self._moment)
        )

    def holders(self) -> frozenset[str]:
        """Everybody who holds anything now."""
        return frozenset(self._connection.execute(select(LEASES.c.holder).where(LEASES.c.until > self._now)).scalars())

    def forget(self, prefix: str, before: timedelta) -> None:
        """Remove the leases of this kind that have been over for long: instances come and go."""
        over = and_(LEASES.c.name >= prefix, LEASES.c.name < prefix + "\uffff")
        self._connection.execute(delete(LEASES).where(over, LEASES.c.until < self._moment - before))
