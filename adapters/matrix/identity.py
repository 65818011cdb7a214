"""The bot's own cross-signing identity: without it strict clients neither show its messages nor answer it.

Three Ed25519 keys, made once and kept sealed, outlive every device. A key is held as a vodozemac account, of which
only the signing key is used.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import vodozemac

from adapters.matrix.http import JSON, Homeserver, MatrixRefused
from adapters.matrix.signing import is_signed, public_key, sign
from adapters.platform import Drawer

USAGES = ("master", "self_signing", "user_signing")
PICKLE_KEY = bytes(32)  # the drawer seals what is kept; a second key beside it would protect nothing
NAME = "identity"


class IdentityTaken(Exception):
    """The account already has another identity, made elsewhere; replacing it wants the account's password."""


@dataclass(frozen=True)
class Identity:
    """The bot's keys by usage."""

    account: str
    keys: dict[str, vodozemac.Account]

    @property
    def master(self) -> str:
        return self._public("master")

    @classmethod
    async def kept(cls, account: str, drawer: Drawer) -> "Identity":
        """The kept keys, made on first use."""
        kept = await asyncio.to_thread(drawer.get, f"{NAME}/{account}")
        if kept:
            pickles = msgspec.json.decode(kept, type=dict[str, str])
            return cls(account, {u: vodozemac.Account.from_pickle(pickles[u], PICKLE_KEY) for u in USAGES})
        made = cls(account, {usage: vodozemac.Account() for usage in USAGES})
        pickles = {usage: key.pickle(PICKLE_KEY) for usage, key in made.keys.items()}
        await asyncio.to_thread(drawer.put, f"{NAME}/{account}", msgspec.json.encode(pickles))
        return made

    async def publish(
        self, server: Homeserver, device: str, device_signer: Callable[[bytes], str], password: str = ""
    ) -> None:
        """See to it that the homeserver has these keys and that the device is signed; changes nothing where it is so.

        Raises :class:`IdentityTaken` where the account has other keys and the password to replace them is not given.
        """
        answer = await server.call("POST", "/keys/query", {"device_keys": {self.account: []}})
        present = answer.get("master_keys", {}).get(self.account, {})
        if public_key(present, self.account, "master") != self.master:
            await self._upload(server, device, device_signer, password, replacing=bool(present))
        own = answer.get("device_keys", {}).get(self.account, {}).get(device)
        if own and not is_signed(own, self.account, self._public("self_signing")):
            await self._sign_device(server, own)

    async def state(self, server: Homeserver, device: str, fingerprint: str) -> str:
        """How the homeserver shows the device: signed, unsigned, missing, or foreign where it has another key."""
        answer = await server.call("POST", "/keys/query", {"device_keys": {self.account: []}})
        own = answer.get("device_keys", {}).get(self.account, {}).get(device)
        if not own:
            return "missing"
        if own.get("keys", {}).get(f"ed25519:{device}") != fingerprint:
            return "foreign"
        return "signed" if is_signed(own, self.account, self._public("self_signing")) else "unsigned"

    def _public(self, usage: str) -> str:
        return str(self.keys[usage].ed25519_key.to_base64())

    def _signer(self, usage: str) -> Callable[[bytes], str]:
        return lambda message: self.keys[usage].sign(message).to_base64()

    def _object(self, usage: str) -> JSON:
        public = self._public(usage)
        return {"user_id": self.account, "usage": [usage], "keys": {f"ed25519:{public}": public}}

    async def _upload(
        self, server: Homeserver, device: str, device_signer: Callable[[bytes], str], password: str, *, replacing: bool
    ) -> None:
        # The device's signature lets clients that have verified the device take the identity over.
        body: JSON = {"master_key": sign(self._object("master"), self.account, device, device_signer)}
        for usage in USAGES[1:]:
            body[f"{usage}_key"] = sign(self._object(usage), self.account, self.master, self._signer("master"))
        path = "/keys/device_signing/upload"
        try:
            await server.call("POST", path, body)
        except MatrixRefused as refused:
            if refused.status != 401 or "flows" not in refused.body:
                raise
            if not password:
                raise IdentityTaken from None
            who = {"type": "m.id.user", "user": self.account}
            auth = {"type": "m.login.password", "identifier": who, "password": password}
            await server.call("POST", path, {**body, "auth": {**auth, "session": refused.body.get("session")}})

    async def _sign_device(self, server: Homeserver, keys: JSON) -> None:
        signed = sign(keys, self.account, self._public("self_signing"), self._signer("self_signing"))
        signed.pop("unsigned", None)
        answer = await server.call("POST", "/keys/signatures/upload", {self.account: {str(keys["device_id"]): signed}})
        if answer.get("failures"):
            raise MatrixRefused(400, "SIGNATURE_REFUSED", {})
