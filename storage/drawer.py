"""What chat platforms keep across restarts, sealed under the house's key."""

from collections.abc import Mapping
from typing import cast

from sqlalchemy import Connection, Insert, Table, and_, bindparam, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from storage import tables
from storage.database import Database, wait_for_turn
from storage.keys import KeyRing
from storage.prepared import Prepared
from storage.seal import Cell
from storage.store import HOUSE

DRAWERS = cast("Table", tables.DrawerRow.__table__)
_KEY = (DRAWERS.c.platform, DRAWERS.c.name)
_MINE = and_(DRAWERS.c.platform == bindparam("of_platform"), DRAWERS.c.name == bindparam("of_name"))
GET = Prepared(select(DRAWERS.c.body).where(_MINE))
DELETE = Prepared(delete(DRAWERS).where(_MINE))
ADD = Prepared(insert(DRAWERS))


def _put(insert: sqlite.Insert | postgresql.Insert) -> Insert:
    return insert.on_conflict_do_update(index_elements=_KEY, set_={"body": insert.excluded.body})


def _put_new(insert: sqlite.Insert | postgresql.Insert) -> Insert:
    return insert.on_conflict_do_nothing(index_elements=_KEY).returning(DRAWERS.c.name)


PUT = {"sqlite": Prepared(_put(sqlite.insert(DRAWERS))), "postgresql": Prepared(_put(postgresql.insert(DRAWERS)))}
PUT_NEW = {
    "sqlite": Prepared(_put_new(sqlite.insert(DRAWERS))),
    "postgresql": Prepared(_put_new(postgresql.insert(DRAWERS))),
}


# A range, for no LIKE can use the key on SQLite: it would walk all that the platform keeps.
_IN_RANGE = and_(DRAWERS.c.name >= bindparam("first"), DRAWERS.c.name < bindparam("beyond"))
NAMES = Prepared(
    select(DRAWERS.c.name).where(DRAWERS.c.platform == bindparam("of_platform"), _IN_RANGE).order_by(DRAWERS.c.name)
)


class SealedDrawer:
    """One platform's drawer; see ``adapters.platform.Drawer``."""

    def __init__(self, database: Database, ring: KeyRing, platform: str):
        self._database, self._ring, self._platform = database, ring, platform

    def get(self, name: str) -> bytes | None:
        with self._database.reading() as connection:
            return self._get(connection, name)

    def put(self, name: str, content: bytes) -> None:
        self.put_all({name: content}, {})

    def put_all(self, contents: Mapping[str, bytes], new: Mapping[str, bytes]) -> Mapping[str, bytes]:
        there: dict[str, bytes] = {}
        with self._database.transaction() as connection:
            for name in sorted({*contents, *new}):  # in one order: two instances may write the same ones
                if name in contents:
                    PUT[connection.dialect.name].run(connection, self._row(connection, name, contents[name]))
                if name in new and (kept := self._put_new(connection, name, new[name])) is not None:
                    there[name] = kept
        return there

    def swap(self, name: str, there: bytes | None, content: bytes) -> bool:
        with self._database.transaction() as connection:
            wait_for_turn(connection, f"drawer {self._platform}/{name}")
            if there != self._get(connection, name):
                return False
            DELETE.run(connection, self._mine(name))
            ADD.run(connection, self._row(connection, name, content))
            return True

    def delete(self, name: str) -> None:
        with self._database.transaction() as connection:
            DELETE.run(connection, self._mine(name))

    def names(self, prefix: str = "") -> tuple[str, ...]:
        with self._database.reading() as connection:
            within = {"of_platform": self._platform, "first": prefix, "beyond": f"{prefix}\U0010ffff"}
            return tuple(name for (name,) in NAMES.rows(connection, within))

    def _put_new(self, connection: Connection, name: str, content: bytes) -> bytes | None:
        """What was kept under the name already, and stays; None: nothing was."""
        is_put = PUT_NEW[connection.dialect.name].first(connection, self._row(connection, name, content)) is not None
        return None if is_put else self._get(connection, name)

    def _get(self, connection: Connection, name: str) -> bytes | None:
        body = GET.value(connection, self._mine(name))
        return None if body is None else self._ring.unseal(connection, self._cell(name), body)

    def _mine(self, name: str) -> dict[str, str]:
        return {"of_platform": self._platform, "of_name": name}

    def _row(self, connection: Connection, name: str, content: bytes) -> dict[str, object]:
        body = self._ring.seal(connection, self._cell(name), content)
        return {"platform": self._platform, "name": name, "body": body}

    def _cell(self, name: str) -> Cell:
        return Cell(team=HOUSE, table="drawers", column="body", row=f"{self._platform}/{name}")
