"""Statements whose SQL, parameters and conversions are worked out once.

A command asks some twenty small questions, and SQLite answers most in a few microseconds. Finding the compiled statement, its
types and a result for each took SQLAlchemy ten times as long. So on SQLite a prepared statement goes straight to the
driver; on a server, where the way there takes longest, it is executed like any other.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Delete, Dialect, Insert, Select, Update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.types import TypeEngine

from storage.trouble import DatabaseTrouble

Statement = Select[*tuple[Any, ...]] | Insert | Update | Delete
Values = Mapping[str, Any]
Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Made:
    """A statement as the driver takes it: its parameters in order, and what to do to some of them and of the columns."""

    sql: str
    names: tuple[str, ...]
    given: Values
    """Parameters that the statement brings itself."""
    into: tuple[tuple[int, Convert], ...]
    out: tuple[tuple[int, Convert], ...]

    def parameters(self, values: Values) -> list[Any]:
        given = self.given
        found = [values[name] if name in values else given[name] for name in self.names]
        for at, convert in self.into:
            found[at] = convert(found[at])
        return found

    def row(self, found: Sequence[Any]) -> tuple[Any, ...]:
        if not self.out:
            return tuple(found)
        row = list(found)
        for at, convert in self.out:
            row[at] = convert(row[at])
        return tuple(row)


class Prepared:
    """One statement for all connections, with values of the same names each time. It may hold no list of a length that is
    not known before."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._made: Made | None = None

    def rows(self, connection: Connection, values: Values) -> list[tuple[Any, ...]]:
        """All that it finds."""
        if connection.dialect.name != "sqlite":
            return [tuple(row) for row in connection.execute(self._statement, values)]
        made = self._for_sqlite(connection, values)
        found = execute(connection, made.sql, made.parameters(values)).fetchall()
        return [made.row(row) for row in found] if made.out else found

    def first(self, connection: Connection, values: Values) -> tuple[Any, ...] | None:
        """The first row that it finds, or None."""
        if connection.dialect.name != "sqlite":
            row = connection.execute(self._statement, values).first()
            return None if row is None else tuple(row)
        made = self._for_sqlite(connection, values)
        cursor = execute(connection, made.sql, made.parameters(values))
        found = cursor.fetchone()
        cursor.close()
        return None if found is None else made.row(found)

    def value(self, connection: Connection, values: Values) -> Any:
        """The first column of the first row, or None."""
        row = self.first(connection, values)
        return None if row is None else row[0]

    def run(self, connection: Connection, values: Values) -> int:
        """How many rows it changed."""
        if connection.dialect.name != "sqlite":
            return connection.execute(self._statement, values).rowcount
        made = self._for_sqlite(connection, values)
        return execute(connection, made.sql, made.parameters(values)).rowcount

    def run_all(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Once for each of the rows, which have the same names."""
        if connection.dialect.name != "sqlite":
            connection.execute(self._statement, rows)
            return
        made = self._for_sqlite(connection, rows[0])
        execute_all(connection, made.sql, [made.parameters(values) for values in rows])

    def _for_sqlite(self, connection: Connection, values: Values) -> Made:
        if self._made is None:
            self._made = _make(self._statement, connection.dialect, values)
        return self._made


def execute(connection: Connection, sql: str, parameters: Sequence[Any]) -> sqlite3.Cursor:
    """Hand it to SQLite's driver. Raises what SQLAlchemy would raise, without the parameters."""
    driver = _begun(connection)
    try:
        return driver.execute(sql, parameters)
    except sqlite3.Error as failure:
        raise as_sqlalchemys(sql, failure) from failure


def execute_all(connection: Connection, sql: str, rows: Sequence[Sequence[Any]]) -> None:
    """The same for each of the rows."""
    driver = _begun(connection)
    try:
        driver.executemany(sql, rows)
    except sqlite3.Error as failure:
        raise as_sqlalchemys(sql, failure) from failure


def _begun(connection: Connection) -> sqlite3.Connection:
    """The driver, whose transaction is still under way: what is handed to it after a roll back would stay by itself."""
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    if not driver.in_transaction:
        raise DatabaseTrouble("The transaction is over: SQLite has rolled it back.")
    return driver


def as_sqlalchemys(sql: str, failure: sqlite3.Error) -> Exception:
    """The failure as SQLAlchemy would raise it."""
    return DBAPIError.instance(sql, None, failure, sqlite3.Error, hide_parameters=True)


def _make(statement: Statement, dialect: Dialect, values: Values) -> Made:
    writes = isinstance(statement, Insert | Update)
    compiled = statement.compile(dialect=dialect, column_keys=list(values) if writes else None)
    assert isinstance(compiled, SQLCompiler)
    assert not compiled.post_compile_params, "a list of a length that is not known before"
    names = tuple(compiled.positiontup or ())
    columns = statement.selected_columns if isinstance(statement, Select) else statement.exported_columns
    defaults = {
        str(c.key): c.default.arg for c in compiled.insert_prefetch if isinstance(c.default, ScalarElementColumnDefault)
    }
    return Made(
        str(compiled),
        names,
        {name: bind.effective_value for name, bind in compiled.binds.items() if not bind.required} | defaults,
        _converts((compiled.binds[name].type for name in names), dialect, "bind_processor"),
        _converts((column.type for column in columns), dialect, "result_processor", None),
    )


def _converts(
    types: Iterable[TypeEngine[Any]], dialect: Dialect, kind: str, *of: None
) -> tuple[tuple[int, Convert], ...]:
    found = [getattr(of_type.dialect_impl(dialect), kind)(dialect, *of) for of_type in types]
    return tuple((at, convert) for at, convert in enumerate(found) if convert is not None)
