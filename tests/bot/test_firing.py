"""Timers, where the disk fails under them."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.app import App, begin_house
from bot.clock import MovableClock
from bot.fire import Firing
from bot.settings import Settings
from conference.people import Account, Team, TeamId
from storage.database import Database
from storage.keys import KeyRing, RootKey
from storage.migrate import migrate
from storage.store import Store
from storage.timers import due_timers

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def test_what_sqlite_has_rolled_back_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A tick says that it waits, nothing is written outside of a transaction, and the timer stays."""
    ring = KeyRing(RootKey.new())

    def breaks(firing: Firing) -> None:
        firing.store.connection.connection.rollback()
        raise OSError("Maria Lopez")

    monkeypatch.setattr("bot.app.fire", breaks)
    with Database.open(tmp_path / "confer.db") as database:
        migrate(database)
        begin_house(database, ring, NOW)
        with database.transaction() as connection:
            team = Team(TeamId("north"), "North", "UTC", "memory", "north", NOW, Account("carla"))
            Store(connection, ring).begin_team(team, NOW).timers.plan("T-1", {"task-due": LATER}, NOW)
        asyncio.run(App(database, ring, Settings(), MovableClock(LATER), {}).tick())
        with database.reading() as connection:
            assert [timer.subject for timer in due_timers(connection, LATER)] == ["T-1"]
    assert "a tick waits for the database: DatabaseTrouble" in caplog.text
    assert "Maria" not in caplog.text
