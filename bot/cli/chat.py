"""``confer chat``: the console, on the embedded default."""

import argparse
import asyncio
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("chat", help="talk to the bot in this terminal, or run a script of lines")
    parser.add_argument("--data", metavar="DIR", type=Path, help="keep the database here; without it nothing is kept")
    parser.add_argument(
        "--now", metavar="TIME", help="the first moment, e.g. 2026-11-30T08:00 (UTC unless it says otherwise)"
    )
    parser.add_argument("--strict", action="store_true", help="end with status 1 at the first refused line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from bot.cli.console import console_app  # the programme's weight is loaded by the commands that need it

    start = _moment(args.now)
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    with ExitStack() as stack:
        folder = args.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="confer-")))
        app, platform = stack.enter_context(
            console_app(folder, start, flows=args.now is None and interactive, keep_files=args.data is not None)
        )
        if interactive:
            from adapters.console.interactive import run_interactive

            return asyncio.run(run_interactive(platform, app.receive))
        from adapters.console import run_script

        return asyncio.run(run_script(platform, sys.stdin, app.receive, args.strict))


def _moment(words: str | None) -> datetime:
    if words is None:
        return datetime.now(UTC)
    at = datetime.fromisoformat(words)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
