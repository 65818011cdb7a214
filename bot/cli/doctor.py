"""``confer doctor``: what stands in the way of a good run, and what to do about it."""

import argparse

from bot.cli.arguments import add_config


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "doctor",
        help="check configuration, key, database, files, clock and zones",
        description="Check the installation, one line for each thing: ok, warn or FAIL, with what to do. Nothing is "
        "changed, and the bot may go on running. Exit status 1 where anything fails.",
        epilog="example: confer doctor --config /srv/confer/confer.toml",
    )
    add_config(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from bot.cli.checks import Level, checks

    failed = False
    for finding in checks(args):
        failed |= finding.level is Level.FAIL
        print(f"{finding.level:<4}  {finding.what}" + (f"  → {finding.advice}" if finding.advice else ""))
    return 1 if failed else 0
