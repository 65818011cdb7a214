"""What breaks a database from outside, on each engine."""

import resource
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

FULL = """
CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON audit EXECUTE FUNCTION disk_is_full();
"""
EMPTIED = "DROP TRIGGER full_disk ON audit; DROP FUNCTION disk_is_full()"
TABLES = "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables WHERE schemaname = 'public'"


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def hold(url: str, held: threading.Event, let_go: threading.Event, longest: float) -> None:
    """Somebody else has the whole database, until told to let go of it."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(file_of(url), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            held.set()
            let_go.wait(longest)
            other.execute("ROLLBACK")
    else:
        with psycopg.connect(url) as connection:
            (tables,) = connection.execute(TABLES).fetchone() or ("",)
            connection.execute(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE".encode())
            held.set()
            let_go.wait(longest)
            connection.rollback()


@contextmanager
def full(url: str) -> Iterator[None]:
    """The disk is full: the kernel lets no file of this process grow; PostgreSQL answers what it answers then."""
    if url.startswith("sqlite"):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        log = file_of(url).with_name(file_of(url).name + "-wal")
        resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    else:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(FULL)
            try:
                yield
            finally:
                connection.execute(EMPTIED)
