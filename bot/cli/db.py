"""``confer db move``: from a SQLite file to PostgreSQL."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.arguments import add_config

if TYPE_CHECKING:
    from bot.config import Configuration

NEXT = """
Now change {file}:
  [storage]
  database = "{url}"
and then
  confer doctor --config {file}
      checks all of it
{old} is as it was. Keep it apart, or destroy it, once the bot runs on the new database: an erasure
there erases nothing here."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("db", help="move to PostgreSQL", description="The database as a whole.")
    kinds = parser.add_subparsers(metavar="ACTION", required=True)
    mover = kinds.add_parser(
        "move",
        help="from SQLite to PostgreSQL",
        description="Copy everything to an empty PostgreSQL and compare both sides row by row. Stop the bot first. An "
        "interrupted move goes on where it was when it is called again. The password is taken from where `password` in "
        "[storage] says, PGPASSWORD unless set.",
        epilog="example: confer db move --to postgresql://confer@db.example.org/confer --config /srv/confer/confer.toml",
    )
    mover.add_argument("--to", required=True, metavar="URL", help="postgresql://USER@HOST/DATABASE")
    add_config(mover)
    mover.set_defaults(run=run_move)


def run_move(args: argparse.Namespace) -> int:
    from bot.cli.opened import configuration, opened
    from storage.database import Database
    from storage.move import move

    config = configuration(args)
    _check(config, args.to)
    with (
        opened(config, exclusive=True) as (source, ring),
        Database.open(args.to, password=config.password()) as target,
    ):
        moved = move(source, target, ring, _Bar())
    print(f"{moved.rows} rows in {moved.tables} tables are on both sides alike; {moved.chains} audit chains are whole.")
    print(NEXT.format(file=config.file, url=args.to, old=config.database))
    return 0


def _check(config: "Configuration", to: str) -> None:
    """Raise ConfigTrouble unless this is from a file to a server."""
    from bot.config import ConfigTrouble
    from bot.config_values import read_database

    try:
        is_server = "://" in read_database(to)
    except ValueError as mistake:
        raise ConfigTrouble(f"--to: {mistake}") from None
    if not is_server:
        raise ConfigTrouble("--to: expected postgresql://USER@HOST/DATABASE")
    if not isinstance(config.database, Path):
        raise ConfigTrouble(f"{config.file}: [storage] database is on a server already")


class _Bar:
    """On a terminal, a bar on standard error that grows with each step."""

    def __init__(self) -> None:
        self._drawn = -1
        self._show = sys.stderr.isatty()

    def __call__(self, done: int, total: int) -> None:
        share = done / total if total else 1.0
        if not self._show or round(share * 100) == self._drawn:
            return
        self._drawn = round(share * 100)
        sys.stderr.write(f"\r[{'#' * round(share * 30):<30}] {share:4.0%}" + ("\n" if share >= 1 else ""))
