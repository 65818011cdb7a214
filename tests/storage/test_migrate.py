"""Migrations: all or nothing, from any known revision, and they lead to what the tables say."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Integer, MetaData, Table, insert, inspect, text
from sqlalchemy.exc import IntegrityError

from storage import tables  # noqa: F401 - declares the domain's tables
from storage.database import Database
from storage.keys import KeyRing
from storage.migrate import (
    SCRIPTS,
    MigrationRefused,
    Revision,
    head,
    migrate,
    revision,
    state,
    write_revision,
)
from storage.schema import AuditRow, Base
from tests.engines import only_postgresql

STEP = '''"""A step."""
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {before}


def upgrade() -> None:
    {body}
'''
MAKE = """
    op.create_table("letters", sa.Column("id", sa.Integer, primary_key=True), sa.Column("body", sa.String))
"""
FILL = "op.execute(\"INSERT INTO letters VALUES (1, 'kept')\")"
REBUILD = """
    with op.batch_alter_table("letters") as letters:
        letters.add_column(sa.Column("read", sa.Boolean, nullable=False, server_default=sa.false()))
        letters.alter_column("body", nullable=False)
"""
FAIL = f"""{REBUILD}
    op.execute("INSERT INTO letters VALUES (2, 'lost', true)")
    raise RuntimeError("no")
