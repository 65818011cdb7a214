"""One database: how it is opened, how it is written by one at a time, and how it is read.

SQLite (the default) is set to lose nothing that was committed and to keep nothing that was deleted. One
process has a file to itself unless it asks otherwise. PostgreSQL is reached through the same methods.
"""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event, func, make_url, select
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

BEGIN = "confer_begin"
SCRUB = "confer_scrub"
TURN = 1  # tells a team's lock on PostgreSQL from other advisory locks
WRITER_PATIENCE = 30.0  # seconds one thread waits for another's transaction
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",
    "temp_store=MEMORY",
    "recursive_triggers=ON",  # otherwise INSERT OR REPLACE slips past the audit table's delete trigger
    "trusted_schema=OFF",
)


class DatabaseTrouble(Exception):
    """The database cannot be used just now; the message is a plain sentence without stored content."""


class DatabaseBusy(DatabaseTrouble):
    """Another process has this database, or a transaction waited too long for its turn."""


class DatabaseMissing(DatabaseTrouble):
    """There is no database where one was named."""


class Database:
    """An open database. `open` it, use `transaction` and `reading`, `close` it (or use it in a `with`)."""

    def __init__(self, engine: Engine, path: Path | None, lock: int | None) -> None:
        self.path = path
        self._engine = engine
        self._lock = lock
        self._turn = threading.Lock()
        self._holder: int | None = None
        self._scrub_due = False

    @classmethod
    def open(cls, url: str | Path, *, create: bool = True, exclusive: bool = True, patience: float = 5.0) -> Self:
        """Open a file path, `sqlite:///path`, `sqlite://` (in memory) or a PostgreSQL URL.

        A new file has mode 0600, a new folder 0700. `exclusive` takes the SQLite file for this one opener;
        without it, `patience` is how many seconds to wait for another process's write.
        Raises DatabaseBusy, DatabaseMissing (with `create=False`), DatabaseTrouble.
        """
        target = _target(url)
        if target.get_backend_name() != "sqlite":
            return cls(create_engine(target, hide_parameters=True, pool_pre_ping=True), None, None)._proven()
        if target.database in (None, "", ":memory:"):
            return cls(_sqlite(URL.create("sqlite"), patience), None, None)
        path = Path(target.database or "").resolve()
        lock = _prepare(path, create=create, exclusive=exclusive)
        return cls(_sqlite(target.set(database=str(path)), patience), path, lock)._proven()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give a connection that may write; commit when the block ends well, roll back when it raises.

        Raises DatabaseBusy when its turn does not come, DatabaseTrouble when the disk is full or failing,
        RuntimeError when this thread is already inside a transaction.
        """
        with self._our_turn(), _plainly(self.path):
            with self._engine.begin() as connection:
                connection.info.pop(SCRUB, None)
                yield connection
                self._scrub_due |= bool(connection.info.pop(SCRUB, False))
            self._scrub()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one moment of the database and is refused any write."""
        with self._our_turn(only=self._in_memory), _plainly(self.path), self._read_only() as connection:
            yield connection

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Give a transaction that may rebuild tables: foreign keys rest, and are checked at the end."""
        with self._our_turn(), _plainly(self.path), self._engine.connect() as connection:
            _pragma(connection, "foreign_keys=OFF")  # no effect inside a transaction, so before it
            try:
                with connection.begin():
                    yield connection
                    _check_foreign_keys(connection)
            finally:
                _pragma(connection, "foreign_keys=ON")

    def close(self) -> None:
        """Close every connection and let the next process in; closing twice is harmless."""
        self._engine.dispose()
        if self._lock is not None:
            os.close(self._lock)  # closing it lets go of the lock; the file stays, removing it would race
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _in_memory(self) -> bool:
        return isinstance(self._engine.pool, StaticPool)

    @property
    def _is_sqlite(self) -> bool:
        return self._engine.dialect.name == "sqlite"

    @contextmanager
    def _our_turn(self, *, only: bool = True) -> Iterator[None]:
        if not only or not self._is_sqlite:
            yield
            return
        if self._holder == threading.get_ident():
            raise RuntimeError("This thread is already inside a transaction.")
        if not self._turn.acquire(timeout=WRITER_PATIENCE):
            raise DatabaseBusy("The database has been busy for too long; try again.")
        self._holder = threading.get_ident()
        try:
            yield
        finally:
            self._holder = None
            self._turn.release()

    @contextmanager
    def _read_only(self) -> Iterator[Connection]:
        options = {"postgresql_readonly": True} if not self._is_sqlite else {BEGIN: "BEGIN"}
        with self._engine.connect().execution_options(**options) as connection:
            _pragma(connection, "query_only=ON")
            try:
                with connection.begin():
                    yield connection
            finally:
                _pragma(connection, "query_only=OFF")

    def _scrub(self) -> None:
        """Empty the write-ahead log, where a destroyed key would live on; while someone reads, next time."""
        if not self._scrub_due or self.path is None:
            return
        with self._engine.connect() as connection:
            driver = _driver(connection)
            (patience,) = driver.execute("PRAGMA busy_timeout").fetchone()
            driver.execute("PRAGMA busy_timeout=0")
            with suppress(sqlite3.OperationalError):  # committed already: this must not seem to fail
                (busy, *_) = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                self._scrub_due = bool(busy)
            driver.execute(f"PRAGMA busy_timeout={patience}")

    def _proven(self) -> Self:
        try:
            with self._engine.connect():
                return self
        except DatabaseError as trouble:
            self.close()
            name = self.path or self._engine.url.render_as_string()
            raise DatabaseTrouble(f"{name} cannot be opened as a Confer database.") from trouble


def wait_for_turn(connection: Connection, team: str) -> None:
    """Let one transaction at a time add to a team's keys and chain; SQLite has only one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(team, TURN))))


