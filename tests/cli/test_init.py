"""`confer init`: a new installation, and never over an old one."""

from pathlib import Path

import pytest

from tests.cli.conftest import Command, contents

MADE = {"confer.toml", "confer.key", "confer.db", "confer.db.lock"}


def test_it_makes_private_files_and_says_what_is_next(tmp_path: Path, command: Command) -> None:
    folder = tmp_path / "new"
    said = command("init", folder)
    assert said.status == 0
    assert said.err == ""
    assert f"confer run --config {folder}/confer.toml" in said.out
    assert {path.name for path in folder.iterdir()} == MADE
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert command("doctor", "--config", folder / "confer.toml").status == 0


def test_it_begins_where_one_stands(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert command("init").status == 0
    assert {path.name for path in tmp_path.iterdir()} == MADE


@pytest.mark.parametrize("name", ["confer.toml", "confer.key", "confer.db", "audit-checkpoints.jsonl"])
def test_it_overwrites_nothing(tmp_path: Path, command: Command, name: str) -> None:
    (tmp_path / name).write_text("mine")
    said = command("init", tmp_path)
    assert said.status == 1
    assert said.err == f"confer: {tmp_path / name} is there already; nothing was changed.\n"
    assert contents(tmp_path) == {name: b"mine"}


def test_two_installations_have_two_keys(house: Path, tmp_path: Path, command: Command) -> None:
    command("init", tmp_path / "other")
    assert contents(house)["confer.key"] != contents(tmp_path / "other")["confer.key"]


def test_a_key_that_is_elsewhere_is_used(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the key in the environment no key file is made, and the database is this key's."""
    command("init", tmp_path / "one")
    monkeypatch.setenv("CONFER_STORAGE_KEY", "env:ROOT")
    monkeypatch.setenv("ROOT", contents(tmp_path / "one")["confer.key"].decode())
    assert command("init", tmp_path / "two").status == 0
    assert "confer.key" not in contents(tmp_path / "two")
    assert command("doctor", "--config", tmp_path / "two" / "confer.toml").status == 0


def test_what_cannot_be_made_leaves_nothing_behind(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONFER_STORAGE_KEY", "env:ROOT")
    said = command("init", tmp_path / "house")
    assert (said.status, said.err) == (1, "confer: The environment variable ROOT is not set.\n")
    assert not list((tmp_path / "house").iterdir())
