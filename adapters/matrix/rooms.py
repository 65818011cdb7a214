"""What the bot knows of its rooms: who is in them, whether they are encrypted, whether it may speak there."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from adapters.matrix.http import JSON
from adapters.matrix.settings import MatrixSetup, server_of

BRIDGE_STATE = ("m.bridge", "uk.half-shot.bridge")


@dataclass(slots=True)
class Room:
    """One joined room as its state says. ``encrypted`` never goes back: a homeserver could pretend it."""

    id: str
    encrypted: bool = False
    joined: set[str] = field(default_factory=set)
    invited: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)
    name: str = ""
    alias: str = ""
    join_rule: str = "invite"
    visibility: str = "shared"
    marked_direct: bool = False
    bridged: bool = False
    successor: str = ""
    predecessor: str = ""
    inviter: str = ""

    @property
    def present(self) -> frozenset[str]:
        """Everyone who can read what is said now: who was invited gets the keys too."""
        return frozenset(self.joined | self.invited)

    def is_direct(self, own: str) -> bool:
        """Only one person and the bot are here, and nobody meant it as a room for more."""
        others = self.present - {own}
        return len(others) == 1 and (self.marked_direct or not (self.name or self.alias))

    def apply(self, event: JSON, own: str) -> None:
        """Take over what one state event says."""
        content = event.get("content")
        key = event.get("state_key")
        if not isinstance(content, dict) or not isinstance(key, str):
            return
        if event.get("type") == "m.room.member":
            self._member(key, content, str(event.get("sender", "")), own)
        elif event.get("type") in BRIDGE_STATE:
            self.bridged = self.bridged or bool(content)
        elif key == "":
            self._settings(str(event.get("type")), content)

    def _member(self, account: str, content: JSON, sender: str, own: str) -> None:
        membership = content.get("membership")
        self.joined.discard(account)
        self.invited.discard(account)
        if membership == "join":
            self.joined.add(account)
        elif membership == "invite":
            self.invited.add(account)
        if isinstance(name := content.get("displayname"), str) and name:
            self.names[account] = name
        if membership == "invite" and account == own:
            self.inviter = sender
        if content.get("is_direct") is True and own in (account, sender):
            self.marked_direct = True

    def _settings(self, kind: str, content: JSON) -> None:
        match kind:
            case "m.room.encryption":
                self.encrypted = self.encrypted or content.get("algorithm") == "m.megolm.v1.aes-sha2"
            case "m.room.name":
                self.name = _text(content, "name")
            case "m.room.canonical_alias":
                self.alias = _text(content, "alias")
            case "m.room.join_rules":
                self.join_rule = _text(content, "join_rule") or "invite"
            case "m.room.history_visibility":
                self.visibility = _text(content, "history_visibility") or "shared"
            case "m.room.tombstone":
                self.successor = _text(content, "replacement_room")
            case "m.room.create":
                predecessor = content.get("predecessor")
                self.predecessor = _text(predecessor, "room_id") if isinstance(predecessor, dict) else ""
            case _:
                return


def objection(room: Room, setup: MatrixSetup, own: str) -> tuple[str, str] | None:
    """Why the bot may not work in the room: a short kind, and the sentence that says so there. None where it may."""
    if room.join_rule not in ("invite", "restricted", "knock", "knock_restricted"):
        return "room_public", "anyone can join this room. I only work in rooms that one must be invited to."
    if room.visibility == "world_readable":
        return (
            "room_world_readable",
            "people who are not in this room can read it. I only work where members alone read.",
        )
    if room.bridged:
        return "room_bridged", "this room is bridged to another network, where nothing is encrypted."
    if stranger := _stranger(room.present - {own}, setup, server_of(own)):
        return (
            "room_federated",
            f"somebody from {stranger} is in this room, and I was not told that I may work with them.",
        )
    if not room.encrypted and not setup.clear_rooms:
        return (
            "room_unencrypted",
            "this room is not encrypted. Turn encryption on in the room's settings, then I can work here.",
        )
    return None


LASTING = ("room_public", "room_world_readable", "room_bridged", "room_federated")
"""What makes the bot leave at its arrival; encryption can still be turned on, so it waits for that."""


def _stranger(accounts: Iterable[str], setup: MatrixSetup, own_server: str) -> str:
    strangers = (server_of(a) for a in sorted(accounts) if not setup.trusts_account(a, own_server))
    return next(strangers, "")


def _text(content: JSON, name: str) -> str:
    value = content.get(name)
    return value if isinstance(value, str) else ""
