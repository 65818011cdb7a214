"""Real homeservers on loopback: the one of ``confer sandbox``, once for everything in this process, and special ones."""

import atexit
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bot.cli.sandbox import LocalHomeserver, running_homeserver

SECRET = "for-tests-only"
SERVER = "clinic.test"

LIMITED = """
rc_message: {}
rc_joins: {}
rc_joins_per_room: {}
rc_invites: {}
rc_room_creation: {}
rc_key_requests: {}
"""
"""What a Synapse allows where nobody has changed it."""

FEDERATED = """
listeners:
  - {{port: {port}, bind_addresses: ['127.0.0.1'], type: http, resources: [{{names: [client, media]}}]}}
  - {{port: {outer}, bind_addresses: ['127.0.0.1'], type: http, tls: true, resources: [{{names: [federation]}}]}}
tls_certificate_path: {folder}/tls.crt
tls_private_key_path: {folder}/tls.key
federation_verify_certificates: false
federation_domain_whitelist: [{names}]
ip_range_blacklist: []
federation_ip_range_blacklist: []
"""


def passing_folder(prefix: str) -> "tempfile.TemporaryDirectory[str]":
    """A folder in memory where the machine has such: what is only kept for a minute needs no disk."""
    memory = Path("/dev/shm")
    where = memory if os.access(memory, os.W_OK) else None
    return tempfile.TemporaryDirectory(prefix=prefix, dir=where, ignore_cleanup_errors=True)


@cache
def shared_synapse() -> LocalHomeserver:
    """It ends with the process."""
    stack = ExitStack()
    folder = Path(stack.enter_context(passing_folder("confer-synapse-")))
    atexit.register(stack.close)
    return stack.enter_context(running_homeserver(folder, server=SERVER, secret=SECRET))


@contextmanager
def federated(folder: Path) -> Iterator[tuple[LocalHomeserver, LocalHomeserver]]:
    """Two homeservers that speak to each other."""
    outer = (free_port(), free_port())
    names = [f"localhost:{port}" for port in outer]
    with ExitStack() as stack:
        servers = []
        for name, port in zip(names, outer, strict=True):
            own = folder / f"server-{port}"
            own.mkdir(parents=True)
            _certificate(own)
            inner = free_port()
            more = FEDERATED.format(port=inner, outer=port, folder=own, names=", ".join(f"'{n}'" for n in names))
            servers.append(stack.enter_context(running_homeserver(own, inner, name, SECRET, more)))
        yield servers[0], servers[1]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _certificate(folder: Path) -> None:
    """A certificate for localhost that nobody else has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    form, pem = serialization.PrivateFormat.PKCS8, serialization.Encoding.PEM
    (folder / "tls.crt").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(pem))
    (folder / "tls.key").write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
