"""A file that is sealed as it is written and opened as it is read, in bounded pieces: AES-256-GCM, a key a file.

It begins with a line in clear that says what it is and how its key is made. Each piece is bound to that beginning, to
its number and to whether it is the last one, so nothing can be changed, left out, put elsewhere or cut off.
"""

import json
import os
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from storage.keys import PREFIX, RootKey

MAGIC = b"confer backup 1\n"
PIECE = 1 << 20  # bytes in clear
TAG_BYTES = 16
SALT_BYTES = 32
LENGTH = struct.Struct(">I")
LONGEST_HEADER = 10_000
SCRYPT = {"n": 1 << 17, "r": 8, "p": 1}  # 128 MiB and about half a second
MOST_WORK = 1 << 20  # what a forged beginning could ask for
SHORTEST_PASSPHRASE = 12


class BackupBroken(Exception):
    """The file is no whole backup, or not of this key; the message is a plain sentence."""


class SealedWriter:
    """Writes to a file that is open for bytes; ``finish`` writes the last piece, and the file is on disk then."""

    def __init__(self, file: BinaryIO, secret: str, about: Mapping[str, str]) -> None:
        self._file, self._rest, self._number = file, bytearray(), 0
        made = {"salt": os.urandom(SALT_BYTES).hex(), **({} if secret.startswith(PREFIX) else SCRYPT)}
        header = json.dumps({**about, "key": made}, sort_keys=True).encode()
        self._cipher, self._context = AESGCM(_key(secret, made)), _digest(header)
        file.write(MAGIC + LENGTH.pack(len(header)) + header)

    def write(self, data: bytes) -> None:
        self._rest += data
        while len(self._rest) > PIECE:  # the last piece is written by `finish`, which knows that it is
            self._seal(bytes(self._rest[:PIECE]), is_last=False)
            del self._rest[:PIECE]

    def finish(self) -> None:
        self._seal(bytes(self._rest), is_last=True)
        self._file.flush()
        os.fsync(self._file.fileno())

    def _seal(self, piece: bytes, *, is_last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, is_last=is_last), piece, self._context)
        self._file.write(LENGTH.pack(len(sealed) | is_last << 31) + sealed)
        self._number += 1


class SealedReader:
    """Reads such a file. ``about`` is what its beginning says; it is proven by the first piece."""

    def __init__(self, file: BinaryIO, secret: str) -> None:
        self._file, self._rest, self._number, self._ended = file, bytearray(), 0, False
        self.about, header = _beginning(file)
        try:
            self._cipher = AESGCM(_key(secret, self.about["key"]))
        except (KeyError, TypeError, ValueError):
            raise BackupBroken("The beginning of the backup is damaged.") from None
        self._context = _digest(header)
        self._open()

    def read(self, size: int) -> bytes:
        """Exactly so many bytes. Raises BackupBroken, also where the file ends before."""
        while len(self._rest) < size:
            if self._ended:
                raise BackupBroken("The backup ends before it should.")
            self._open()
        data = bytes(self._rest[:size])
        del self._rest[:size]
        return data

    def end(self) -> None:
        """Raise BackupBroken unless all was read."""
        if self._rest or not self._ended or self._file.read(1):
            raise BackupBroken("The backup goes on after its end.")

    def _open(self) -> None:
        (length,) = LENGTH.unpack(_exactly(self._file, LENGTH.size))
        is_last, length = length >> 31, length & 0x7FFFFFFF
        if length > PIECE + TAG_BYTES:
            raise BackupBroken(f"Piece {self._number + 1} of the backup is damaged.")
        sealed = _exactly(self._file, length)
        try:
            self._rest += self._cipher.decrypt(_nonce(self._number, is_last=bool(is_last)), sealed, self._context)
        except InvalidTag:
            which = f"Piece {self._number + 1} of the backup is damaged."
            raise BackupBroken(
                which if self._number else "This key does not open the backup, or it is damaged."
            ) from None
        self._number, self._ended = self._number + 1, bool(is_last)


def about(file: BinaryIO) -> Mapping[str, Any]:
    """What the beginning of a backup says, unproven. Raises BackupBroken."""
    return _beginning(file)[0]


def _beginning(file: BinaryIO) -> tuple[dict[str, Any], bytes]:
    if file.read(len(MAGIC)) != MAGIC:
        raise BackupBroken("This is no backup of Confer.")
    (length,) = LENGTH.unpack(_exactly(file, LENGTH.size))
    if length > LONGEST_HEADER:
        raise BackupBroken("The beginning of the backup is damaged.")
    header = _exactly(file, length)
    try:
        said = json.loads(header)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise BackupBroken("The beginning of the backup is damaged.")
    return said, header


def _key(secret: str, made: Mapping[str, Any]) -> bytes:
    """The file's own key; a salt is used once, so that numbers can be nonces."""
    salt = bytes.fromhex(made["salt"])
    if secret.startswith(PREFIX):
        return RootKey.read(secret).derive(f"backup {salt.hex()}")
    work = {name: int(made[name]) for name in SCRYPT} if "n" in made else {}
    if not work:
        raise BackupBroken("The backup was made with a backup key, not with a passphrase.")
    if work["n"] * work["r"] * work["p"] > MOST_WORK * 8:
        raise BackupBroken("The beginning of the backup is damaged.")
    return Scrypt(salt, 32, **work).derive(secret.encode())


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


def _digest(header: bytes) -> bytes:
    digest = Hash(SHA256())
    digest.update(MAGIC + header)
    return digest.finalize()


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise BackupBroken("The backup ends before it should.")
    return data
