"""The configuration: where it is looked for, what goes before what, and what is said about a slip."""

import tomllib
from contextlib import suppress
from dataclasses import fields, replace
from datetime import time, timedelta
from pathlib import Path

import keyring
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend

from bot.config import ConfigTrouble, Configuration, find, load, read, variable
from bot.config_values import example, hints_of, read_value, show_value
from bot.secret_reference import SecretReference, SecretUnreadable
from bot.settings import Form, Settings, sections

FILE = Path("/srv/confer/confer.toml")


def made(text: str, **environment: str) -> Settings:
    return read(text, FILE, environment).settings


def problems(text: str, **environment: str) -> tuple[str, ...]:
    with pytest.raises(ConfigTrouble) as trouble:
        read(text, FILE, environment)
    return trouble.value.problems


def test_the_example_names_every_setting_at_its_default() -> None:
    """Reading it gives what an empty file gives, and it leaves nothing out."""
    assert made(example()) == made("") == Settings()
    written = tomllib.loads(example())
    assert {name: list(of) for name, of in written.items()} == {
        name: [setting.name for setting in fields(section)] for name, section in sections()
    }


def test_every_setting_is_explained_just_above_it() -> None:
    lines = example().splitlines()
    for name, section in sections():
        start = lines.index(f"[{name}]")
        for setting in fields(section):
            at = next(n for n, line in enumerate(lines) if n > start and line.startswith(f"{setting.name} = "))
            assert lines[at - 1] == f"# {setting.metadata['about']}"


def test_a_file_changes_what_it_names_and_nothing_else() -> None:
    settings = made('[bot]\nzone = "berlin"\nundo = "90s"\n[reminders]\ndigest = "8am"\n[teams]\ncreators = ["@a:b.c"]')
    assert settings.bot == replace(Settings().bot, zone="Europe/Berlin", undo=timedelta(seconds=90))
    assert settings.reminders.digest == time(8)
    assert settings.teams.creators == ("@a:b.c",)
    assert settings.meetings == Settings().meetings


def test_an_hour_may_be_written_as_toml_has_it() -> None:
    assert made("[reminders]\ndigest = 07:30:00").reminders.digest == time(7, 30)


def test_the_environment_goes_before_the_file() -> None:
    settings = made(
        '[bot]\nzone = "UTC"\nname = "bo"', CONFER_BOT_ZONE="Europe/Berlin", CONFER_TEAMS_DISCIPLINES="dietetics, music"
    )
    assert (settings.bot.zone, settings.bot.name) == ("Europe/Berlin", "bo")
    assert settings.teams.disciplines == ("dietetics", "music")


def test_a_wrong_value_of_the_file_is_told_even_where_the_environment_goes_before_it() -> None:
    assert len(problems("[bot]\nzone = 3", CONFER_BOT_ZONE="UTC")) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[bott]", "[bott]: there is no such section; did you mean [bot]?"),
        ("bot = 3", "[bot]: expected a section, with its settings on the lines below [bot]"),
        ('zone = "UTC"', "zone: this stands below no section; did you mean zone in [bot]?"),
        ("[bot]\nzonee = 1", "[bot] zonee: there is no such setting; did you mean zone?"),
        ("[teams]\nzone = 1", "[teams] zone: there is no such setting; did you mean zone in [bot]?"),
        ("[log]\nxyzzy = 1", "[log] xyzzy: there is no such setting; there are level, format"),
        ("[bot]\nname = 3", "[bot] name: expected a text in quotes"),
        ('[bot]\nname = "two words"', "[bot] name: expected one word of letters, digits and dashes"),
        ('[bot]\nzone = "Berln"', '[bot] zone: I do not know the time zone "Berln". Did you mean Europe/Berlin?'),
        ("[bot]\nundo = 10", '[bot] undo: expected a length of time in quotes, such as "45m", "1h30" or "2 days"'),
        ("[reminders]\ndigest = 8", '[reminders] digest: expected a time of day in quotes, such as "08:00", or "" for none'),
        ('[teams]\ncreators = "me"', '[teams] creators: expected a list in brackets, such as ["one", "two"]'),
        ("[teams]\ncreators = [1]", "[teams] creators: expected a list of texts in quotes"),
        ('[log]\nlevel = "loud"', "[log] level: expected one of debug, info, warning, error"),
        ('[storage]\ndatabase = "postgresql://x:y@z/w"', "[storage] database: the password does not belong here; `password` in [storage] says where it is found"),
        ('[storage]\ndatabase = ""', "[storage] database: expected the path of a file"),
    ],
)  # fmt: skip
def test_a_slip_is_one_line_with_file_section_and_key(text: str, said: str) -> None:
    assert problems(text) == (f"{FILE}: {said}",)


