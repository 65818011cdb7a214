"""What a backup holds, and how it becomes a database again: every row of one moment, whatever the engine.

A backup is a row of frames in a sealed file: the files that belong to the database, the rows of each table in an order
in which they can be put back, and an end that counts them. Sealed fields stay sealed; the root key is not in it.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import msgspec
from sqlalchemy import Connection, Table, column, delete, func, insert, inspect, select, table, text, update

from conference.people import CaseId
from storage import audit, tables
from storage.checkpoints import Checkpoints
from storage.database import Database
from storage.erasures import Slot
from storage.keys import KeyRing, case_scope
from storage.migrate import migrate_within
from storage.schema import AuditRow, Base, KeyRow, UtcDateTime
from storage.seal import KEY_BYTES, OVERHEAD
from storage.sealed_file import BackupBroken, SealedReader, SealedWriter
from storage.store import HOUSE, Store

AT_ONCE = 500  # rows
PART = 1 << 20  # bytes of a file
LENGTH = struct.Struct(">I")
LONGEST_FRAME = 1 << 30
PASSING = frozenset({"leases"})
"""Tables that tell of running processes; a restore begins without them."""
HELD = "restored: may have been sent"

Tell = Callable[[str, int, int], None]
"""Told how far it is: of what, how much, of how much."""
NOTICES = cast("Table", tables.NoticeRow.__table__)
DRAWERS = cast("Table", tables.DrawerRow.__table__)
KEYS = cast("Table", KeyRow.__table__)


@dataclass(slots=True)
class Contents:
    """What was in a backup beside its rows, and how many rows of each table."""

    files: dict[str, bytes] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)


# -- out ---------------------------------------------------------------------------------------------------------
def export(database: Database, files: Mapping[str, Path], into: SealedWriter, tell: Tell) -> Contents:
    """Write the files, then every row of one moment, while others go on writing to the database."""
    done = Contents()
    for name, path in files.items():  # before the rows, so that marks of the audit trail attest what is there
        done.files[name] = path.read_bytes() if path.exists() else b""
        for at in range(0, len(done.files[name]), PART):
            _put(into, "file", name, done.files[name][at : at + PART])
    with database.reading() as connection:
        kept = [t for t in Base.metadata.sorted_tables if t.name not in PASSING]
        totals = {t.name: connection.scalar(select(func.count()).select_from(t)) or 0 for t in kept}
        for each in kept:
            done.rows[str(each.name)] = 0
            names = [str(c.name) for c in each.columns]
            found = connection.execute(select(each), execution_options={"yield_per": AT_ONCE})
            for rows in found.partitions():
                _put(into, "rows", str(each.name), names, [list(row) for row in rows])
                done.rows[str(each.name)] += len(rows)
                tell(each.name, sum(done.rows.values()), sum(totals.values()))
    _put(into, "end", done.rows)
    return done


def _put(into: SealedWriter, *frame: object) -> None:
    body = msgspec.msgpack.encode(frame)
    into.write(LENGTH.pack(len(body)) + body)


# -- in ----------------------------------------------------------------------------------------------------------
def put_back(connection: Connection, backup: SealedReader, erased: Mapping[Slot, datetime], tell: Tell) -> Contents:
    """Make the tables as they were, in a database without any, and bring them to this version's schema.

    A key that was erased since is not put back at all. Raises BackupBroken.
    """
    migrate_within(connection, str(backup.about["revision"]))
    total, done = int(backup.about["rows"]), Contents()
    for frame in _frames(backup):
        match frame:
            case ["file", str(name), bytes(part)]:
                done.files[name] = done.files.get(name, b"") + part
            case ["rows", str(name), list(names), list(rows)] if name in Base.metadata.tables:
                _insert(connection, name, names, _without(erased, names, rows) if name == KEYS.name else rows)
                done.rows[name] = done.rows.get(name, 0) + len(rows)
                tell(name, sum(done.rows.values()), total)
            case ["end", dict(counted)]:
                if {n: c for n, c in counted.items() if c} != done.rows:
                    raise BackupBroken("The backup does not hold the rows that it counts.")
            case _:
                raise BackupBroken("The backup holds what this version does not know.")
    _go_on_counting(connection)
    migrate_within(connection)
    return done


def empty(connection: Connection) -> None:
    """Take away what the database holds of an earlier Confer."""
    for name in inspect(connection).get_table_names():
        connection.exec_driver_sql(f'DROP TABLE "{name}"' + (" CASCADE" if connection.dialect.name != "sqlite" else ""))
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("DROP FUNCTION IF EXISTS audit_refuses")


def read_files(backup: SealedReader) -> Mapping[str, bytes]:
    """The files of a backup, without looking at its rows."""
    files: dict[str, bytes] = {}
    for frame in _frames(backup):
        match frame:
            case ["file", str(name), bytes(part)]:
                files[name] = files.get(name, b"") + part
            case _:
                break
    return files


def _frames(backup: SealedReader) -> Iterator[list[Any]]:
    kind = ""
    while kind != "end":
        (length,) = LENGTH.unpack(backup.read(LENGTH.size))
        if length > LONGEST_FRAME:
            raise BackupBroken("The backup holds what this version does not know.")
        frame = msgspec.msgpack.decode(backup.read(length), type=list[Any])
        kind = str(frame[0])
        yield frame
    backup.end()


def _insert(connection: Connection, name: str, names: list[str], rows: list[list[Any]]) -> None:
    """The columns are those of the backup, which may be of an older schema."""
    moments = {n for n, value in zip(names, zip(*rows, strict=True), strict=True) if any(_is_moment(v) for v in value)}
    target = table(name, *(column(n, UtcDateTime()) if n in moments else column(n) for n in names))
    connection.execute(insert(target), [dict(zip(names, row, strict=True)) for row in rows])


def _is_moment(value: object) -> bool:
    return isinstance(value, datetime)


def _without(erased: Mapping[Slot, datetime], names: list[str], rows: list[list[Any]]) -> list[list[Any]]:
    """Keys, without those that were erased since: they must not even touch the disk."""
    for row in rows:
        key = dict(zip(names, row, strict=True))
        if key["destroyed_at"] is None and (at := erased.get((key["team"], key["scope"]))):
            row[names.index("wrapped")] = bytes(OVERHEAD + KEY_BYTES)
            row[names.index("destroyed_at")] = at
    return rows


def _go_on_counting(connection: Connection) -> None:
    """PostgreSQL gives the next number by itself, and has to know which was the last."""
    if connection.dialect.name != "postgresql":
        return
    for each in Base.metadata.sorted_tables:
        if each.autoincrement_column is not None and "id" in each.columns:
            connection.execute(
                text(f"SELECT setval(pg_get_serial_sequence('{each.name}', 'id'), max(id)) FROM {each.name}")  # noqa: S608 - our own names
            )


# -- after -------------------------------------------------------------------------------------------------------
def erase_again(connection: Connection, ring: KeyRing, erased: Mapping[Slot, datetime]) -> tuple[str, ...]:
    """Erase what was erased after the backup was made; the cases."""
    again = []
    for (team, scope), at in erased.items():
        ref = CaseId(scope.removeprefix(case_scope("")))
        store = Store(connection, ring).of_team(team)
        if store.has_case_ref(ref) and _still_told(connection, team, ref):
            store.erase_case(ref, at)
            again.append(str(ref))
    return tuple(again)


def _still_told(connection: Connection, team: str, ref: CaseId) -> bool:
    c = tables.CaseRow.__table__.c
    return connection.scalar(select(c.body).where(c.team == team, c.ref == ref)) not in (None, b"")


def hold_what_was_due(connection: Connection, now: datetime) -> int:
    """What may have been sent before the loss waits for a person's look, among the dead letters; how many."""
    due = NOTICES.c.state.in_(("new", "sending")) & (NOTICES.c.not_before <= now)
    return connection.execute(update(NOTICES).where(due).values(state="dead", why=HELD, settled_at=now)).rowcount


