"""`confer backup` and `confer restore`: online, sealed, proven; all or nothing; what was erased stays erased."""

import json
import os
import re
import sqlite3
import subprocess
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cli.restore import _kept
from storage.database import Database
from storage.keys import KeyRing, RootKey
from storage.sealed_file import PIECE, BackupBroken, SealedReader, SealedWriter
from storage.store import Store
from tests.cli.conftest import CONFER, Command, StartBot, environment
from tests.cli.test_run import TEAM
from tests.postgres import Server, name_of

PLANTED = "Zebra finch quarrel"
CASE = ("/dm", f'case submit "{PLANTED} at the harvest"', "/fill")


@pytest.fixture
def kept(house: Path, command: Command) -> Path:
    """An installation with a backup key."""
    assert command("backup", "--new-key", "--config", house / "confer.toml").status == 0
    return house


def backed_up(house: Path, command: Command) -> Path:
    said = command("backup", "--config", house / "confer.toml")
    assert (said.status, said.err) == (0, "")
    return sorted((house / "backups").glob("confer-*.backup"))[-1]


def served(house: Path, start: StartBot, *lines: str, until: str = "is its coordinator") -> None:
    """A bot that hears these lines, and is stopped."""
    bot = start(house)
    bot.types(*lines)
    bot.says(until)
    assert bot.stops() == 0


def asked(house: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(house / "confer.db")) as database:
        return database.execute(sql).fetchall()


# -- the drill ---------------------------------------------------------------------------------------------------


def test_a_drill(kept: Path, start: StartBot, command: Command) -> None:
    """A bot talks, is backed up while it writes, is killed, loses its file; restored, it goes on, and the chain holds."""
    bot = start(kept)
    bot.types(*TEAM, *(f'!confer task add "first {n}" due fri' for n in range(20)))
    bot.says("first 19")
    saved = subprocess.Popen([*CONFER, "backup", "--config", str(kept / "confer.toml")], env=environment())
    n = 0
    while saved.poll() is None:
        n += 1
        bot.types(f'!confer task add "meanwhile {n}" due fri')
        bot.says(f"meanwhile {n}")
    assert saved.returncode == 0
    assert n > 1
    bot.types('!confer task add "afterwards" due fri')
    bot.says("afterwards")
    bot.process.kill()
    bot.process.wait()
    for path in kept.glob("confer.db*"):
        path.unlink()
    (file,) = (kept / "backups").glob("*.backup")
    said = command("restore", file, "--config", kept / "confer.toml")
    assert (said.status, said.err) == (0, "")
    assert "restored" in said.out
    assert "lost: the record of team" not in said.out  # its marks are written hourly, and none was
    assert command("audit", "verify", "--config", kept / "confer.toml").status == 0
    bot = start(kept)
    bot.types("/as dana", "/room case-room", "!confer tasks team", '!confer task add "onwards" due fri')
    assert "first 19" in bot.says("onwards")
    assert "afterwards" not in bot.says("onwards")
    assert bot.stops() == 0
    said = command("audit", "verify", "--config", kept / "confer.toml")
    assert said.status == 0, said.out


def test_a_lost_machine(kept: Path, tmp_path: Path, start: StartBot, command: Command) -> None:
    """With the two keys, the backup and the list of erasures everything comes back, the configuration too."""
    with (kept / "confer.toml").open("a") as file:
        file.write("# by hand\n")
    served(kept, start, *TEAM)
    saved, new = backed_up(kept, command), tmp_path / "new"
    new.mkdir()
    for name in ("confer.key", "backup.key", "erasures.jsonl"):
        (new / name).write_bytes((kept / name).read_bytes())
        (new / name).chmod(0o600)
    said = command("restore", saved, "--config", new / "confer.toml")
    assert (said.status, said.err) == (0, "")
    assert (new / "confer.toml").read_text().endswith("# by hand\n")
    assert {p.stat().st_mode & 0o777 for p in new.iterdir()} == {0o600}
    served(new, start, "/as dana", "/room case-room", "!confer team", until="North clinic")
    assert command("audit", "verify", "--config", new / "confer.toml").status == 0


