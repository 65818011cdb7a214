"""``confer audit verify``: whether the audit trail is whole."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bot.cli.arguments import add_config

if TYPE_CHECKING:
    from bot.config import Configuration


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("audit", help="verify the audit trail", description="The audit trail.")
    kinds = parser.add_subparsers(metavar="ACTION", required=True)
    verify = kinds.add_parser(
        "verify",
        help="read every chain and every checkpoint",
        description="Read every team's chain from its first row to its last, and every signed checkpoint. The bot may "
        "go on running. Exit status 1, and the first bad row, where anything was changed, moved or taken away.",
        epilog="example: confer audit verify --config /srv/confer/confer.toml",
    )
    add_config(verify)
    verify.set_defaults(run=run_verify)


def run_verify(args: argparse.Namespace) -> int:
    from bot.cli.opened import configuration

    bad = False
    for name, rows, reason in _verdicts(configuration(args)):
        bad |= bool(reason)
        print(f"BAD  {name}: {reason}" if reason else f"ok   {name}: {rows}")
    return 1 if bad else 0


def _verdicts(config: "Configuration") -> Iterator[tuple[str, str, str]]:
    """Of every chain and of the checkpoints: the name, how much of it is good, and why it is bad, or ""."""
    from bot.cli.opened import opened
    from storage.audit import Verdict, verify
    from storage.checkpoints import Checkpoints
    from storage.keys import KeyMissing
    from storage.store import HOUSE, Store

    with opened(config, exclusive=False) as (database, ring), database.reading() as connection:
        kept = connection.exec_driver_sql("SELECT DISTINCT team FROM audit").scalars()
        for team in dict.fromkeys((HOUSE, *Store(connection, ring).team_ids(), *kept)):
            try:
                verdict = verify(connection, ring, team)
            except KeyMissing:
                verdict = Verdict(0, 1, "Its key is gone, so its rows cannot be verified.")
            name = "no team's" if team == HOUSE else f"team {team}"
            yield name, f"{verdict.rows} rows", verdict.reason
        verdict = Checkpoints(config.checkpoints, ring.root).verify(connection)
        yield "checkpoints", f"{verdict.rows} lines", verdict.reason
