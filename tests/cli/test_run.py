"""`confer run`: starts only on what is its own, hears standard input, stops with nothing half done."""

import asyncio
import re
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.cli import serve
from storage.database import Database
from storage.keys import RootKey
from storage.migrate import Revision, revision
from tests.cli.conftest import PATIENCE, Command, StartBot, contents

TEAM = ("/as dana", "/room case-room", '!confer team create "North clinic"')
MOST_MEMORY = 120 * 1024  # KiB


def test_it_serves_goes_on_after_the_input_ends_and_stops_well(house: Path, start: StartBot, command: Command) -> None:
    """One life: start, a command, the end of input, SIGTERM; the audit chain has its signed mark, exit status 0."""
    bot = start(house)
    bot.runs()
    assert "confer: no chat service is configured yet" in bot.err.read_text()
    bot.types(*TEAM)
    bot.says("is its coordinator")
    bot.types("/clock +2h")
    bot.says("! The clock of a running bot is the machine's own.")
    bot.hangs_up()
    said = command("audit", "verify", "--config", house / "confer.toml")  # beside the running bot
    assert (said.status, said.err) == (0, "")
    assert bot.process.poll() is None
    assert bot.stops() == 0
    assert (house / "audit-checkpoints.jsonl").read_text().count('"team"') == 1
    assert not (house / "confer.db-wal").exists()


def test_a_timer_fires_in_real_time_and_the_team_is_there_after_a_restart(house: Path, start: StartBot) -> None:
    bot = start(house, CONFER_MEETINGS_REMIND="58s", CONFER_MEETINGS_LOCK="59s")
    bot.types(*TEAM)
    bot.says("is its coordinator")
    assert bot.stops(signal.SIGINT) == 0
    bot = start(house, CONFER_MEETINGS_REMIND="58s", CONFER_MEETINGS_LOCK="59s")
    bot.types("/as dana", "/room case-room", '!confer meeting schedule "Huddle" in 1m for 15m')
    bot.hangs_up()
    bot.says("begins")
    assert bot.stops() == 0


def test_an_idle_bot_is_small_and_alone_on_its_file(house: Path, start: StartBot, command: Command) -> None:
    bot = start(house)
    bot.runs()
    said = command("run", "--config", house / "confer.toml")
    assert said.status == 1
    assert said.err == f"confer: Another Confer process is using {house / 'confer.db'}; stop it first.\n"
    status = Path(f"/proc/{bot.process.pid}/status")
    if not status.exists():
        pytest.skip("only Linux tells a process's memory so")
    resident = re.search(r"VmRSS:\s*(\d+) kB", status.read_text())
    assert resident
    assert int(resident[1]) <= MOST_MEMORY


def test_its_log_is_where_its_words_are_not(house: Path, start: StartBot) -> None:
    """Standard output has the chat, standard error only ids and kinds, at the level of the settings."""
    bot = start(house, CONFER_LOG_LEVEL="debug")
    bot.types(*TEAM, '!confer task add "Zebra finch" due fri')
    bot.says("T-1")
    assert bot.stops() == 0
    assert "Zebra" in bot.out.read_text()
    assert "Zebra" not in bot.err.read_text()
    assert "INFO bot.cli.serve: stopped" in bot.err.read_text()


# -- what it refuses ---------------------------------------------------------------------------------------------


def crashed(house: Path, start: StartBot) -> None:
    """Leave behind what a killed bot does."""
    bot = start(house)
    bot.types(*TEAM)
    bot.says("is its coordinator")
    bot.process.kill()
    bot.process.wait()
    assert (house / "confer.db-wal").stat().st_size
    for path in (bot.out, bot.err):
        path.unlink()


def wrong(house: Path) -> None:
    (house / "confer.key").unlink()
    RootKey.new().save(house / "confer.key")


def missing(house: Path) -> None:
    (house / "confer.key").unlink()


def open_to_all(house: Path) -> None:
    (house / "confer.key").chmod(0o644)


def no_key(house: Path) -> None:
    (house / "confer.key").write_text("hunter2\n")


@pytest.mark.parametrize("spoil", [wrong, missing, open_to_all, no_key])
def test_without_the_right_key_nothing_starts_and_nothing_is_written(
    house: Path, command: Command, spoil: Callable[[Path], None]
) -> None:
    spoil(house)
    before = contents(house)
    said = command("run", "--config", house / "confer.toml")
    assert said.status == 1
    assert re.fullmatch(r"confer: [^\n]*key[^\n]*\n", said.err)
    assert "hunter2" not in said.err
    assert contents(house) == before


