"""Verification by emoji, started from a person's client: between two devices, or in the direct room.

The bot has no eyes. Whoever administers it compares, by ``confer matrix verify``, which meets the running bot in the
drawer: the bot puts the emoji there, and finds the answer there.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import vodozemac
from nio.crypto.sas import Sas as NioSas

from adapters.matrix.connection import Connection, number_of
from adapters.matrix.http import JSON, MatrixRefused, Unreachable
from adapters.matrix.incoming import Origin
from adapters.matrix.machine import Opened, send_to_devices
from adapters.matrix.people import Device
from adapters.matrix.rooms import Room
from adapters.platform import Drawer, NotDelivered

log = logging.getLogger(__name__)

PREFIX = "m.key.verification."
METHOD = "m.sas.v1"
FORMS = ("decimal", "emoji")
AGREEMENT, HASH, MACS = "curve25519-hkdf-sha256", "sha256", ("hkdf-hmac-sha256.v2", "hkdf-hmac-sha256")
LONGEST = 600.0  # seconds
SHOWN, ANSWER = "verify", "verify-answer"
LOOK_EVERY = 0.5
MOST_AT_ONCE = 20


class Broken(Exception):
    """The other side did something that the protocol does not allow; the message is a cancel code."""


class Shown(msgspec.Struct, frozen=True):
    """What somebody is to compare."""

    person: str
    emoji: str
    at: float


@dataclass
class _Verification:
    person: str
    device: str
    number: str
    room: Room | None
    began: float = field(default_factory=time.time)
    start: JSON = field(default_factory=dict)
    sas: Any = None
    established: Any = None
    their_key: str = ""
    mac: str = ""
    their_mac: JSON = field(default_factory=dict)
    mac_came: asyncio.Event = field(default_factory=asyncio.Event)
    task: "asyncio.Task[None] | None" = None


class Verifications:
    """Verifications under way, by the number that the person's client gave them."""

    def __init__(self, connection: Connection, master: str) -> None:
        self._connection, self._master = connection, master
        self._running: dict[str, _Verification] = {}

    def close(self) -> None:
        for running in self._running.values():
            if running.task:
                running.task.cancel()

    async def by_device(self, sender: str, kind: str, content: JSON) -> None:
        """A step that came as a to-device message."""
        await self._step(sender, kind.removeprefix(PREFIX), content, str(content.get("transaction_id", "")), None)

    async def in_room(self, room: Room, origin: Origin, opened: Opened) -> bool:
        """A step that came into a direct room; whether it was one."""
        content = opened.content
        if opened.type == "m.room.message" and content.get("msgtype") == f"{PREFIX}request":
            if content.get("to") == self._connection.account:
                await self._step(origin.sender, "request", content, origin.id, room)
            return True
        if not opened.type.startswith(PREFIX):
            return False
        number = str(content.get("m.relates_to", {}).get("event_id", ""))
        await self._step(origin.sender, opened.type.removeprefix(PREFIX), content, number, room)
        return True

    # -- the protocol --------------------------------------------------------------------------------------------
    async def _step(self, sender: str, step: str, content: JSON, number: str, room: Room | None) -> None:
        self._forget_old()
        running = self._running.get(number)
        if running is None:
            if step not in ("request", "start") or not number or len(self._running) >= MOST_AT_ONCE:
                return
            running = _Verification(sender, str(content.get("from_device", "")), number, room)
            self._running[number] = running
        if running.person != sender:
            return
        try:
            match step:
                case "request":
                    ready = {"from_device": self._connection.device, "methods": [METHOD]}
                    await self._send(running, "ready", ready)
                case "start":
                    await self._started(running, content)
                case "key":
                    await self._key(running, content)
                case "mac":
                    running.their_mac = content
                    running.mac_came.set()
                case "cancel" | "done":
                    self._end(running)
                case _:
                    return
        except (Broken, ValueError, KeyError, TypeError) as trouble:
            await self._cancel(running, str(trouble) if isinstance(trouble, Broken) else "m.invalid_message")

    async def _started(self, running: _Verification, content: JSON) -> None:
        macs = [mac for mac in MACS if mac in content.get("message_authentication_codes", ())]
        known = (
            content.get("method") == METHOD
            and AGREEMENT in content.get("key_agreement_protocols", ())
            and HASH in content.get("hashes", ())
            and "emoji" in content.get("short_authentication_string", ())
        )
        if not known or not macs or running.sas is not None:
            raise Broken("m.unknown_method" if running.sas is None else "m.unexpected_message")
        running.device, running.start, running.mac = str(content["from_device"]), content, macs[0]
        running.sas = vodozemac.Sas()
        # The key is promised before the other's is known, so that neither side can choose it to fit.
        promised = hashlib.sha256((self._own_key(running) + _canonical(content)).encode())
        accept = {
            "method": METHOD,
            "key_agreement_protocol": AGREEMENT,
            "hash": HASH,
            "message_authentication_code": running.mac,
            "short_authentication_string": [f for f in FORMS if f in content["short_authentication_string"]],
            # Only matrix-nio still knows nothing but the older MAC, and it looks for the hash in hexadecimal.
            "commitment": _base64(promised.digest()) if running.mac == MACS[0] else promised.hexdigest(),
        }
        await self._send(running, "accept", accept)

    async def _key(self, running: _Verification, content: JSON) -> None:
        if running.sas is None or running.established is not None:
            raise Broken("m.unexpected_message")
        running.their_key = str(content["key"])
        await self._send(running, "key", {"key": self._own_key(running)})
        own_key = self._own_key(running)
        running.established = running.sas.diffie_hellman(vodozemac.Curve25519PublicKey.from_base64(running.their_key))
        theirs = (running.person, running.device, running.their_key)
        mine = (self._connection.account, self._connection.device, own_key)
        info = "|".join(("MATRIX_KEY_VERIFICATION_SAS", *theirs, *mine, running.number))
        drawn = running.established.bytes(info)
        # nio's own way from the bytes to emoji is wrong in 0.26; its table and its numbers are right.
        emoji = "  ".join(f"{sign} {name}" for sign, name in (NioSas.emoji[index] for index in drawn.emoji_indices))
        emoji += f" (or the numbers {' '.join(map(str, drawn.decimals))})"
        running.task = asyncio.get_running_loop().create_task(self._compared(running, emoji))

    async def _compared(self, running: _Verification, emoji: str) -> None:
        """Wait for the one who compares and for the other side's word, then keep what was proven."""
        connection = self._connection
        label = hashlib.sha256(running.number.encode()).hexdigest()[:32]
        log.info("emoji can be compared: run `confer matrix verify`")
        try:
            await connection.keep(f"{SHOWN}/{label}", msgspec.json.encode(Shown(running.person, emoji, time.time())))
            async with asyncio.timeout(LONGEST):
                await self._answered(label)
                await self._send_mac(running)
                await running.mac_came.wait()
            await self._proven(running)
            await self._send(running, "done", {})
        except (Broken, TimeoutError) as trouble:
            await self._cancel(running, str(trouble) or "m.timeout")
        except (NotDelivered, MatrixRefused, Unreachable) as trouble:
            log.warning("a verification was not finished: %s", trouble)
        finally:
            for name in (f"{SHOWN}/{label}", f"{ANSWER}/{label}"):
                await asyncio.to_thread(connection.drawer.delete, name)

    async def _answered(self, label: str) -> None:
        """Wait for the one who compares. Raises :class:`Broken` where the emoji are not the same."""
        while (answer := await self._connection.kept(f"{ANSWER}/{label}")) is None:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(LOOK_EVERY)
        if answer != b"yes":
            raise Broken("m.mismatched_sas")

    async def _send_mac(self, running: _Verification) -> None:
        connection = self._connection
        keys = {
            f"ed25519:{connection.device}": connection.machine.fingerprint,
            f"ed25519:{self._master}": self._master,
        }
        mine, theirs = (connection.account, connection.device), (running.person, running.device)
        macs = {name: self._mac(running, key, name, mine, theirs) for name, key in keys.items()}
        names = self._mac(running, ",".join(sorted(keys)), "KEY_IDS", mine, theirs)
        await self._send(running, "mac", {"mac": macs, "keys": names})

    async def _proven(self, running: _Verification) -> None:
        """Check the other side's word about its keys, and pin those that it proves."""
        connection, given = self._connection, running.their_mac["mac"]
        mine, theirs = (connection.account, connection.device), (running.person, running.device)
        names = self._mac(running, ",".join(sorted(given)), "KEY_IDS", theirs, mine)
        if not hmac.compare_digest(names, str(running.their_mac["keys"])):
            raise Broken("m.key_mismatch")
        connection.people.outdate({running.person})
        await connection.people.refresh({running.person}, connection.server)
        person = connection.people.person(running.person)
        known = {f"ed25519:{d.id}": d.ed25519 for d in person.devices.values()}
        known |= {f"ed25519:{person.master}": person.master} if person.master else {}
        for name, mac in given.items():
            if name in known and not hmac.compare_digest(self._mac(running, known[name], name, theirs, mine), str(mac)):
                raise Broken("m.key_mismatch")
        device = known.get(f"ed25519:{running.device}", "")
        if f"ed25519:{running.device}" not in given or not device:
            raise Broken("m.key_mismatch")
        master = person.master if f"ed25519:{person.master}" in given else ""
        await connection.people.verified(running.person, master=master, device=device)
        log.info("a person was verified")

    def _mac(
        self, running: _Verification, key: str, name: str, sender: tuple[str, str], receiver: tuple[str, str]
    ) -> str:
        info = "".join(("MATRIX_KEY_VERIFICATION_MAC", *sender, *receiver, running.number, name))
        # Under the older name libolm encoded wrongly; whoever still offers it alone today encodes as vodozemac does.
        return str(running.established.calculate_mac(key, info))

    # -- within --------------------------------------------------------------------------------------------------
    def _own_key(self, running: _Verification) -> str:
        return str(running.sas.public_key.to_base64())

    async def _send(self, running: _Verification, step: str, content: JSON) -> None:
        if running.room:
            relation = {"rel_type": "m.reference", "event_id": running.number}
            number = number_of("verification", running.number, step)
            content = {**content, "m.relates_to": relation}
            await self._connection.send(running.room, PREFIX + step, content, number, everyone=True)
            return
        device = Device(running.person, running.device, "", "")
        content = {**content, "transaction_id": running.number}
        await send_to_devices(self._connection.server, PREFIX + step, {device: content})

    async def _cancel(self, running: _Verification, code: str) -> None:
        log.warning("a verification was cancelled: %s", code)
        self._running.pop(running.number, None)
        try:
            await self._send(running, "cancel", {"code": code, "reason": "The verification was not finished."})
        except (NotDelivered, MatrixRefused, Unreachable) as trouble:
            log.warning("a cancellation was not delivered: %s", trouble)

    def _end(self, running: _Verification) -> None:
        # "done" may come before our own last step; the task ends by itself then.
        if running.task is None or not running.their_mac:
            self._running.pop(running.number, None)
            if running.task:
                running.task.cancel()

    def _forget_old(self) -> None:
        now = time.time()
        self._running = {n: r for n, r in self._running.items() if now - r.began < LONGEST}


async def compare(drawer: Drawer, same: Callable[[str, str], bool], say: Callable[[str], None]) -> bool:
    """Wait for a verification, show its emoji to ``same`` and give the running bot its answer."""
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        for name in await asyncio.to_thread(drawer.names, f"{SHOWN}/"):
            kept = await asyncio.to_thread(drawer.get, name)
            shown = msgspec.json.decode(kept, type=Shown) if kept else None
            if shown is None or time.time() - shown.at > LONGEST:
                continue
            agreed = await asyncio.to_thread(same, shown.person, shown.emoji)
            answer = f"{ANSWER}/{name.removeprefix(f'{SHOWN}/')}"
            await asyncio.to_thread(drawer.put, answer, b"yes" if agreed else b"no")
            say("Told the bot; the client says whether all went well." if agreed else "Cancelled; nothing was trusted.")
            return agreed
        await asyncio.sleep(LOOK_EVERY)
    say("Nobody started a verification.")
    return False


def _canonical(content: JSON) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _base64(content: bytes) -> str:
    return b64encode(content).decode().rstrip("=")
