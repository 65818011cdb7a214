"""One database: nothing is lost, nothing half done, nothing kept that was deleted, nobody else let in."""

import os
import subprocess
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from storage.database import Database, DatabaseBusy, DatabaseMissing, DatabaseTrouble, attempt, wait_for_turn
from storage.prepared import Prepared
from storage.schema import KeyRow, MetaRow
from tests.engines import only_sqlite

COUNT = """
import sys
from storage.database import Database, wait_for_turn
from storage.schema import MetaRow
from sqlalchemy import select, update
with Database.open(sys.argv[1], exclusive=False, patience=20) as database:
    for _ in range(100):
        with database.transaction() as connection:
            wait_for_turn(connection, "north")
            value = int(connection.scalars(select(MetaRow.value)).one())
            connection.execute(update(MetaRow).values(value=b"%d" % (value + 1)))
"""
HOLD = """
import sys
from storage.database import Database
with Database.open(sys.argv[1]):
    print("open", flush=True)
    sys.stdin.read()
"""


class Interrupted(Exception):
    """What a test raises inside a transaction."""


def python(code: str, *words: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def put(connection: Connection, name: str, value: bytes = b"0") -> None:
    connection.execute(insert(MetaRow).values(name=name, value=value))


def names(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.scalars(select(MetaRow.name)))


def path_of(database: Database) -> Path:
    assert database.path is not None
    return database.path


@only_sqlite
class TestFiles:
    def test_they_are_private(self, empty: Database) -> None:
        """Database, log, index and lock are for their owner alone, and so is the new folder."""
        folder = path_of(empty).parent
        modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
        expected = ("confer.db", "confer.db-wal", "confer.db-shm", "confer.db.lock")
        assert modes == dict.fromkeys(expected, 0o600)
        assert folder.stat().st_mode & 0o777 == 0o700

    def test_they_are_private_whatever_the_umask(self, tmp_path: Path) -> None:
        """A permissive umask does not open the files."""
        before = os.umask(0)
        try:
            with Database.open(tmp_path / "new" / "confer.db") as database, database.transaction():
                modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()}
        finally:
            os.umask(before)
        assert modes == {0o600}

    def test_the_settings_hold_on_every_connection(self, empty: Database) -> None:
        """Each pooled connection has the settings that keep and forget."""
        settings = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
        settings |= {"temp_store": 2, "busy_timeout": 5000}
        with empty.reading() as one, empty.reading() as other:
            for connection in (one, other):
                found = {name: connection.scalar(text(f"PRAGMA {name}")) for name in settings}
                assert found == settings

    def test_deleted_bytes_are_gone(self, empty: Database, tmp_path: Path) -> None:
        """What was deleted is in no file once the database is closed."""
        with empty.transaction() as connection:
            for number in range(50):
                put(connection, f"name{number}", b"planted-secret" * 200)
        with empty.transaction() as connection:
            connection.execute(delete(MetaRow).where(MetaRow.name != "name0"))
            connection.execute(update(MetaRow).values(value=b"short"))
        empty.close()
        kept = b"".join(path.read_bytes() for path in (tmp_path / "kept").iterdir())
        assert b"short" in kept
        assert b"planted-secret" not in kept

    def test_a_missing_one_is_not_made_unless_wished(self, tmp_path: Path) -> None:
        """With create=False nothing appears on disk."""
        with pytest.raises(DatabaseMissing, match="no database at"):
            Database.open(tmp_path / "deep" / "confer.db", create=False)
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("content", [b"not a database" * 500, b"SQLite format 3\0" + bytes(50)])
    def test_another_file_is_a_sentence(self, tmp_path: Path, content: bytes) -> None:
        """A file that is no database is refused and left as it was; the lock is let go."""
        path = tmp_path / "letter.txt"
        path.write_bytes(content)
        for _ in range(2):
            with pytest.raises(DatabaseTrouble, match="cannot be opened as a Confer database"):
                Database.open(path)
        assert path.read_bytes() == content

    def test_a_folder_that_cannot_be_is_a_sentence(self, tmp_path: Path) -> None:
        """A path through a file is refused plainly."""
        (tmp_path / "file").write_text("")
        with pytest.raises(DatabaseTrouble, match="cannot be opened"):
            Database.open(tmp_path / "file" / "confer.db")

    def test_a_url_opens_the_same_file(self, empty: Database) -> None:
        """A path and its sqlite URL are one database."""
        with empty.transaction() as connection:
            put(connection, "kept")
        empty.close()
        with Database.open(f"sqlite:///{empty.path}", create=False) as again:
            assert again.path == empty.path
            assert names(again) == ["kept"]