@pytest.mark.postgres
def test_on_postgresql_too(
    kept: Path, tmp_path: Path, postgres: Server, command: Command, monkeypatch: pytest.MonkeyPatch, start: StartBot
) -> None:
    """From a file into a server, and from a server into itself: the same rows, a chain that holds and goes on."""
    served(kept, start, *TEAM, '!confer task add "from the file" due fri', until="T-1")
    saved = backed_up(kept, command)
    url = postgres.empty()
    monkeypatch.setenv("CONFER_STORAGE_DATABASE", url)
    config = kept / "confer.toml"
    (kept / "audit-checkpoints.jsonl").unlink()  # those of the file
    said = command("restore", saved, "--config", config)
    assert (said.status, said.err) == (0, "")
    said = command("restore", saved, "--config", config)
    assert said.status == 1
    assert "is there already; --replace puts the backup in its place." in said.err
    bot = start(kept, CONFER_STORAGE_DATABASE=url)
    bot.types("/as dana", "/room case-room", '!confer task add "onwards" due fri')
    bot.says("T-2")
    said = command("backup", "--config", config, "--to", tmp_path / "server.backup")  # beside the running bot
    assert (said.status, said.err) == (0, "")
    bot.types('!confer task add "afterwards" due fri')
    bot.says("T-3")
    assert bot.stops() == 0
    said = command("restore", tmp_path / "server.backup", "--config", config, "--replace")
    assert (said.status, said.err) == (0, "")
    assert postgres.execute("SELECT count(*) FROM tasks", name_of(url)) == [(2,)]
    said = command("audit", "verify", "--config", config)
    assert said.status == 0, said.out
    bot = start(kept, CONFER_STORAGE_DATABASE=url)
    bot.types("/as dana", "/room case-room", '!confer task add "once more" due fri')
    bot.says("T-3")
    assert bot.stops() == 0
    assert command("audit", "verify", "--config", config).status == 0
    postgres.drop(url)


# -- what a backup is --------------------------------------------------------------------------------------------


def test_it_is_sealed_private_and_without_keys(kept: Path, start: StartBot, command: Command) -> None:
    served(kept, start, *TEAM, *CASE, until="Preview")
    saved = backed_up(kept, command)
    body = saved.read_bytes()
    assert saved.stat().st_mode & 0o777 == 0o600
    for planted in (b"Zebra", b"dana", b"case-room", b"North", b"task add", (kept / "confer.key").read_bytes().strip()):
        assert planted not in body
    assert {p.name for p in saved.parent.iterdir()} == {saved.name}


def test_it_never_overwrites_and_wants_another_key_than_the_root(kept: Path, command: Command) -> None:
    (kept / "taken").write_text("mine")
    said = command("backup", "--config", kept / "confer.toml", "--to", kept / "taken")
    assert (said.status, said.err) == (1, f"confer: {kept / 'taken'} is there already; nothing was done.\n")
    (kept / "backup.key").write_bytes((kept / "confer.key").read_bytes())
    said = command("backup", "--config", kept / "confer.toml")
    assert said.status == 1
    assert "must not be the root key" in said.err
    assert not (kept / "backups").exists()


def test_without_a_backup_key_it_says_how_to_make_one(house: Path, command: Command) -> None:
    said = command("backup", "--config", house / "confer.toml")
    assert said.status == 1
    assert said.err.endswith("`confer backup --new-key` makes a backup key.\n")


