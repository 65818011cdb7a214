"""``confer migrate``: the database at the schema of this version."""

import argparse

from bot.cli.arguments import add_config


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "migrate",
        help="bring the database to the schema of this version",
        description="Bring the database to the schema of this version, wholly or not at all. Keep a copy of it: there "
        "is no way back to an older version. With SQLite, stop the bot first; with PostgreSQL it may go on, and a second "
        "migration waits for the first.",
        epilog="example: confer migrate --config /srv/confer/confer.toml",
    )
    add_config(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from bot.cli.opened import configuration, open_database
    from storage.migrate import migrate, revision

    with open_database(configuration(args)) as database:
        name, before = database.name, revision(database)
        migrate(database)
        after = revision(database)
    print(f"{name} is at revision {after} already." if before == after else f"{name}: {before or 'empty'} → {after}")
    return 0
