"""`confer run`, watched: /metrics, /healthz, /readyz, systemd's socket, a stop with a slow platform."""

import asyncio
import re
import signal
import socket
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import PATIENCE, Command, StartBot
from tests.cli.test_run import TEAM
from tests.slack.harness import until
from tests.slack.programme import installation


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def asked(port: int, page: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def value(page: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", page, re.MULTILINE)
    assert found, f"no {name} in:\n{page}"
    return float(found[1])


def counted(port: int, name: str, number: int) -> str:
    """The page, once this has been counted so often."""
    end = time.monotonic() + PATIENCE
    while f"\n{name} " not in (page := asked(port, "metrics")[1]) or value(page, name) < number:
        assert time.monotonic() < end, f"{name} did not come to {number}:\n{page}"
        time.sleep(0.05)
    return page


def test_a_running_bot_says_how_it_is(house: Path, start: StartBot, port: int) -> None:
    """Commands are counted by word and outcome, nothing of a person or of what they said is in a label."""
    bot = start(house, CONFER_OPERATIONS_LISTEN=f"127.0.0.1:{port}")
    bot.types(*TEAM, '!confer task add "Zebra finch" due fri', "!confer quaggapatient", "!confer task done T-77")
    bot.says("T-77")
    page = counted(port, "confer_command_seconds_count", 4)
    assert asked(port, "healthz") == (200, "ok\n")
    assert asked(port, "readyz") == (200, "ok\n")
    assert value(page, 'confer_commands_total{outcome="done",word="team create"}') == 1
    assert value(page, 'confer_commands_total{outcome="done",word="task add"}') == 1
    assert value(page, 'confer_commands_total{outcome="refused",word="task done"}') == 1
    assert value(page, 'confer_commands_total{outcome="refused",word="?"}') == 1
    page = counted(port, 'confer_delivery_lateness_seconds_count{platform="console"}', 4)
    assert value(page, "confer_timers_pending") >= 1
    assert value(page, "confer_dead_letters") == 0
    assert value(page, 'confer_breaker_open{platform="console"}') == 0
    assert value(page, 'confer_breaker_failures{platform="console"}') == 0
    assert value(page, 'confer_lease_held{lease="housekeeping"}') == 1
    assert value(page, "confer_database_answer_seconds_count") >= 1
    assert 'confer_build_info{python="' in page
    labels = set(re.findall(r'(\w+)="', page))
    assert labels <= {"outcome", "word", "platform", "state", "lease", "le", "version", "python", "generation",
                      "implementation", "major", "minor", "patchlevel"}  # fmt: skip
    with sqlite3.connect(house / "confer.db") as database:
        (team,) = database.execute("SELECT team FROM teams").fetchone()
    database.close()
    for planted in ("Zebra", "finch", "quagga", "dana", "case-room", "North", team):
        assert planted not in page
    assert asked(port, "elsewhere")[0] == 404


def test_readiness_names_what_is_wrong(house: Path, start: StartBot, port: int) -> None:
    """A migration that is missing, then a notice that was due long ago; the bot stays alive."""
    bot = start(house, CONFER_OPERATIONS_LISTEN=f"127.0.0.1:{port}", CONFER_OPERATIONS_LATE="1m")
    bot.types(*TEAM)
    bot.says("is its coordinator")
    assert asked(port, "readyz") == (200, "ok\n")
    with changed(house) as database:
        (revision,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
        database.execute("UPDATE alembic_version SET version_num = '0000'")
    migration = "the database is not at the revision of this version; run `confer migrate`\n"
    assert asked(port, "readyz") == (503, migration)
    with changed(house) as database:
        database.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        # Due on a platform that nobody serves: it waits and waits.
        database.execute(
            "UPDATE notices SET state = 'new', platform = 'quill', due_at = datetime('now', '-1 hour') WHERE id = 1"
        )
    status, said = asked(port, "readyz")
    assert status == 503
    assert re.fullmatch(r"what was due 36\d\d s ago still waits\n", said)
    _, page = asked(port, "metrics")
    assert value(page, 'confer_notices{platform="quill",state="new"}') == 1
    assert value(page, "confer_oldest_due_seconds") >= 3600
    assert asked(port, "healthz") == (200, "ok\n")


@contextmanager
def changed(house: Path) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(house / "confer.db")
    with database:
        yield database
    database.close()


@pytest.mark.parametrize(
    ("listen", "said"),
    [
        ("0.0.0.0:9464", "0.0.0.0 can be reached by others"),
        ("[::]:9464", ":: can be reached by others"),
        ("metrics.example.org:9464", "metrics.example.org can be reached by others"),
        ("9464", "expected address:port"),
        ("127.0.0.1:http", "expected address:port"),
    ],
)
def test_an_address_that_others_reach_is_refused(house: Path, command: Command, listen: str, said: str) -> None:
    (house / "confer.toml").write_text(f'[operations]\nlisten = "{listen}"\n')
    told = command("run", "--config", house / "confer.toml")
    assert told.status == 2
    assert said in told.err


def test_another_interface_is_had_by_saying_so(house: Path, start: StartBot, port: int) -> None:
    bot = start(house, CONFER_OPERATIONS_LISTEN=f"0.0.0.0:{port}", CONFER_OPERATIONS_OPEN="true")
    bot.runs()
    assert asked(port, "healthz") == (200, "ok\n")


def test_systemd_is_told_of_start_life_and_stop(house: Path, tmp_path: Path, start: StartBot) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(PATIENCE)
        bot = start(house, NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="4000000")
        heard = {listening.recv(100) for _ in range(3)}
        assert heard == {b"READY=1\nSTATUS=running", b"WATCHDOG=1"}
        assert bot.stops() == 0
        last = listening.recv(100)
        while last == b"WATCHDOG=1":
            last = listening.recv(100)
        assert last == b"STOPPING=1\nSTATUS=finishing what is being sent"


def test_a_frozen_bot_says_so_when_it_wakes(house: Path, start: StartBot) -> None:
    bot = start(house)
    bot.runs()
    bot.process.send_signal(signal.SIGSTOP)
    with pytest.raises(TimeoutError):  # nothing can be waited for but the time itself
        asyncio.run(_nothing_for(7))
    bot.process.send_signal(signal.SIGCONT)
    assert re.search(r"WARNING bot.health: the programme stood still for \d+ s", bot.says("stood still", bot.err))
    assert bot.stops() == 0


async def _nothing_for(seconds: float) -> None:
    async with asyncio.timeout(seconds):
        await asyncio.get_running_loop().create_future()


# -- a stop ------------------------------------------------------------------------------------------------------


def test_a_stop_finishes_what_a_slow_service_is_being_told(tmp_path: Path) -> None:
    """SIGTERM while a post is on its way: it arrives, once, is noted as sent, and the exit status is 0."""

    async def story() -> None:
        async with installation(tmp_path / "house") as (process, people):
            channel = people.channel("ward", "carla")
            await process.start()
            people.slack.faults.on("chat.postMessage", "delay", value=3.0)
            saying = asyncio.create_task(people.says("carla", channel, '@confer team create "North clinic" zone UTC'))
            await until(lambda: people.slack.faults.calls["chat.postMessage"][0].times == 0)
            assert await process.stop() == 0
            await saying
            told = [m for m in channel.messages if m.bot_id and "coordinator" in str(m)]
            assert len(told) == 1
            with changed(tmp_path / "house") as database:
                left = database.execute("SELECT count(*) FROM notices WHERE state IN ('new', 'sending')").fetchone()
            assert left == (0,)

    async def whole() -> None:
        async with asyncio.timeout(60):
            await story()

    asyncio.run(whole())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(tmp_path: Path, number: signal.Signals) -> None:
    """The service would take a minute: the stop waits for it, the second signal does not."""

    async def story() -> None:
        async with installation(tmp_path / "house") as (process, people):
            channel = people.channel("ward", "carla")
            await process.start()
            people.slack.faults.on("chat.postMessage", "delay", value=60.0)
            saying = asyncio.create_task(people.says("carla", channel, '@confer team create "North clinic" zone UTC'))
            await until(lambda: people.slack.faults.calls["chat.postMessage"][0].times == 0)
            process.send_signal(number)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1.0):
                    await process.wait()
            process.send_signal(number)
            async with asyncio.timeout(5.0):
                assert await process.wait() == -number
            saying.cancel()

    async def whole() -> None:
        async with asyncio.timeout(60):
            await story()

    asyncio.run(whole())