def test_a_passphrase_will_do(kept: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFER_BACKUP_KEY", "env:SPOKEN")
    monkeypatch.setenv("SPOKEN", "too short")
    assert "at least 12 characters" in command("backup", "--config", kept / "confer.toml").err
    monkeypatch.setenv("SPOKEN", "correct horse battery staple")
    saved = backed_up(kept, command)
    monkeypatch.setenv("SPOKEN", "incorrect horse battery staple")
    said = command("restore", saved, "--config", kept / "confer.toml", "--replace")
    assert (said.status, said.err) == (1, "confer: This key does not open the backup, or it is damaged.\n")
    monkeypatch.setenv("SPOKEN", "correct horse battery staple")
    assert command("restore", saved, "--config", kept / "confer.toml", "--replace").status == 0


def test_old_backups_go_once_a_new_one_is_proven(kept: Path, command: Command) -> None:
    """Those of the folder alone, by what they say of themselves."""
    old = backed_up(kept, command)
    other = kept / "backups" / "confer-notes.backup"
    other.write_text("mine")
    time.sleep(1.1)  # the name of a backup has its second
    (kept / "confer.toml").write_text('[backup]\nkeep = "1s"\n')
    said = command("backup", "--config", kept / "confer.toml")
    assert said.status == 0
    assert f"removed {old}" in said.out
    assert other.exists()
    assert len(list((kept / "backups").iterdir())) == 2


@pytest.mark.parametrize(
    "secret", [RootKey(bytes(range(32))).text(), "correct horse battery staple"], ids=["key", "passphrase"]
)
def test_a_damaged_file_is_noticed_wherever_it_is(tmp_path: Path, secret: str) -> None:
    """Any flipped byte, any lost end, pieces that changed places, anything added."""
    pieces = os.urandom(PIECE * 2 + 1000)
    with (tmp_path / "whole").open("wb") as file:
        writer = SealedWriter(file, secret, {"made_at": "now"})
        writer.write(pieces)
        writer.finish()
    whole = (tmp_path / "whole").read_bytes()

    def read(body: bytes) -> bytes:
        (tmp_path / "read").write_bytes(body)
        with (tmp_path / "read").open("rb") as file:
            reader = SealedReader(file, secret)
            data = reader.read(len(pieces))
            reader.end()
            return data

    assert read(whole) == pieces
    begins = whole.index(b"}}") + 2
    sealed = 4 + PIECE + 16
    first, second = whole[begins : begins + sealed], whole[begins + sealed : begins + 2 * sealed]
    damaged = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in (3, 30, begins + 2, begins + 90, -1)]
    damaged += [whole[:-1], whole[: begins + sealed], whole[:begins], whole[:10], b"", whole + b"x"]
    damaged += [whole[:begins] + second + first + whole[begins + 2 * sealed :]]
    damaged += [whole[:begins] + first + whole[begins + 2 * sealed :]]
    for body in damaged:
        with pytest.raises(BackupBroken):
            read(body)


# -- what a restore refuses --------------------------------------------------------------------------------------


def test_it_replaces_nothing_unasked(kept: Path, command: Command) -> None:
    saved = backed_up(kept, command)
    before = contents_of(kept)
    said = command("restore", saved, "--config", kept / "confer.toml")
    assert said.status == 1
    assert said.err == f"confer: {kept / 'confer.db'} is there already; --replace puts the backup in its place.\n"
    assert contents_of(kept) == before


def contents_of(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.is_file()}


def test_another_root_key_is_refused_and_nothing_changes(kept: Path, command: Command) -> None:
    saved = backed_up(kept, command)
    (kept / "confer.key").unlink()
    RootKey.new().save(kept / "confer.key")
    before = contents_of(kept)
    said = command("restore", saved, "--config", kept / "confer.toml", "--replace")
    assert said.status == 1
    assert "This key does not belong to this database" in said.err
    assert contents_of(kept) == before


def test_beside_a_running_bot_it_is_refused(kept: Path, start: StartBot, command: Command) -> None:
    saved = backed_up(kept, command)
    start(kept).runs()
    said = command("restore", saved, "--config", kept / "confer.toml", "--replace")
    assert said.status == 1
    assert "Another Confer process is using" in said.err


