"""What must hold after every run, however it was disturbed."""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select, text

from storage import tables
from storage.audit import verify
from storage.database import Database
from storage.keys import KeyRing, RootKey
from storage.schema import AuditRow
from storage.store import HOUSE, Store
from tests.faults.bot import Home
from tests.faults.script import PLANTED


@dataclass(frozen=True)
class Trace:
    """What a run left that another run of the same script must have left too."""

    rooms: dict[str, list[str]] = field(default_factory=dict)
    """What each room shows, in order."""
    keys: dict[str, list[str]] = field(default_factory=dict)
    """The names of these messages."""
    acts: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    """The audit rows: who did what to which, and how it ended."""
    timers: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """What fired, and when it was due."""
    states: Counter[str] = field(default_factory=Counter)
    """The notices by state."""


def trace(folder: Path, url: str, root: str) -> Trace:
    """Read what is left; asserts what must hold of any run at all."""
    shown: dict[str, list[str]] = {}
    keys: dict[str, list[str]] = {}
    for message in Home(folder).server.messages():
        where = f"{message.room} {message.to}".strip()
        shown.setdefault(where, []).append("(removed)" if message.removed else plain(message.text))
        keys.setdefault(where, []).append(plain(message.key))
    ring = KeyRing(RootKey.read(root))
    with Database.open(url, exclusive=False) as database, database.reading() as connection:
        for team in (HOUSE, *Store(connection, ring).team_ids()):
            verdict = verify(connection, ring, team)
            assert verdict.ok, verdict.reason
        if connection.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
        audit = connection.execute(select(AuditRow.actor, AuditRow.act, AuditRow.subject, AuditRow.outcome)).all()
        fired = select(tables.TimerRow.subject, tables.TimerRow.kind, tables.TimerRow.due_at)
        timers = connection.execute(fired.where(tables.TimerRow.done_at.is_not(None))).all()
        states = connection.execute(select(tables.NoticeRow.state)).scalars().all()
    return Trace(
        shown,
        keys,
        Counter((who, act, plain(what), how) for who, act, what, how in audit),
        Counter((plain(what), kind, due.isoformat()) for what, kind, due in timers),
        Counter(states),
    )


def plain(words: str) -> str:
    """Without the references that chance gives."""
    return re.sub(r"\b(C-[0-9A-Z]{4}|Seal [0-9a-f]{16}|timer:[0-9a-f]+)\b", "…", words)


def no_planted_words(files: list[Path]) -> None:
    """No patient's word stands in clear in any file of the bot's."""
    for file in files:
        content = file.read_bytes().lower()
        found = [words for words in PLANTED if words.lower().encode() in content]
        assert not found, f"{found} in {file.name}"
