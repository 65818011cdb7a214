"""Logging in and out, and what there is to say about the login."""

import asyncio
import hashlib
import hmac
import os
from base64 import b64encode
from dataclasses import dataclass

import msgspec

from adapters.matrix.http import JSON, Homeserver, MatrixRefused, Unreachable
from adapters.matrix.identity import Identity, IdentityTaken
from adapters.matrix.machine import STORE, Machine, StoreInUse, StoreLost, check_free
from adapters.matrix.settings import MatrixSetup
from adapters.platform import Drawer

SESSION = "session"
DEVICE_NAME = "Confer"


class LoginRefused(Exception):
    """The homeserver did not let the bot in, or it is not there; the message is a plain sentence."""


class Session(msgspec.Struct, frozen=True):
    """One login: the account, its device, the token, and the key of the crypto store. Kept sealed."""

    account: str
    device: str
    token: str
    store_key: str
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Credentials:
    """How to get in: a password, a token of a login made elsewhere, or the homeserver's registration secret."""

    user: str
    password: str = ""
    token: str = ""
    registration_secret: str = ""


async def session_of(drawer: Drawer) -> Session | None:
    kept = await asyncio.to_thread(drawer.get, SESSION)
    return msgspec.json.decode(kept, type=Session) if kept else None


async def keep_session(drawer: Drawer, session: Session) -> None:
    await asyncio.to_thread(drawer.put, SESSION, msgspec.json.encode(session))


async def log_in(setup: MatrixSetup, drawer: Drawer, credentials: Credentials) -> Session:
    """Log in as a new device with its own crypto store, signed by the bot's identity. Raises LoginRefused.

    An earlier device of this bot is logged out: its store is of no use to the new one.
    """
    try:
        check_free(setup.folder)
        async with Homeserver(setup.homeserver) as server:
            session, password = await _entered(server, credentials)
            server.token = session.token
            before = await session_of(drawer)
            session = await _with_keys(setup, drawer, server, session, password)
    except MatrixRefused as refused:
        raise LoginRefused(f"The homeserver refused the login: {refused.code}.") from None
    except Unreachable as trouble:
        raise LoginRefused(f"The homeserver {setup.homeserver} does not answer: {trouble}.") from None
    except StoreInUse:
        raise LoginRefused("A bot that runs has the crypto store open. Stop it, then log in.") from None
    except IdentityTaken:
        raise LoginRefused(
            "The account has a cross-signing identity that was made elsewhere. Log in with the password, "
            "then it is replaced, and people verify the bot again."
        ) from None
    if before and before.device != session.device:
        await _end(setup, before)
    return session


async def _entered(server: Homeserver, credentials: Credentials) -> tuple[Session, str]:
    store_key = b64encode(os.urandom(32)).decode()
    if credentials.token:
        server.token = credentials.token
        who = await server.call("GET", "/account/whoami")
        return Session(who["user_id"], who["device_id"], credentials.token, store_key), ""
    password = credentials.password
    if credentials.registration_secret:
        password = password or b64encode(os.urandom(32)).decode()
        await register(server, credentials.user, password, credentials.registration_secret)
    request = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": credentials.user},
        "password": password,
        "initial_device_display_name": DEVICE_NAME,
    }
    answer = await server.call("POST", "/login", request)
    return Session(answer["user_id"], answer["device_id"], answer["access_token"], store_key), password


async def _with_keys(
    setup: MatrixSetup, drawer: Drawer, server: Homeserver, session: Session, password: str
) -> Session:
    """A new crypto store for the device, its keys at the homeserver, and the identity that signs them."""
    machine = Machine(session.account, session.device, setup.folder, session.store_key, fresh=True)
    try:
        session = msgspec.structs.replace(session, fingerprint=machine.fingerprint)
        await machine.upload(server)
        identity = await Identity.kept(session.account, drawer)
        await identity.publish(server, session.device, machine.sign, password)
        await asyncio.to_thread(drawer.delete, "sync-token")
        await keep_session(drawer, session)
    finally:
        machine.close()
    return session


async def register(server: Homeserver, user: str, password: str, secret: str, *, admin: bool = False) -> None:
    """Make an account with the shared secret of a Synapse. Raises MatrixRefused where it exists."""
    path = "/_synapse/admin/v1/register"
    nonce = (await server.call("GET", path))["nonce"]
    local = user.removeprefix("@").partition(":")[0]
    words = "\0".join((nonce, local, password, "admin" if admin else "notadmin")).encode()
    mac = hmac.new(secret.encode(), words, hashlib.sha1).hexdigest()
    request: JSON = {"nonce": nonce, "username": local, "password": password, "admin": admin, "mac": mac}
    await server.call("POST", path, request)


async def log_out(setup: MatrixSetup, drawer: Drawer) -> bool:
    """End the login and remove its crypto store; the identity stays. False where there was no login."""
    session = await session_of(drawer)
    if session is None:
        return False
    await _end(setup, session)
    await asyncio.to_thread(drawer.delete, SESSION)
    await asyncio.to_thread(drawer.delete, "sync-token")
    (setup.folder / STORE).unlink(missing_ok=True)
    return True


async def _end(setup: MatrixSetup, session: Session) -> None:
    async with Homeserver(setup.homeserver, session.token) as server:
        try:
            await server.call("POST", "/logout", {})
        except (MatrixRefused, Unreachable):
            return  # a token that is not valid any more is as good as logged out


async def said_about(setup: MatrixSetup, drawer: Drawer) -> list[tuple[str, str, bool]]:
    """What can be said about the login: a name, its value, and whether that is as it should be."""
    session = await session_of(drawer)
    if session is None:
        return [("login", "none; `confer matrix login` makes one", False)]
    said = [("account", session.account, True), ("device", session.device, True), ("key", session.fingerprint, True)]
    lost = _what_is_lost(setup, session)
    way_back = f"{lost}; `confer matrix login` makes a new device"
    said.append(("crypto store", way_back if lost else str(setup.folder / STORE), not lost))
    async with Homeserver(setup.homeserver, session.token) as server:
        try:
            who = await server.call("GET", "/account/whoami")
            said.append(("homeserver", setup.homeserver, who.get("device_id") == session.device))
            said += await _identity_said(server, drawer, session)
        except MatrixRefused as refused:
            said.append(("homeserver", f"{setup.homeserver} refuses the login: {refused.code}", False))
        except Unreachable as trouble:
            said.append(("homeserver", f"{setup.homeserver} does not answer: {trouble}", False))
    return said


def _what_is_lost(setup: MatrixSetup, session: Session) -> str:
    """ "" where the crypto store is this device's; else what is wrong with it."""
    try:
        machine = Machine(session.account, session.device, setup.folder, session.store_key, fresh=False, look=True)
    except StoreLost as lost:
        return str(lost)
    try:
        return "" if machine.fingerprint == session.fingerprint else "foreign"
    finally:
        machine.close()


async def _identity_said(server: Homeserver, drawer: Drawer, session: Session) -> list[tuple[str, str, bool]]:
    identity = await Identity.kept(session.account, drawer)
    state = await identity.state(server, session.device, session.fingerprint)
    return [("identity", identity.master, True), ("device signature", state, state == "signed")]
