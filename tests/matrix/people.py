"""People as matrix-nio clients of their own, each with an own device, own keys and an own view of the rooms."""

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nio import (
    Api,
    AsyncClient,
    AsyncClientConfig,
    DownloadResponse,
    JoinError,
    MegolmEvent,
    RoomCreateError,
    RoomSendError,
)
from nio.crypto.attachments import decrypt_attachment
from nio.store import SqliteStore

from adapters.matrix.http import Homeserver
from adapters.matrix.identity import Identity
from adapters.matrix.login import register
from tests.matrix.synapse import SECRET, SERVER

DEADLINE = 20.0
PASSWORD = "correct horse"
EVERYTHING = {"room": {"timeline": {"limit": 500}}}
"""A client that has not looked for long misses nothing."""


class Drawers:
    """A drawer in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        return self.kept.get(name)

    def put(self, name: str, content: bytes) -> None:
        self.kept[name] = content

    def delete(self, name: str) -> None:
        self.kept.pop(name, None)

    def names(self, prefix: str = "") -> tuple[str, ...]:
        return tuple(sorted(name for name in self.kept if name.startswith(prefix)))


@dataclass
class Heard:
    """One event as the person sees it, its latest edit applied."""

    event: str
    sender: str
    content: dict[str, Any]
    type: str
    redacted: bool = False
    readable: bool = True
    encrypted: bool = True

    @property
    def text(self) -> str:
        return str(self.content.get("body", ""))


@dataclass
class Person:
    """One person on one device."""

    client: AsyncClient
    signed: bool
    heard: dict[str, dict[str, Heard]] = field(default_factory=dict)
    to_device: list[Any] = field(default_factory=list)
    arrived_at: dict[str, float] = field(default_factory=dict)
    """When each event came, on a monotonic clock."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _task: "asyncio.Task[None] | None" = None

    @property
    def account(self) -> str:
        return str(self.client.user_id)

    async def start(self, *, looking: bool = True) -> None:
        """``looking``: from now on at whatever happens; else only where something is waited for."""
        self.client.add_event_callback(self._on_event, object)
        self.client.add_to_device_callback(self._on_to_device, object)
        self.client.add_response_callback(self._on_response, object)
        await self.client.sync(timeout=0, full_state=True)
        await self._upkeep()
        if looking:
            self._task = asyncio.create_task(self._loop())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self.client.close()

    async def _loop(self) -> None:
        while True:
            await self.looks(10_000)

    async def looks(self, wait: int = 0) -> None:
        """Ask the homeserver what is new; where nothing is, wait so many milliseconds for it."""
        await self.client.sync(timeout=wait, sync_filter=EVERYTHING)
        await self._upkeep()

    async def _upkeep(self) -> None:
        if self.client.should_upload_keys:
            await self.client.keys_upload()
        if self.client.should_query_keys:
            await self.client.keys_query()
        if self.client.should_claim_keys:
            await self.client.keys_claim(self.client.get_users_for_key_claiming())
        await self.client.send_to_device_messages()
        self._changed.set()

    # -- waiting ------------------------------------------------------------------------------------------------
    async def until(self, true: Callable[[], Any], what: str = "it", within: float = DEADLINE) -> Any:
        """Wait until it is so; what it gives."""
        try:
            async with asyncio.timeout(within):
                while not (found := true()):
                    await self._news()
                return found
        except TimeoutError:
            texts = {room: [(h.sender, h.text, h.readable) for h in of.values()] for room, of in self.heard.items()}
            raise AssertionError(f"{self.account} waited in vain for {what}; sees {texts}") from None

    async def _news(self) -> None:
        if self._task is None:
            await self.looks(10_000)
            return
        self._changed.clear()
        await self._changed.wait()

    # -- rooms --------------------------------------------------------------------------------------------------
    async def makes_room(
        self, name: str = "", *invited: str, encrypted: bool = True, also: list[Any] | None = None, **more: Any
    ) -> str:
        state = [{"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}]
        initial = [*(state if encrypted else []), *(also or [])]
        made = await self.client.room_create(name=name or None, invite=list(invited), initial_state=initial, **more)
        assert not isinstance(made, RoomCreateError), made
        await self.until(lambda: made.room_id in self.client.rooms, "the room")
        return str(made.room_id)

    async def joins(self, room: str) -> None:
        await self.until(lambda: room in self.client.invited_rooms or room in self.client.rooms, "an invitation")
        if room in self.client.rooms:
            return
        joined = await self.client.join(room)
        assert not isinstance(joined, JoinError), joined
        await self.until(lambda: room in self.client.rooms, "the room")

    def members(self, room: str) -> set[str]:
        found = self.client.rooms.get(room)
        return {user for user, of in found.users.items() if not of.invited} if found else set()

    async def sees_member(self, room: str, account: str, within: float = DEADLINE) -> None:
        await self.until(lambda: account in self.members(room), f"{account} in {room}", within)

    # -- speaking -----------------------------------------------------------------------------------------------
    async def says(self, room: str, text: str, **content: Any) -> str:
        """Say it in the room; the event's id."""
        await self._upkeep()
        said = {"msgtype": "m.text", "body": text, **content}
        sent = await self.client.room_send(room, "m.room.message", said, ignore_unverified_devices=True)
        assert not isinstance(sent, RoomSendError), sent
        return str(sent.event_id)

    async def reacts(self, room: str, event: str, emoji: str) -> str:
        content = {"m.relates_to": {"rel_type": "m.annotation", "event_id": event, "key": emoji}}
        sent = await self.client.room_send(room, "m.reaction", content, ignore_unverified_devices=True)
        return str(sent.event_id)

    async def opens(self, room: str, name: str) -> bytes:
        """The content of the file of that name which stands in the room, fetched and decrypted by nio."""
        found = await self.until(lambda: next((h for h in self.sees(room) if h.text == name), None), name)
        file = found.content["file"]
        fetched = await self.client.download(mxc=file["url"])
        assert isinstance(fetched, DownloadResponse), fetched
        return bytes(decrypt_attachment(fetched.body, file["key"]["k"], file["hashes"]["sha256"], file["iv"]))

    # -- seeing -------------------------------------------------------------------------------------------------
    def sees(self, room: str) -> list[Heard]:
        """The messages of the room, edits in place, what was redacted left out."""
        return [h for h in self.heard.get(room, {}).values() if not h.redacted and h.type == "m.room.message"]

    async def hears(self, room: str, words: str, *, by: str = "", within: float = DEADLINE) -> Heard:
        """The newest message of the room with these words in it; waits for it."""

        def found() -> Heard | None:
            said = [h for h in self.sees(room) if words in h.text and h.readable and (not by or h.sender == by)]
            return said[-1] if said else None

        return await self.until(found, repr(words), within)  # type: ignore[no-any-return]

    async def is_up_to_date(self, room: str) -> None:
        """Come into the room where invited, and wait until all is seen that the homeserver has of it."""
        await self.joins(room)
        answer = await self.client.send(*Api.room_messages(self.client.access_token, room, limit=100))
        page = await answer.json()
        said = {
            e["event_id"] for e in page["chunk"] if "state_key" not in e and "redacted_because" not in e["unsigned"]
        }
        await self.until(lambda: said <= self.arrived_at.keys(), "what was said")

    async def _on_to_device(self, event: Any) -> None:
        self.to_device.append(event)
        self._changed.set()

    async def _on_response(self, _response: Any) -> None:
        self._changed.set()

    async def _on_event(self, room: Any, event: Any) -> None:
        source = event.source
        if "state_key" in source or not hasattr(event, "event_id"):
            return
        self.arrived_at.setdefault(event.event_id, time.perf_counter())
        room_of = self.heard.setdefault(room.room_id, {})
        kind, content = str(source.get("type", "")), source.get("content", {})
        if kind == "m.room.redaction":
            target = content.get("redacts") or source.get("redacts")
            if target in room_of:
                room_of[target].redacted = True
            return
        relation = content.get("m.relates_to") or {}
        edited = room_of.get(relation.get("event_id", "")) if relation.get("rel_type") == "m.replace" else None
        if edited is not None and edited.sender == event.sender:
            edited.content = content.get("m.new_content", edited.content)  # an edit from before one came is unreadable
            return
        if "redacted_because" in source.get("unsigned", {}) or room_of.get(event.event_id, None):
            return
        readable = not isinstance(event, MegolmEvent)
        seen_as = "m.room.message" if not readable else kind
        encrypted = bool(getattr(event, "decrypted", False)) or not readable
        room_of[event.event_id] = Heard(
            event.event_id, event.sender, content, seen_as, readable=readable, encrypted=encrypted
        )


async def new_person(
    url: str,
    folder: Path,
    name: str,
    *,
    signed: bool = True,
    password: str = PASSWORD,
    same: "Person | None" = None,
    server: str = SERVER,
    looking: bool = True,
) -> Person:
    """A new account with a first device, its keys signed by its owner; or a further device of the same person."""
    local = name if same else f"{name}-{secrets.token_hex(4)}"
    async with Homeserver(url) as homeserver:
        if same is None:
            await register(homeserver, local, password, SECRET)
    account = same.account if same else f"@{local}:{server}"
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    config = AsyncClientConfig(store=SqliteStore, encryption_enabled=True, pickle_key=secrets.token_hex(16))
    client = AsyncClient(url, account, store_path=str(folder), config=config)
    await client.login(password, device_name=name)
    await client.keys_upload()
    person = Person(client, signed)
    if signed:
        await sign_device(url, client, identity_of(account), password)
    await client.set_displayname(name.capitalize()) if same is None else None
    await person.start(looking=looking)
    return person


_identities: dict[str, Identity] = {}


def identity_of(account: str) -> Identity:
    """The cross-signing identity of a person, the same on all devices."""
    if account not in _identities:
        import vodozemac

        from adapters.matrix.identity import USAGES

        _identities[account] = Identity(account, {usage: vodozemac.Account() for usage in USAGES})
    return _identities[account]


async def sign_device(url: str, client: AsyncClient, identity: Identity, password: str = PASSWORD) -> None:
    async with Homeserver(url, client.access_token) as server:
        await identity.publish(
            server, str(client.device_id), lambda message: client.olm.account.sign(message.decode()), password
        )
