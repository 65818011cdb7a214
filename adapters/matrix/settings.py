"""What the Matrix platform is told at its start."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class DevicePolicy(StrEnum):
    """Whose devices may give commands and may read what the bot posts."""

    VERIFIED = "verified"
    """Devices signed by a person whom somebody has verified with the bot by emoji."""
    SIGNED = "signed"
    """Devices signed by their owner, whose identity is pinned when it is first seen."""
    ANY = "any"
    """Every device that the homeserver names. A hostile homeserver can add one of its own."""


@dataclass(frozen=True, slots=True)
class MatrixSetup:
    """The settings that concern Matrix alone. ``folder`` holds the crypto store and belongs to this account only."""

    homeserver: str
    folder: Path
    name: str = "confer"
    commands: frozenset[str] = frozenset()
    """First words of commands: a hint of one is shown as it is typed here."""
    devices: DevicePolicy = DevicePolicy.SIGNED
    servers: tuple[str, ...] = ()
    """Servers whose people may invite the bot and be in its rooms; empty: the bot's own server alone."""
    accounts: tuple[str, ...] = ()
    """Single accounts of other servers that may do the same."""
    clear_rooms: bool = False
    """Whether the bot speaks where nothing is encrypted. For trials with invented cases only."""
    reactions: bool = True
    """Whether a reaction does what its button does. Reactions are not encrypted: the homeserver could forge one."""
    patience: float = 10.0
    """Seconds that a missing key may still come before the sender is told that the message cannot be read."""

    def trusts_server(self, server: str, own: str) -> bool:
        return server == own or server in self.servers

    def trusts_account(self, account: str, own: str) -> bool:
        return account in self.accounts or self.trusts_server(server_of(account), own)


def server_of(account: str) -> str:
    """The homeserver of ``@name:server``."""
    return account.partition(":")[2]
