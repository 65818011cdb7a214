"""Signed checkpoints of the audit chains, kept outside the database: they show when a chain's end is gone.

A line of the file is JSON: where a team's chain stood (team, seq, mac, at), the hash of the line before, and
an Ed25519 signature. After a change of the root key, a line signed by the new key names the former one. The
file belongs where whoever can change the database cannot remove it.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, bindparam, select

from storage.audit import HEAD, Verdict
from storage.keys import RootKey
from storage.schema import AuditRow

CONTEXT = b"confer checkpoint 1\n"
STANDS = select(AuditRow.mac).where(AuditRow.team == bindparam("of_team"), AuditRow.seq == bindparam("of_seq"))

Line = dict[str, Any]


class Checkpoints:
    """The checkpoint file of one database; one process writes it."""

    def __init__(self, path: Path, root: RootKey) -> None:
        self.path = path
        self._signer = root.signer()

    def write(self, connection: Connection, team: str, now: datetime) -> bool:
        """Add a line for a team whose chain has grown since its last one; give whether it had.

        The line is on disk when this returns. Call it while `reading`, not in a transaction that adds rows: a
        line for rows that are then rolled back would look like a chain cut short.
        """
        head = connection.execute(HEAD, {"of_team": team}).one_or_none()
        if head is None or head.seq == self._last(team):
            return False
        self._append({"team": team, "seq": head.seq, "mac": head.mac.hex()}, now)
        return True

    def restored(self, heads: Mapping[str, int], now: datetime) -> None:
        """Note that a backup was restored whose chains end there: what was attested beyond is gone, by intention."""
        self._append({"restored": dict(heads)}, now)

    def beyond(self, heads: Mapping[str, int]) -> Mapping[str, int]:
        """Of teams whose chains were longer than this: the last row that was attested."""
        last = {
            team: self._last(team) for team in {str(_parsed(text).get("team", "")) for text in self._lines()} - {""}
        }
        return {team: seq for team, seq in last.items() if seq > heads.get(team, 0)}

    def hand_over(self, root: RootKey, now: datetime) -> "Checkpoints":
        """Let `root` sign from now on and vouch for what this key signed, once; give what to go on with."""
        successor = Checkpoints(self.path, root)
        lines = self._lines()
        if not (lines and _is_signed(_parsed(lines[-1]), successor._signer.public_key())):
            successor._append({"former": self._signer.public_key().public_bytes_raw().hex()}, now)
        return successor

    def verify(self, connection: Connection) -> Verdict:
        """Say whether every line is genuine and in its place, and every chain still holds what they attest.

        `rows` and `first_bad` of the verdict count lines of the file.
        """
        lines = self._lines()
        forged, void = self._forged(lines), _void(lines)
        before = b""
        for number, text in enumerate(lines, start=1):
            if number in forged:
                return Verdict(number - 1, number, f"Line {number} was not signed by this key.")
            line = _parsed(text)
            if line.get("before") != _digest(before):
                return Verdict(number - 1, number, f"A line before line {number} is missing.")
            if "team" in line and number not in void and not _stands(connection, line):
                what = f"The audit chain of {line['team']} no longer has its row {line['seq']}."
                return Verdict(number - 1, number, what)
            before = text
        return Verdict(len(lines))

    def _forged(self, lines: list[bytes]) -> set[int]:
        """Read from the end, where our own key signs, back through each handover to the key before it."""
        key, forged = self._signer.public_key(), set()
        for number, text in reversed(list(enumerate(lines, start=1))):
            line = _parsed(text)
            if not _is_signed(line, key):
                forged.add(number)
            elif "former" in line:
                key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(str(line["former"])))
        return forged

    def _last(self, team: str) -> int:
        for text in reversed(self._lines()):
            line = _parsed(text)
            if line.get("team") == team:
                return int(line.get("seq", 0))
            if "restored" in line:
                return int(line["restored"].get(team, 0))
        return 0

    def _lines(self) -> list[bytes]:
        """Give the whole lines; a last one without its end was cut off by a crash and never counted."""
        whole = self.path.read_bytes() if self.path.exists() else b""
        return whole.split(b"\n")[:-1]

    def _append(self, line: Line, now: datetime) -> None:
        if now.utcoffset() is None:
            raise ValueError("A checkpoint needs a time with a zone.")
        lines = self._lines()
        line |= {"at": now.astimezone(UTC).isoformat(), "before": _digest(lines[-1] if lines else b"")}
        line["signature"] = self._signer.sign(_signed_part(line)).hex()
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b") as file:
            file.truncate(sum(len(whole) + 1 for whole in lines))
            file.seek(0, os.SEEK_END)
            file.write(_canonical(line) + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _void(lines: list[bytes]) -> set[int]:
    """The lines that attest rows which a later restore left out."""
    void: set[int] = set()
    ends: dict[str, int] | None = None
    for number, text in reversed(list(enumerate(lines, start=1))):
        line = _parsed(text)
        if "restored" in line:
            before = ends or {}
            ends = {team: min(seq, before.get(team, seq)) for team, seq in line["restored"].items()}
        elif ends is not None and "team" in line and int(line["seq"]) > ends.get(line["team"], 0):
            void.add(number)
    return void


def _stands(connection: Connection, line: Line) -> bool:
    mac = connection.scalar(STANDS, {"of_team": line["team"], "of_seq": line["seq"]})
    return mac is not None and mac.hex() == line["mac"]


def _is_signed(line: Line, key: Ed25519PublicKey) -> bool:
    try:
        key.verify(bytes.fromhex(str(line.get("signature", ""))), _signed_part(line))
    except (InvalidSignature, ValueError):
        return False
    return True


def _parsed(text: bytes) -> Line:
    """Give the line's fields; none for what is not such a line."""
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}


def _signed_part(line: Line) -> bytes:
    return CONTEXT + _canonical({name: value for name, value in line.items() if name != "signature"})


def _canonical(line: Line) -> bytes:
    return json.dumps(line, sort_keys=True, separators=(",", ":")).encode()


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
