"""The PostgreSQL of the tests: fresh databases, and nothing left when a run is killed."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.postgres import Server, name_of

pytestmark = pytest.mark.postgres

HOLD = """
from tests.postgres import server
with server() as running:
    print(running.folder, (running.folder / "data" / "postmaster.pid").read_text().split()[0], flush=True)
    input()
"""


def test_each_database_is_fresh(postgres: Server) -> None:
    """What one test writes, the next does not find; a migrated one has the tables."""
    first = postgres.migrated()
    postgres.execute("INSERT INTO meta VALUES ('mine', '')", name_of(first))
    second = postgres.migrated()
    assert postgres.execute("SELECT count(*) FROM meta", name_of(second)) == [(0,)]
    for url in (first, second):
        postgres.drop(url)
    assert postgres.execute(f"SELECT 1 FROM pg_database WHERE datname = '{name_of(first)}'") == []


def test_it_comes_back_after_a_crash(postgres: Server) -> None:
    """It can be stopped as by a crash and started on the same port, with what was committed."""
    url = postgres.migrated()
    postgres.execute("INSERT INTO meta VALUES ('mine', '')", name_of(url))
    postgres.restart("immediate")
    assert postgres.execute("SELECT name FROM meta", name_of(url)) == [("mine",)]
    postgres.drop(url)


def test_a_killed_run_leaves_nothing() -> None:
    """kill -9 of the test run ends the server and takes its folder away."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        folder, pid = run.stdout.readline().split()
        server = os.pidfd_open(int(pid))
        run.send_signal(signal.SIGKILL)
        assert run.stderr.read() == ""  # whoever clears up holds the other end until it is done
    assert select.select([server], [], [], 0)[0]  # the process is gone
    os.close(server)
    assert not Path(folder).exists()
