"""The two engines: a test that asks for `engine` or `url` runs on each, on PostgreSQL with the mark `postgres`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines import ON_POSTGRESQL
from tests.postgres import Server, server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL of this test run's own, started when the first test wants it."""
    with server() as running:
        yield running


@pytest.fixture(params=["sqlite", ON_POSTGRESQL])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Where an empty database is, or may be made."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path}/kept/confer.db"
        return
    running: Server = request.getfixturevalue("postgres")
    yield (made := running.empty())
    running.drop(made)