def test_every_problem_is_told_at_once() -> None:
    told = problems("[bot]\nname = 3\nundo = 4\n[logg]", CONFER_LOG_LEVEL="loud", CONFER_BOT_ZON="UTC")
    assert len(told) == 5
    assert told[-1] == "CONFER_BOT_ZON: there is no such setting; did you mean CONFER_BOT_ZONE?"
    assert told[-2].startswith("CONFER_LOG_LEVEL, for [log] level: expected one of")


def test_a_variable_that_holds_the_secret_may_have_any_name() -> None:
    assert made('[storage]\nkey = "env:CONFER_STORAGE_ROOT"', CONFER_STORAGE_ROOT="x").storage.key
    assert made("", CONFER_STORAGE_KEY="env:CONFER_STORAGE_ROOT", CONFER_STORAGE_ROOT="x", CONFER_CONFIG="y")


def test_what_is_no_toml_is_told_with_its_place() -> None:
    assert problems("[bot") == (f"{FILE}: Expected ']' at the end of a table declaration (at end of document)",)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigTrouble, match="there is no such file; `confer init` makes one"):
        load(tmp_path / "confer.toml", {})
    with pytest.raises(ConfigTrouble, match="cannot be read: Is a directory"):
        load(tmp_path, {})
    (tmp_path / "latin").write_bytes(b'[bot]\nname = "\xe9"')
    with pytest.raises(ConfigTrouble, match="no text in UTF-8"):
        load(tmp_path / "latin", {})


def test_the_search_goes_from_the_option_over_the_variable_to_the_folder() -> None:
    assert find("a.toml", {"CONFER_CONFIG": "/b.toml"}) == Path.cwd() / "a.toml"
    assert find(None, {"CONFER_CONFIG": "/b.toml"}) == Path("/b.toml")
    assert find(None, {}) == Path.cwd() / "confer.toml"


def test_relative_paths_begin_in_the_folder_of_the_file() -> None:
    config = read('[storage]\ndatabase = "data/x.db"\ncheckpoints = "/var/marks"', FILE, {})
    assert (config.database, config.checkpoints) == (Path("/srv/confer/data/x.db"), Path("/var/marks"))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://confer:planted@db/confer", "the password does not belong here"),
        ("postgresql://confer@db/confer?password=planted", "the password does not belong here"),
        ("postgres://confer@db/planted", "expected the path of a file, or postgresql://"),
        ("postgresql://confer@db", "expected the path of a file, or postgresql://"),
        ("postgresql://confer@db:planted/confer", "expected the path of a file, or postgresql://"),
    ],
)
def test_an_address_that_cannot_be_used_is_told_without_it(address: str, said: str) -> None:
    with pytest.raises(ConfigTrouble, match=said) as raised:
        read(f'[storage]\ndatabase = "{address}"', FILE, {})
    assert "planted" not in str(raised.value)


def test_a_database_on_a_server_is_no_file() -> None:
    address = "postgresql://confer@db.example.org/confer?sslmode=verify-full"
    config = read(f'[storage]\ndatabase = "{address}"\nconnections = 20', FILE, {"PGPASSWORD": "planted"})
    assert (config.database, config.files) == (address, (config.checkpoints, FILE.parent / "erasures.jsonl"))
    assert config.settings.storage.connections == 20
    assert config.password() == "planted"
    assert read("", FILE, {}).password() is None


def settings_values() -> st.SearchStrategy[dict[str, dict[str, object]]]:
    """Any settings that could be wished, by section and key."""
    of_form = {Form.WORD: st.from_regex(r"[a-z][a-z0-9-]{0,30}", fullmatch=True), Form.ZONE: st.sampled_from(["UTC"])}
    of_form |= {Form.LEVEL: st.sampled_from(["debug"]), Form.SECRET: st.just("env:KEY")}
    of_form |= {Form.PATH: st.just("a b.db"), Form.DATABASE: st.just("postgresql://confer@db/confer")}
    text = st.text(min_size=1, max_size=40).filter(lambda t: t.isprintable() and bool(t.strip()))
    whole = {}
    for name, section in sections():
        hints, kinds = hints_of(section), {}
        for setting in fields(section):
            one = of_form.get(setting.metadata["form"], text)
            kinds[setting.name] = {
                timedelta: st.integers(0, 10**7).map(lambda seconds: timedelta(seconds=seconds)),
                time | None: st.none() | st.builds(time, st.integers(0, 23), st.integers(0, 59)),
                tuple[str, ...]: st.lists(one, max_size=3).map(tuple),
                bool: st.booleans(),
                int: st.integers(0, 1000),
            }.get(hints[setting.name], one)
        whole[name] = st.fixed_dictionaries(kinds)
    return st.fixed_dictionaries(whole)


