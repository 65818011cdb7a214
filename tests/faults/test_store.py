"""A database that is locked, full, read-only, torn or changed by a flipped bit; commands that are poison; a crash loop."""

import asyncio
import os
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from adapters.platform import Invocation, Place, Source
from storage.audit import verify
from storage.database import Database, DatabaseTrouble
from storage.keys import KeyRing, RootKey
from storage.seal import SealBroken
from storage.store import Store
from tests.engines import AUDIT_TRIGGERS, only_sqlite
from tests.faults import breaking
from tests.faults.bot import Home, play
from tests.faults.checks import Trace
from tests.faults.conftest import Begin, Installation
from tests.faults.script import PLANTED

Calm = tuple[Trace, list[str]]
LOCKED = float(os.environ.get("CONFER_LOCKED", "2"))
"""Seconds that somebody else holds the database; the soak takes 30."""
NOBODY = 65534


def test_a_locked_database_is_waited_for(begin: Begin, undisturbed: Calm) -> None:
    bot = begin()
    with bot.app(patience=0.1) as (app, _, home):
        let_go = threading.Event()

        async def hand_in(invocation: Invocation) -> None:
            if home.acknowledged == 7:
                held = threading.Event()
                threading.Thread(target=breaking.hold, args=(bot.url, held, let_go, LOCKED + 20)).start()
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
                with breaking.full(bot.url):
                    with pytest.raises(DatabaseTrouble, match=r"disk .* full"):
                        await app.receive(invocation)
                    refused += 1
            await app.receive(invocation)  # what was not acknowledged comes again

        asyncio.run(play(app, home, hand_in=hand_in))
        assert refused == 1
    assert bot.trace() == undisturbed[0]


@only_sqlite
def test_a_read_only_disk_is_said_in_a_sentence(begin: Begin) -> None:
    bot = begin()
    folder = breaking.file_of(bot.url).parent
    with _as_somebody_else(folder), pytest.raises(DatabaseTrouble, match="cannot be opened"):
        Database.open(bot.url)
    bot.runs_to_the_end()


@only_sqlite
def test_a_torn_log_opens_to_a_whole_beginning(begin: Begin) -> None:
    """After a kill the log's end may be missing: what was committed before the tear stands, and the bot goes on."""
    chance = random.Random(5)
    for _ in range(4):
        bot = begin()
        assert bot.runs(kill_at=200) == -signal.SIGKILL
        log = Path(f"{breaking.file_of(bot.url)}-wal")
        os.truncate(log, chance.randrange(log.stat().st_size))
        found = bot.trace()  # the chain verifies and the pages are whole
        assert "escalated" not in str(found.acts)
        assert _answers(bot)


def test_a_flipped_bit_is_found_and_shows_nothing(begin: Begin) -> None:
    """In a sealed case: that case alone is refused. In an audit row: verifying names the row."""
    bot = begin()
    bot.runs_to_the_end()
    with _changing(bot) as connection:
        ref, body = connection.execute(text("SELECT ref, body FROM cases")).one()
        connection.execute(text("UPDATE cases SET body = :body"), {"body": _flipped(body)})
    shown = _say(bot, "pat", f"case {ref}")
    assert shown
    assert not any(words in shown for words in PLANTED)
    assert _say(bot, "pat", "tasks") != shown
    with _changing(bot) as connection:
        for statement in AUDIT_TRIGGERS[connection.dialect.name]:
            connection.exec_driver_sql(statement)
        connection.execute(text("UPDATE audit SET outcome = 'refused' WHERE seq = 5 AND team != ''"))
    with Database.open(bot.url) as database, database.reading() as connection:
        ring = KeyRing(RootKey.read(bot.root))
        (team,) = Store(connection, ring).team_ids()
        assert verify(connection, ring, team).first_bad == 5


def test_a_flipped_bit_in_a_key_stops_the_bot_before_it_speaks(begin: Begin) -> None:
    bot = begin()
    bot.runs_to_the_end()
    before = Home(bot.folder).server.path.read_text()
    with _changing(bot) as connection:
        for (key,) in connection.execute(text("SELECT wrapped FROM keys")).all():
            new = {"former": key, "new": _flipped(key)}
            connection.execute(text("UPDATE keys SET wrapped = :new WHERE wrapped = :former"), new)
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


@contextmanager
def _changing(bot: Installation) -> Iterator[Connection]:
    """As somebody who has the database and not its keys."""
    with Database.open(bot.url) as database, database.transaction() as connection:
        yield connection


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
