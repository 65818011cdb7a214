"""Named steps of the programme, at any of which the process can be made to end as by ``kill -9``."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection

from storage.database import Database


@dataclass
class Switch:
    """Counts the steps of one run and kills the process at the one chosen, by its number or its name."""

    at: int = 0
    name: str = ""
    passed: list[str] = field(default_factory=list)

    def __call__(self, step: str) -> None:
        self.passed.append(step)
        if len(self.passed) == self.at or step == self.name:
            os.kill(os.getpid(), signal.SIGKILL)


class SteppedDatabase(Database):
    """The real database, whose transactions tell the switch how far they are."""

    switch: Switch

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        self.switch("before begin")
        with super().transaction() as connection:
            self.switch("after begin")
            yield connection
            self.switch("before commit")
        self.switch("after commit")
