"""What `confer backup` and `confer restore` share: a folder to work in, the secret, a bar that shows how far it is."""

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getpass
from pathlib import Path

from bot.config import Configuration
from bot.secret_reference import Scheme, SecretReference, SecretUnreadable
from storage.database import DatabaseBusy
from storage.keys import PREFIX
from storage.sealed_file import SHORTEST_PASSPHRASE

FOLDER = ".confer-work-"


class Bar:
    """One line on a terminal, rewritten; nothing elsewhere."""

    def __init__(self, what: str) -> None:
        self._what, self._shown = what, -1

    def __call__(self, part: str, done: int, total: int) -> None:
        share = min(done / total, 1.0) if total else 1.0
        if sys.stderr.isatty() and int(share * 200) != self._shown:
            self._shown = int(share * 200)
            sys.stderr.write(f"\r\033[K{self._what} [{'#' * round(share * 30):<30}] {share:4.0%} {part}")
            sys.stderr.flush()

    def end(self) -> None:
        if self._shown >= 0:
            sys.stderr.write("\r\033[K")


@contextmanager
def workplace(beside: Path) -> Iterator[Path]:
    """A folder of our own on the same disk, gone at the end; one that a kill left behind goes first."""
    beside.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in beside.glob(FOLDER + "*"):
        with _claimed(old) as is_ours:
            if is_ours:
                shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=FOLDER, dir=beside))
    try:
        with _claimed(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _claimed(folder: Path) -> Iterator[bool]:
    """Whether nobody else works there; while this lasts, nobody will."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = True
        except BlockingIOError:
            is_ours = False
        yield is_ours
    finally:
        os.close(descriptor)


@contextmanager
def alone(database: Path) -> Iterator[None]:
    """No bot on the file meanwhile. Raises DatabaseBusy."""
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(database.with_name(database.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DatabaseBusy(f"Another Confer process is using {database}; stop it first.") from None
        yield
    finally:
        os.close(lock)


def put_in_place(made: Path, target: Path) -> None:
    """In one step, and on disk when this returns."""
    descriptor = os.open(made, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    made.replace(target)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def secret_of(config: Configuration, reference: SecretReference, *, twice: bool) -> str:
    """The backup key or passphrase; a person at a terminal is asked where there is none. Raises SecretUnreadable."""
    try:
        secret = config.secret(reference)
    except SecretUnreadable as trouble:
        if not sys.stdin.isatty():
            raise SecretUnreadable(f"{trouble} `confer backup --new-key` makes a backup key.") from None
        secret = getpass("Passphrase of the backup: ")
        if twice and getpass("The same again: ") != secret:
            raise SecretUnreadable("The two are not the same; nothing was done.") from None
    if not secret.startswith(PREFIX) and len(secret) < SHORTEST_PASSPHRASE:
        raise SecretUnreadable(f"A passphrase has at least {SHORTEST_PASSPHRASE} characters.")
    if config.key.scheme is not Scheme.KEYRING and secret == _root(config):
        raise SecretUnreadable("The backup key must not be the root key: one secret would open everything.")
    return secret


def _root(config: Configuration) -> str:
    try:
        return config.secret(config.key)
    except SecretUnreadable:
        return ""
