"""One database: how it is opened, how it is written by one at a time, and how it is read.

SQLite (the default) is set to lose nothing that was committed and to keep nothing that was deleted. One
process has a file to itself unless it asks otherwise. PostgreSQL is shared by several processes and reached through
the same methods: there a team's transactions come one after another, and those of different teams side by side.
"""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from sqlalchemy import URL, Connection, Engine, StaticPool, bindparam, create_engine, event, func, make_url, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from storage import postgresql
from storage.prepared import as_sqlalchemys
from storage.trouble import DatabaseAway as DatabaseAway
from storage.trouble import DatabaseBusy as DatabaseBusy
from storage.trouble import DatabaseMissing as DatabaseMissing
from storage.trouble import DatabaseTrouble as DatabaseTrouble
from storage.trouble import OutcomeUnknown as OutcomeUnknown

SCRUB = "confer_scrub"
DONE = "confer_done"
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


class Database:
    """An open database. `open` it, use `transaction` and `reading`, `close` it (or use it in a `with`)."""

    def __init__(self, engine: Engine, path: Path | None, lock: int | None) -> None:
        self.path = path
        self._engine = engine
        self._lock = lock
        self._turn = threading.Lock()
        self._mine = threading.local()
        self._scrub_due = False
        self._waiting: set[int] = set()

    @classmethod
    def open(
        cls,
        url: str | Path | URL,
        *,
        create: bool = True,
        exclusive: bool = True,
        patience: float = 5.0,
        password: str | None = None,
        connections: int = postgresql.CONNECTIONS,
    ) -> Self:
        """Open a file path, `sqlite:///path`, `sqlite://` (in memory) or a PostgreSQL URL.

        A new file has mode 0600, a new folder 0700. `exclusive` takes the SQLite file for this one opener;
        without it, `patience` is how many seconds to wait for another process's write. A PostgreSQL is always shared,
        with a `password` where its user has one, through at most so many `connections`. Raises DatabaseBusy, DatabaseMissing (with `create=False`), DatabaseTrouble.
        """
        target = _target(url)
        if target.get_backend_name() != "sqlite":
            target = target.set(password=password) if password else target
            return cls(postgresql.engine(target, max(connections, 2)), None, None)._proven()
        if target.database in (None, "", ":memory:"):
            return cls(_sqlite(URL.create("sqlite"), patience), None, None)
        path = Path(target.database or "").resolve()
        lock = _prepare(path, create=create, exclusive=exclusive)
        return cls(_sqlite(target.set(database=str(path)), patience), path, lock)._proven()

    @property
    def name(self) -> str:
        """What to call it in a sentence."""
        return str(self.path or "the database in memory") if self.is_sqlite else postgresql.name(self._engine.url)

    @property
    def is_sqlite(self) -> bool:
        return self._engine.dialect.name == "sqlite"

    @property
    def is_wanted(self) -> bool:
        """Whether somebody may be waiting to write; of a server nobody knows."""
        return not self.is_sqlite or bool(self._waiting)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give a connection that may write; commit when the block ends well, roll back when it raises.

        Raises DatabaseBusy when its turn does not come or the server is away, OutcomeUnknown when the server went away
        while it committed, DatabaseTrouble when the disk is full or failing, RuntimeError when this thread is already
        inside a transaction.
        """
        with self._our_turn(), self._plainly():
            with self._begun() as connection:
                connection.info.pop(SCRUB, None)
                yield connection
                _commit(connection)
                self._scrub_due |= bool(connection.info.pop(SCRUB, False))
            self._scrub()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one moment of the database and is refused any write."""
        with self._our_turn(only=self._in_memory), self._plainly(), self._begun(reading=True) as connection:
            _pragma(connection, "query_only=ON")
            try:
                yield connection
                connection.commit()
            finally:
                _pragma(connection, "query_only=OFF")

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Give a transaction that may rebuild tables, one at a time: foreign keys rest, and are checked at the end."""
        with self._our_turn(), self._plainly(), self._engine.connect() as connection:
            _pragma(connection, "foreign_keys=OFF")  # no effect inside a transaction, so before it
            try:
                with connection.begin():
                    if not self.is_sqlite:
                        postgresql.wait_to_migrate(connection)
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

    @contextmanager
    def _our_turn(self, *, only: bool = True) -> Iterator[None]:
        """A thread is in one transaction at a time, and SQLite has one writer."""
        if not only:
            yield
            return
        if getattr(self._mine, "inside", False):
            raise RuntimeError("This thread is already inside a transaction.")
        if self.is_sqlite:
            self._wait_for_writer()
        self._mine.inside = True
        try:
            yield
        finally:
            self._mine.inside = False
            if self.is_sqlite:
                self._turn.release()

    def _wait_for_writer(self) -> None:
        self._waiting.add(threading.get_ident())
        try:
            if not self._turn.acquire(timeout=WRITER_PATIENCE):
                raise DatabaseBusy("The database has been busy for too long; try again.")
        finally:
            self._waiting.discard(threading.get_ident())

    @contextmanager
    def _begun(self, *, reading: bool = False) -> Iterator[Connection]:
        """A connection whose transaction has begun; what is not committed is rolled back."""
        try:
            connection = self._begin(reading)
        except DBAPIError as trouble:
            if not trouble.connection_invalidated:
                raise
            connection = self._begin(reading)  # the server was restarted: all older connections are cut
        with connection:
            yield connection

    def _begin(self, reading: bool) -> Connection:
        connection = self._engine.connect().execution_options(reading=reading)
        connection.info[DONE] = set()
        try:
            connection.begin()
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        """Turn what the driver says about locks, disks and servers into a sentence; leave all else as it is."""
        try:
            yield
        except PoolTimeoutError:
            raise DatabaseBusy("All connections to the database are in use; try again.") from None
        except DBAPIError as trouble:
            if meant := _meaning(trouble, self.path) if self.is_sqlite else postgresql.meaning(trouble):
                if postgresql.is_demoted(trouble):
                    self._engine.dispose()  # the next connection looks for the server that can be written to
                raise meant from trouble
            raise

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
            with self._engine.connect() as connection:
                if not self.is_sqlite:
                    postgresql.check_server(connection)
        except DatabaseTrouble:
            self.close()
            raise
        except DBAPIError as trouble:
            self.close()
            if not self.is_sqlite:
                raise postgresql.refusal(trouble, self._engine.url) from trouble
            raise DatabaseTrouble(f"{self.name} cannot be opened as a Confer database.") from trouble
        return self


@contextmanager
def attempt(connection: Connection) -> Iterator[None]:
    """Within a transaction: what is done here stays only if it ends well; the transaction goes on either way."""
    if connection.dialect.name != "sqlite":
        with connection.begin_nested():
            yield
        return
    driver = _driver(connection)
    driver.execute("SAVEPOINT attempt")
    try:
        yield
    except BaseException:
        with suppress(sqlite3.Error):  # where the disk failed, SQLite has rolled back the whole transaction itself
            driver.execute("ROLLBACK TO attempt")
            driver.execute("RELEASE attempt")
        connection.dispatch.rollback_savepoint(connection, "attempt", None)
        raise
    driver.execute("RELEASE attempt")


def wait_for_turn(connection: Connection, team: str) -> None:
    """Let one transaction at a time change a team: ask before reading what is to be changed. SQLite has one writer anyway.

    Whoever needs the turns of two teams takes that of the house first.
    """
    turn = f"turn of {team}"
    if connection.dialect.name != "postgresql" or turn in done_in(connection):
        return
    connection.execute(TAKE_TURN, {"of_team": team})
    if not connection.in_nested_transaction():  # a turn taken inside a savepoint goes when that is rolled back
        done_in(connection).add(turn)


def has_turn(connection: Connection, team: str) -> bool:
    """Like :func:`wait_for_turn`, without waiting: False, where somebody else is changing the team."""
    turn = f"turn of {team}"
    if connection.dialect.name != "postgresql" or turn in done_in(connection):
        return True
    if not connection.execute(TRY_TURN, {"of_team": team}).scalar():
        return False
    done_in(connection).add(turn)
    return True


def done_in(connection: Connection) -> set[str]:
    """What need not be done again in this transaction."""
    done: set[str] = connection.info.setdefault(DONE, set())
    return done


def wants_scrub(connection: Connection) -> None:
    """Have the log emptied after this transaction's commit, because it erases a key."""
    connection.info[SCRUB] = True


