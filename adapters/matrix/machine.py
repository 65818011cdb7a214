"""The bot's device: its crypto store, what it can open, and for whom it encrypts.

The cryptography is matrix-nio's; who may read and whose words count is decided by :mod:`adapters.matrix.people`.
"""

import asyncio
import fcntl
import os
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import vodozemac
from nio.crypto import Olm, OlmDevice
from nio.exceptions import EncryptionError
from nio.store import SqliteStore

from adapters.matrix.http import JSON, Homeserver
from adapters.matrix.people import Device, People
from adapters.matrix.signing import is_signed

MEGOLM = "m.megolm.v1.aes-sha2"
STORE = "crypto.db"
LOCK = "crypto.lock"
MOST_MESSAGES_A_REQUEST = 50


class StoreLost(Exception):
    """The crypto store is not the one that this device was made with; what was encrypted for it cannot be read."""


class StoreInUse(Exception):
    """Another process has the crypto store open: two at once would use the same keys twice and lose them."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An encrypted event in clear. ``sender_key`` and ``ed25519`` are the keys it was encrypted with."""

    type: str
    content: JSON
    session: str
    index: int
    sender_key: str
    ed25519: str
    forwarded: bool


class Unreadable(Exception):
    """The event cannot be decrypted. ``missing``: its key may still come."""

    def __init__(self, why: str, *, missing: bool = False) -> None:
        super().__init__(why)
        self.missing = missing