@only_sqlite
class TestOneProcess:
    def test_a_second_one_is_refused_until_the_first_ends(self, tmp_path: Path) -> None:
        """The lock holds against another process, also through another name, and goes when it is killed."""
        path, link = tmp_path / "confer.db", tmp_path / "link.db"
        first = python(HOLD, path)
        assert first.stdout is not None
        assert first.stdout.readline() == "open\n"
        link.symlink_to(path)
        for name in (path, link):
            with pytest.raises(DatabaseBusy, match="Another Confer process"):
                Database.open(name)
        first.kill()
        first.communicate()
        Database.open(path).close()

    def test_a_second_opener_in_the_same_process_too(self, empty: Database) -> None:
        """Two openers of one file are refused wherever they are; after closing it is free."""
        with pytest.raises(DatabaseBusy):
            Database.open(path_of(empty))
        empty.close()
        empty.close()
        Database.open(path_of(empty)).close()

    def test_a_look_beside_the_bot_is_possible(self, empty: Database) -> None:
        """Without exclusivity one may read beside the owner."""
        with Database.open(path_of(empty), exclusive=False) as beside:
            assert names(beside) == []

    def test_another_writer_that_stays_is_a_sentence(self, empty: Database) -> None:
        """When the other's write does not end, DatabaseBusy says so, and nothing was written."""
        with (
            Database.open(path_of(empty), exclusive=False, patience=0.05) as beside,
            empty.transaction(),
            pytest.raises(DatabaseBusy, match="try again"),
            beside.transaction() as connection,
        ):
            put(connection, "never")
        assert names(empty) == []