def forget_the_stream(connection: Connection) -> None:
    """Matrix goes on from now: what people typed since the backup is not carried out a second time."""
    c = DRAWERS.c
    stream = (c.name == "sync-token") | c.name.startswith("held/", autoescape=True)
    connection.execute(delete(DRAWERS).where(c.platform == "matrix", stream))


def check(connection: Connection, ring: KeyRing, marks: Path) -> int:
    """Raise BackupBroken unless all of it is whole: pages, keys, chains, marks, a sealed row of each team.

    How many rows the chains have.
    """
    if connection.dialect.name == "sqlite":
        damage = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
        if damage != "ok" or connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise BackupBroken("The database that the backup makes is damaged.")
    ring.check(connection)
    store, rows = Store(connection, ring), 0
    for team in (HOUSE, *store.team_ids()):
        verdict = audit.verify(connection, ring, team)
        if not verdict.ok:
            raise BackupBroken(f"The audit chain of {team} is broken: {verdict.reason}")
        rows += verdict.rows
        if team != HOUSE:
            store.of_team(team).team()
    verdict = Checkpoints(marks, ring.root).verify(connection)
    if not verdict.ok:
        raise BackupBroken(f"The marks of the audit trail do not fit: {verdict.reason}")
    return rows


def heads(connection: Connection) -> Mapping[str, int]:
    """The number of each chain's last row."""
    last = select(AuditRow.team, func.max(AuditRow.seq)).group_by(AuditRow.team)
    return {row.team: row[1] for row in connection.execute(last)}


def count_rows(database: Database) -> int:
    with database.reading() as connection:
        kept = [t for t in Base.metadata.sorted_tables if t.name not in PASSING]
        return sum(connection.scalar(select(func.count()).select_from(t)) or 0 for t in kept)
