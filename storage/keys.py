"""The key ring: one root key wraps a team key per epoch, which wraps the data keys that seal fields.

Scopes: `epoch` is the team key itself (its version is the epoch), `team` seals what belongs to no case,
`case:C-7K2P` seals one case, `audit` chains the team's audit rows. Changing the team key or the root key
wraps the data keys anew and touches no field; destroying a data key erases all it sealed.
"""

import base64
import hmac
import os
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from sqlalchemy import ColumnElement, Connection, Row, bindparam, event, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import aliased

from storage import seal
from storage.database import done_in, wait_for_turn, wants_scrub
from storage.schema import KeyRow, MetaRow
from storage.seal import KEY_BYTES, Cell, SealBroken

PREFIX = "confer-key-1:"
KEY_CHECK = "key-check"
DESTROYED = "keys-destroyed"
EPOCH, TEAM, AUDIT = "epoch", "team", "audit"
DATA_VERSION = 1  # a data key lives as long as what it seals; only its wrapping changes
REMEMBERED = 1024  # unwrapped keys kept in memory

Slot = tuple[str, str]  # team, scope


class KeyTrouble(Exception):
    """A key is not what it should be; the message is a plain sentence without key material."""


class WrongKey(KeyTrouble):
    """The root key is not the one this database was made with."""


class KeyUnreadable(KeyTrouble):
    """A key file is missing, not a key, or open to other people."""


class KeyMissing(KeyTrouble):
    """No key was ever made for this team or scope."""


class KeyDestroyed(KeyTrouble):
    """The key was destroyed, and with it all it sealed."""


