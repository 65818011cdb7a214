"""``confer migrate``: the database at the schema of this version."""

import argparse

from bot.cli.arguments import add_config


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "migrate",
        help="bring the database to the schema of this version",
        description="Bring the database to the schema of this version, wholly or not at all. Stop the bot first, and "
        "keep a copy of the file: there is no way back to an older version.",
        epilog="example: confer migrate --config /srv/confer/confer.toml",
    )
    add_config(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from bot.cli.opened import configuration
    from storage.database import Database
    from storage.migrate import migrate, revision

    config = configuration(args)
    with Database.open(config.database, create=False) as database:
        before = revision(database)
        migrate(database)
        after = revision(database)
    name = config.database
    print(f"{name} is at revision {after} already." if before == after else f"{name}: {before or 'empty'} → {after}")
    return 0
