"""``confer demo``: one week of an invented team."""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from contextlib import suppress
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.app import App
    from bot.demo.stage import Stage
    from bot.demo.telling import Teller

OPENING = (
    "Confer organizes a care team's case conferences inside its chat: dates, agenda, private case summaries without "
    "names, the meeting itself, decisions, and every follow-up until it is done. This is one week of an invented team, "
    "played through the real bot on a clock that is moved by hand. Lines like this one are the narrator's."
)
FIRST_LINES = (
    "/as Dana",
    "/room case-room",
    '!confer team create "My clinic" zone Europe/Berlin',
    '!confer meeting schedule "Case conference" tomorrow 08:00 for 60m',
    "!confer help",
)


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "demo",
        help="play one week of an invented team, narrated",
        description="Play one week of an invented team through the real bot, with a database of its own that is thrown "
        "away. Exit status 1 if any step does not go as it should.",
        epilog="example: confer demo --pace 2",
    )
    parser.add_argument("--pace", type=_seconds, default=0.0, metavar="SECONDS", help="wait so long after each step")
    parser.add_argument("--plain", action="store_true", help="no colours, also on a terminal")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from bot.demo.stage import Failed
    from bot.demo.telling import Teller  # the programme's weight is loaded by the commands that need it

    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    teller = Teller(
        shutil.get_terminal_size((100, 24)).columns, colour=not args.plain and _has_colours(), pace=args.pace
    )
    try:
        with tempfile.TemporaryDirectory(prefix="confer-demo-") as folder:
            play(Path(folder), teller)
    except Failed as failure:
        sys.stdout.flush()
        print(f"confer demo: {failure}", file=sys.stderr)
        return 1
    _go_on(teller)
    return 0


def play(folder: Path, teller: "Teller") -> None:
    """The whole week over a database in the folder; raises Failed."""
    from bot.cli.console import console_app
    from bot.demo.stage import Stage
    from bot.demo.week import SECRETS, START, WEEK, ZONE
    from bot.settings import BotSettings, Settings

    teller.narrate(OPENING)
    settings = Settings(bot=BotSettings(zone=ZONE))
    start = datetime.fromisoformat(START)
    with console_app(folder, start, flows=False, settings=settings, keep_files=False) as (app, platform):
        stage = Stage(platform, app.receive, SECRETS, teller.step)

        async def week() -> None:
            for scene in WEEK:
                teller.scene(scene)
                await stage.play(scene)

        asyncio.run(week())
        _look_back(app, stage, folder, teller)


def _look_back(app: "App", stage: "Stage", folder: Path, teller: "Teller") -> None:
    """What is kept after the week: the audit trail whole, nothing of a patient readable. Raises Failed."""
    from bot.demo.stage import Failed
    from bot.demo.week import SECRETS
    from storage.audit import verify
    from storage.store import Store

    with app.database.reading() as connection:
        verdict = verify(connection, app.ring, Store(connection, app.ring).team_ids()[0])
    if not verdict.ok:
        raise Failed(f"The audit trail is broken: {verdict.reason}")
    kept = [path for path in sorted(folder.iterdir()) if path.is_file()]
    readable = [words for words in SECRETS for path in kept if words.encode() in path.read_bytes()]
    if readable:
        raise Failed(f"Readable on disk: {', '.join(readable)}")
    teller.narrate(
        f"What is left of the week: {stage.messages} messages of the bot, {verdict.rows} rows in an audit trail that "
        f"was just verified link by link, and a database in which none of the patients' names, towns or telephone "
        f"numbers can be read: every word about a patient is sealed under a key of that case alone."
    )


def _go_on(teller: "Teller") -> None:
    command = _command()
    teller.narrate(f"Now you: `{command} chat` is the same bot in this terminal, and nothing of it is kept. Type:")
    for line in FIRST_LINES:
        print(f"    {line}")


def _command() -> str:
    """How the programme is called from here."""
    if shutil.which("confer"):
        return "confer"
    called = Path(sys.argv[0]).absolute()
    with suppress(ValueError):
        return str(called.relative_to(Path.cwd()))
    return str(called)


def _has_colours() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")


def _seconds(words: str) -> float:
    seconds = float(words)
    if not 0 <= seconds <= 60:
        raise argparse.ArgumentTypeError("wait from 0 to 60 seconds")
    return seconds