def test_a_truncated_backup_leaves_the_old_database(kept: Path, command: Command) -> None:
    saved = backed_up(kept, command)
    saved.write_bytes(saved.read_bytes()[:-1])
    before = contents_of(kept)
    assert command("restore", saved, "--config", kept / "confer.toml", "--replace").status == 1
    assert contents_of(kept) == before


# -- erased cases ------------------------------------------------------------------------------------------------


def erase(house: Path, ref: str) -> None:
    """As the bot does it, in a database that no bot has open."""
    ring = KeyRing(RootKey.load(house / "confer.key"))
    with Database.open(house / "confer.db") as database, database.transaction() as connection:
        house_store = Store(connection, ring)
        house_store.of_team(house_store.team_ids()[0]).erase_case(ref, datetime.now(UTC))  # type: ignore[arg-type]


@pytest.fixture
def case(kept: Path, start: StartBot) -> str:
    served(kept, start, *TEAM, *CASE, until="Preview")
    ((ref,),) = asked(kept, "SELECT ref FROM cases")
    return str(ref)


def test_what_was_erased_since_is_erased_again(kept: Path, case: str, start: StartBot, command: Command) -> None:
    """The list outside the database tells, although the database is lost; the key is on no disk again."""
    saved = backed_up(kept, command)
    ((wrapped,),) = asked(kept, f"SELECT wrapped FROM keys WHERE scope = 'case:{case}'")
    erase(kept, case)
    bot = start(kept)
    bot.runs()
    assert bot.stops() == 0
    assert json.loads((kept / "erasures.jsonl").read_text())["scope"] == f"case:{case}"
    for path in kept.glob("confer.db*"):
        path.unlink()
    said = command("restore", saved, "--config", kept / "confer.toml")
    assert said.status == 0
    assert f"erased again: {case}" in said.out
    ((state, body),) = asked(kept, "SELECT state, body FROM cases")
    ((key, destroyed),) = asked(kept, f"SELECT wrapped, destroyed_at FROM keys WHERE scope = 'case:{case}'")
    assert (state, body, key, bool(destroyed)) == ("ERASED", b"", bytes(len(wrapped)), True)  # type: ignore[arg-type]
    assert isinstance(wrapped, bytes)
    assert not [p for p in kept.rglob("*") if p.is_file() and wrapped in p.read_bytes()]
    assert command("audit", "verify", "--config", kept / "confer.toml").status == 0


def test_without_a_list_of_erasures_nothing_is_restored_unasked(kept: Path, case: str, command: Command) -> None:
    saved = backed_up(kept, command)
    erase(kept, case)
    (kept / "confer.db").unlink()
    (kept / "erasures.jsonl").unlink()
    said = command("restore", saved, "--config", kept / "confer.toml")
    assert said.status == 1
    assert "There is no list of erased cases" in said.err
    assert not (kept / "confer.db").exists()
    assert command("restore", saved, "--config", kept / "confer.toml", "--without-erasures").status == 0


def test_the_database_that_is_replaced_tells_too(kept: Path, case: str, command: Command) -> None:
    """An erasure that no list has yet is taken from the database that is there."""
    saved = backed_up(kept, command)
    erase(kept, case)
    said = command("restore", saved, "--config", kept / "confer.toml", "--replace")
    assert f"erased again: {case}" in said.out
    assert case in (kept / "erasures.jsonl").read_text()


@pytest.mark.parametrize("damage", ["not a database at all", "pages torn"])
def test_a_damaged_database_is_replaced_and_the_list_still_tells(
    kept: Path, case: str, start: StartBot, command: Command, damage: str
) -> None:
    saved = backed_up(kept, command)
    erase(kept, case)
    bot = start(kept)
    bot.runs()
    assert bot.stops() == 0
    whole = (kept / "confer.db").read_bytes()
    torn = whole[:4096] + b"\xff" * (len(whole) - 4096)
    (kept / "confer.db").write_bytes(torn if damage == "pages torn" else b"no database " * 1000)
    said = command("restore", saved, "--config", kept / "confer.toml", "--replace")
    assert said.status == 0, said.err
    assert f"erased again: {case}" in said.out
    assert "Traceback" not in said.err + said.out
    assert command("audit", "verify", "--config", kept / "confer.toml").status == 0


