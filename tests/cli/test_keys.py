"""`confer keys`: everything opens under the new keys, nothing under the former ones, and a kill loses nothing."""

import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cli.keys import ACT
from storage.audit import entries
from storage.database import Database
from storage.keys import KeyRing, RootKey, WrongKey
from storage.leases import Leases
from storage.store import HOUSE, Store
from tests.cli.conftest import CHECKOUT, Bot, Command, Said, StartBot, environment

KILLED = """
import bot.cli.opened, storage.checkpoints, sys
from tests.faults.steps import SteppedDatabase, Switch
from bot.cli import main
step, *words = sys.argv[1:]
SteppedDatabase.switch = Switch(name=step)
bot.cli.opened.Database = SteppedDatabase
hand_over = storage.checkpoints.Checkpoints.hand_over
def last(*arguments):
    made = hand_over(*arguments)
    SteppedDatabase.switch("after handing over")
    return made
storage.checkpoints.Checkpoints.hand_over = last
sys.exit(main(words))
"""


@pytest.fixture
def lived_in(house: Path, start: StartBot) -> Path:
    """A house with a team and marks of its audit trail."""
    bot = start(house)
    bot.runs()
    begin(bot, "North clinic", "north")
    assert bot.stops() == 0
    return house


def begin(bot: Bot, team: str, room: str) -> None:
    bot.types("/as carla", f"/room {room}", f'!confer team create "{team}" zone America/New_York')
    bot.says("is its coordinator")


def keys(house: Path, command: Command, *words: str) -> Said:
    return command("keys", *words, "--config", house / "confer.toml")


def names(house: Path, key: str = "confer.key") -> list[str]:
    """The names of all teams, which are sealed fields."""
    ring = KeyRing(RootKey.load(house / key))
    with Database.open(house / "confer.db", exclusive=False) as database, database.reading() as connection:
        ring.check(connection)
        store = Store(connection, ring)
        return [team.name for one in store.team_ids() for team in store.of_team(one).teams.all()]


def changes(house: Path, team: str) -> list[tuple[str, str]]:
    with Database.open(house / "confer.db", exclusive=False) as database, database.reading() as connection:
        return [(row.entry.act, row.entry.subject) for row in entries(connection, team) if row.entry.act == ACT]


def team_of(house: Path) -> str:
    with Database.open(house / "confer.db", exclusive=False) as database, database.reading() as connection:
        (team,) = Store(connection, KeyRing(RootKey.new())).team_ids()
        return team


def name_key(house: Path, key: str) -> None:
    file = house / "confer.toml"
    file.write_text(file.read_text().replace('key = "file:confer.key"', f'key = "file:{key}"'))


def test_their_age_is_shown(lived_in: Path, command: Command) -> None:
    said = keys(lived_in, command)
    assert said.status == 0
    assert "no team's: key 1, made " in said.out
    assert f"team {team_of(lived_in)}: key 1, made " in said.out
    assert "root key: file:confer.key" in said.out


def test_every_team_gets_a_new_key_while_the_bot_runs(lived_in: Path, start: StartBot, command: Command) -> None:
    """What the bot has in mind goes on, what it begins afterwards too."""
    bot = start(lived_in)
    bot.runs()
    said = keys(lived_in, command, "rotate")
    assert (said.status, said.out) == (0, "2 keys are new; the former ones are erased.\n")
    begin(bot, "South clinic", "south")
    assert bot.stops() == 0
    assert "key 2" in keys(lived_in, command).out
    assert set(names(lived_in)) == {"North clinic", "South clinic"}
    assert changes(lived_in, HOUSE) == [(ACT, "team")]
    assert command("audit", "verify", "--config", lived_in / "confer.toml").status == 0


def test_another_root_key_opens_all_and_the_former_nothing(lived_in: Path, command: Command) -> None:
    said = keys(lived_in, command, "root", "--to", "file:next.key")
    assert said.status == 0
    assert 'key = "file:next.key"' in said.out
    assert names(lived_in, "next.key") == ["North clinic"]
    with pytest.raises(WrongKey):
        names(lived_in)
    name_key(lived_in, "next.key")
    verdict = command("audit", "verify", "--config", lived_in / "confer.toml")
    assert verdict.status == 0, verdict.out
    assert changes(lived_in, HOUSE) == [(ACT, "root")]


@pytest.mark.parametrize("step", ["after begin", "before commit", "after commit", "after handing over"])
def test_killed_it_goes_on(lived_in: Path, command: Command, step: str) -> None:
    words = ["keys", "root", "--to", "file:next.key", "--config", str(lived_in / "confer.toml")]
    killed = subprocess.run([sys.executable, "-c", KILLED, step, *words], cwd=CHECKOUT, env=environment(), check=False)
    assert killed.returncode == -signal.SIGKILL
    assert command(*words).status == 0
    assert names(lived_in, "next.key") == ["North clinic"]
    name_key(lived_in, "next.key")
    verdict = command("audit", "verify", "--config", lived_in / "confer.toml")
    assert verdict.status == 0, verdict.out
    assert changes(lived_in, HOUSE) == [(ACT, "root")]


def test_a_house_without_a_bot_so_far(house: Path, command: Command) -> None:
    assert "no team's: key 1" in keys(house, command).out
    assert keys(house, command, "root", "--to", "file:next.key").status == 0
    name_key(house, "next.key")
    assert command("doctor", "--config", house / "confer.toml").status == 0


def test_not_while_somebody_works(lived_in: Path, start: StartBot, command: Command) -> None:
    bot = start(lived_in)
    bot.runs()
    said = keys(lived_in, command, "root", "--to", "file:next.key")
    assert said.status == 1
    assert "stop it first" in said.err
    assert bot.stops() == 0
    with Database.open(lived_in / "confer.db") as database, database.transaction() as connection:
        Leases(connection, "another", datetime.now(UTC)).take("some work", timedelta(minutes=5))
    said = keys(lived_in, command, "root", "--to", "file:next.key")
    assert said.status == 1
    assert "an instance of the bot runs" in said.err
    assert names(lived_in) == ["North clinic"]


def test_not_while_something_waits_under_the_former_key(lived_in: Path, command: Command) -> None:
    (lived_in / "slack-inbox").write_bytes(b"something sealed")
    said = keys(lived_in, command, "root", "--to", "file:next.key")
    assert said.status == 1
    assert "not carried out yet" in said.err
    assert (lived_in / "slack-inbox").read_bytes() == b"something sealed"
    assert not (lived_in / "next.key").exists()


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("confer-key-1:oops", "say where the secret is"),
        ("file:confer.key", "is the key that is in use"),
        ("env:NO_SUCH_VARIABLE", "is not set"),
    ],
)
def test_a_wrong_place_is_told(lived_in: Path, command: Command, to: str, words: str) -> None:
    said = keys(lived_in, command, "root", "--to", to)
    assert said.status != 0
    assert words in said.err
    assert "oops" not in said.err
    assert names(lived_in) == ["North clinic"]


def test_neither_key_fits(lived_in: Path, command: Command) -> None:
    """A key of another house changes nothing."""
    (lived_in / "confer.key").unlink()
    RootKey.new().save(lived_in / "confer.key")
    said = keys(lived_in, command, "root", "--to", "file:next.key")
    assert said.status == 1
    assert "does not belong to this database" in said.err
