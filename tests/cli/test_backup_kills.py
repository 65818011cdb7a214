"""kill -9 while a backup is written or put back, on each engine."""

import signal
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from storage.checkpoints import Checkpoints
from storage.database import Database
from storage.keys import KeyRing, RootKey
from storage.store import HOUSE, Store
from tests.cli.conftest import CONFER, PATIENCE, Command, StartBot, environment
from tests.cli.test_backup import backed_up, served
from tests.cli.test_run import TEAM


@pytest.fixture
def kept(engine: str, url: str, tmp_path: Path, command: Command) -> Path:
    """An installation with a backup key."""
    folder = tmp_path / "house"
    where = ("--database", url) if engine == "postgresql" else ()
    assert command("init", folder, *where).status == 0
    assert command("backup", "--new-key", "--config", folder / "confer.toml").status == 0
    return folder


def test_a_kill_leaves_the_old_or_the_new(kept: Path, engine: str, url: str, start: StartBot, command: Command) -> None:
    """Wherever a backup or a restore is killed: only whole backups have a name, and the database is one of the two."""
    database = url if engine == "postgresql" else f"sqlite:///{kept / 'confer.db'}"
    served(kept, start, *TEAM, '!confer task add "in the backup" due fri', until="T-1")
    saved = backed_up(kept, command)
    served(kept, start, "/as dana", "/room case-room", '!confer task add "only in the old" due fri', until="T-2")
    config = kept / "confer.toml"
    begun = time.monotonic()
    assert command("backup", "--config", config, "--to", kept / "timed.backup").status == 0
    whole = time.monotonic() - begun + 1.0  # a process has to start first
    for step in range(1, 7):
        killed_after(whole * step / 6, "backup", "--config", config, "--to", kept / f"k{step}.backup")
        if (kept / f"k{step}.backup").exists():
            proof = command("restore", kept / f"k{step}.backup", "--config", config, "--replace")
            assert proof.status == 0, proof.err
            assert count(database) == 2
    for step in range(1, 9):
        killed_after(whole * step / 6, "restore", saved, "--config", config, "--replace")
        assert count(database) in (1, 2)
        assert command("doctor", "--config", config).status == 0
        assert command("audit", "verify", "--config", config).status == 0
    assert command("restore", saved, "--config", config, "--replace").status == 0
    assert count(database) == 1
    assert not list(kept.glob(".confer-work-*"))


def test_cut_off_right_after_its_transaction(
    kept: Path, engine: str, url: str, start: StartBot, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The marks outside know of the restore as soon as the rows do, and whoever calls again finishes it."""
    served(kept, start, *TEAM, until="is its coordinator")
    saved = backed_up(kept, command)
    served(kept, start, "/as dana", "/room case-room", '!confer task add "only in the old" due fri', until="T-1")
    config = kept / "confer.toml"
    _mark(kept, url if engine == "postgresql" else f"sqlite:///{kept / 'confer.db'}")

    def cut(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("bot.cli.restore._hold", cut)
        assert command("restore", saved, "--config", config, "--replace").status == 130
    assert command("audit", "verify", "--config", config).status == 0
    assert command("restore", saved, "--config", config, "--replace").status == 0
    assert command("audit", "verify", "--config", config).status == 0


def _mark(house: Path, database: str) -> None:
    """Attest where every chain ends now, beyond the backup."""
    root, now = RootKey.load(house / "confer.key"), datetime.now(UTC)
    with Database.open(database, exclusive=False) as opened, opened.reading() as connection:
        for team in (HOUSE, *Store(connection, KeyRing(root)).team_ids()):
            Checkpoints(house / "audit-checkpoints.jsonl", root).write(connection, team, now)


def count(database: str) -> int:
    with Database.open(database, exclusive=False) as opened, opened.reading() as connection:
        return int(connection.execute(text("SELECT count(*) FROM tasks")).scalar_one())


def killed_after(seconds: float, *words: str | Path) -> None:
    process = subprocess.Popen(
        [*CONFER, *map(str, words)], env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE)
