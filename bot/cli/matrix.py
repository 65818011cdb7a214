"""``confer matrix``: the login, verification by emoji, and the platform for a bot that runs."""

import argparse
import asyncio
import sys
from getpass import getpass

from adapters.matrix import (
    Credentials,
    DevicePolicy,
    LoginRefused,
    MatrixPlatform,
    MatrixSetup,
    compare,
    log_in,
    log_out,
    said_about,
)
from bot.cli.arguments import add_config
from bot.cli.trouble import complain
from bot.commands import TABLE
from bot.config import ConfigTrouble, Configuration
from bot.secret_reference import SecretReference, SecretUnreadable
from storage.database import Database
from storage.drawer import SealedDrawer
from storage.keys import KeyRing


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "matrix",
        help="log in, verify, look at the login, log out",
        description="Everything that Matrix wants once; docs/matrix.md walks through it.",
        epilog="example: confer matrix login",
    )
    parts = parser.add_subparsers(metavar="PART", required=True)
    for name, about, run in (
        ("login", "log in as a new device, with its own crypto store, signed by the bot's identity", run_login),
        ("verify", "compare emoji with a person who verifies the running bot", run_verify),
        ("status", "look at the login, the crypto store and the device's signature", run_status),
        ("logout", "end the login and remove its crypto store; the identity stays", run_logout),
    ):
        part = parts.add_parser(name, help=about, description=about.capitalize() + ".")
        add_config(part)
        part.set_defaults(run=run)


def run_login(args: argparse.Namespace) -> int:
    from bot.cli.opened import configuration, opened

    config = configuration(args)
    setup = setup_of(config)
    with opened(config, exclusive=True) as (database, ring):  # not beside a bot that runs: it has the old store
        drawer = SealedDrawer(database, ring, "matrix")
        try:
            session = asyncio.run(log_in(setup, drawer, _credentials(config)))
        except LoginRefused as refused:
            complain(str(refused))
            return 1
    print(f"logged in as {session.account}, device {session.device}")
    print(f"device key {session.fingerprint}")
    return 0


def run_status(args: argparse.Namespace) -> int:
    from bot.cli.opened import configuration, opened

    config = configuration(args)
    setup = setup_of(config)
    with opened(config, exclusive=False) as (database, ring):
        found = said_about_login(setup, database, ring)
    for name, value, _ in found:
        print(f"{name}: {value}")
    return 0 if all(well for _, _, well in found) else 1


def said_about_login(setup: MatrixSetup, database: Database, ring: KeyRing) -> list[tuple[str, str, bool]]:
    """Account, device, store and signature: a name, its value, and whether that is as it should be."""
    return asyncio.run(said_about(setup, SealedDrawer(database, ring, "matrix")))


def run_logout(args: argparse.Namespace) -> int:
    from bot.cli.opened import configuration, opened

    config = configuration(args)
    setup = setup_of(config)
    with opened(config, exclusive=True) as (database, ring):
        if not asyncio.run(log_out(setup, SealedDrawer(database, ring, "matrix"))):
            complain("there was no login")
            return 1
    print("logged out")
    return 0


def run_verify(args: argparse.Namespace) -> int:
    """The running bot does the verification; here somebody looks at the emoji and says whether they are the same."""
    from bot.cli.opened import configuration, opened

    config = configuration(args)
    setup_of(config)
    with opened(config, exclusive=False) as (database, ring):
        drawer = SealedDrawer(database, ring, "matrix")
        print("Now start the verification in your client: the bot's profile, Verify, Verify by emoji.", flush=True)
        return 0 if asyncio.run(compare(drawer, _same, lambda line: print(line, flush=True))) else 1


def _same(person: str, emoji: str) -> bool:
    print(f"{person} should see: {emoji}", flush=True)
    print("Are they the same there, in the same order? yes/no: ", end="", flush=True)
    return sys.stdin.readline().strip().casefold() in ("y", "yes")


def matrix_platform(config: Configuration, database: Database, ring: KeyRing) -> MatrixPlatform | None:
    """The platform as the configuration wants it; None where it is off. Raises ConfigTrouble."""
    if config.settings.matrix.mode == "off":
        return None
    return MatrixPlatform(setup_of(config), SealedDrawer(database, ring, "matrix"))


def setup_of(config: Configuration) -> MatrixSetup:
    """What the settings say. Raises ConfigTrouble."""
    matrix = config.settings.matrix
    wrong = []
    if matrix.mode not in ("off", "on"):
        wrong.append("[matrix] mode: expected one of off, on")
    if not matrix.homeserver.startswith(("http://", "https://")):
        wrong.append("[matrix] homeserver: expected an address such as https://matrix.example.org")
    if matrix.devices not in set(DevicePolicy):
        wrong.append(f"[matrix] devices: expected one of {', '.join(DevicePolicy)}")
    if wrong:
        raise ConfigTrouble(*(f"{config.file}: {problem}" for problem in wrong))
    return MatrixSetup(
        homeserver=matrix.homeserver,
        folder=config.path(matrix.folder),
        name=config.settings.bot.name,
        commands=frozenset(command.path[0] for command in TABLE.commands),
        devices=DevicePolicy(matrix.devices),
        servers=matrix.servers,
        accounts=matrix.accounts,
        clear_rooms=matrix.clear_rooms,
        reactions=matrix.reactions,
    )


def _credentials(config: Configuration) -> Credentials:
    """The first secret that can be had; a person at a terminal is asked for the password."""
    matrix = config.settings.matrix
    if token := _secret(config, matrix.token):
        return Credentials(matrix.user, token=token)
    password, registration = _secret(config, matrix.password), _secret(config, matrix.registration)
    if not password and not registration and sys.stdin.isatty():
        password = getpass(f"Password of {matrix.user}: ")
    if not password and not registration:
        raise SecretUnreadable(f"There is no password: {matrix.password} cannot be read, nor {matrix.token}.")
    return Credentials(matrix.user, password=password, registration_secret=registration)


def _secret(config: Configuration, reference: str) -> str:
    try:
        return config.secret(SecretReference.parse(reference))
    except SecretUnreadable:
        return ""
