"""``confer sandbox``: a throw-away Matrix homeserver with an invented team and the bot, gone at Ctrl-C."""

import argparse
import asyncio
import contextlib
import importlib.util
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from adapters.card import Card
from adapters.matrix import Credentials, DevicePolicy, MatrixPlatform, MatrixSetup, log_in, log_out
from adapters.matrix.http import Homeserver, segment
from adapters.matrix.login import register as register_account
from adapters.platform import Invocation, NotDelivered, Outcome, Place, Source
from bot.cli.trouble import complain

SERVER = "sandbox.test"
PASSWORD = "confer-sandbox"  # noqa: S105 - of invented people on loopback
PEOPLE = {"dana": "", "lee": "psychiatry", "kim": "nursing", "sam": "sex-therapy"}
"""Invented people and their disciplines; the first one makes the team."""
STARTS_WITHIN = 60.0  # seconds

# Generating a signing key would cost several seconds; every limit is off, for a person tries things fast.
CONFIG = """
server_name: {server}
pid_file: {folder}/synapse.pid
signing_key: "ed25519 a_key {key}"
listeners:
  - port: {port}
    bind_addresses: ['127.0.0.1']
    type: http
    resources: [{{names: [client, media]}}]
database: {{name: sqlite3, args: {{database: '{folder}/synapse.db'}}}}
media_store_path: {folder}/media
registration_shared_secret: {secret}
macaroon_secret_key: {secret}
form_secret: {secret}
report_stats: false
trusted_key_servers: []
log_config: {folder}/log.yaml
presence: {{enabled: false}}
url_preview_enabled: false
enable_authenticated_media: false
bcrypt_rounds: 4
federation_domain_whitelist: []
rc_message: {limit}
rc_registration: {limit}
rc_login: {{address: {limit}, account: {limit}, failed_attempts: {limit}}}
rc_joins: {{local: {limit}}}
rc_joins_per_room: {limit}
rc_invites: {{per_room: {limit}, per_user: {limit}, per_issuer: {limit}}}
rc_room_creation: {limit}
rc_key_requests: {limit}
"""
NO_LIMIT = "{per_second: 10000, burst_count: 10000}"
LOGGING = """
version: 1
formatters: {{plain: {{format: '%(asctime)s %(levelname)s %(name)s %(message)s'}}}}
handlers: {{file: {{class: logging.FileHandler, formatter: plain, filename: '{folder}/synapse.log'}}}}
root: {{level: WARNING, handlers: [file]}}
disable_existing_loggers: false
"""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "sandbox",
        help="start a throw-away Matrix homeserver with an invented team and the bot",
        description="A homeserver on this machine alone (Synapse, pip install matrix-synapse), invented people, an "
        "encrypted room and the bot. Ctrl-C ends and removes all of it.",
        epilog="example: confer sandbox --port 8008",
    )
    parser.add_argument("--port", type=int, default=0, help="the port of the homeserver (default: a free one)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if importlib.util.find_spec("synapse") is None:
        complain("the sandbox needs Synapse; run: pip install matrix-synapse")
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that a plain kill removes everything too
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="confer-sandbox-")))
        print("Starting a homeserver …", flush=True)
        server = stack.enter_context(running_homeserver(folder / "homeserver", args.port))
        bot = stack.enter_context(_running_bot(folder / "bot", server))
        room = asyncio.run(_begin(folder, server))
        with suppress(KeyboardInterrupt):  # from the moment on that people are told of it
            _tell(server, room)
            bot.wait()
        print("\nRemoving everything …", flush=True)
    return 0


# -- the homeserver ------------------------------------------------------------------------------------------------
@dataclass
class LocalHomeserver:
    """A homeserver on loopback that can be stopped and started again."""

    folder: Path
    port: int
    secret: str
    server: str
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "synapse.app.homeserver", "-c", str(self.folder / "homeserver.yaml")]
        with (self.folder / "out.txt").open("ab") as out:
            # A session of its own: Ctrl-C is for us, and we end it when the bot has said its last word.
            self.process = subprocess.Popen(command, stdout=out, stderr=out, cwd=self.folder, start_new_session=True)  # noqa: S603 - our own words
        deadline = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/health", timeout=2):  # noqa: S310 - on loopback
                return
            time.sleep(0.1)
        raise OSError(0, "the homeserver did not start", (self.folder / "out.txt").read_text()[-2000:])

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process:
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None


@contextmanager
def running_homeserver(
    folder: Path, port: int = 0, server: str = SERVER, secret: str = "", more: str = ""
) -> Iterator[LocalHomeserver]:
    """A homeserver for as long as the block lasts. ``more``: settings in place of those above."""
    folder.mkdir(parents=True, exist_ok=True)
    local = LocalHomeserver(folder, port or _free_port(), secret or secrets.token_hex(16), server)
    words = {"folder": folder, "port": local.port, "secret": local.secret, "server": server, "limit": NO_LIMIT}
    key = b64encode(os.urandom(32)).decode().rstrip("=")
    (folder / "homeserver.yaml").write_text(CONFIG.format(key=key, **words) + more)
    (folder / "log.yaml").write_text(LOGGING.format(folder=folder))
    try:
        local.start()
        yield local
    finally:
        local.stop(signal.SIGKILL)  # nothing of it is kept


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


