"""The command line: ``confer --help``."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

COMMANDS = ("chat", "deid")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status: 0 done, 1 refused or found something, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="confer", description="A secure chat bot that organizes case conferences.")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in COMMANDS:
        import_module(f"bot.cli.{name}").register(subparsers)
    args = parser.parse_args(argv)
    status: int = args.run(args)
    return status


if __name__ == "__main__":
    sys.exit(main())
