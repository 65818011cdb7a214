"""A database of the sealing layer alone, on each engine, with the keys of one team."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import cast

import pytest
from sqlalchemy import Table

from storage.database import Database
from storage.keys import KeyRing, RootKey, case_scope
from storage.schema import AuditRow, Base, KeyRow, MetaRow

TABLES = [cast("Table", row.__table__) for row in (MetaRow, KeyRow, AuditRow)]


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def root() -> RootKey:
    return RootKey.new()


@pytest.fixture
def ring(root: RootKey) -> KeyRing:
    return KeyRing(root)


@pytest.fixture
def empty(url: str) -> Iterator[Database]:
    """The tables, with nothing in them."""
    with Database.open(url) as database:
        with database.transaction() as connection:
            Base.metadata.create_all(connection, TABLES)
        yield database


@pytest.fixture
def database(empty: Database, ring: KeyRing, now: datetime) -> Database:
    """Team `north` with the keys of one case, C-7K2P."""
    with empty.transaction() as connection:
        ring.check(connection)
        ring.begin_team(connection, "north", now)
        ring.begin_scope(connection, "north", case_scope("C-7K2P"), now)
    return empty
