"""``confer restore``: a backup becomes the database again, wholly or not at all."""

import argparse
import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.arguments import add_config

if TYPE_CHECKING:
    from bot.config import Configuration
    from storage.database import Database
    from storage.erasures import Slot
    from storage.keys import KeyRing


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "restore",
        help="put a backup in the database's place",
        description="Prove a backup and put it in the database's place: either all of it or nothing. Stop the bot "
        "first. Cases that were erased since are erased again; what was due before the restore is held among the dead "
        "letters, because it may have been sent. The root key has to be there; a configuration that is missing comes "
        "from the backup.",
        epilog="example: confer restore backups/confer-20261122T020000Z.backup --config /srv/confer/confer.toml",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the backup")
    add_config(parser)
    parser.add_argument("--replace", action="store_true", help="in place of a database that is there")
    parser.add_argument("--key", metavar="REF", help="where the backup key is, if not where [backup] key says")
    parser.add_argument(
        "--erasures", metavar="FILE", type=Path, help="a copy of the list of erased cases, if kept elsewhere"
    )
    parser.add_argument(
        "--without-erasures",
        action="store_true",
        help="although no list of erased cases is left: erased ones come back",
    )
    parser.set_defaults(run=run)


@dataclass(frozen=True, slots=True)
class Restored:
    """What is worth telling of a restore."""

    made_at: str
    rows: int
    erased: tuple[str, ...]
    held: int
    lost: Mapping[str, int]


def run(args: argparse.Namespace) -> int:
    from bot.cli.opened import root_key
    from bot.cli.trouble import complain
    from bot.cli.workplace import alone
    from storage.keys import KeyRing

    secret, config = _prepared(args)
    ring = KeyRing(root_key(config))
    if isinstance(config.database, Path) and config.database.exists() and not args.replace:
        complain(f"{config.database} is there already; --replace puts the backup in its place.")
        return 1
    with alone(config.database) if isinstance(config.database, Path) else nullcontext():
        erased = _erased(config, args)
        if erased is None:
            complain(
                f"There is no list of erased cases at {config.path(config.settings.backup.erasures)}: cases that were "
                "erased after the backup would come back.",
                "Name a copy with --erasures, or say --without-erasures and erase them again yourself.",
            )
            return 1
        done = (_into_file if isinstance(config.database, Path) else _into_server)(config, ring, args, secret, erased)
    _tell(done, config)
    return 0


def _tell(done: Restored, config: "Configuration") -> None:
    print(f"restored {config.database} as of {done.made_at[:16].replace('T', ' ')} UTC: {done.rows} rows")
    if done.erased:
        print(f"erased again: {', '.join(done.erased)}")
    for team, seq in done.lost.items():
        print(f"lost: the record of {'no team' if team == '-' else f'team {team}'} went on to row {seq} at least")
    if done.held:
        print(f"held: {done.held} notices that were due may have been sent; look at them with `confer notices`")
    print("What people told the bot after that moment is lost: tell them. Matrix goes on from now.")
    print("If the bot's Matrix store is not of the same time: `confer matrix login`. Then: confer doctor, confer run")


def _prepared(args: argparse.Namespace) -> "tuple[str, Configuration]":
    """The secret and the configuration; a missing one is made from the backup. Raises what its parts raise."""
    from bot.cli.backup import CONFIG
    from bot.cli.workplace import secret_of
    from bot.config import Configuration, find, load
    from bot.secret_reference import SecretReference
    from bot.settings import Settings
    from storage.backup import read_files
    from storage.sealed_file import SealedReader

    path = find(args.config, os.environ)
    config = load(path, os.environ) if path.exists() else Configuration(Settings(), path, os.environ)
    try:
        reference = SecretReference.parse(args.key or config.settings.backup.key)
    except ValueError as mistake:
        from bot.config import ConfigTrouble

        raise ConfigTrouble(f"--key: {mistake}") from None
    secret = secret_of(config, reference, twice=False)
    if not path.exists():
        with args.file.open("rb") as file:
            text = read_files(SealedReader(file, secret)).get(CONFIG, b"")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as made:
            made.write(text)
        print(f"made {path} from the backup")
        config = load(path, os.environ)
    return secret, config


def _erased(config: "Configuration", args: argparse.Namespace) -> "Mapping[Slot, datetime] | None":
    """All that is known to have been erased: by the list, a copy of it, the database that is there. None: no list."""
    from bot.cli.opened import open_database
    from storage.database import DatabaseTrouble
    from storage.erasures import Erasures, erased

    lists = [Erasures(config.path(config.settings.backup.erasures))]
    lists += [Erasures(args.erasures)] if args.erasures else []
    found: dict[Slot, datetime] = {}
    for each in lists:
        found |= each.known()
    has_list = any(each.path.exists() for each in lists)
    try:
        with open_database(config, exclusive=False) as database, database.reading() as connection:
            found |= erased(connection)
    except DatabaseTrouble as trouble:  # often why we are here
        if has_list:
            print(f"what was erased is known from the list alone: {trouble}")
    return found if has_list or args.without_erasures else None