def test_a_list_that_cannot_be_read_stops_a_restore(kept: Path, case: str, command: Command) -> None:
    saved = backed_up(kept, command)
    (kept / "erasures.jsonl").write_text("no list\n")
    said = command("restore", saved, "--config", kept / "confer.toml", "--replace")
    assert said.status == 1
    assert said.err.startswith("confer: ")
    assert "erasures.jsonl" in said.err
    assert "Traceback" not in said.err


# -- what goes on afterwards -------------------------------------------------------------------------------------


def test_what_was_due_is_held_and_what_is_to_come_is_not(kept: Path, start: StartBot, command: Command) -> None:
    """Notices that waited when the backup was made may have been sent since; a person looks at them."""
    served(kept, start, *TEAM)
    soon, later = datetime.now(UTC) - timedelta(minutes=1), datetime.now(UTC) + timedelta(days=1)
    with closing(sqlite3.connect(kept / "confer.db")) as database, database:
        database.execute(
            "UPDATE notices SET state = 'new', not_before = ? WHERE id = 1", (f"{soon:%Y-%m-%d %H:%M:%S.%f}",)
        )
        database.execute(
            "UPDATE notices SET state = 'new', not_before = ? WHERE id = 2", (f"{later:%Y-%m-%d %H:%M:%S.%f}",)
        )
        database.execute("INSERT INTO drawers VALUES ('matrix', 'sync-token', x'00'), ('matrix', 'held/$e', x'00')")
        database.execute("INSERT INTO drawers VALUES ('matrix', 'session', x'00'), ('slack', 'held/x', x'00')")
    saved = backed_up(kept, command)
    said = command("restore", saved, "--config", kept / "confer.toml", "--replace")
    assert "held: 1 notices that were due may have been sent" in said.out
    assert asked(kept, "SELECT state, why FROM notices WHERE id < 3 ORDER BY id") == [
        ("dead", "restored: may have been sent"), ("new", "")
    ]  # fmt: skip
    assert asked(kept, "SELECT platform, name FROM drawers ORDER BY name") == [
        ("slack", "held/x"),
        ("matrix", "session"),
    ]


def test_the_marks_say_what_was_lost_and_hold_again(kept: Path, start: StartBot, command: Command) -> None:
    """A mark of a row that the backup has not: the restore tells it, and the trail verifies, as far as it goes now."""
    served(kept, start, *TEAM)
    saved = backed_up(kept, command)
    served(kept, start, "/as dana", "/room case-room", '!confer task add "afterwards" due fri', until="T-1")
    said = command("restore", saved, "--config", kept / "confer.toml", "--replace")
    assert re.search(r"^lost: the record of team \w+ went on to row \d+ at least$", said.out, re.MULTILINE)
    assert command("audit", "verify", "--config", kept / "confer.toml").status == 0
    served(kept, start, "/as dana", "/room case-room", '!confer task add "onwards" due fri', until="T-1")
    assert command("audit", "verify", "--config", kept / "confer.toml").status == 0
    with closing(sqlite3.connect(kept / "confer.db")) as database, database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("DELETE FROM audit WHERE act = 'task add'")
    assert "checkpoints: The audit chain of" in command("audit", "verify", "--config", kept / "confer.toml").out


# -- kill -9 -----------------------------------------------------------------------------------------------------


def test_two_restores_in_one_second_keep_two_files(tmp_path: Path) -> None:
    target, now = tmp_path / "confer.db", datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
    target.write_text("old")
    assert [_kept(target, now).name for _ in range(3)] == [
        "confer.db.before-20261122T020000Z",
        "confer.db.before-20261122T020000Z-2",
        "confer.db.before-20261122T020000Z-3",
    ]
