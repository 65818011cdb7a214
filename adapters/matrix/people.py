"""Whose device is whose: devices as their owners signed them, identities pinned, and which of them count.

The homeserver names the devices of every account and could add one of its own. So a device counts where its owner's
self-signing key has signed it, that key was signed by the owner's master key, and the master key is the one that was
first seen (or that somebody compared by emoji).
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from adapters.matrix.http import JSON, Homeserver
from adapters.matrix.settings import DevicePolicy
from adapters.matrix.signing import is_signed, public_key
from adapters.platform import Drawer

MOST_PEOPLE_A_QUERY = 200


@dataclass(frozen=True, slots=True)
class Device:
    """One device of a person. ``signed``: its owner's pinned identity vouches for it."""

    account: str
    id: str
    ed25519: str
    curve25519: str
    signed: bool = False


class Pin(msgspec.Struct, frozen=True):
    """What was first seen of a person's identity, and what was compared by emoji."""

    master: str = ""
    verified: bool = False
    devices: tuple[str, ...] = ()
    """Ed25519 keys of single devices that were compared by emoji."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person's devices. ``master`` is "" where the person has no identity, ``changed`` where it is not the pinned one."""

    account: str
    master: str = ""
    changed: bool = False
    devices: Mapping[str, Device] = field(default_factory=dict)


class People:
    """Everyone whose keys the bot has looked up, fresh as long as the homeserver reports changes."""

    def __init__(self, own: str, policy: DevicePolicy, drawer: Drawer) -> None:
        self._own, self._policy, self._drawer = own, policy, drawer
        self._known: dict[str, Person] = {}
        self._pins: dict[str, Pin] = {}
        self._outdated: set[str] = set()
        self._turn = asyncio.Lock()

    def outdate(self, accounts: Iterable[str]) -> None:
        """Their keys have changed; the next look-up asks the homeserver."""
        self._outdated.update(account for account in accounts if account in self._known)

    def person(self, account: str) -> Person:
        return self._known.get(account, Person(account))

    def pin(self, account: str) -> Pin:
        return self._pins.get(account, Pin())

    def device_of(self, account: str, curve25519: str, ed25519: str) -> Device | None:
        """The person's device with just these two keys."""
        devices = self.person(account).devices.values()
        return next((d for d in devices if d.curve25519 == curve25519 and d.ed25519 == ed25519), None)

    def counts(self, device: Device) -> bool:
        """Whether the device may give commands and read what is posted."""
        pin = self.pin(device.account)
        if self._policy is DevicePolicy.ANY:
            return True
        if device.ed25519 in pin.devices:
            return True
        if not device.signed or self.person(device.account).changed:
            return False
        return pin.verified or self._policy is DevicePolicy.SIGNED

    def counting(self, accounts: Iterable[str]) -> list[Device]:
        return [d for account in accounts for d in self.person(account).devices.values() if self.counts(d)]

    def others(self, accounts: Iterable[str]) -> list[Device]:
        """The devices of these people that do not count."""
        return [d for account in accounts for d in self.person(account).devices.values() if not self.counts(d)]

    async def refresh(self, accounts: Iterable[str], server: Homeserver) -> None:
        """Look up those who are new or have changed."""
        async with self._turn:
            wanted = sorted(a for a in set(accounts) if a not in self._known or a in self._outdated)
            for start in range(0, len(wanted), MOST_PEOPLE_A_QUERY):
                await self._query(wanted[start : start + MOST_PEOPLE_A_QUERY], server)

    async def verified(self, account: str, *, master: str = "", device: str = "") -> None:
        """Somebody compared emoji: pin the identity, or a device alone where there is none."""
        async with self._turn:
            pin = self.pin(account)
            if master:
                pin = Pin(master, verified=True, devices=pin.devices)
            if device:
                pin = msgspec.structs.replace(pin, devices=tuple(dict.fromkeys((*pin.devices, device))))
            await self._keep(account, pin)
            self._outdated.add(account)

    async def _query(self, accounts: list[str], server: Homeserver) -> None:
        # A change that is reported while the answer is on its way must outdate it again.
        self._outdated.difference_update(accounts)
        try:
            answer = await server.call(
                "POST", "/keys/query", {"device_keys": {a: [] for a in accounts}, "timeout": 10_000}
            )
        except BaseException:
            self._outdated.update(a for a in accounts if a in self._known)
            raise
        for account in accounts:
            await self._read_pin(account)
            read = _person(account, answer)
            pin = self.pin(account)
            if read.master and not pin.master:
                pin = msgspec.structs.replace(pin, master=read.master)
                await self._keep(account, pin)
            # An identity that has gone is a changed one: else dropping it would lift the pin.
            self._known[account] = replace(read, changed=bool(pin.master) and read.master != pin.master)

    async def _read_pin(self, account: str) -> None:
        if account not in self._pins:
            kept = await asyncio.to_thread(self._drawer.get, f"pin/{account}")
            self._pins[account] = msgspec.json.decode(kept, type=Pin) if kept else Pin()

    async def _keep(self, account: str, pin: Pin) -> None:
        self._pins[account] = pin
        await asyncio.to_thread(self._drawer.put, f"pin/{account}", msgspec.json.encode(pin))


def _person(account: str, answer: JSON) -> Person:
    """What the homeserver's answer says of a person, as far as its signatures hold."""
    master_object = _of(answer, "master_keys", account)
    signing_object = _of(answer, "self_signing_keys", account)
    master = public_key(master_object, account, "master") or ""
    signer = public_key(signing_object, account, "self_signing") or ""
    if not (master and is_signed(signing_object, account, master)):
        signer = ""
    devices = {}
    for device_id, keys in _of(answer, "device_keys", account).items():
        if isinstance(keys, dict) and (device := _device(account, device_id, keys)):
            devices[device_id] = replace(device, signed=bool(signer) and is_signed(keys, account, signer))
    return Person(account, master, devices=devices)


def _device(account: str, device_id: str, keys: JSON) -> Device | None:
    """The device, if it signed its own keys."""
    known = keys.get("keys")
    if keys.get("user_id") != account or keys.get("device_id") != device_id or not isinstance(known, dict):
        return None
    ed25519, curve25519 = known.get(f"ed25519:{device_id}"), known.get(f"curve25519:{device_id}")
    if not (isinstance(ed25519, str) and isinstance(curve25519, str) and is_signed(keys, account, ed25519)):
        return None
    return Device(account, device_id, ed25519, curve25519)


def _of(answer: JSON, part: str, account: str) -> JSON:
    found = answer.get(part)
    mine = found.get(account) if isinstance(found, dict) else None
    return mine if isinstance(mine, dict) else {}
