"""The configuration: which file it is, what the file and the environment set, and every mistake in it at once."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from bot.config_values import hints_of, read_value, read_words
from bot.secret_reference import Scheme, SecretReference
from bot.settings import Form, Settings, sections

FILE = "confer.toml"
PREFIX = "CONFER_"

Values = dict[str, dict[str, Any]]


class ConfigTrouble(Exception):
    """The configuration cannot be used; ``problems`` are lines that name file, section and key."""

    def __init__(self, *problems: str):
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings, and the file that they came from: relative paths begin in its folder."""

    settings: Settings
    file: Path
    environment: Mapping[str, str]

    @property
    def folder(self) -> Path:
        return self.file.parent

    @property
    def database(self) -> Path | str:
        """A file, or the address of a PostgreSQL, without its password."""
        where = self.settings.storage.database
        return where if "://" in where else self.path(where)

    @property
    def files(self) -> tuple[Path, ...]:
        """What is kept in files; all of it belongs to the bot alone."""
        erasures = self.path(self.settings.backup.erasures)
        return (*([self.database] if isinstance(self.database, Path) else []), self.checkpoints, erasures)

    def password(self) -> str | None:
        """The password of the database's user, where there is one; raises SecretUnreadable."""
        reference = SecretReference.parse(self.settings.storage.password)
        if reference.scheme is Scheme.ENV and not self.environment.get(reference.name):
            return None
        return self.secret(reference)

    @property
    def checkpoints(self) -> Path:
        return self.path(self.settings.storage.checkpoints)

    @property
    def key(self) -> SecretReference:
        return SecretReference.parse(self.settings.storage.key)

    def path(self, name: str) -> Path:
        return self.folder / Path(name).expanduser()

    def secret(self, reference: SecretReference) -> str:
        """What the reference leads to; raises SecretUnreadable."""
        return reference.read(self.folder, self.environment)


def find(named: str | None, environment: Mapping[str, str]) -> Path:
    """The configuration file: the one named, else that of ``CONFER_CONFIG``, else ``./confer.toml``."""
    return Path(named or environment.get(f"{PREFIX}CONFIG") or FILE).absolute()


def load(file: Path, environment: Mapping[str, str]) -> Configuration:
    """Read the file, and over it the environment. Raises ConfigTrouble with everything that is wrong."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigTrouble(f"{file}: there is no such file; `confer init` makes one, --config names another") from None
    except UnicodeDecodeError:
        raise ConfigTrouble(f"{file}: this is no text in UTF-8") from None
    except OSError as trouble:
        raise ConfigTrouble(f"{file}: cannot be read: {trouble.strerror}") from None
    return read(text, file, environment)


def read(text: str, file: Path, environment: Mapping[str, str]) -> Configuration:
    """The configuration that the text of a file and the environment make. Raises ConfigTrouble."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as mistake:
        raise ConfigTrouble(f"{file}: {mistake}") from None
    values: Values = {name: {} for name, _ in sections()}
    problems = [f"{file}: {problem}" for problem in _take_table(table, values)]
    problems += _take_environment(environment, values)
    if problems:
        raise ConfigTrouble(*problems)
    made = Settings()
    changed = {name: replace(getattr(made, name), **of) for name, of in values.items()}
    return Configuration(replace(made, **changed), file, environment)


def variable(section: str, key: str) -> str:
    """The variable that goes before a setting of the file."""
    return f"{PREFIX}{section}_{key}".upper()


def _take_table(table: Mapping[str, object], values: Values) -> Iterator[str]:
    """Put what the file sets into ``values``; the problems."""
    known = dict(sections())
    for name, given in table.items():
        if name not in known and not isinstance(given, dict):
            yield f"{_shown(name)}: this stands below no section{_meant_setting('', name)}"
        elif name not in known:
            yield f"[{_shown(name)}]: there is no such section{_meant(name, list(known), '[{}]')}"
        elif not isinstance(given, dict):
            yield f"[{name}]: expected a section, with its settings on the lines below [{name}]"
        else:
            yield from _take_section(name, known[name], given, values[name])


def _take_section(name: str, section: type, given: Mapping[str, object], values: dict[str, Any]) -> Iterator[str]:
    settings, hints = _settings(section), hints_of(section)
    for key, value in given.items():
        if key not in settings:
            yield f"[{name}] {_shown(key)}: there is no such setting{_meant_setting(name, key)}"
            continue
        try:
            values[key] = read_value(settings[key], hints[key], value)
        except ValueError as mistake:
            yield f"[{name}] {key}: {mistake}"


def _take_environment(environment: Mapping[str, str], values: Values) -> Iterator[str]:
    """Put what the environment sets into ``values``, over what is there; the problems."""
    taken = set()
    for name, section in sections():
        hints = hints_of(section)
        for key, setting in _settings(section).items():
            if (words := environment.get(variable(name, key))) is None:
                continue
            taken.add(variable(name, key))
            try:
                values[name][key] = read_words(setting, hints[key], words)
            except ValueError as mistake:
                yield f"{variable(name, key)}, for [{name}] {key}: {mistake}"
    yield from _unknown_variables(set(environment) - taken - _secret_variables(values))


def _unknown_variables(names: set[str]) -> Iterator[str]:
    """A variable that begins as a setting's does, and is none, is a slip."""
    for section_name, section in sections():
        known = [variable(section_name, key) for key in _settings(section)]
        for name in sorted(names):
            if name.startswith(variable(section_name, "")):
                yield f"{_shown(name)}: there is no such setting{_meant(name, known)}"


def _secret_variables(values: Values) -> set[str]:
    """The variables in which a secret is said to be; they may have any name."""
    references = [
        SecretReference.parse(values[name].get(key, setting.default))
        for name, section in sections()
        for key, setting in _settings(section).items()
        if setting.metadata["form"] is Form.SECRET
    ]
    return {reference.name for reference in references if reference.scheme is Scheme.ENV}


def _settings(section: type) -> "dict[str, Field[Any]]":
    return {setting.name: setting for setting in fields(section)}


def _meant_setting(section: str, key: str) -> str:
    """The setting that was likely meant: of just this name in another section, else the nearest in this one."""
    if elsewhere := [name for name, other in sections() if key in _settings(other)]:
        return f"; did you mean {key} in [{elsewhere[0]}]?"
    return _meant(key, [*_settings(dict(sections())[section])]) if section else ""


def _meant(said: str, known: list[str], form: str = "{}") -> str:
    near = get_close_matches(said, known, n=1, cutoff=0.5)
    return f"; did you mean {form.format(near[0])}?" if near else f"; there are {', '.join(known)}"


def _shown(name: str) -> str:
    """A name as it was typed, short and on one line."""
    return "".join(letter if letter.isprintable() else " " for letter in name)[:60]