"""


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """A migrations folder of our own, with the real environment and no revision."""
    folder = tmp_path / "migrations"
    shutil.copytree(SCRIPTS, folder, ignore=shutil.ignore_patterns("versions", "__pycache__"))
    (folder / "versions").mkdir()
    return folder


def add(scripts: Path, number: int, body: str) -> None:
    before = repr(f"{number - 1:04}") if number > 1 else None
    step = STEP.format(revision=f"{number:04}", before=before, body=body)
    (scripts / "versions" / f"{number:04}.py").write_text(step)


def remove(scripts: Path, number: int) -> None:
    (scripts / "versions" / f"{number:04}.py").unlink()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with Database.open(url) as database:
        yield database


def dump(database: Database) -> list[str]:
    """Every table with its columns and keys, and the letters."""
    with database.reading() as connection:
        known = inspect(connection)
        found = [
            str((table, known.get_columns(table), known.get_pk_constraint(table)))
            for table in sorted(known.get_table_names())
        ]
        if known.has_table("letters"):
            found += [str(tuple(row)) for row in connection.execute(text("SELECT id, body FROM letters"))]
        return found


def test_each_state_is_recognised(database: Database, scripts: Path) -> None:
    """Empty, older, current and newer are told apart, and asking changes nothing."""
    add(scripts, 1, MAKE)
    assert (state(database, scripts), revision(database)) == (Revision.EMPTY, None)
    assert dump(database) == []
    migrate(database, scripts)
    assert (state(database, scripts), revision(database), head(scripts)) == (Revision.CURRENT, "0001", "0001")
    add(scripts, 2, FILL)
    assert (state(database, scripts), revision(database), head(scripts)) == (Revision.OLDER, "0001", "0002")
    migrate(database, scripts)
    assert state(database, scripts) == Revision.CURRENT
    remove(scripts, 2)
    assert (state(database, scripts), revision(database)) == (Revision.NEWER, "0002")


def test_a_newer_database_is_refused(database: Database, scripts: Path) -> None:
    """A revision unknown here is left alone."""
    add(scripts, 1, MAKE)
    add(scripts, 2, FILL)
    migrate(database, scripts)
    remove(scripts, 2)
    before = dump(database)
    with pytest.raises(MigrationRefused, match="newer Confer"):
        migrate(database, scripts)
    assert dump(database) == before


def test_another_programs_database_is_refused(database: Database, scripts: Path) -> None:
    """Tables that are not ours are left alone."""
    add(scripts, 1, MAKE)
    with database.transaction() as connection:
        Table("recipes", MetaData(), Column("id", Integer)).create(connection)
    assert state(database, scripts) == Revision.FOREIGN
    with pytest.raises(MigrationRefused, match="another program"):
        migrate(database, scripts)


def test_a_failing_migration_leaves_nothing(database: Database, scripts: Path) -> None:
    """Rebuilt tables, rows and revisions of a failed run are all gone, the steps before it included."""
    add(scripts, 1, MAKE)
    migrate(database, scripts)
    before = dump(database)
    add(scripts, 2, FILL)
    add(scripts, 3, FAIL)
    with pytest.raises(RuntimeError, match="no"):
        migrate(database, scripts)
    assert dump(database) == before
    assert revision(database) == "0001"
    add(scripts, 3, REBUILD)
    migrate(database, scripts)
    assert revision(database) == "0003"
    assert dump(database)[-1] == "(1, 'kept')"


def test_migrating_twice_is_harmless(database: Database, scripts: Path) -> None:
    """A current database stays as it is."""
    add(scripts, 1, MAKE)
    migrate(database, scripts)
    before = dump(database)
    migrate(database, scripts)
    assert dump(database) == before


def test_a_folder_without_revisions_is_a_mistake(scripts: Path) -> None:
    """There is no head to speak of."""
    with pytest.raises(LookupError, match="no migration"):
        head(scripts)


def test_a_written_revision_leads_to_the_tables(database: Database, scripts: Path) -> None:
    """`write_revision` makes a file that runs, after which nothing is left to write."""
    write_revision("start", scripts)
    assert "def upgrade" in (scripts / "versions" / "0001_start.py").read_text()
    migrate(database, scripts)
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_the_real_revisions_lead_to_the_tables(database: Database, ring: KeyRing) -> None:
    """The migrated schema equals the declared one."""
    migrate(database)
    assert state(database) == Revision.CURRENT
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    with database.transaction() as connection:
        ring.check(connection)


def test_the_real_revisions_make_the_triggers(database: Database) -> None:
    """What the tables say of triggers, the revisions make; and the trail refuses changes on either engine."""
    migrate(database)
    with database.transaction() as connection:
        row = dict.fromkeys(AuditRow.__table__.c.keys(), "x") | {"seq": 1, "at": datetime.now(UTC), "mac": b"x"}
        connection.execute(insert(AuditRow).values(row))
    for statement in ("UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"):
        with pytest.raises(IntegrityError, match="can only be added to"), database.transaction() as connection:
            connection.execute(text(statement))


@only_postgresql
def test_text_is_without_limit_and_sorts_by_bytes(database: Database) -> None:
    """As on SQLite, so that a name that fits there fits here, and prefixes are ranges, in whatever language."""
    migrate(database)
    with database.reading() as connection:
        columns = connection.execute(
            text(
                "SELECT data_type, collation_name FROM information_schema.columns "
                "WHERE table_schema = 'public' AND table_name <> 'alembic_version' AND data_type IN ('text', 'character varying')"
            )
        )
        assert {tuple(column) for column in columns} == {("text", "C")}


KILL = """
import sys
from pathlib import Path
from storage.database import Database
from storage.migrate import migrate
with Database.open(sys.argv[1]) as database:
    migrate(database, Path(sys.argv[2]))
"""
DIE = f"""{REBUILD}
    import os, signal
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_migration_leaves_nothing(url: str, scripts: Path) -> None:
    """kill -9 in the middle of a revision: all stands as before, and the next migration does it."""
    add(scripts, 1, MAKE)
    with Database.open(url) as database:
        migrate(database, scripts)
        before = dump(database)
    add(scripts, 2, FILL)
    add(scripts, 3, DIE)
    killed = subprocess.run([sys.executable, "-c", KILL, url, str(scripts)], check=False)
    assert killed.returncode == -signal.SIGKILL
    with Database.open(url) as database:
        assert (dump(database), revision(database)) == (before, "0001")
        add(scripts, 3, REBUILD)
        migrate(database, scripts)
        assert revision(database) == "0003"


@only_postgresql
def test_a_second_migrator_waits_for_the_first(url: str, scripts: Path) -> None:
    """Both end well, and every revision ran once."""
    add(scripts, 1, MAKE)
    add(scripts, 2, FILL)
    processes = [subprocess.Popen([sys.executable, "-c", KILL, url, str(scripts)]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    with Database.open(url) as database:
        assert dump(database)[-1] == "(1, 'kept')"