@dataclass(frozen=True, slots=True)
class RootKey:
    """The 32 random bytes from which all else is reached; never in the database, never in a log."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise KeyUnreadable(f"A root key is {KEY_BYTES} bytes long.")

    @classmethod
    def new(cls) -> Self:
        """Make a key from the operating system's randomness."""
        return cls(os.urandom(KEY_BYTES))

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what `text` gave; raises KeyUnreadable. White space around it is ignored."""
        line = text.strip()
        body = line.removeprefix(PREFIX).encode("ascii", "replace")
        secret = base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)) if len(body) == 43 else b""
        if len(secret) != KEY_BYTES or not hmac.compare_digest(cls(secret).text().encode(), line.encode()):
            raise KeyUnreadable(f"This is not a Confer key; one is a single line that begins with {PREFIX}")
        return cls(secret)

    def text(self) -> str:
        """Give the key as one line of text: the prefix and 43 base64url characters."""
        return PREFIX + base64.urlsafe_b64encode(self.secret).decode().rstrip("=")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a key file; raises KeyUnreadable when it is missing, not a key, or not private (0600)."""
        try:
            with path.open(encoding="ascii", errors="replace") as file:
                exposed = os.fstat(file.fileno()).st_mode & 0o077
                text = file.read(1000)
        except OSError as trouble:
            raise KeyUnreadable(f"The key file {path} cannot be read: {trouble.strerror}.") from None
        if exposed:
            raise KeyUnreadable(f"The key file {path} is open to other people; run: chmod 600 {path}")
        return cls.read(text)

    def save(self, path: Path) -> None:
        """Write a new key file with mode 0600, safely on disk; raises KeyUnreadable if it exists."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as trouble:
            raise KeyUnreadable(f"The key file {path} cannot be made: {trouble.strerror}.") from None
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(self.text() + "\n")
            file.flush()
            os.fsync(file.fileno())

    def derive(self, purpose: str) -> bytes:
        """Give the 32-byte key for one purpose, which tells nothing of the root or of another purpose."""
        return _derived(self.secret, "root", purpose)

    def signer(self) -> Ed25519PrivateKey:
        """Give the key that signs audit checkpoints."""
        return Ed25519PrivateKey.from_private_bytes(self.derive("checkpoint"))


class KeyRing:
    """Seals and unseals fields, and keeps the keys for it; safe to share between threads.

    Methods run inside the caller's transaction. Unwrapped data keys are remembered; on PostgreSQL, where another
    process may destroy one, each transaction looks first whether that has happened.
    """

    def __init__(self, root: RootKey) -> None:
        self.root = root
        self._wrapping = root.derive("wrap")
        self._keys: OrderedDict[Slot, bytes] = OrderedDict()
        self._gone: set[Slot] = set()  # a reader that still sees the row must not bring the key back
        self._mark: bytes | None = None  # changes whenever any process destroys a key
        self._guard = threading.Lock()

    @property
    def destroyed(self) -> int:
        """How many keys were destroyed through this ring."""
        return len(self._gone)

    def check(self, connection: Connection) -> None:
        """Write the key-check value into a database without keys; else raise WrongKey unless it matches."""
        mine = self.root.derive(KEY_CHECK)
        kept = connection.scalar(CHECK)
        if kept is None:
            wait_for_turn(connection, KEY_CHECK)  # two processes may begin with one empty database
            kept = connection.scalar(CHECK)
        if kept is None and connection.scalar(select(KeyRow.team).limit(1)) is None:
            connection.execute(insert(MetaRow).values(name=KEY_CHECK, value=mine))
        elif kept is None or not hmac.compare_digest(kept, mine):
            raise WrongKey("This key does not belong to this database; nothing was read or written.")

    def begin_team(self, connection: Connection, team: str, now: datetime) -> None:
        """Make a team's first key and its `team` and `audit` data keys; once per team (IntegrityError)."""
        self._add_epoch(connection, team, 1, now)
        for scope in (TEAM, AUDIT):
            self.begin_scope(connection, team, scope, now)

    def begin_scope(self, connection: Connection, team: str, scope: str, now: datetime) -> None:
        """Make the data key of a scope such as `case_scope("C-7K2P")`; once for each (IntegrityError).

        Raises KeyMissing for a team that was never begun.
        """
        epoch, team_key = self._team_key(connection, team)
        wrapped = seal.seal(team_key, epoch, _key_cell(team, scope, DATA_VERSION), os.urandom(KEY_BYTES))
        row = {"team": team, "scope": scope, "version": DATA_VERSION, "epoch": epoch, "wrapped": wrapped}
        connection.execute(insert(KeyRow).values(**row, created_at=now))
        self._forget_on_rollback(connection, (team, scope))

    def seal(self, connection: Connection, cell: Cell, plaintext: bytes) -> bytes:
        """Seal a field for its cell, under its case's key or the team's; raises KeyMissing, KeyDestroyed."""
        return seal.seal(self._data_key(connection, *_slot(cell)), DATA_VERSION, cell, plaintext)

    def unseal(self, connection: Connection, cell: Cell, blob: bytes) -> bytes:
        """Give back what was sealed for this cell; raises SealBroken, KeyMissing or KeyDestroyed."""
        if seal.version_of(blob) != DATA_VERSION:
            raise SealBroken
        return seal.unseal(self._data_key(connection, *_slot(cell)), cell, blob)

    def gather(self, connection: Connection, team: str, cases: Collection[str]) -> None:
        """Unwrap the keys of many cases with one look-up; one that is missing or destroyed is left to its use."""
        slots = {(team, case_scope(case)) for case in cases if case}
        self._catch_up(connection)
        with self._guard:
            wanted = [slot for slot in slots if slot not in self._keys and slot not in self._gone]
        if len(wanted) < 2:
            return
        for row in connection.execute(LOOK_UP_MANY, {"of_team": team, "of_scopes": [scope for _, scope in wanted]}):
            if row.destroyed_at is None:
                self._remember(connection, (team, row.scope), self._unwrapped(team, row.scope, row))

    def blind(self, connection: Connection, team: str, purpose: str, text: str) -> str:
        """Give 64 hex digits that are equal for equal `text` of one team and purpose, and tell nothing else.

        Only letters and digits count, in any letter case; raises ValueError if there are none.
        """
        plain = "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())
        if not plain:
            raise ValueError("There is no letter or digit to look up.")
        key = _derived(self._data_key(connection, team, TEAM), "blind", purpose)
        return hmac.digest(key, plain.encode(), "sha256").hex()

    def chain_key(self, connection: Connection, team: str) -> bytes:
        """Give the key of the team's audit chain; raises KeyMissing."""
        return self._data_key(connection, team, AUDIT)

    def destroy(self, connection: Connection, team: str, scope: str, now: datetime) -> None:
        """Erase all that a scope sealed by overwriting its key; a second time changes nothing.

        Raises KeyMissing for an unknown scope, ValueError for `epoch` and `audit`, which are kept.
        """
        if scope in (EPOCH, AUDIT):
            raise ValueError(f"The {scope} key of a team is not destroyed.")
        slot = KeyRow.team == team, KeyRow.scope == scope
        if connection.scalar(select(KeyRow.team).where(*slot)) is None:
            raise KeyMissing("There is no such key to destroy.")
        if _erase(connection, *slot, now=now) and connection.dialect.name == "postgresql":
            connection.execute(TELL, {"name": DESTROYED, "value": os.urandom(8)})
        with self._guard:
            self._gone.add((team, scope))
            self._keys.pop((team, scope), None)

    def epochs(self, connection: Connection) -> dict[str, tuple[int, datetime]]:
        """Give for every team the epoch of its key and when that was made."""
        live = select(KeyRow.team, KeyRow.version, KeyRow.created_at).where(
            KeyRow.scope == EPOCH, KeyRow.destroyed_at.is_(None)
        )
        return {team: (epoch, made) for team, epoch, made in connection.execute(live.order_by(KeyRow.team))}

    def rotate_team(self, connection: Connection, team: str, now: datetime) -> int:
        """Make the team's next key, wrap its data keys in it, erase the former; give the new epoch."""
        epoch, former = self._team_key(connection, team)
        key = self._add_epoch(connection, team, epoch + 1, now)
        live = select(KeyRow.scope, KeyRow.version, KeyRow.wrapped).where(
            KeyRow.team == team, KeyRow.scope != EPOCH, KeyRow.destroyed_at.is_(None)
        )
        rewrapped = []
        for scope, version, wrapped in connection.execute(live.with_for_update()):
            cell = _key_cell(team, scope, version)
            again = seal.seal(key, epoch + 1, cell, seal.unseal(former, cell, wrapped))
            rewrapped.append(_rewrap(team, scope, version, epoch + 1, again))
        connection.execute(REWRAP, rewrapped)
        _erase(connection, KeyRow.team == team, KeyRow.scope == EPOCH, KeyRow.version == epoch, now=now)
        return epoch + 1

    def rewrap_root(self, connection: Connection, new_root: RootKey) -> "KeyRing":
        """Wrap every team's key in `new_root`; give the ring to use once this is committed.

        This ring stays on the former root, so a rollback leaves it right. Raises WrongKey.
        """
        self.check(connection)
        ring = KeyRing(new_root)
        live = select(KeyRow.team, KeyRow.version, KeyRow.wrapped).where(
            KeyRow.scope == EPOCH, KeyRow.destroyed_at.is_(None)
        )
        rewrapped = []
        for team, epoch, wrapped in connection.execute(live.with_for_update()):
            cell = _key_cell(team, EPOCH, epoch)
            again = seal.seal(ring._wrapping, 0, cell, seal.unseal(self._wrapping, cell, wrapped))
            rewrapped.append(_rewrap(team, EPOCH, epoch, epoch, again))
        if rewrapped:
            connection.execute(REWRAP, rewrapped)
        check = update(MetaRow).where(MetaRow.name == KEY_CHECK)
        connection.execute(check.values(value=new_root.derive(KEY_CHECK)))
        wants_scrub(connection)
        return ring

    def _add_epoch(self, connection: Connection, team: str, epoch: int, now: datetime) -> bytes:
        key = os.urandom(KEY_BYTES)
        wrapped = seal.seal(self._wrapping, 0, _key_cell(team, EPOCH, epoch), key)
        row = {"team": team, "scope": EPOCH, "version": epoch, "epoch": epoch, "wrapped": wrapped}
        connection.execute(insert(KeyRow).values(**row, created_at=now))
        return key

    def _team_key(self, connection: Connection, team: str) -> tuple[int, bytes]:
        """Give the team's epoch and key, in turn: a key wrapped during a rotation would be lost."""
        wait_for_turn(connection, team)
        live = KeyRow.team == team, KeyRow.scope == EPOCH, KeyRow.destroyed_at.is_(None)
        row = connection.execute(select(KeyRow.version, KeyRow.wrapped).where(*live)).one_or_none()
        if row is None:
            raise KeyMissing("This team has no key.")
        return row.version, seal.unseal(self._wrapping, _key_cell(team, EPOCH, row.version), row.wrapped)

    def _data_key(self, connection: Connection, team: str, scope: str) -> bytes:
        slot = team, scope
        self._catch_up(connection)
        with self._guard:
            if (key := self._keys.get(slot)) is not None:
                self._keys.move_to_end(slot)
                return key
        return self._remember(connection, slot, self._unwrap(connection, team, scope))

    def _catch_up(self, connection: Connection) -> None:
        """Forget every key where another process has destroyed one since."""
        if connection.dialect.name != "postgresql" or DESTROYED in done_in(connection):
            return
        done_in(connection).add(DESTROYED)
        mark = connection.scalar(LAST_DESTROYED)
        connection.info[DESTROYED] = mark
        with self._guard:
            if mark != self._mark:
                self._keys.clear()
                self._mark = mark

    def _remember(self, connection: Connection, slot: Slot, key: bytes) -> bytes:
        with self._guard:
            # What a transaction that began before a key was destroyed still sees is for that transaction alone.
            if slot not in self._gone and connection.info.get(DESTROYED) == self._mark:
                self._keys[slot] = key
                if len(self._keys) > REMEMBERED:
                    self._keys.popitem(last=False)
        return key

    def _unwrap(self, connection: Connection, team: str, scope: str) -> bytes:
        row = connection.execute(LOOK_UP, {"of_team": team, "of_scope": scope}).one_or_none()
        if row is None:
            raise KeyMissing("No key was made for this part of the record.")
        if row.destroyed_at is not None:
            raise KeyDestroyed("This part of the record was erased for good; its key was destroyed.")
        return self._unwrapped(team, scope, row)

    def _unwrapped(self, team: str, scope: str, row: Row[*tuple[Any, ...]]) -> bytes:
        team_key = seal.unseal(self._wrapping, _key_cell(team, EPOCH, row.epoch), row.team_key)
        return seal.unseal(team_key, _key_cell(team, scope, DATA_VERSION), row.wrapped)

    def _forget_on_rollback(self, connection: Connection, slot: Slot) -> None:
        """A key that was rolled back would still seal from memory, and nothing could unseal it later."""

        def forget(*_: object) -> None:
            with self._guard:
                self._keys.pop(slot, None)

        event.listen(connection, "rollback", forget)
        event.listen(connection, "rollback_savepoint", forget)


