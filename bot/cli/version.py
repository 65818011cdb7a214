"""``confer version``: what to say when you report something."""

import argparse
import platform
from importlib.metadata import version

PARTS = ("sqlalchemy", "cryptography", "apscheduler", "matrix-nio", "slack-bolt")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "version",
        help="say which version this is, and of what it is made",
        description="The version, and the versions of what it is made of.",
        epilog="example: confer version",
    )
    parser.set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    import sqlite3

    from storage.migrate import head

    print(f"confer {version('confer')}")
    print(f"database revision {head()}")
    print(f"python {platform.python_version()}, sqlite {sqlite3.sqlite_version}")
    for part in PARTS:
        print(f"{part} {version(part)}")
    return 0