_NAMED = func.hashtextextended(bindparam("of_team"), TURN)
TAKE_TURN = select(func.pg_advisory_xact_lock(_NAMED))
TRY_TURN = select(func.pg_try_advisory_xact_lock(_NAMED))


def _target(url: str | Path | URL) -> URL:
    if isinstance(url, Path) or (isinstance(url, str) and "://" not in url):
        return URL.create("sqlite", database=str(url))
    return make_url(url)


def _commit(connection: Connection) -> None:
    try:
        connection.commit()
    except DBAPIError as trouble:
        if trouble.connection_invalidated:
            raise OutcomeUnknown("The connection to the database was cut while it saved.") from trouble
        raise


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
        # Whoever has begun also ends: there is nothing to roll back when a connection is given back.
        engine = create_engine(url, connect_args=options, hide_parameters=True, pool_reset_on_return=None)
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def _configure(driver: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    for pragma in PRAGMAS:
        driver.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    """Take the write lock at the start: the driver's own late BEGIN loses read-modify-write updates."""
    words = "BEGIN" if connection.get_execution_options().get("reading") else "BEGIN IMMEDIATE"
    try:
        _driver(connection).execute(words)
    except sqlite3.Error as failure:
        raise as_sqlalchemys(words, failure) from failure


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


def _meaning(trouble: DBAPIError, path: Path | None) -> DatabaseTrouble | None:
    code = getattr(trouble.orig, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return DatabaseBusy("Another process is writing to the database; try again.")
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return DatabaseTrouble(f"The disk of {path} is full or failing; nothing was saved.")
    return None
