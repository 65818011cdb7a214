"""A real homeserver on loopback: Synapse from PyPI, with nothing outside one folder."""

import atexit
import contextlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SECRET = "for-tests-only"
SERVER = "clinic.test"
STARTS_WITHIN = 60.0

# Generating a signing key would cost several seconds.
CONFIG = """
server_name: {server}
pid_file: {folder}/synapse.pid
signing_key: "ed25519 a_test fxF3kMlbdSSGuZd3dM0dnEyRhqJ0OVmkb2RqFmhkV3M"
listeners:
  - port: {port}
    bind_addresses: ['127.0.0.1']
    type: http
    resources: [{{names: [client, media]}}]
database: {{name: sqlite3, args: {{database: '{folder}/synapse.db'}}}}
media_store_path: {folder}/media
registration_shared_secret: {secret}
report_stats: false
trusted_key_servers: []
suppress_key_server_warning: true
macaroon_secret_key: for-tests-only
form_secret: for-tests-only
log_config: {folder}/log.yaml
presence: {{enabled: false}}
url_preview_enabled: false
enable_authenticated_media: true
bcrypt_rounds: 4
federation_domain_whitelist: []
max_upload_size: 20M
{limits}
"""
NO_LIMITS = (
    "\n".join(f"{name}: {{per_second: 10000, burst_count: 10000}}" for name in ("rc_message", "rc_registration"))
    + """
rc_login:
  address: {per_second: 10000, burst_count: 10000}
  account: {per_second: 10000, burst_count: 10000}
  failed_attempts: {per_second: 10000, burst_count: 10000}
rc_joins:
  local: {per_second: 10000, burst_count: 10000}
rc_joins_per_room: {per_second: 10000, burst_count: 10000}
rc_invites:
  per_room: {per_second: 10000, burst_count: 10000}
  per_user: {per_second: 10000, burst_count: 10000}
  per_issuer: {per_second: 10000, burst_count: 10000}
rc_room_creation: {per_second: 10000, burst_count: 10000}
rc_key_requests: {per_second: 10000, burst_count: 10000}
rc_presence:
  per_user: {per_second: 10000, burst_count: 10000}
rc_delayed_event_mgmt: {per_second: 10000, burst_count: 10000}
"""
)
LOGGING = """
version: 1
formatters: {plain: {format: '%(asctime)s %(levelname)s %(name)s %(message)s'}}
handlers: {file: {class: logging.FileHandler, formatter: plain, filename: FILE}}
root: {level: WARNING, handlers: [file]}
disable_existing_loggers: false
"""


@dataclass
class Synapse:
    """A running homeserver that can be stopped and started again."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "synapse.app.homeserver", "-c", str(self.folder / "homeserver.yaml")]
        out = (self.folder / "out.txt").open("ab")
        self.process = subprocess.Popen(command, stdout=out, stderr=out, cwd=self.folder)
        self.wait()

    def wait(self) -> None:
        deadline = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < deadline:
            assert self.process
            if self.process.poll() is not None:
                raise AssertionError((self.folder / "out.txt").read_text()[-2000:])
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/health", timeout=2):
                return
            time.sleep(0.1)
        raise AssertionError("Synapse did not start")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process:
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None


@contextmanager
def running_synapse(folder: Path, limits: str = NO_LIMITS) -> Iterator[Synapse]:
    """A homeserver for as long as the block lasts."""
    port = _free_port()
    folder.mkdir(parents=True, exist_ok=True)
    words = {"server": SERVER, "folder": folder, "port": port, "secret": SECRET, "limits": limits}
    (folder / "homeserver.yaml").write_text(CONFIG.format(**words))
    (folder / "log.yaml").write_text(LOGGING.replace("FILE", str(folder / "synapse.log")))
    synapse = Synapse(folder, port)
    try:
        synapse.start()
        yield synapse
    finally:
        synapse.stop(signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@cache
def shared_synapse() -> Synapse:
    """One homeserver for everything in this process; it ends with it."""
    stack = ExitStack()
    folder = Path(
        stack.enter_context(tempfile.TemporaryDirectory(prefix="confer-synapse-", ignore_cleanup_errors=True))
    )
    atexit.register(stack.close)
    return stack.enter_context(running_synapse(folder))
