"""``confer backup``: all that is kept, of one moment, sealed in one file, and proven to come back."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from bot.cli.arguments import add_config

if TYPE_CHECKING:
    from bot.cli.workplace import Bar
    from bot.config import Configuration
    from storage.database import Database
    from storage.keys import KeyRing

SUFFIX = ".backup"
CONFIG, MARKS = "confer.toml", "audit-checkpoints.jsonl"


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "backup",
        help="write a sealed and verified backup while the bot goes on",
        description="Write all that is kept, as it is at one moment, into one sealed file, and prove that it can be "
        "restored: the file is read back, loaded, and its audit trail verified. The bot may go on running. The root key "
        "is not in it: keep a copy of that elsewhere. Backups in the folder that are older than [backup] keep are "
        "removed afterwards.",
        epilog="example: confer backup --config /srv/confer/confer.toml",
    )
    add_config(parser)
    parser.add_argument("--to", metavar="FILE", type=Path, help="where (default: a dated file in [backup] folder)")
    parser.add_argument("--new-key", action="store_true", help="only make the backup key that [backup] key names")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from bot.cli.opened import configuration, opened
    from bot.cli.trouble import complain
    from bot.cli.workplace import secret_of
    from bot.secret_reference import SecretReference

    config = configuration(args)
    reference = SecretReference.parse(config.settings.backup.key)
    if args.new_key:
        return _make_key(config, reference)
    secret, now = secret_of(config, reference, twice=True), datetime.now(UTC)
    folder = config.path(config.settings.backup.folder)
    target: Path = args.to.absolute() if args.to else folder / f"confer-{now:%Y%m%dT%H%M%SZ}{SUFFIX}"
    if target.exists():
        complain(f"{target} is there already; nothing was done.")
        return 1
    with opened(config, exclusive=False) as (database, ring):
        rows, chain = _back_up(config, database, ring, secret, target, now)
    print(f"made {target}: {rows} rows, {target.stat().st_size / 1e6:.1f} MB")
    print(f"read back and loaded: every page whole, {chain} rows of the audit trail verified")
    for old in _outlived(folder, now - config.settings.backup.keep, target):
        old.unlink()
        print(f"removed {old}, which was older than [backup] keep")
    return 0


def _make_key(config: "Configuration", reference: object) -> int:
    from bot.cli.trouble import complain
    from bot.secret_reference import Scheme, SecretReference
    from storage.keys import RootKey

    assert isinstance(reference, SecretReference)
    if reference.scheme is not Scheme.FILE:
        complain(f"[backup] key is {reference}: put a key or a passphrase there yourself.")
        return 1
    path = config.path(reference.name)
    RootKey.new().save(path)
    print(f"made {path}\nKeep a copy of it apart from the backups, and apart from the root key.")
    return 0


def _back_up(
    config: "Configuration", database: "Database", ring: "KeyRing", secret: str, target: Path, now: datetime
) -> tuple[int, int]:
    """Write it, prove it, put it in its place; how many rows it has, and how many of the audit trail."""
    from bot.cli.workplace import put_in_place, workplace
    from storage.audit import AuditEntry, append
    from storage.backup import count_rows, export
    from storage.erasures import Erasures
    from storage.sealed_file import SealedWriter
    from storage.store import HOUSE

    with database.transaction() as connection:
        append(connection, ring, AuditEntry(HOUSE, now, "operator", "backup", "", "begun"))
    with database.reading() as connection:
        Erasures(config.path(config.settings.backup.erasures)).complete(connection)
    with workplace(target.parent) as folder:
        with private(folder / "made") as file, telling("writing") as tell:
            about = {"made_at": now.isoformat(), "revision": _revision(database), "rows": str(count_rows(database))}
            sealed = SealedWriter(file, secret, about)
            done = export(database, {CONFIG: config.file, MARKS: config.checkpoints}, sealed, tell)
            sealed.finish()
        chain = _prove(folder, ring, secret, done.rows)
        put_in_place(folder / "made", target)
    with database.transaction() as connection:
        append(connection, ring, AuditEntry(HOUSE, datetime.now(UTC), "operator", "backup", "", "done"))
    return sum(done.rows.values()), chain


def _revision(database: "Database") -> str:
    from storage.migrate import revision

    found = revision(database)
    assert found  # `opened` has seen that it is this version's
    return found


def _prove(folder: Path, ring: "KeyRing", secret: str, rows: dict[str, int]) -> int:
    """Do what a restore would do, beside the file; how many rows the audit trail has. Raises BackupBroken."""
    from storage.backup import check, put_back
    from storage.database import Database
    from storage.sealed_file import BackupBroken, SealedReader

    with (
        (folder / "made").open("rb") as file,
        telling("verifying") as tell,
        Database.open(folder / "proof.db", exclusive=False) as database,
    ):
        with database.migrating() as connection:
            found = put_back(connection, SealedReader(file, secret), {}, tell)
        if found.rows != {name: number for name, number in rows.items() if number}:
            raise BackupBroken("The backup does not hold the rows that were written.")
        (folder / "marks").write_bytes(found.files.get(MARKS, b""))
        with database.reading() as connection:
            return check(connection, ring, folder / "marks")


def _outlived(folder: Path, before: datetime, newest: Path) -> Iterator[Path]:
    """Backups of the folder that were made before this, by what they say of themselves."""
    from storage.sealed_file import BackupBroken, about

    for path in sorted(folder.glob(f"confer-*{SUFFIX}")):
        try:
            with path.open("rb") as file:
                made_at = datetime.fromisoformat(about(file)["made_at"])
        except (BackupBroken, KeyError, ValueError, OSError):
            continue  # what cannot be read is not ours to remove
        if made_at < before and path != newest:
            yield path


@contextmanager
def telling(what: str) -> Iterator["Bar"]:
    """A bar on the terminal until the end."""
    from bot.cli.workplace import Bar

    bar = Bar(what)
    try:
        yield bar
    finally:
        bar.end()


@contextmanager
def private(path: Path) -> Iterator[BinaryIO]:
    """A new file for our eyes alone."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        yield file
