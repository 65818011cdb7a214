"""The checks of ``confer doctor``: each finds one line or several, and changes nothing."""

import argparse
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from os import R_OK, W_OK, X_OK, access
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.cli.opened import check_key, check_revision, configuration, open_database, root_key
from bot.config import ConfigTrouble, Configuration
from bot.secret_reference import SecretUnreadable
from storage.audit import entries
from storage.checkpoints import Checkpoints
from storage.database import Database, DatabaseTrouble
from storage.keys import KeyRing, KeyTrouble, RootKey
from storage.postgresql import server, unusable
from storage.store import HOUSE, Store

LITTLE_SPACE = 200_000_000  # bytes
FIRST_YEAR, LAST_YEAR = 2026, 2100  # a clock outside these is not set
AHEAD = timedelta(minutes=2)
SKEW = timedelta(seconds=5)
SUMMER, WINTER = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was found and, unless it is well, what to do."""

    level: Level
    what: str
    advice: str = ""


def checks(args: argparse.Namespace) -> Iterator[Finding]:
    """Everything, in the order in which one thing stands on another."""
    try:
        config = configuration(args)
    except ConfigTrouble as trouble:
        for problem in trouble.problems:
            yield Finding(Level.FAIL, problem, "mend this, then run `confer doctor` again for the rest")
        return
    yield Finding(Level.OK, f"configuration: {config.file}")
    yield from _files(config)
    yield from _folders(config)
    yield from _clock()
    yield from _zones((config.settings.bot.zone,))
    try:
        root = root_key(config)
    except (SecretUnreadable, KeyTrouble) as trouble:
        yield Finding(Level.FAIL, f"key: {trouble}", "bring the key back from its copy; a new one reads nothing old")
        root = None
    else:
        yield Finding(Level.OK, f"key: {config.key}")
    yield from _database(config, root)


def _files(config: Configuration) -> Iterator[Finding]:
    """Nobody else writes the configuration, nobody else reads what is kept."""
    for path, shut in ((config.file, 0o022), *((path, 0o077) for path in config.files)):
        if not path.exists():
            continue
        mode = path.stat().st_mode & 0o777
        if mode & shut:
            yield Finding(Level.WARN, f"permissions: {path} has mode {mode:04o}", f"chmod {mode & ~shut:o} {path}")
        elif not access(path, R_OK):
            yield Finding(Level.FAIL, f"permissions: {path} cannot be read", "run this as the bot's own user")
        else:
            yield Finding(Level.OK, f"permissions: {path.name} {mode:04o}")


def _folders(config: Configuration) -> Iterator[Finding]:
    for folder in dict.fromkeys(path.parent for path in config.files):
        if not folder.is_dir():
            yield Finding(Level.FAIL, f"folder: {folder} is not there", "`confer init` makes it")
        elif not access(folder, W_OK | X_OK):
            yield Finding(Level.FAIL, f"folder: {folder} cannot be written", "run this as the bot's own user")
        elif (free := shutil.disk_usage(folder).free) < LITTLE_SPACE:
            yield Finding(Level.WARN, f"folder: {folder} has {free // 1_000_000} MB left", "make room")
        else:
            yield Finding(Level.OK, f"folder: {folder} can be written")


def _clock() -> Iterator[Finding]:
    now = datetime.now(UTC)
    if FIRST_YEAR <= now.year < LAST_YEAR:
        yield Finding(Level.OK, f"clock: {now:%Y-%m-%d %H:%M} UTC")
    else:
        yield Finding(Level.FAIL, f"clock: it says {now:%Y-%m-%d}", "set the machine's clock, and keep it with NTP")


def _zones(names: tuple[str, ...]) -> Iterator[Finding]:
    """The zones load, and the data knows of summer time."""
    try:
        place = ZoneInfo("America/New_York")
        if SUMMER.astimezone(place).utcoffset() == WINTER.astimezone(place).utcoffset():
            yield Finding(Level.FAIL, "time zones: their data is broken", "install the package tzdata anew")
            return
        for name in names:
            ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as trouble:
        yield Finding(Level.FAIL, f"time zones: {trouble}", "install the package tzdata")
    else:
        yield Finding(Level.OK, f"time zones: {', '.join(names)}")


def _database(config: Configuration, root: RootKey | None) -> Iterator[Finding]:
    try:
        with open_database(config, exclusive=False) as database:
            if not database.is_sqlite:
                yield from _guarded("server", lambda: _server(config, database))
            check_revision(database)
            yield Finding(Level.OK, f"database: {database.name}, at the revision of this version")
            yield from _kept(config, database, root)
    except SecretUnreadable as trouble:
        yield Finding(Level.FAIL, f"database: {trouble}", "`password` in [storage] says where it is found")
    except DatabaseTrouble as trouble:
        yield Finding(Level.FAIL, f"database: {trouble}", _advice(config, trouble))


def _advice(config: Configuration, trouble: DatabaseTrouble) -> str:
    if "`" in str(trouble):
        return ""
    if isinstance(config.database, str):
        return "docs/postgresql.md says how it is set up"
    return "`confer init` makes a new one; a lost one comes from your copies"


def _server(config: Configuration, database: Database) -> Iterator[Finding]:
    """Its version and clock, whether others could listen in, and whether it has enough connections."""
    before = datetime.now(UTC)
    with database.reading() as connection:
        found = server(connection)
    off = max(before - found.clock, found.clock - datetime.now(UTC), timedelta())
    yield Finding(Level.OK, f"server: PostgreSQL {found.version}")
    if off > SKEW:
        what = f"clock: the server's and this machine's are {off.total_seconds():.0f} s apart"
        yield Finding(Level.FAIL, what, "keep both with NTP: leases and reminders depend on them")
    else:
        yield Finding(Level.OK, "clock: the server's agrees with this machine's")
    if not (found.is_encrypted or found.is_local):
        yield Finding(Level.WARN, "connection: not encrypted", "add ?sslmode=verify-full to `database` in [storage]")
    wanted = config.settings.storage.connections
    if wanted > found.most_connections // 2:
        what = f"connections: {wanted} of the server's {found.most_connections}"
        yield Finding(Level.WARN, what, "lower `connections` in [storage], or raise max_connections")


def _kept(config: Configuration, database: Database, root: RootKey | None) -> Iterator[Finding]:
    """What needs the database, and then the right key too."""
    yield from _guarded("integrity", lambda: _integrity(database))
    if root is None:
        return
    ring = KeyRing(root)
    try:
        check_key(database, ring)
    except KeyTrouble as trouble:
        yield Finding(Level.FAIL, f"key: {trouble}", f"put the key of this database at {config.key}")
        return
    yield Finding(Level.OK, "key: it is the one of this database")
    yield from _guarded("teams", lambda: _teams(database, ring))
    yield from _guarded("checkpoints", lambda: _checkpoints(config.checkpoints, database, root))
    if config.settings.matrix.mode != "off":
        yield from _guarded("matrix", lambda: _matrix(config, database, ring))


def _matrix(config: Configuration, database: Database, ring: KeyRing) -> Iterator[Finding]:
    """The login, its crypto store, and whether strict clients see the device."""
    from bot.cli.matrix import said_about_login, setup_of  # the platform's weight is only loaded where it is on

    for name, value, is_well in said_about_login(setup_of(config), database, ring):
        advice = "" if is_well else "`confer matrix login` makes a new device; docs/matrix.md says more"
        yield Finding(Level.OK if is_well else Level.FAIL, f"matrix {name}: {value}", advice)


def _guarded(what: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """A check that cannot be carried out is a finding too."""
    try:
        yield from check()
    except Exception as trouble:
        kind = type(trouble).__name__
        yield Finding(Level.FAIL, f"{what}: cannot be checked ({kind})", "bring the database back from your copies")


def _integrity(database: Database) -> Iterator[Finding]:
    if not database.is_sqlite:
        yield from _server_integrity(database)
        return
    with database.reading() as connection:
        damage = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
        astray = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if damage != "ok" or astray:
        yield Finding(Level.FAIL, "integrity: the file is damaged", "bring the database back from your copies")
    else:
        yield Finding(Level.OK, "integrity: every page and every link is whole")


def _server_integrity(database: Database) -> Iterator[Finding]:
    with database.reading() as connection:
        broken = unusable(connection)
    if broken:
        names = ", ".join(broken)
        yield Finding(Level.FAIL, f"integrity: not in use: {names}", "REINDEX, or bring the database back")
    else:
        yield Finding(Level.OK, "integrity: every index and every guard of the trail is in use")


def _teams(database: Database, ring: KeyRing) -> Iterator[Finding]:
    """Their zones load, and nothing was recorded later than now."""
    with database.reading() as connection:
        store = Store(connection, ring)
        ids = store.team_ids()
        zones = {store.of_team(team).team().zone for team in ids}
        newest = [record.entry.at for team in (HOUSE, *ids) for record in entries(connection, team, limit=1)]
    if zones:
        yield from _zones(tuple(sorted(zones)))
    if newest and max(newest) > datetime.now(UTC) + AHEAD:
        when = f"{max(newest):%Y-%m-%d %H:%M} UTC"
        yield Finding(Level.FAIL, f"clock: something was recorded at {when}, which is to come", "set the clock")


def _checkpoints(path: Path, database: Database, root: RootKey) -> Iterator[Finding]:
    with database.reading() as connection:
        verdict = Checkpoints(path, root).verify(connection)
        teams = Store(connection, KeyRing(root)).team_ids()
    if not verdict.ok:
        yield Finding(Level.FAIL, f"checkpoints: {verdict.reason}", "`confer audit verify` says more; keep both files")
    elif teams and not verdict.rows:
        yield Finding(Level.WARN, f"checkpoints: none in {path}", "a running bot writes them once an hour")
    else:
        yield Finding(Level.OK, f"checkpoints: {verdict.rows} marks, all genuine")
