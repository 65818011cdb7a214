"""The bot on a console: a database in one folder, a clock that can be moved."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from adapters.console import ConsoleHooks, ConsolePlatform
from bot.app import App, begin_house
from bot.clock import MovableClock
from bot.commands import TABLE
from bot.settings import Settings
from storage.checkpoints import Checkpoints
from storage.database import Database
from storage.keys import KeyRing, RootKey
from storage.migrate import migrate

_print = partial(print, flush=True)


@contextmanager
def console_app(
    folder: Path,
    start: datetime,
    *,
    flows: bool,
    output: Callable[[str], None] = _print,
    settings: Settings | None = None,
    keep_files: bool = True,
) -> Iterator[tuple[App, ConsolePlatform]]:
    """The bot and its console over a database in ``folder``, made on first use."""
    settings = settings or Settings()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    root = _root_key(folder / "confer.key", folder / settings.storage.database)
    clock = MovableClock(start, flows=flows)
    with Database.open(folder / settings.storage.database) as database:
        migrate(database)
        ring = KeyRing(root)
        begin_house(database, ring, clock.now())
        platforms: dict[str, ConsolePlatform] = {}
        app = App(database, ring, settings, clock, platforms, Checkpoints(folder / settings.storage.checkpoints, root))
        hooks = ConsoleHooks(clock.now, app.advance, app.settle, complete, lambda: ZoneInfo(settings.bot.zone))
        platform = ConsolePlatform(hooks, output, folder / "files" if keep_files else None)
        platforms[platform.name] = platform
        yield app, platform


def complete(typed: str) -> Sequence[str]:
    """The commands that could go on from what is typed."""
    start = typed.casefold().removeprefix("!confer ").lstrip()
    return [c.words for c in TABLE.commands if c.words.startswith(start)]


def _root_key(path: Path, database: Path) -> RootKey:
    """The folder's key, made with a new database; an old database is never given a new key."""
    if not path.exists() and not database.exists():
        RootKey.new().save(path)
    return RootKey.load(path)