class TestTransactions:
    def test_four_threads_lose_no_update(self, empty: Database) -> None:
        """400 times read, add one, write: the sum is 400."""

        def count() -> None:
            for _ in range(100):
                with empty.transaction() as connection:
                    wait_for_turn(connection, "north")
                    value = int(connection.scalars(select(MetaRow.value)).one())
                    connection.execute(update(MetaRow).values(value=b"%d" % (value + 1)))

        with empty.transaction() as connection:
            put(connection, "count")
        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with empty.reading() as connection:
            assert connection.scalars(select(MetaRow.value)).one() == b"400"

    def test_four_processes_lose_no_update(self, empty: Database, url: str) -> None:
        """The same with four processes, which share nothing but the file."""
        with empty.transaction() as connection:
            put(connection, "count")
        processes = [python(COUNT, url) for _ in range(4)]
        for process in processes:
            process.communicate()
        assert [process.returncode for process in processes] == [0, 0, 0, 0]
        with empty.reading() as connection:
            assert connection.scalars(select(MetaRow.value)).one() == b"400"

    def test_what_raises_leaves_nothing(self, empty: Database) -> None:
        """Rows and tables made before an exception are gone, and the next transaction works."""
        with suppress(Interrupted), empty.transaction() as connection:
            put(connection, "lost")
            connection.exec_driver_sql("CREATE TABLE lost (id INTEGER)")
            raise Interrupted
        with empty.transaction() as connection:
            assert not inspect(connection).has_table("lost")
            put(connection, "kept")
        assert names(empty) == ["kept"]

    def test_an_attempt_that_fails_leaves_the_rest(self, empty: Database) -> None:
        """Only what was done within is gone, and what it began can be tried again."""
        with empty.transaction() as connection:
            put(connection, "before")
            for _ in range(2):
                with suppress(Interrupted), attempt(connection):
                    put(connection, "within")
                    raise Interrupted
            with attempt(connection):
                put(connection, "after")
        assert sorted(names(empty)) == ["after", "before"]

    @only_sqlite
    def test_nothing_is_written_once_the_transaction_is_gone(self, empty: Database) -> None:
        """SQLite rolls back by itself where a disk fails; what follows must not be committed on its own."""
        add = Prepared(insert(MetaRow))
        with empty.transaction() as connection:
            with suppress(Interrupted), attempt(connection):
                connection.connection.rollback()
                raise Interrupted
            with pytest.raises(DatabaseTrouble, match="over"):
                add.run(connection, {"name": "lost", "value": b"0"})
        assert names(empty) == []

    @only_sqlite
    def test_a_full_disk_is_a_sentence(self, empty: Database) -> None:
        """When no page is left the transaction fails plainly, and what was there stays."""
        with empty.transaction() as connection:
            put(connection, "kept")
            connection.exec_driver_sql("PRAGMA max_page_count=1")
        with pytest.raises(DatabaseTrouble, match="full or failing"), empty.transaction() as connection:
            put(connection, "much", bytes(1_000_000))
        assert names(empty) == ["kept"]

    def test_one_inside_another_is_a_mistake(self, empty: Database) -> None:
        """The same thread would wait for itself; it is told at once."""
        with empty.transaction():
            with pytest.raises(RuntimeError, match="already inside"), empty.transaction():
                pass
            with empty.reading():
                pass
        with empty.transaction():
            pass

    def test_reading_sees_one_moment(self, empty: Database) -> None:
        """A row committed while one reads is not there until the next reading."""
        with empty.reading() as earlier:
            earlier.execute(select(MetaRow)).all()
            with empty.transaction() as connection:
                put(connection, "later")
            assert earlier.execute(select(MetaRow)).all() == []
        assert names(empty) == ["later"]

    def test_reading_cannot_write(self, empty: Database) -> None:
        """A write while reading is refused; writing afterwards works again."""
        with empty.reading() as connection, pytest.raises(DBAPIError, match=r"read-?only"):
            put(connection, "never")
        with empty.transaction() as connection:
            put(connection, "kept")
        assert names(empty) == ["kept"]

    def test_reading_in_memory_cannot_write(self) -> None:
        """The same where one connection serves both."""
        with Database.open("sqlite://") as database:
            with database.transaction() as connection:
                MetaRow.metadata.tables["meta"].create(connection)
            self.test_reading_cannot_write(database)

    def test_memory_is_shared_by_threads(self) -> None:
        """A database in memory is one for all threads, taken in turn."""
        with Database.open("sqlite://") as database:
            with database.transaction() as connection:
                MetaRow.metadata.tables["meta"].create(connection)

            def write(number: int) -> None:
                with database.transaction() as connection:
                    put(connection, str(number))
                names(database)

            threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted(names(database)) == list("01234567")

    @only_sqlite
    def test_migrating_finds_rows_that_point_nowhere(self, empty: Database) -> None:
        """Foreign keys rest while tables are rebuilt, are checked before the commit, and hold again after."""
        with empty.migrating() as connection:
            connection.exec_driver_sql("CREATE TABLE child (parent TEXT REFERENCES meta (name))")
        with pytest.raises(DatabaseTrouble, match="point nowhere"), empty.migrating() as connection:
            connection.exec_driver_sql("INSERT INTO child VALUES ('orphan')")
        with pytest.raises(IntegrityError), empty.transaction() as connection:
            connection.exec_driver_sql("INSERT INTO child VALUES ('orphan')")
        with empty.reading() as connection:
            assert connection.scalar(text("SELECT count(*) FROM child")) == 0

    def test_an_error_shows_no_value(self, empty: Database) -> None:
        """What a statement carried is not in the text of its error."""
        with empty.transaction() as connection:
            put(connection, "planted-secret")
        with pytest.raises(IntegrityError) as raised, empty.transaction() as connection:
            put(connection, "planted-secret")
        assert "planted" not in f"{raised.value} {raised.value!r}"


class TestTimes:
    def row(self, at: datetime) -> dict[str, object]:
        return {"team": "t", "scope": "s", "version": 1, "epoch": 1, "wrapped": b"", "created_at": at}

    def test_any_zone_comes_back_as_utc(self, empty: Database) -> None:
        """An aware time is stored in UTC to the microsecond and given back aware."""
        there = datetime(2026, 3, 29, 1, 59, 59, 123456, timezone(timedelta(hours=-7)))
        with empty.transaction() as connection:
            connection.execute(insert(KeyRow).values(self.row(there)))
        with empty.reading() as connection:
            back = connection.scalars(select(KeyRow.created_at)).one()
            kept = str(connection.scalar(text("SELECT CAST(created_at AS text) FROM keys")))
            assert kept.removesuffix("+00") == "2026-03-29 08:59:59.123456"
            assert connection.scalar(select(KeyRow.team).where(KeyRow.created_at == there)) == "t"
        assert back == there
        assert back.tzinfo is UTC

    def test_a_naive_time_is_refused(self, empty: Database) -> None:
        """A time without a zone is a mistake, not a guess."""
        with pytest.raises(StatementError, match="without a zone"), empty.transaction() as connection:
            connection.execute(insert(KeyRow).values(self.row(datetime(2026, 3, 2))))  # noqa: DTZ001 - on purpose