def test_after_a_crash_too_a_wrong_key_writes_nothing(house: Path, start: StartBot, command: Command) -> None:
    crashed(house, start)
    right = (house / "confer.key").read_text()
    wrong(house)
    before = contents(house)
    said = command("run", "--config", house / "confer.toml")
    assert "This key does not belong to this database" in said.err
    assert contents(house) == before
    (house / "confer.key").write_text(right)
    bot = start(house)
    bot.types("/as dana", "/room case-room", "!confer team")
    bot.says("North clinic")


def stamp(house: Path, revision: str | None) -> None:
    with sqlite3.connect(house / "confer.db") as database:
        database.execute("DELETE FROM alembic_version")
        if revision:
            database.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
    database.close()


def test_a_database_of_a_newer_version_is_refused(house: Path, command: Command) -> None:
    stamp(house, "9999")
    for name in ("run", "migrate", "doctor"):
        said = command(name, "--config", house / "confer.toml")
        assert said.status == 1
        assert "made by a newer Confer; use that one." in said.err + said.out


def test_a_running_bot_stops_where_it_was_migrated_away(
    house: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on while the schema is its own, and says in a sentence why it stops once it is not."""
    looks = []

    def looked(database: Database) -> str | None:
        looks.append(found := revision(database))
        return found

    async def guarded() -> None:
        stop = asyncio.Event()
        with Database.open(house / "confer.db") as database:
            guarding = asyncio.create_task(serve.stop_at_other_schema(database, stop, every=0))
            async with asyncio.timeout(PATIENCE):
                while len(looks) < 2:  # noqa: ASYNC110 - another thread looks
                    await asyncio.sleep(0.001)
                assert not stop.is_set()
                stamp(house, "9999")
                await guarding
            assert stop.is_set()

    monkeypatch.setattr(serve, "revision", looked)
    asyncio.run(guarded())
    assert "was migrated for another version of Confer" in capsys.readouterr().err


def test_without_tables_migrate_is_named_and_does_it(house: Path, command: Command, start: StartBot) -> None:
    (house / "confer.db").write_bytes(b"")
    said = command("run", "--config", house / "confer.toml")
    assert said.status == 1
    assert "`confer migrate`" in said.err
    said = command("migrate", "--config", house / "confer.toml")
    assert (said.status, said.err) == (0, "")
    start(house).runs()


def test_a_database_of_an_older_version_names_migrate(
    house: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.cli.opened.state", lambda _: Revision.OLDER)
    said = command("run", "--config", house / "confer.toml")
    assert said.status == 1
    assert said.err == f"confer: {house / 'confer.db'} is of an older Confer; `confer migrate` brings it up to date.\n"


def test_another_programmes_database_is_refused(house: Path, command: Command) -> None:
    (house / "confer.db").unlink()
    with sqlite3.connect(house / "confer.db") as database:
        database.execute("CREATE TABLE letters (id)")
    database.close()
    for name in ("run", "migrate"):
        said = command(name, "--config", house / "confer.toml")
        assert said.status == 1
        assert "belongs to another program" in said.err


def test_a_database_that_is_not_there_is_not_made(house: Path, command: Command) -> None:
    (house / "confer.db").unlink()
    (house / "confer.db.lock").unlink()
    before = contents(house)
    for name in ("run", "migrate"):
        said = command(name, "--config", house / "confer.toml")
        assert said.status == 1
        assert said.err == f"confer: There is no database at {house / 'confer.db'}. `confer init` makes one.\n"
    assert contents(house) == before


def test_a_wrong_configuration_is_status_2_without_a_traceback(house: Path, command: Command) -> None:
    (house / "confer.toml").write_text("[bot]\nzonee = 1\n[log]\nlevel = 3\n")
    said = command("run", "--config", house / "confer.toml")
    assert said.status == 2
    assert [line.split(": ", 2)[2] for line in said.err.splitlines()] == [
        "[bot] zonee: there is no such setting; did you mean zone?",
        "[log] level: expected a text in quotes",
    ]


def test_the_folder_and_the_variable_name_the_configuration(
    house: Path, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "confer.toml").write_text("[here]\n")
    monkeypatch.chdir(tmp_path)
    assert "[here]" in command("run").err
    (house / "confer.toml").write_text("[there]\n")
    monkeypatch.setenv("CONFER_CONFIG", str(house / "confer.toml"))
    assert "[there]" in command("run").err
    assert "[here]" in command("run", "--config", "confer.toml").err
