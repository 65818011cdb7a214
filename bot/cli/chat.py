"""``confer chat``: the console, on the embedded default."""

import argparse
import asyncio
import os
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.console import ConsolePlatform
    from bot.app import App
    from bot.settings import Settings


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("chat", help="talk to the bot in this terminal, or run a script of lines")
    parser.add_argument("--data", metavar="DIR", type=Path, help="keep the database here; without it nothing is kept")
    parser.add_argument(
        "--now", metavar="TIME", help="the first moment, e.g. 2026-11-30T08:00 (UTC unless it says otherwise)"
    )
    parser.add_argument("--strict", action="store_true", help="end with status 1 at the first refused line")
    parser.add_argument("--config", metavar="FILE", help="take the delays and other settings from this file")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from bot.cli.console import console_app  # the programme's weight is loaded by the commands that need it

    start = _moment(args.now)
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    flows = args.now is None and interactive
    with ExitStack() as stack:
        folder = args.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="confer-")))
        app, platform = stack.enter_context(
            console_app(folder, start, flows=flows, settings=_settings(args), keep_files=args.data is not None)
        )
        return asyncio.run(_talk(app, platform) if interactive else _play(app, platform, strict=args.strict))


async def _talk(app: "App", platform: "ConsolePlatform") -> int:
    """At the keyboard: reminders come by themselves as their time comes."""
    from adapters.console.interactive import run_interactive
    from bot.schedule import start_ticking

    await app.start()
    scheduler = start_ticking(app.tick, app.housekeeping)
    try:
        return await run_interactive(platform, app.receive)
    finally:
        scheduler.shutdown(wait=False)


async def _play(app: "App", platform: "ConsolePlatform", *, strict: bool) -> int:
    """A script: the clock stands still but for /clock, so that a transcript is the same each time."""
    from adapters.console import run_script

    await app.start()
    return await run_script(platform, sys.stdin, app.receive, strict)


def _settings(args: argparse.Namespace) -> "Settings":
    """Those of the file that is named, else the defaults; the environment goes before both."""
    from bot.config import load, read

    if args.config:
        return load(Path(args.config).absolute(), os.environ).settings
    return read("", Path("confer.toml").absolute(), os.environ).settings


def _moment(words: str | None) -> datetime:
    if words is None:
        return datetime.now(UTC)
    at = datetime.fromisoformat(words)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
