"""Seal a field in its place: AES-256-GCM whose associated data names where the field lives.

A sealed blob is `format (1 byte) | key version (4 bytes) | nonce (12) | ciphertext | tag (16)`, so it is
`OVERHEAD` bytes longer than what it hides. Moving a blob to another team, table, column, row or case, or
naming another key version in its header, makes it unreadable.
"""

import os
import struct
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
FORMAT = 1
HEADER = struct.Struct(">BI")
NONCE_BYTES = 12
TAG_BYTES = 16
OVERHEAD = HEADER.size + NONCE_BYTES + TAG_BYTES
CONTEXT = b"confer seal"


class SealBroken(Exception):
    """What was stored cannot be unsealed here: it was changed, moved, or sealed with another key."""

    def __init__(self) -> None:
        super().__init__("A sealed field does not fit its place or its key; it was changed or moved.")


@dataclass(frozen=True, slots=True)
class Cell:
    """The one place where a sealed field may be read: `row` is the row's id, `case` empty outside a case."""

    team: str
    table: str
    column: str
    row: str
    case: str = ""


def seal(key: bytes, version: int, cell: Cell, plaintext: bytes) -> bytes:
    """Seal `plaintext` for `cell` under a 32-byte `key`; `version` (0 to 2**32 - 1) says which key it was.

    Raises ValueError for a key of another size.
    """
    header = HEADER.pack(FORMAT, version)
    nonce = os.urandom(NONCE_BYTES)  # never derived: reuse under one key breaks GCM
    return header + nonce + _cipher(key).encrypt(nonce, plaintext, _place(header, cell))


def unseal(key: bytes, cell: Cell, blob: bytes) -> bytes:
    """Give back what was sealed for `cell` under `key`; raises SealBroken on any mismatch."""
    if len(blob) < OVERHEAD:
        raise SealBroken
    header, nonce, body = blob[: HEADER.size], blob[HEADER.size :][:NONCE_BYTES], blob[OVERHEAD - TAG_BYTES :]
    try:
        return _cipher(key).decrypt(nonce, body, _place(header, cell))
    except InvalidTag:
        raise SealBroken from None


def version_of(blob: bytes) -> int:
    """Give the key version that `blob` claims; it is proven only by `unseal`. Raises SealBroken."""
    if len(blob) < OVERHEAD or blob[0] != FORMAT:
        raise SealBroken
    _, version = HEADER.unpack_from(blob)
    return int(version)


def framed(*parts: bytes) -> bytes:
    """Join byte strings so that no two different lists give the same bytes: each after its 4-byte length."""
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])


def _place(header: bytes, cell: Cell) -> bytes:
    return _column(header, cell.team, cell.table, cell.column) + framed(cell.row.encode(), cell.case.encode())


@lru_cache(maxsize=1000)
def _column(header: bytes, team: str, table: str, column: str) -> bytes:
    """What all the cells of a column begin with."""
    return framed(CONTEXT, header, team.encode(), table.encode(), column.encode())


def _cipher(key: bytes) -> AESGCM:
    if len(key) != KEY_BYTES:  # AESGCM itself would take a shorter key, and seal with AES-128
        raise ValueError(f"A sealing key is {KEY_BYTES} bytes long.")
    return AESGCM(key)
