"""Bring a database to the schema this version of Confer knows, or say how far it is from it.

Run as `python -m storage.migrate "add referrals"` it writes the next revision file from what the tables say.
"""

import sys
from enum import StrEnum, auto
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from storage.database import Database, DatabaseTrouble

SCRIPTS = Path(__file__).with_name("migrations")


class Revision(StrEnum):
    """How a database's schema stands to the one this version knows."""

    EMPTY = auto()
    CURRENT = auto()
    OLDER = auto()
    NEWER = auto()  # its revision is unknown here
    FOREIGN = auto()  # it has tables, but not ours


class MigrationRefused(DatabaseTrouble):
    """The database is of a newer Confer, or of another program; nothing was changed."""


def revision(database: Database) -> str | None:
    """Give the revision a database is at; None if it never was migrated."""
    with database.reading() as connection:
        return _revision(connection)


def head(scripts: Path = SCRIPTS) -> str:
    """Give the revision this version of Confer needs; raises LookupError when `scripts` holds none."""
    newest = ScriptDirectory.from_config(_config(scripts)).get_current_head()
    if newest is None:
        raise LookupError(f"There is no migration in {scripts}.")
    return newest


def state(database: Database, scripts: Path = SCRIPTS) -> Revision:
    """Say how a database stands to this version of Confer, changing nothing."""
    with database.reading() as connection:
        return _state(connection, scripts)


def migrate(database: Database, scripts: Path = SCRIPTS) -> None:
    """Bring a database to `head`, all revisions in one transaction: what fails leaves nothing behind.

    Raises MigrationRefused for a newer or foreign database, and whatever a failing revision raises.
    """
    with database.migrating() as connection:
        match _state(connection, scripts):
            case Revision.NEWER:
                raise MigrationRefused("This database was made by a newer Confer; use that one.")
            case Revision.FOREIGN:
                raise MigrationRefused("This database belongs to another program; name another file.")
            case Revision.EMPTY | Revision.OLDER | Revision.CURRENT:
                command.upgrade(_config(scripts, connection), "head")


def migrate_within(connection: Connection, to: str = "head", scripts: Path = SCRIPTS) -> None:
    """Bring a database that is being migrated to a revision; raises MigrationRefused for one not known here."""
    if to not in {
        "head",
        *(script.revision for script in ScriptDirectory.from_config(_config(scripts)).walk_revisions()),
    }:
        raise MigrationRefused("This was made by a newer Confer; use that one.")
    command.upgrade(_config(scripts, connection), to)


def write_revision(message: str, scripts: Path = SCRIPTS) -> None:
    """Write the next revision file in `scripts`: what a migrated database lacks to equal the tables."""
    known = list(ScriptDirectory.from_config(_config(scripts)).walk_revisions())
    with Database.open("sqlite://") as database:
        if known:
            migrate(database, scripts)
        with database.migrating() as connection:
            config = _config(scripts, connection)
            command.revision(config, message, autogenerate=True, rev_id=f"{len(known) + 1:04}")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _state(connection: Connection, scripts: Path) -> Revision:
    current = _revision(connection)
    if current is None:
        others = set(inspect(connection).get_table_names()) - {"alembic_version"}
        return Revision.FOREIGN if others else Revision.EMPTY
    known = {script.revision for script in ScriptDirectory.from_config(_config(scripts)).walk_revisions()}
    if current not in known:
        return Revision.NEWER
    return Revision.CURRENT if current == head(scripts) else Revision.OLDER


def _config(scripts: Path, connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


if __name__ == "__main__":
    write_revision(" ".join(sys.argv[1:]) or "change")