# -- the bot -------------------------------------------------------------------------------------------------------
@contextmanager
def _running_bot(folder: Path, server: LocalHomeserver) -> Iterator["subprocess.Popen[bytes]"]:
    """The bot as an installation has it, with its own folder: init, login, run."""
    config = ("--config", str(folder / "confer.toml"))
    environment = {
        **os.environ,
        "CONFER_MATRIX_MODE": "on",
        "CONFER_MATRIX_HOMESERVER": server.url,
        # People may come with any client here, also with one that cannot sign devices.
        "CONFER_MATRIX_DEVICES": "any",
        "CONFER_MATRIX_REGISTRATION": "env:SANDBOX_SECRET",
        "SANDBOX_SECRET": server.secret,
    }
    _confer(environment, "init", str(folder))
    _confer(environment, "matrix", "login", *config)
    command = [sys.executable, "-m", "bot.cli", "run", *config]
    with (folder / "out.txt").open("ab") as out:
        bot = subprocess.Popen(  # noqa: S603 - our own words
            command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield bot
    finally:
        bot.terminate()
        try:
            bot.wait(10)
        except subprocess.TimeoutExpired:
            bot.kill()
            bot.wait()


def _confer(environment: dict[str, str], *words: str) -> None:
    command = [sys.executable, "-m", "bot.cli", *words]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own words


# -- the people ----------------------------------------------------------------------------------------------------
async def _begin(folder: Path, server: LocalHomeserver) -> str:
    """Accounts, an encrypted room with everybody, and a team that its first person makes. The room's id."""
    async with Homeserver(server.url) as homeserver:
        for name in PEOPLE:
            await register_account(homeserver, name, PASSWORD, server.secret)
    first, *others = PEOPLE
    room = await _make_room(server, first, others)
    commands = ['!confer team create "North clinic" zone America/New_York']
    commands += [f"!confer team add {account(name)} {PEOPLE[name]}" for name in others]
    await _say(folder / first, server, first, room, commands)
    return room


async def _make_room(server: LocalHomeserver, first: str, others: Sequence[str]) -> str:
    encryption = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    everybody = [account("confer"), *(account(name) for name in others)]
    made = ""
    for name in (first, *others):
        async with Homeserver(server.url) as homeserver:
            who = {"type": "m.id.user", "user": name}
            login = {"type": "m.login.password", "identifier": who, "password": PASSWORD}
            homeserver.token = (await homeserver.call("POST", "/login", login))["access_token"]
            await homeserver.call(
                "PUT", f"/profile/{segment(account(name))}/displayname", {"displayname": name.capitalize()}
            )
            if name == first:
                request = {"preset": "private_chat", "name": "case-room", "invite": everybody}
                answer = await homeserver.call("POST", "/createRoom", {**request, "initial_state": [encryption]})
                made = str(answer["room_id"])
                power = {"users": {account("confer"): 50}}
                await homeserver.call("PUT", f"/rooms/{segment(made)}/state/m.room.power_levels", power)
            else:
                await homeserver.call("POST", f"/rooms/{segment(made)}/join", {})
            await homeserver.call("POST", "/logout", {})
    return made


async def _say(folder: Path, server: LocalHomeserver, name: str, room: str, commands: Sequence[str]) -> None:
    """Say it as this person, encrypted, from a device that is gone afterwards; waits for each answer."""
    setup = MatrixSetup(server.url, folder, name=name, devices=DevicePolicy.ANY)
    drawer = _Drawer()
    await log_in(setup, drawer, Credentials(name, PASSWORD))
    person, answered = MatrixPlatform(setup, drawer), asyncio.Event()

    async def receive(invocation: Invocation) -> Outcome:
        if invocation.source is not Source.JOINED and invocation.account == account("confer"):
            answered.set()
        return Outcome()

    running = asyncio.create_task(person.run(receive))
    try:
        async with asyncio.timeout(STARTS_WITHIN):
            while not await _is_inside(server, drawer, room):  # noqa: ASYNC110 - nothing tells us
                await asyncio.sleep(0.2)
            for count, command in enumerate(commands):
                answered.clear()
                await person.post(Place("matrix", room), Card(command), f"sandbox-{count}")
                await answered.wait()
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError, NotDelivered):
            await running
    await log_out(setup, drawer)


async def _is_inside(server: LocalHomeserver, drawer: "_Drawer", room: str) -> bool:
    from adapters.matrix.login import session_of

    session = await session_of(drawer)
    assert session
    async with Homeserver(server.url, session.token) as homeserver:
        return account("confer") in (await homeserver.call("GET", f"/rooms/{segment(room)}/joined_members"))["joined"]


class _Drawer:
    """What one of the invented people keeps, for a minute."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        return self._kept.get(name)

    def put(self, name: str, content: bytes) -> None:
        self._kept[name] = content

    def delete(self, name: str) -> None:
        self._kept.pop(name, None)

    def names(self, prefix: str = "") -> tuple[str, ...]:
        return tuple(name for name in self._kept if name.startswith(prefix))


def account(name: str) -> str:
    return f"@{name}:{SERVER}"


def _tell(server: LocalHomeserver, room: str) -> None:
    names = ", ".join(PEOPLE)
    print(
        f"""
Homeserver  {server.url}   (server name {SERVER})
Log in as   {names}   with the password {PASSWORD}
Room        case-room, encrypted, with the team "North clinic" and the bot {account("confer")}

In Element: Sign in, Edit the homeserver, type {server.url}. In nheko: log in as @dana:{SERVER} and give the
homeserver as {server.url}. Then type in the room:  !confer help
Everything is on this machine alone, invented, and gone at Ctrl-C.""",
        flush=True,
    )
