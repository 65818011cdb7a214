"""The audit trail: one chain of authenticated rows per team.

A row is written in the transaction of the act it tells of, so neither stands without the other. Rows hold ids
and kinds, no clinical text. Whoever changes, removes or reorders rows without the team's key is found by
`verify`; whoever cuts off the end of a chain is found by the checkpoints kept outside the database.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, or_, select

from storage.database import wait_for_turn
from storage.keys import KeyRing
from storage.prepared import Prepared
from storage.schema import AuditRow
from storage.seal import framed

START = bytes(32)  # what the first row of a chain follows
LONGEST_DETAILS = 2000  # characters of JSON; more would be content, not ids
AT_ONCE = 1000  # rows of a chain in memory


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act: who (`actor`) did what (`act`) to which thing (`subject`), and how it ended (`outcome`).

    `at` is aware. `details` are few and small: ids and kinds, never words of a person.
    """

    team: str
    at: datetime
    actor: str
    act: str
    subject: str
    outcome: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry as it stands in the chain: `seq` counts from 1 in each team."""

    seq: int
    entry: AuditEntry


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found: `rows` that are good, and of the first bad one its number and why."""

    rows: int
    first_bad: int | None = None
    reason: str = ""

    @property
    def ok(self) -> bool:
        return self.first_bad is None


HEAD = (
    select(AuditRow.seq, AuditRow.mac)
    .where(AuditRow.team == bindparam("of_team"))
    .order_by(AuditRow.seq.desc())
    .limit(1)
)
_HEAD = Prepared(HEAD)
_ADD = Prepared(insert(AuditRow))


def append(connection: Connection, ring: KeyRing, entry: AuditEntry) -> None:
    """Add an entry to its team's chain, in the caller's transaction.

    Raises ValueError for a naive time or large details, KeyMissing for a team without keys.
    """
    key = ring.chain_key(connection, entry.team)
    wait_for_turn(connection, entry.team)
    head = _HEAD.first(connection, {"of_team": entry.team})
    seq, before = (head[0] + 1, head[1]) if head else (1, START)
    details = _details(entry.details)
    mac = hmac.digest(key, before + _canonical(seq, entry, details), "sha256")
    _ADD.run(
        connection,
        {
            "team": entry.team,
            "seq": seq,
            "at": entry.at,
            "actor": entry.actor,
            "act": entry.act,
            "subject": entry.subject,
            "outcome": entry.outcome,
            "details": details,
            "mac": mac,
        },
    )


def verify(connection: Connection, ring: KeyRing, team: str) -> Verdict:
    """Read a team's whole chain and say whether every row is whole and in its place; raises KeyMissing."""
    key, before, seq = ring.chain_key(connection, team), START, 0
    chain = select(AuditRow).where(AuditRow.team == team).order_by(AuditRow.seq)
    try:
        for row in connection.execute(chain, execution_options={"yield_per": AT_ONCE}):
            if row.seq != seq + 1:
                return Verdict(seq, seq + 1, f"Row {seq + 1} is missing.")
            mac = hmac.digest(key, before + _canonical(row.seq, row, row.details), "sha256")
            if not hmac.compare_digest(row.mac, mac):
                return Verdict(seq, row.seq, f"Row {row.seq} was changed, or stood elsewhere.")
            seq, before = row.seq, mac
    except (TypeError, ValueError):  # a time or a text that no longer reads as one
        return Verdict(seq, seq + 1, f"Row {seq + 1}, or one soon after it, cannot be read.")
    return Verdict(seq)


def entries(connection: Connection, team: str, subject: str | None = None, limit: int = 100) -> tuple[Recorded, ...]:
    """Give the newest `limit` entries of a team, or those about one subject, oldest first; not verified."""
    newest = select(AuditRow).where(AuditRow.team == team).order_by(AuditRow.seq.desc()).limit(limit)
    if subject is not None:
        # An act on several things names the others in its details.
        newest = newest.where(or_(AuditRow.subject == subject, AuditRow.details.contains(subject, autoescape=True)))
    return tuple(_recorded(row) for row in reversed(connection.execute(newest).all()))


def _recorded(row: Row[Any]) -> Recorded:
    details = json.loads(row.details)
    return Recorded(row.seq, AuditEntry(row.team, row.at, row.actor, row.act, row.subject, row.outcome, details))


_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def _details(details: Mapping[str, str]) -> str:
    text = _JSON.encode(dict(details))
    if len(text) > LONGEST_DETAILS:
        raise ValueError(f"The details of an audit entry take at most {LONGEST_DETAILS} characters.")
    return text


def _canonical(seq: int, act: "AuditEntry | Row[Any]", details: str) -> bytes:
    if act.at.utcoffset() is None:
        raise ValueError("An audit entry needs a time with a zone.")
    at = act.at.astimezone(UTC).isoformat(timespec="microseconds")
    words = (act.team, str(seq), at, act.actor, act.act, act.subject, act.outcome, details)
    return framed(*(word.encode() for word in words))