class Machine:
    """One device's keys and sessions, over nio's Olm machine and its store."""

    def __init__(
        self, account: str, device: str, folder: Path, pickle_key: str, *, fresh: bool, look: bool = False
    ) -> None:
        """Open the store, alone unless it is only for a ``look``.

        Raises :class:`StoreLost` where there is none and ``fresh`` does not allow a new one, and :class:`StoreInUse`.
        """
        self.account, self.device = account, device
        path = folder / STORE
        if not fresh and not path.exists():
            raise StoreLost("gone")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = None if look else _locked(folder)
        if fresh:
            for name in (STORE, f"{STORE}-journal", f"{STORE}-wal", f"{STORE}-shm"):
                (folder / name).unlink(missing_ok=True)
        _private(path)
        try:
            self._olm: Any = Olm(account, device, SqliteStore(account, device, str(folder), pickle_key, STORE))
        except ValueError as trouble:  # another key's pickle
            self._unlock()
            raise StoreLost("foreign") from trouble
        self._olm._handle_olm_event = self._olm_payload
        self._original = type(self._olm)._handle_olm_event
        self._arrived: list[tuple[str, str]] = []
        self._private_messages: list[tuple[str, JSON]] = []
        self._shared: dict[str, frozenset[Device]] = {}
        self._keyless: dict[str, frozenset[Device]] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def close(self) -> None:
        self._olm.store.database.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def fingerprint(self) -> str:
        return str(self._olm.account.identity_keys["ed25519"])

    @property
    def curve25519(self) -> str:
        return str(self._olm.account.identity_keys["curve25519"])

    def sign(self, message: bytes) -> str:
        return str(self._olm.account.sign(message.decode()))

    @property
    def encrypted_rooms(self) -> set[str]:
        """Rooms that were ever seen encrypted."""
        return set(self._olm.store.load_encrypted_rooms())

    def remember_encrypted(self, rooms: Iterable[str]) -> None:
        self._olm.store.save_encrypted_rooms(set(rooms))

    # -- keys on the homeserver ----------------------------------------------------------------------------------
    def count_is(self, count: int | None) -> None:
        """How many one-time keys the homeserver still has; None where it did not say."""
        if count is not None:
            self._olm.uploaded_key_count = count

    @property
    def wants_upload(self) -> bool:
        return bool(self._olm.should_upload_keys)

    async def upload(self, server: Homeserver) -> None:
        """Give the homeserver the device's keys, and one-time keys for those who want to write to it."""
        answer = await server.call("POST", "/keys/upload", self._olm.share_keys())
        self._olm.account.shared = True
        self._olm.uploaded_key_count = answer.get("one_time_key_counts", {}).get("signed_curve25519", 0)
        self._olm.mark_keys_as_published()
        self._olm.save_account()

    # -- in ------------------------------------------------------------------------------------------------------
    def take_to_device(self, event: JSON) -> tuple[list[tuple[str, str]], list[tuple[str, JSON]]]:
        """Open a to-device message: the (room, session) keys that it brought, and what else it said, by its sender."""
        self._arrived, self._private_messages = [], []
        content = event.get("content", {})
        mine = (
            content.get("ciphertext", {}).get(self.curve25519) if isinstance(content.get("ciphertext"), dict) else None
        )
        if not isinstance(mine, dict):
            return [], []
        try:
            message: vodozemac.PreKeyMessage | vodozemac.AnyOlmMessage = (
                vodozemac.PreKeyMessage.from_base64(mine["body"])
                if mine["type"] == 0
                else vodozemac.AnyOlmMessage.normal(b64decode(mine["body"] + "=="))
            )
            self._olm.decrypt(str(event.get("sender")), str(content.get("sender_key")), message)
        except (ValueError, KeyError, TypeError, EncryptionError):
            return [], []
        return self._arrived, self._private_messages

    def _olm_payload(self, sender: str, sender_key: str, payload: JSON) -> Any:
        """What nio does with a decrypted message, and besides: which keys came, and what nio does not know."""
        content = payload.get("content")
        if payload.get("type") not in ("m.room_key", "m.forwarded_room_key"):
            if isinstance(content, dict):
                self._private_messages.append((sender, payload))
            return None
        done = self._original(self._olm, sender, sender_key, payload)
        if isinstance(content, dict):
            self._arrived.append((str(content.get("room_id")), str(content.get("session_id"))))
        return done

    def open(self, room: str, event: JSON) -> Opened:
        """The event in clear. Raises :class:`Unreadable`."""
        content = event["content"]
        if content.get("algorithm") != MEGOLM:
            raise Unreadable("algorithm")
        session = self._session(room, str(content.get("sender_key", "")), str(content.get("session_id")))
        if session is None:
            raise Unreadable("no_key", missing=True)
        try:
            plain, index = session.decrypt(str(content.get("ciphertext")))
            said = msgspec.json.decode(plain)
        except vodozemac.MegolmDecryptionException:
            raise Unreadable("index", missing=True) from None
        except ValueError:
            raise Unreadable("broken") from None
        if not isinstance(said, dict) or not isinstance(said.get("content"), dict) or said.get("room_id") != room:
            raise Unreadable("foreign")
        relation = content.get("m.relates_to")
        if isinstance(relation, dict):  # it stands outside, for the homeserver to see
            said["content"].setdefault("m.relates_to", relation)
        return Opened(
            str(said.get("type")),
            said["content"],
            session.id,
            index,
            session.sender_key,
            session.ed25519,
            bool(session.forwarding_chain),
        )

    def _session(self, room: str, sender_key: str, session: str) -> Any:
        if sender_key:
            return self._olm.inbound_group_store.get(room, sender_key, session)
        # Newer clients leave the deprecated sender key out.
        found = (by_id[session] for by_id in self._olm.inbound_group_store[room].values() if session in by_id)
        return next(found, None)

    # -- out -----------------------------------------------------------------------------------------------------
    async def encrypt(
        self,
        room: str,
        kind: str,
        content: JSON,
        readers: frozenset[str],
        people: People,
        server: Homeserver,
        *,
        everyone: bool = False,
    ) -> JSON:
        """The content for those devices of the readers that count, and for no other.

        ``everyone``: for all their devices. The next event has another session then, which only those that count get.
        """
        async with self._turns[room]:
            await people.refresh(readers, server)
            reading = people.counting(readers) + (people.others(readers) if everyone else [])
            devices = frozenset(d for d in reading if (d.account, d.id) != (self.account, self.device))
            session = self._olm.outbound_group_sessions.get(room)
            if session is None or session.expired or self._shared.get(room) != devices:
                refused = [] if everyone else people.others(readers)
                await self._share(room, devices, refused, server)
            elif self._keyless.get(room):
                await self._send_key(room, self._keyless[room], server)
            relation = content.get("m.relates_to")
            sealed: JSON = self._olm.group_encrypt(room, {"type": kind, "content": content})
            if relation:
                sealed["m.relates_to"] = relation
            return sealed

    async def _share(self, room: str, devices: frozenset[Device], refused: list[Device], server: Homeserver) -> None:
        """A new session for the room, its key sent to each device."""
        self._olm.create_outbound_group_session(room)
        session = self._olm.outbound_group_sessions[room]
        await self._send_key(room, devices, server)
        withheld = {
            "algorithm": MEGOLM,
            "room_id": room,
            "session_id": session.id,
            "sender_key": self.curve25519,
            "code": "m.unverified",
            "reason": "This device is not verified by its owner.",
        }
        others = [d for d in refused if (d.account, d.id) != (self.account, self.device)]
        await send_to_devices(server, "m.room_key.withheld", dict.fromkeys(others, withheld))
        session.shared = True
        self._shared[room] = devices

    async def _send_key(self, room: str, devices: Iterable[Device], server: Homeserver) -> None:
        """The key of the room's session, as it is now, to each device; one that cannot get it is tried again with the next event."""
        await self.claim([d for d in devices if not self._olm.session_store.get(d.curve25519)], server)
        session = self._olm.outbound_group_sessions[room]
        key = {
            "algorithm": MEGOLM,
            "room_id": room,
            "session_id": session.id,
            "session_key": session.session_key,
        }
        sealed = {d: self._for_device(d, "m.room_key", key) for d in devices}
        await send_to_devices(server, "m.room.encrypted", {d: c for d, c in sealed.items() if c})
        self._keyless[room] = frozenset(d for d, c in sealed.items() if not c)

    def _for_device(self, device: Device, kind: str, content: JSON) -> JSON | None:
        session = self._olm.session_store.get(device.curve25519)
        if session is None:  # it has no one-time keys left
            return None
        sealed: JSON = self._olm._olm_encrypt(session, olm_device(device), kind, content)
        return sealed

    async def claim(self, devices: Iterable[Device], server: Homeserver) -> None:
        """Begin a private session with each device."""
        wanted: defaultdict[str, dict[str, str]] = defaultdict(dict)
        by_id = {(d.account, d.id): d for d in devices}
        for account, name in by_id:
            wanted[account][name] = "signed_curve25519"
        if not wanted:
            return
        answer = await server.call("POST", "/keys/claim", {"one_time_keys": wanted, "timeout": 10_000})
        for account, of_person in answer.get("one_time_keys", {}).items():
            for device_id, keys in of_person.items():
                device = by_id.get((account, device_id))
                key = next(iter(keys.values()), None)
                if device and isinstance(key, dict) and is_signed(key, account, device.ed25519):
                    self._olm.create_session(key["key"], device.curve25519)

    async def begin_anew(self, device: Device, server: Homeserver) -> None:
        """A new private session with a device whose messages cannot be opened, so that it sends its keys again."""
        await self.claim([device], server)
        if sealed := self._for_device(device, "m.dummy", {}):
            await send_to_devices(server, "m.room.encrypted", {device: sealed})


