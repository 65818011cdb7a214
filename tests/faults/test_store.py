"""A database that is locked, full, read-only, torn or changed by a flipped bit; commands that are poison; a crash loop."""

import asyncio
import os
import random
import resource
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from adapters.platform import Invocation, Place, Source
from storage.audit import verify
from storage.database import Database, DatabaseTrouble
from storage.keys import KeyRing, RootKey
from storage.seal import SealBroken
from storage.store import Store
from tests.faults.bot import Home, play
from tests.faults.checks import Trace
from tests.faults.conftest import Begin, Installation
from tests.faults.script import PLANTED

Calm = tuple[Trace, list[str]]
LOCKED = float(os.environ.get("CONFER_LOCKED", "2"))
"""Seconds that somebody else holds the database; the soak takes 30."""
NOBODY = 65534

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])


def test_a_locked_database_is_waited_for(begin: Begin, undisturbed: Calm) -> None:
    bot = begin()
    with bot.app(patience=0.1) as (app, _, home):
        let_go = threading.Event()

        async def hand_in(invocation: Invocation) -> None:
            if home.acknowledged == 7:
                held = threading.Event()
                threading.Thread(target=_hold, args=(file_of(bot), held, let_go)).start()
                await asyncio.to_thread(held.wait)
                asyncio.get_running_loop().call_later(LOCKED, let_go.set)
            await app.receive(invocation)

        asyncio.run(play(app, home, hand_in=hand_in))
        assert let_go.is_set()
    assert bot.trace() == undisturbed[0]


def test_a_full_disk_takes_nothing_in_and_loses_nothing(begin: Begin, undisturbed: Calm) -> None:
    bot = begin()
    with bot.app() as (app, _, home):
        refused = 0

        async def hand_in(invocation: Invocation) -> None:
            nonlocal refused
            if home.acknowledged == 7:
                with _full(Path(f"{file_of(bot)}-wal")):
                    with pytest.raises(DatabaseTrouble, match="full or failing"):
                        await app.receive(invocation)
                    refused += 1
            await app.receive(invocation)  # what was not acknowledged comes again

        asyncio.run(play(app, home, hand_in=hand_in))
        assert refused == 1
    assert bot.trace() == undisturbed[0]


def test_a_read_only_disk_is_said_in_a_sentence(begin: Begin) -> None:
    bot = begin()
    folder = file_of(bot).parent
    with _as_somebody_else(folder), pytest.raises(DatabaseTrouble, match="cannot be opened"):
        Database.open(bot.url)
    bot.runs_to_the_end()


def test_a_torn_log_opens_to_a_whole_beginning(begin: Begin) -> None:
    """After a kill the log's end may be missing: what was committed before the tear stands, and the bot goes on."""
    chance = random.Random(5)
    for _ in range(4):
        bot = begin()
        assert bot.runs(kill_at=200) == -signal.SIGKILL
        log = Path(f"{file_of(bot)}-wal")
        os.truncate(log, chance.randrange(log.stat().st_size))
        found = bot.trace()  # the chain verifies and the pages are whole
        assert "escalated" not in str(found.acts)
        assert _answers(bot)


def test_a_flipped_bit_is_found_and_shows_nothing(begin: Begin) -> None:
    """In a sealed case: that case alone is refused. In an audit row: verifying names the row."""
    bot = begin()
    bot.runs_to_the_end()
    with closing(sqlite3.connect(file_of(bot))) as file, file:
        ref, body = file.execute("SELECT ref, body FROM cases").fetchone()
        file.execute("UPDATE cases SET body = ?", (_flipped(body),))
    shown = _say(bot, "pat", f"case {ref}")
    assert shown
    assert not any(words in shown for words in PLANTED)
    assert _say(bot, "pat", "tasks") != shown
    with closing(sqlite3.connect(file_of(bot))) as file, file:
        file.execute("DROP TRIGGER audit_refuses_update")
        file.execute("UPDATE audit SET outcome = 'refused' WHERE seq = 5 AND team != ''")
    with Database.open(bot.url) as database, database.reading() as connection:
        ring = KeyRing(RootKey.read(bot.root))
        (team,) = Store(connection, ring).team_ids()
        assert verify(connection, ring, team).first_bad == 5


def test_a_flipped_bit_in_a_key_stops_the_bot_before_it_speaks(begin: Begin) -> None:
    bot = begin()
    bot.runs_to_the_end()
    before = Home(bot.folder).server.path.read_text()
    with closing(sqlite3.connect(file_of(bot))) as file, file:
        rows = file.execute("SELECT wrapped FROM keys").fetchall()
        file.executemany("UPDATE keys SET wrapped = ? WHERE wrapped = ?", [(_flipped(w), w) for (w,) in rows])
    with pytest.raises(SealBroken):
        _say(bot, "pat", "tasks")
    assert Home(bot.folder).server.path.read_text() == before


POISON = ("\x00", "\ud800", "‮abc", "a" * 1_000_000, "task add " + "“" * 5000, "{case}", "%s%n", "\U0010ffff" * 999)


def test_poison_is_refused_and_the_next_command_works(begin: Begin, undisturbed: Calm) -> None:
    bot = begin()
    bot.runs_to_the_end()
    for number, poison in enumerate(POISON):
        _say(bot, "pat", poison, number)
        assert "T-1" in _say(bot, "pat", "task T-1", 100 + number)


def test_a_bot_that_dies_again_and_again_at_the_same_place_comes_out_of_it(begin: Begin, undisturbed: Calm) -> None:
    bot = begin()
    for _ in range(12):
        assert bot.runs(kill_on="before send") == -signal.SIGKILL
    bot.runs_to_the_end()
    found, expected = bot.trace(), undisturbed[0]
    assert found.timers == expected.timers
    assert found.acts >= expected.acts
    said = sum(map(len, found.rooms.values()))
    assert said + found.states["dead"] >= sum(map(len, expected.rooms.values()))
    assert not found.states["new"] + found.states["sending"]


def file_of(bot: Installation) -> Path:
    return Path(bot.url.removeprefix("sqlite:///"))


def _hold(path: Path, held: threading.Event, let_go: threading.Event) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        held.set()
        let_go.wait(LOCKED + 20)
        other.execute("ROLLBACK")


@contextmanager
def _full(file: Path) -> Iterator[None]:
    """No file of this process grows beyond that one's size; the kernel refuses, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def _as_somebody_else(folder: Path) -> Iterator[None]:
    """The folder and its files may be read and not written, also where the test runs as root."""
    kept = {path: path.stat().st_mode for path in (folder, *folder.iterdir())}
    for path in kept:
        path.chmod(0o555 if path.is_dir() else 0o444)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        for path, mode in kept.items():
            path.chmod(mode)


def _flipped(cell: bytes) -> bytes:
    middle = len(cell) // 2
    return cell[:middle] + bytes([cell[middle] ^ 1]) + cell[middle + 1 :]


def _say(bot: Installation, who: str, words: str, number: int = 0) -> str:
    """What the bot says, to ``who`` in private, when it is started and told this."""
    place = Place("memory", f"@{who}", direct=True)
    with bot.app() as (app, _, home):
        said = Invocation(f"late:{who}:{number}:{words[:20]!r}", who, who, place, words, app.clock.now(), Source.TYPED)

        async def story() -> list[str]:
            await app.start()
            known = len(home.server.messages())
            await app.receive(said)
            return [message.text for message in home.server.messages()[known:]]

        return "\n".join(asyncio.run(story()))


def _answers(bot: Installation) -> bool:
    return "tasks overdue" in _say(bot, "carla", "help tasks")
