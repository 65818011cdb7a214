"""What reaches the database while a test asks it something."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, event

from storage import prepared

Asked = list[tuple[str, tuple[object, ...]]]


@contextmanager
def listening(connection: Connection) -> Iterator[Asked]:
    """Every statement with its parameters, by whichever way it goes; but for what is done for many rows at once."""
    asked: Asked = []
    execute = prepared.execute

    def executed(_: object, __: object, sql: str, values: tuple[object, ...], ___: object, many: bool) -> None:
        if not many:
            asked.append((sql, values))

    def handed(connection: Connection, sql: str, values: Sequence[object]) -> sqlite3.Cursor:
        asked.append((sql, tuple(values)))
        return execute(connection, sql, values)

    event.listen(connection, "before_cursor_execute", executed)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(prepared, "execute", handed)
            yield asked
    finally:
        event.remove(connection, "before_cursor_execute", executed)
