"""What a platform took in and has not carried out yet, in a sealed file beside the database.

A chat service wants its acknowledgement within seconds, also while the database is locked or being migrated, so this
is a file of its own: records are appended, one fsync for all that came together. A torn end, as a crash leaves it, is
cut off; it was never acknowledged.
"""

import os
import struct
import threading
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.keys import RootKey

_HEAD = struct.Struct(">I")
_NUMBER = struct.Struct(">BQ")
_PUT, _DONE = 1, 2
NONCE_BYTES = 12


class SealedInbox:
    """One platform's inbox; see ``adapters.platform.Inbox``. One process writes it."""

    def __init__(self, path: Path, root: RootKey, platform: str):
        self._cipher, self._context = AESGCM(root.derive(f"inbox {platform}")), platform.encode()
        self._lock = threading.Lock()
        self._waiting: dict[int, bytes] = {}
        self._last = 0
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._read()

    def put(self, contents: Sequence[bytes]) -> tuple[int, ...]:
        with self._lock:
            numbers = tuple(range(self._last + 1, self._last + 1 + len(contents)))
            records = [self._record(_PUT, number, content) for number, content in zip(numbers, contents, strict=True)]
            os.write(self._file, b"".join(records))
            os.fdatasync(self._file)
            self._last += len(contents)
            self._waiting |= dict(zip(numbers, contents, strict=True))
            return numbers

    def done(self, number: int) -> None:
        with self._lock:
            if self._waiting.pop(number, None) is None:
                return
            # Not synced: after a crash it is handed over again, and carried out once all the same.
            os.write(self._file, self._record(_DONE, number, b""))
            if not self._waiting:
                # Nothing of what people wrote stays longer than it is needed: a case may be erased tomorrow.
                os.ftruncate(self._file, 0)

    def pending(self) -> tuple[tuple[int, bytes], ...]:
        with self._lock:
            return tuple(sorted(self._waiting.items()))

    def close(self) -> None:
        with self._lock:
            os.close(self._file)

    def _record(self, kind: int, number: int, content: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)  # never derived: reuse under one key breaks GCM
        body = nonce + self._cipher.encrypt(nonce, _NUMBER.pack(kind, number) + content, self._context)
        return _HEAD.pack(len(body)) + body

    def _read(self) -> None:
        """Take in what an earlier process left, up to the first record that is torn or not ours."""
        data = os.pread(self._file, os.fstat(self._file).st_size, 0)
        at = 0
        while (end := self._take(data, at)) is not None:
            at = end
        if at < len(data):
            os.ftruncate(self._file, at)

    def _take(self, data: bytes, at: int) -> int | None:
        """Read the record at this place; where the next begins, or None at the end of what is whole."""
        if at + _HEAD.size > len(data):
            return None
        begin = at + _HEAD.size
        end = begin + int(_HEAD.unpack_from(data, at)[0])
        if end > len(data) or end < begin + NONCE_BYTES:
            return None
        try:
            plain = self._cipher.decrypt(
                data[begin : begin + NONCE_BYTES], data[begin + NONCE_BYTES : end], self._context
            )
        except InvalidTag:
            return None
        kind, number = _NUMBER.unpack_from(plain)
        self._last = max(self._last, number)
        if kind == _PUT:
            self._waiting[number] = plain[_NUMBER.size :]
        else:
            self._waiting.pop(number, None)
        return end
