"""What a test that fits one engine alone is marked with, and what the engines call differently."""

from collections.abc import Callable
from typing import TypeVar

import pytest

ON_POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgres)
Test = TypeVar("Test", bound=Callable[..., object])

AUDIT_TRIGGERS = {
    "sqlite": ("DROP TRIGGER audit_refuses_update", "DROP TRIGGER audit_refuses_delete"),
    "postgresql": ("DROP TRIGGER audit_refuses_change ON audit",),
}
"""What someone removes who has the database and wants to change the trail."""


def only_sqlite(test: Test) -> Test:
    return _only("sqlite", test)


def only_postgresql(test: Test) -> Test:
    return _only(ON_POSTGRESQL, test)


def _only(engine: object, test: Test) -> Test:
    one = pytest.mark.parametrize("engine", [engine], indirect=True)
    return pytest.mark.usefixtures("engine")(one(test))
