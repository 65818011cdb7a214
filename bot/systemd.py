"""What systemd wants to hear of a service with ``Type=notify``: that it is ready, alive, stopping."""

import os
import socket
from collections.abc import Mapping


def notify(state: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Say ``READY=1`` or the like to whoever started us; False where nobody wants to hear it."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as speaking:
        try:
            speaking.connect("\0" + address[1:] if address.startswith("@") else address)
            speaking.send(state.encode())
        except OSError:  # it went away, and so, soon, shall we
            return False
    return True


def watchdog_seconds(environment: Mapping[str, str] = os.environ) -> float | None:
    """How often it wants to hear ``WATCHDOG=1`` at the least; None where it does not."""
    given = environment.get("WATCHDOG_USEC", "")
    mine = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(given) / 1e6 if given.isdecimal() and mine else None