def wants_scrub(connection: Connection) -> None:
    """Have the log emptied after this transaction's commit, because it erases a key."""
    connection.info[SCRUB] = True


def _target(url: str | Path) -> URL:
    if isinstance(url, Path) or "://" not in url:
        return URL.create("sqlite", database=str(url))
    target = make_url(url)
    return target.set(drivername="postgresql+psycopg") if target.drivername == "postgresql" else target


def _prepare(path: Path, *, create: bool, exclusive: bool) -> int | None:
    """Make the folder and the file with their modes, take the lock, give its descriptor."""
    if not create and not path.exists():
        raise DatabaseMissing(f"There is no database at {path}.")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(_touch(path))
        return _take_lock(path) if exclusive else None
    except OSError as trouble:
        raise DatabaseTrouble(f"{path} cannot be opened: {trouble.strerror}.") from trouble


def _touch(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _take_lock(path: Path) -> int:
    descriptor = _touch(path.with_name(path.name + ".lock"))
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise DatabaseBusy(f"Another Confer process is using {path}; stop it first.") from None
    return descriptor


def _sqlite(url: URL, patience: float) -> Engine:
    options = {"check_same_thread": False, "isolation_level": None, "timeout": patience}
    if url.database is None:
        engine = create_engine(url, connect_args=options, hide_parameters=True, poolclass=StaticPool)
    else:
        engine = create_engine(url, connect_args=options, hide_parameters=True)
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def _configure(driver: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    for pragma in PRAGMAS:
        driver.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    """Take the write lock at the start: the driver's own late BEGIN loses read-modify-write updates."""
    connection.exec_driver_sql(connection.get_execution_options().get(BEGIN, "BEGIN IMMEDIATE"))


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _pragma(connection: Connection, pragma: str) -> None:
    if connection.dialect.name == "sqlite":
        _driver(connection).execute(f"PRAGMA {pragma}")


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise DatabaseTrouble("The migration would leave rows that point nowhere; nothing was changed.")


@contextmanager
def _plainly(path: Path | None) -> Iterator[None]:
    """Turn what the driver says about locks and disks into a sentence; leave all else as it is."""
    try:
        yield
    except OperationalError as trouble:
        code = getattr(trouble.orig, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise DatabaseBusy("Another process is writing to the database; try again.") from trouble
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
            raise DatabaseTrouble(f"The disk of {path} is full or failing; nothing was saved.") from trouble
        raise
