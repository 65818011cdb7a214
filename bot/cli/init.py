"""``confer init``: what a new installation needs, in one folder."""

import argparse
import os
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.config import Configuration

NEXT = """
Next:
  confer doctor --config {file}
      checks all of it
  confer run --config {file}
      runs the bot
Keep a copy of the key ({key}) apart from copies of the database: without it nothing can be read, with both everything
can."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "init",
        help="make a configuration, a key and a database",
        description="Write confer.toml, a new key (mode 0600) and an empty database. Nothing is ever overwritten.",
        epilog="example: confer init /srv/confer",
    )
    parser.add_argument("folder", nargs="?", default=".", metavar="DIR", type=Path, help="where (default: here)")
    parser.add_argument(
        "--database", metavar="URL", help="keep things in this empty PostgreSQL, postgresql://USER@HOST/DATABASE"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from bot.cli.trouble import complain
    from bot.config import FILE, read
    from bot.config_values import example, show_value

    file: Path = args.folder.absolute() / FILE
    text = example()
    if args.database:
        text = text.replace('database = "confer.db"', f"database = {show_value(args.database)}")
    config = read(text, file, os.environ)
    made = _made(config)
    taken = [path for path in (*made, config.checkpoints) if path.exists()]
    if taken:
        complain(*(f"{path} is there already; nothing was changed." for path in taken))
        return 1
    with ExitStack() as undo:
        for path in reversed(made):
            undo.callback(_remove, path)
        _make(config, text)
        undo.pop_all()
    print(*(f"made {path}" for path in made), NEXT.format(file=file, key=config.key), sep="\n")
    return 0


def _made(config: "Configuration") -> list[Path]:
    """The files of an installation; key and database among them where they are files."""
    from bot.secret_reference import Scheme

    key = [config.path(config.key.name)] if config.key.scheme is Scheme.FILE else []
    return [config.file, *key, *([config.database] if isinstance(config.database, Path) else [])]


def _remove(path: Path) -> None:
    with suppress(OSError):  # what kept it from being made is what is told
        path.unlink()


def _make(config: "Configuration", text: str) -> None:
    from bot.app import begin_house
    from bot.cli.opened import NotReady, open_database, root_key
    from bot.secret_reference import Scheme
    from storage.keys import KeyRing, RootKey
    from storage.migrate import Revision, migrate, state

    config.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if config.key.scheme is Scheme.FILE:
        RootKey.new().save(config.path(config.key.name))
    ring = KeyRing(root_key(config))
    with open_database(config, create=True) as database:
        if state(database) is not Revision.EMPTY:
            raise NotReady(f"{database.name} is not empty; nothing was changed.")
        migrate(database)
        begin_house(database, ring, datetime.now(UTC))
    descriptor = os.open(config.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