@given(settings_values())
def test_what_is_shown_is_read_back(values: dict[str, dict[str, object]]) -> None:
    text = "".join(
        f"[{name}]\n" + "".join(f"{key} = {show_value(value)}\n" for key, value in of.items())
        for name, of in values.items()
    )
    settings = made(text)
    assert {name: {key: getattr(getattr(settings, name), key) for key in of} for name, of in values.items()} == values


@given(st.dictionaries(st.text(max_size=8), st.recursive(st.text(max_size=8) | st.integers(), st.lists), max_size=3))
def test_no_value_of_any_type_is_more_than_a_problem(of: dict[str, object]) -> None:
    """Whatever stands where a setting should, it is refused or read; nothing else is raised."""
    for _, section in sections():
        hints = hints_of(section)
        for setting in fields(section):
            for value in (of, *of.values()):
                with suppress(ValueError):
                    read_value(setting, hints[setting.name], value)


# -- secrets -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("literal", ["confer-key-1:hunter2hunter2", "hunter2", "file:", "env:", "keyring:hunter2", ""])
def test_a_secret_itself_is_refused_and_not_repeated(literal: str) -> None:
    (problem,) = problems(f'[storage]\nkey = "{literal}"')
    assert problem.startswith(f"{FILE}: [storage] key: say where the secret is: file:PATH")
    assert "hunter2" not in problem
    (problem,) = problems("", CONFER_STORAGE_KEY=literal or " ")
    assert "hunter2" not in problem


def configured(folder: Path, key: str, **environment: str) -> Configuration:
    return read(f'[storage]\nkey = "{key}"', folder / "confer.toml", environment)


def secret(config: Configuration) -> str:
    return config.secret(config.key)


def test_a_file_is_read_only_where_nobody_else_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("hunter2\n")
    config = configured(tmp_path, "file:key")
    path.chmod(0o600)
    assert secret(config) == "hunter2"
    for mode in (0o640, 0o604, 0o660):
        path.chmod(mode)
        with pytest.raises(SecretUnreadable, match=f"open to other people; run: chmod 600 {path}"):
            secret(config)


def test_a_file_that_holds_no_secret_is_told(tmp_path: Path) -> None:
    config = configured(tmp_path, "file:key")
    with pytest.raises(SecretUnreadable, match="No such file"):
        secret(config)
    (tmp_path / "key").touch(0o600)
    with pytest.raises(SecretUnreadable, match="is empty"):
        secret(config)
    with pytest.raises(SecretUnreadable):
        secret(configured(tmp_path, "file:."))


def test_the_environment_holds_a_secret(tmp_path: Path) -> None:
    assert secret(configured(tmp_path, "env:KEY", KEY="hunter2 ")) == "hunter2"
    with pytest.raises(SecretUnreadable, match="The environment variable KEY is not set"):
        secret(configured(tmp_path, "env:KEY", KEY=""))


class InMemory(KeyringBackend):
    """A key ring that outlives nothing."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> InMemory:
    ring = InMemory()
    monkeypatch.setattr("keyring.core._keyring_backend", ring)
    return ring


def test_the_key_ring_holds_a_secret(tmp_path: Path, ring: InMemory) -> None:
    keyring.set_password("confer", "main/key", "hunter2")
    config = configured(tmp_path, "keyring:confer/main/key")
    assert secret(config) == "hunter2"
    ring.kept.clear()
    with pytest.raises(SecretUnreadable, match="keyring set confer main/key"):
        secret(config)


def test_a_reference_is_written_as_it_was_read() -> None:
    for text in ("file:confer.key", "env:KEY", "keyring:confer/root"):
        assert str(SecretReference.parse(text)) == text


def test_variables_are_named_after_section_and_key() -> None:
    assert variable("reminders", "before") == "CONFER_REMINDERS_BEFORE"
