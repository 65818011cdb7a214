"""Where a secret is found. A configuration names the place and never holds the secret itself."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

FORMS = "file:PATH, env:NAME or keyring:SERVICE/NAME"
LONGEST_SECRET = 100_000  # characters; a file that is longer is no secret but a slip


class SecretUnreadable(Exception):
    """A secret cannot be had; the message is one sentence that holds nothing of it."""


class Scheme(StrEnum):
    FILE = "file"
    ENV = "env"
    KEYRING = "keyring"


@dataclass(frozen=True, slots=True)
class SecretReference:
    """``name`` is a path, a variable, or SERVICE/NAME in the machine's key ring."""

    scheme: Scheme
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``file:confer.key``. Raises ValueError, without the text: it may be the secret itself."""
        scheme, _, name = text.partition(":")
        service, slash, user = name.partition("/")
        if scheme not in set(Scheme) or not name or (scheme == Scheme.KEYRING and not (service and slash and user)):
            raise ValueError(f"say where the secret is: {FORMS}; the secret itself does not belong here")
        return cls(Scheme(scheme), name)

    def read(self, folder: Path, environment: Mapping[str, str]) -> str:
        """The secret, without the line's end. A relative path is looked for in ``folder``.

        Raises SecretUnreadable, also for a file that other people could read.
        """
        match self.scheme:
            case Scheme.FILE:
                return _of_file(folder / self.name)
            case Scheme.ENV:
                if not (secret := environment.get(self.name, "").strip()):
                    raise SecretUnreadable(f"The environment variable {self.name} is not set.")
                return secret
            case Scheme.KEYRING:
                return _of_keyring(self.name)

    def __str__(self) -> str:
        return f"{self.scheme}:{self.name}"


def _of_file(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise SecretUnreadable(f"{path} is no ordinary file.")
            if stat.S_IMODE(mode) & 0o077:
                raise SecretUnreadable(f"{path} is open to other people; run: chmod 600 {path}")
            secret = file.read(LONGEST_SECRET).strip()
    except OSError as trouble:
        raise SecretUnreadable(f"{path} cannot be read: {trouble.strerror}.") from None
    if not secret:
        raise SecretUnreadable(f"{path} is empty.")
    return secret


def _of_keyring(name: str) -> str:
    import keyring  # it looks for the desktop's services when it is loaded
    from keyring.errors import KeyringError

    service, _, user = name.partition("/")
    try:
        secret = keyring.get_password(service, user)
    except KeyringError as trouble:
        raise SecretUnreadable(f"The key ring did not answer: {type(trouble).__name__}.") from None
    if not secret:
        raise SecretUnreadable(f"The key ring has no {user} of {service}; run: keyring set {service} {user}")
    return str(secret).strip()
