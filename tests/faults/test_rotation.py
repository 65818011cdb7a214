"""Killed while a team's key is changed: all of its fields open, under the old key or under the new one."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from storage.database import Database
from storage.keys import KeyRing, RootKey
from storage.store import Store
from tests.faults.conftest import Begin

ROTATE = """
import sys
from storage.keys import KeyRing, RootKey
from storage.store import Store
from tests.conversations.harness import START
from tests.faults.steps import SteppedDatabase, Switch
url, root, step = sys.argv[1:]
with SteppedDatabase.open(url) as database:
    database.switch = Switch(name=step)
    ring = KeyRing(RootKey.read(root))
    with database.transaction() as connection:
        (team,) = Store(connection, ring).team_ids()
        ring.rotate_team(connection, team, START)
"""


@pytest.mark.parametrize("step", ["after begin", "before commit", "after commit"])
def test_a_killed_rotation_leaves_every_field_readable(begin: Begin, step: str) -> None:
    bot = begin()
    bot.runs_to_the_end()
    expected = bot.trace()
    killed = subprocess.run([sys.executable, "-c", ROTATE, bot.url, bot.root, step], cwd=Path.cwd(), check=False)
    assert killed.returncode == -signal.SIGKILL
    assert bot.trace() == expected
    ring = KeyRing(RootKey.read(bot.root))
    with Database.open(bot.url) as database, database.reading() as connection:
        house = Store(connection, ring)
        (team,) = house.team_ids()
        store = house.of_team(team)
        assert {m.account for m in store.members.all()} == {"carla", "pat", "sol", "nora"}
        assert store.tasks.all()[0].outcome == "scar mobile and painless"
