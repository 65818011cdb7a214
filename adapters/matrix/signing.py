"""Signed JSON as Matrix means it: which bytes are signed, and by whom they were."""

import json
from collections.abc import Callable

import vodozemac

from adapters.matrix.http import JSON


def canonical(signed: JSON) -> str:
    """The text that a signature is over: sorted, without blanks, without its own signatures."""
    bare = {name: value for name, value in signed.items() if name not in ("signatures", "unsigned")}
    return json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def is_signed(signed: JSON, account: str, key: str) -> bool:
    """Whether the Ed25519 key of that account signed this, under the key's own name or a device's."""
    signatures = signed.get("signatures")
    mine = signatures.get(account) if isinstance(signatures, dict) else None
    if not isinstance(mine, dict):
        return False
    message = canonical(signed).encode()
    return any(_holds(key, message, found) for name, found in mine.items() if str(name).startswith("ed25519:"))


def sign(signed: JSON, account: str, name: str, signer: Callable[[bytes], str]) -> JSON:
    """The same with one signature more, under ``ed25519:name``."""
    signatures = {user: dict(of) for user, of in dict(signed.get("signatures", {})).items()}
    signatures.setdefault(account, {})[f"ed25519:{name}"] = signer(canonical(signed).encode())
    return {**signed, "signatures": signatures}


def public_key(signed: JSON, account: str, usage: str) -> str | None:
    """The one key of a cross-signing object, if it is well formed and that account's."""
    keys = signed.get("keys")
    if signed.get("user_id") != account or usage not in signed.get("usage", ()) or not isinstance(keys, dict):
        return None
    if len(keys) != 1:
        return None
    name, key = next(iter(keys.items()))
    return key if isinstance(key, str) and name == f"ed25519:{key}" else None


def _holds(key: str, message: bytes, signature: object) -> bool:
    if not isinstance(signature, str):
        return False
    try:
        vodozemac.Ed25519PublicKey.from_base64(key).verify_signature(
            message, vodozemac.Ed25519Signature.from_base64(signature)
        )
    except ValueError:
        return False
    return True
