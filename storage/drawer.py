"""What chat platforms keep across restarts, sealed under the house's key."""

from typing import cast

from sqlalchemy import ColumnElement, Insert, Table, and_, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from storage import tables
from storage.database import Database, wait_for_turn
from storage.keys import KeyRing
from storage.seal import Cell
from storage.store import HOUSE

DRAWERS = cast("Table", tables.DrawerRow.__table__)


def _put(insert: sqlite.Insert | postgresql.Insert) -> Insert:
    return insert.on_conflict_do_update(
        index_elements=[DRAWERS.c.platform, DRAWERS.c.name], set_={"body": insert.excluded.body}
    )


PUT = {"sqlite": _put(sqlite.insert(DRAWERS)), "postgresql": _put(postgresql.insert(DRAWERS))}


class SealedDrawer:
    """One platform's drawer; see ``adapters.platform.Drawer``."""

    def __init__(self, database: Database, ring: KeyRing, platform: str):
        self._database, self._ring, self._platform = database, ring, platform

    def get(self, name: str) -> bytes | None:
        with self._database.reading() as connection:
            body = connection.execute(select(DRAWERS.c.body).where(self._mine(name))).scalar()
            return None if body is None else self._ring.unseal(connection, self._cell(name), body)

    def put(self, name: str, content: bytes) -> None:
        with self._database.transaction() as connection:
            body = self._ring.seal(connection, self._cell(name), content)
            row = {"platform": self._platform, "name": name, "body": body}
            connection.execute(PUT[connection.dialect.name], row)

    def swap(self, name: str, there: bytes | None, content: bytes) -> bool:
        with self._database.transaction() as connection:
            wait_for_turn(connection, f"drawer {self._platform}/{name}")
            body = connection.execute(select(DRAWERS.c.body).where(self._mine(name))).scalar()
            if there != (None if body is None else self._ring.unseal(connection, self._cell(name), body)):
                return False
            connection.execute(DRAWERS.delete().where(self._mine(name)))
            sealed = self._ring.seal(connection, self._cell(name), content)
            connection.execute(DRAWERS.insert().values(platform=self._platform, name=name, body=sealed))
            return True

    def delete(self, name: str) -> None:
        with self._database.transaction() as connection:
            connection.execute(delete(DRAWERS).where(self._mine(name)))

    def names(self, prefix: str = "") -> tuple[str, ...]:
        c = DRAWERS.c
        with self._database.reading() as connection:
            within = and_(c.platform == self._platform, c.name.startswith(prefix, autoescape=True))
            found = connection.execute(select(c.name).where(within).order_by(c.name)).scalars()
            return tuple(n for n in found if n.startswith(prefix))

    def _mine(self, name: str) -> ColumnElement[bool]:
        return and_(DRAWERS.c.platform == self._platform, DRAWERS.c.name == name)

    def _cell(self, name: str) -> Cell:
        return Cell(team=HOUSE, table="drawers", column="body", row=f"{self._platform}/{name}")