def case_scope(case: str) -> str:
    """Name the scope of one case's data key."""
    return f"case:{case}"


CHECK = select(MetaRow.value).where(MetaRow.name == KEY_CHECK)
LAST_DESTROYED = select(MetaRow.value).where(MetaRow.name == DESTROYED)
_TELL = postgresql.insert(MetaRow)
TELL = _TELL.on_conflict_do_update(index_elements=[MetaRow.name], set_={"value": _TELL.excluded.value})
# One statement, so that data key and team key are seen at the same moment also while the team key changes.
_Epoch = aliased(KeyRow)
_WRAPPED = (
    select(KeyRow.scope, KeyRow.wrapped, KeyRow.epoch, KeyRow.destroyed_at, _Epoch.wrapped.label("team_key"))
    .join(_Epoch, (_Epoch.team == KeyRow.team) & (_Epoch.scope == EPOCH) & (_Epoch.version == KeyRow.epoch))
    .where(KeyRow.team == bindparam("of_team"), KeyRow.version == DATA_VERSION)
)
LOOK_UP = _WRAPPED.where(KeyRow.scope == bindparam("of_scope"))
LOOK_UP_MANY = _WRAPPED.where(KeyRow.scope.in_(bindparam("of_scopes", expanding=True)))
REWRAP = (
    update(KeyRow.__table__)  # type: ignore[arg-type]
    .where(
        KeyRow.team == bindparam("of_team"),
        KeyRow.scope == bindparam("of_scope"),
        KeyRow.version == bindparam("of_version"),
    )
    .values(wrapped=bindparam("again"), epoch=bindparam("into_epoch"))
)


def _rewrap(team: str, scope: str, version: int, epoch: int, wrapped: bytes) -> dict[str, object]:
    return {"of_team": team, "of_scope": scope, "of_version": version, "into_epoch": epoch, "again": wrapped}


def _erase(connection: Connection, *where: ColumnElement[bool], now: datetime) -> int:
    """Overwrite keys with as many zeros, in the file and, after the commit, in its log; how many."""
    live = update(KeyRow).where(*where, KeyRow.destroyed_at.is_(None))
    wants_scrub(connection)
    return connection.execute(live.values(wrapped=bytes(seal.OVERHEAD + KEY_BYTES), destroyed_at=now)).rowcount


def _slot(cell: Cell) -> Slot:
    return cell.team, case_scope(cell.case) if cell.case else TEAM


def _key_cell(team: str, scope: str, version: int) -> Cell:
    return Cell(team, KeyRow.__tablename__, "wrapped", f"{version}/{scope}")


def _derived(key: bytes, *purpose: str) -> bytes:
    info = seal.framed(b"confer", *(part.encode() for part in purpose))
    return HKDFExpand(SHA256(), KEY_BYTES, info).derive(key)  # no extract step: the key is random already
