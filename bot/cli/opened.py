"""What the commands open: the configuration, the key, the database."""

import argparse
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.config import Configuration, find, load
from storage.database import Database, DatabaseTrouble
from storage.keys import KeyRing, RootKey
from storage.migrate import Revision, state
from storage.store import Store


class NotReady(DatabaseTrouble):
    """The database is there, but not as this version needs it."""


def configuration(args: argparse.Namespace) -> Configuration:
    """The configuration that the command line, the environment and the folder lead to; raises ConfigTrouble."""
    return load(find(args.config, os.environ), os.environ)


def root_key(config: Configuration) -> RootKey:
    """The root key; raises SecretUnreadable or KeyUnreadable."""
    return RootKey.read(config.secret(config.key))


def open_database(config: Configuration, *, create: bool = False, exclusive: bool = True) -> Database:
    """The database itself, whatever is in it; raises DatabaseTrouble and SecretUnreadable."""
    is_file = isinstance(config.database, Path)
    return Database.open(
        config.database,
        create=create,
        exclusive=exclusive,
        password=None if is_file else config.password(),
        connections=config.settings.storage.connections,
    )


@contextmanager
def opened(config: Configuration, *, exclusive: bool) -> Iterator[tuple[Database, KeyRing]]:
    """The database and its keys, both proven: without the right key, or at another revision, nothing is written.

    ``exclusive`` takes the database for this process. Raises NotReady and the troubles of its parts.
    """
    ring = KeyRing(root_key(config))
    if exclusive and isinstance(config.database, Path):
        _check_copy(config.database, ring)
    with open_database(config, exclusive=exclusive) as database:
        check_revision(database)
        check_key(database, ring)
        yield database, ring


def check_revision(database: Database) -> None:
    """Raise NotReady unless the database is at the revision of this version."""
    match state(database):
        case Revision.CURRENT:
            return
        case Revision.EMPTY:
            raise NotReady(f"{database.name} holds nothing yet; `confer migrate` makes its tables.")
        case Revision.OLDER:
            raise NotReady(f"{database.name} is of an older Confer; `confer migrate` brings it up to date.")
        case Revision.NEWER:
            raise NotReady(f"{database.name} was made by a newer Confer; use that one.")
        case Revision.FOREIGN:
            raise NotReady(f"{database.name} belongs to another program; name another one in [storage] database.")


def check_key(database: Database, ring: KeyRing) -> None:
    """Raise WrongKey unless the database was made with this key. A database without any keys takes every key."""
    with database.reading() as connection:
        if Store(connection, ring).has_house():
            ring.check(connection)


def _check_copy(path: Path, ring: KeyRing) -> None:
    """After a crash, any look at the database folds its log into it; so a copy shows whether the key is right."""
    log = path.with_name(path.name + "-wal")
    if not (path.exists() and log.exists() and log.stat().st_size):
        return
    with TemporaryDirectory(prefix="confer-") as folder:
        copy = Path(folder, path.name)
        shutil.copyfile(path, copy)
        shutil.copyfile(log, copy.with_name(log.name))
        with Database.open(copy) as database:
            if state(database) is Revision.CURRENT:
                check_key(database, ring)