def _into_file(
    config: "Configuration", ring: "KeyRing", args: argparse.Namespace, secret: str, erased: "Mapping[Slot, datetime]"
) -> Restored:
    """Make a new file beside the old one, and exchange them in one step."""
    from bot.cli.trouble import complain
    from bot.cli.workplace import put_in_place, workplace
    from storage.database import Database, DatabaseBusy, DatabaseTrouble

    target = config.database
    assert isinstance(target, Path)
    with workplace(target.parent) as folder:
        made = folder / "confer.db"
        with Database.open(made, exclusive=False) as database:
            filled = _fill(database, config, ring, args.file, secret, erased, folder)
        if target.exists():
            try:
                Database.open(target, create=False, exclusive=False).close()  # folds its log into it
            except DatabaseTrouble:
                complain(f"{target} was damaged; it is kept all the same.")
                target.with_name(target.name + "-wal").unlink(missing_ok=True)
            log = target.with_name(target.name + "-wal")
            if log.exists() and log.stat().st_size:
                raise DatabaseBusy(f"Another process looks into {target}; end it first.")
            print(f"kept {_kept(target, filled.now)}: remove it when all is well")
        _note_in_marks(config, ring, filled.heads, filled.now, folder)
        put_in_place(made, target)
    return filled.done


def _kept(target: Path, now: datetime) -> Path:
    """Give the old file a second name, one that nothing has: two restores may begin in the same second."""
    name, numbers = f"{target.name}.before-{now:%Y%m%dT%H%M%SZ}", count(2)
    former = target.with_name(name)
    while True:
        try:
            os.link(target, former)
        except FileExistsError:
            former = target.with_name(f"{name}-{next(numbers)}")
        else:
            return former


def _into_server(
    config: "Configuration", ring: "KeyRing", args: argparse.Namespace, secret: str, erased: "Mapping[Slot, datetime]"
) -> Restored:
    """In one transaction of the server, which has the old until it ends."""
    from bot.cli.opened import NotReady, open_database
    from bot.cli.workplace import workplace
    from storage.migrate import Revision, state

    with workplace(config.folder) as folder, open_database(config) as database:
        match state(database):
            case Revision.FOREIGN:
                raise NotReady(f"{database.name} belongs to another program; nothing was changed.")
            case Revision.EMPTY:
                pass
            case _ if not args.replace:
                raise NotReady(f"{database.name} is there already; --replace puts the backup in its place.")
        note = partial(_note_in_marks, config, ring, folder=folder)
        filled = _fill(database, config, ring, args.file, secret, erased, folder, note)
    return filled.done


@dataclass(slots=True)
class Filled:
    """A database as the backup makes it; ``heads`` are where its chains end."""

    done: Restored
    heads: Mapping[str, int]
    now: datetime


def _fill(
    database: "Database",
    config: "Configuration",
    ring: "KeyRing",
    file: Path,
    secret: str,
    erased: "Mapping[Slot, datetime]",
    folder: Path,
    before_it_counts: Callable[[Mapping[str, int], datetime], None] | None = None,
) -> Filled:
    """Put the rows in, prove them, and make them such that a bot may go on from there. Raises BackupBroken.

    ``before_it_counts`` is told where the chains end while the transaction is still open: a kill after its end leaves
    no marks that speak of rows which are gone by intention.
    """
    from bot.cli.backup import MARKS, telling
    from storage.audit import AuditEntry, append
    from storage.backup import check, empty, erase_again, forget_the_stream, heads, put_back
    from storage.checkpoints import Checkpoints
    from storage.erasures import Erasures
    from storage.sealed_file import SealedReader
    from storage.store import HOUSE

    now = datetime.now(UTC)
    with file.open("rb") as opened, telling("restoring") as tell, database.migrating() as connection:
        backup = SealedReader(opened, secret)
        empty(connection)
        found = put_back(connection, backup, erased, tell)
        (folder / "marks").write_bytes(found.files.get(MARKS, b""))
        check(connection, ring, folder / "marks")
        ends = heads(connection)
        again = erase_again(connection, ring, erased)
        forget_the_stream(connection)
        append(connection, ring, AuditEntry(HOUSE, now, "operator", "restore", "", "done"))
        Erasures(config.path(config.settings.backup.erasures)).complete(connection)
        lost = Checkpoints(config.checkpoints, ring.root).beyond(ends)
        if before_it_counts is not None:
            before_it_counts(ends, now)
    held = _hold(database, config, ring, now)
    done = Restored(str(backup.about["made_at"]), sum(found.rows.values()), again, held, lost)
    return Filled(done, ends, now)


def _hold(database: "Database", config: "Configuration", ring: "KeyRing", now: datetime) -> int:
    """Carry out the timers that fell due since, with nobody to hear it, and hold all that would be said of it."""
    from bot.app import App
    from bot.clock import SystemClock
    from storage.backup import hold_what_was_due

    with database.transaction() as connection:
        held = hold_what_was_due(connection, now)
    asyncio.run(App(database, ring, config.settings, SystemClock(), {}).settle())
    with database.transaction() as connection:
        return held + hold_what_was_due(connection, datetime.now(UTC))


def _note_in_marks(
    config: "Configuration", ring: "KeyRing", heads: Mapping[str, int], now: datetime, folder: Path
) -> None:
    """The marks outside go on, and say that what they attest beyond the backup is gone."""
    from bot.cli.workplace import put_in_place
    from storage.checkpoints import Checkpoints

    if not config.checkpoints.exists():
        (folder / "marks").chmod(0o600)
        put_in_place(folder / "marks", config.checkpoints)
    Checkpoints(config.checkpoints, ring.root).restored(heads, now)