_numbers = iter(range(10**12))


async def send_to_devices(server: Homeserver, kind: str, contents: dict[Device, JSON]) -> None:
    """Send to-device messages, a bounded number a request."""
    pairs = list(contents.items())
    for start in range(0, len(pairs), MOST_MESSAGES_A_REQUEST):
        messages: defaultdict[str, dict[str, JSON]] = defaultdict(dict)
        for device, content in pairs[start : start + MOST_MESSAGES_A_REQUEST]:
            messages[device.account][device.id] = content
        number = f"{os.urandom(8).hex()}.{next(_numbers)}"
        await server.call("PUT", f"/sendToDevice/{kind}/{number}", {"messages": messages})


def olm_device(device: Device) -> Any:
    return OlmDevice(device.account, device.id, {"ed25519": device.ed25519, "curve25519": device.curve25519})


def _private(path: Path) -> None:
    """The file as nobody else can read it, before anything is in it."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)


def check_free(folder: Path) -> None:
    """Raise :class:`StoreInUse` where a process has the folder's store open."""
    if folder.exists():
        os.close(_locked(folder))


def _locked(folder: Path) -> int:
    """The open lock of the folder's store, which ends with the process. Raises :class:`StoreInUse`."""
    lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise StoreInUse from None
    return lock
