"""``confer slack``: the app manifest, installation, and the platform for a bot that runs."""

import argparse
import asyncio
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from adapters.card import Card, File
from adapters.platform import Inbox, NotDelivered, SharedDrawer
from adapters.slack import Shortcut, SlackOptions, SlackPlatform, manifest
from bot.cli.arguments import add_config
from bot.cli.trouble import complain
from bot.commands import TABLE
from bot.config import ConfigTrouble, Configuration
from bot.forms import MOST, check_case_field
from bot.glance import glance
from bot.grammar.tokens import check_text
from bot.secret_reference import SecretReference
from conference.refusal import Refusal
from storage.database import Database
from storage.drawer import SealedDrawer
from storage.inbox import SealedInbox
from storage.keys import KeyRing
from storage.store import Store

SHORTCUTS = (
    Shortcut("make_task", "Make an action item", "Adds the message as an action item", "task add {text}"),
    Shortcut("record_decision", "Record as decision", "Records the message as the case's decision", "decide {text}"),
)
OPEN_WORDS = frozenset(
    ("help", "team", "me", "whoami", "use", "meeting", "meetings", "series", "rsvp", "calendar", "vote", "undo", "")
)
"""First words of commands that say nothing of a patient: all that is done where no agreement covers the workspace."""
_ABOUT_CASES = re.compile(r"\b[CDT]-[0-9A-Z]{1,8}\b")
COMMANDS = frozenset(command.path[0] for command in TABLE.commands)
SOCKETS = 2
"""While one connection is renewed the other is heard."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "slack",
        help="print the app manifest, install, look at the connection",
        description="Everything that Slack wants once; docs/slack.md walks through it.",
        epilog="example: confer slack manifest > manifest.json",
    )
    parts = parser.add_subparsers(metavar="PART", required=True)
    printed = parts.add_parser("manifest", help="print the app manifest to paste into Slack")
    printed.add_argument("--url", default="", help="the bot's public address, for HTTP; without it, Socket Mode")
    printed.add_argument("--rotation", action="store_true", help="let tokens expire and be exchanged (many workspaces)")
    printed.set_defaults(run=print_manifest)
    install = parts.add_parser("install", help="say where the app is installed in a further workspace")
    add_config(install)
    install.set_defaults(run=say_install)
    status = parts.add_parser("status", help="ask Slack whether the tokens are good")
    add_config(status)
    status.set_defaults(run=say_status)


def print_manifest(args: argparse.Namespace) -> int:
    print(json.dumps(manifest(SHORTCUTS, url=args.url, rotation=args.rotation), indent=2))
    return 0


def say_install(args: argparse.Namespace) -> int:
    """OAuth begins in a browser, at the running bot: only there the answer can be proven to be the asker's."""
    from bot.cli.opened import configuration

    slack = configuration(args).settings.slack
    if slack.workspaces != "many" or slack.mode != "http":
        complain('one workspace is installed in Slack itself; for many, set mode = "http" and workspaces = "many".')
        return 1
    print(f"While `confer run` runs, open {slack.address.rstrip('/')}/slack/install")
    return 0


def say_status(args: argparse.Namespace) -> int:
    from bot.cli.opened import configuration, opened

    config = configuration(args)
    if config.settings.slack.mode == "off":
        complain('Slack is off; set mode = "socket" in [slack].')
        return 1
    with opened(config, exclusive=False) as (database, ring):
        drawer = SealedDrawer(database, ring, "slack")
        return asyncio.run(_status(config, drawer))


async def _status(config: Configuration, drawer: SharedDrawer) -> int:
    """One line a workspace; 1 where one of them cannot be reached with its token."""
    platform, bad = SlackPlatform(options(config), drawer, _NoInbox()), 0
    try:
        async with platform.opened():
            for installation in platform.installations.known:
                try:
                    await platform.api.call(installation.team, "auth.test")
                    print(f"{installation.team} {installation.name}: good")
                except NotDelivered as failure:
                    bad = 1
                    print(f"{installation.team} {installation.name}: {failure.kind}")
            if not platform.installations.known:
                complain("the bot is installed in no workspace yet")
                bad = 1
    except NotDelivered as failure:
        complain(f"Slack refuses the bot token: {failure.kind}")
        return 1
    return bad


def slack_platform(config: Configuration, database: Database, ring: KeyRing) -> SlackPlatform | None:
    """The platform as the configuration wants it; None where it is off. Raises ConfigTrouble, SecretUnreadable."""
    if config.settings.slack.mode == "off":
        return None

    def at_a_glance(account: str) -> Card:
        with database.reading() as connection:
            return glance(Store(connection, ring), account, datetime.now(UTC))

    async def shown(account: str) -> Card:
        return await asyncio.to_thread(at_a_glance, account)

    inbox: Inbox = SealedInbox(config.path(config.settings.slack.inbox), ring.root, "slack")
    return SlackPlatform(options(config), SealedDrawer(database, ring, "slack"), inbox, glance=shown)


def options(config: Configuration) -> SlackOptions:
    """What the settings and the secrets behind them say. Raises ConfigTrouble, SecretUnreadable."""
    slack = config.settings.slack
    many = slack.workspaces == "many"
    wrong = [
        f"[slack] {name}: expected one of {', '.join(known)}"
        for name, given, known in (
            ("mode", slack.mode, ("off", "socket", "http")),
            ("workspaces", slack.workspaces, ("one", "many")),
        )
        if given not in known
    ]
    if many and slack.mode == "socket":
        wrong.append('[slack] workspaces: "many" needs mode = "http", for Slack sends people back to an address')
    host, _, port = slack.listen.rpartition(":")
    if not port.isdecimal():
        wrong.append("[slack] listen: expected host:port, such as 127.0.0.1:3000")
    if wrong:
        raise ConfigTrouble(*(f"{config.file}: {problem}" for problem in wrong))

    def secret(name: str, *, wanted: bool) -> str:
        return config.secret(SecretReference.parse(getattr(slack, name))) if wanted else ""

    return SlackOptions(
        app_token=secret("app_token", wanted=slack.mode == "socket"),
        bot_token=secret("bot_token", wanted=not many),
        signing_secret=secret("signing_secret", wanted=slack.mode == "http"),
        client_id=secret("client_id", wanted=many),
        client_secret=secret("client_secret", wanted=many),
        base_url=slack.base_url,
        authorize_url=slack.authorize_url,
        redirect_url=f"{slack.address.rstrip('/')}/slack/oauth_redirect" if many else "",
        host=host or "127.0.0.1",
        port=int(port),
        sockets=SOCKETS,
        name=config.settings.bot.name,
        command=f"/{config.settings.bot.name}",
        commands=COMMANDS,
        covered=slack.baa,
        is_open=is_open,
        is_clinical=is_clinical,
        wrong=wrong_fields,
        modals=slack.modals,
        shortcuts=SHORTCUTS,
    )


def is_open(words: str) -> bool:
    """Whether a command says nothing of a patient."""
    first = words.split(maxsplit=1)
    return (first[0].casefold() if first else "") in OPEN_WORDS


def wrong_fields(words: str, fields: Mapping[str, str]) -> dict[str, str]:
    """What the command would refuse of a form's fields, by their names: a platform can say it where they stand."""
    command = next((c for c in TABLE.commands if f"{words} ".startswith(f"{c.words} ")), None)
    longest = {param.name: param.most for param in command.params} if command else {}
    found = {}
    for name, value in fields.items():
        try:
            check_text(value)
            check_case_field(name, value)
        except Refusal as refusal:
            found[name] = str(refusal)
        else:
            if len(value) > (most := longest.get(name, MOST)):
                found[name] = f"That is {len(value):,} characters; at most {most:,} fit."
    return found


def is_clinical(card: Card) -> bool:
    """Whether a card is about a case, a decision or an action item, or has a file with it; an answer that explains
    commands names such things too, and is asked for."""
    return any(isinstance(block, File) for block in card.blocks) or _ABOUT_CASES.search(repr(card)) is not None


class _NoInbox:
    """For a platform that only asks."""

    def put(self, contents: object) -> tuple[int, ...]:
        raise RuntimeError("a platform that only asks takes nothing in")

    def done(self, number: int) -> None:
        raise RuntimeError("a platform that only asks takes nothing in")

    def pending(self) -> tuple[tuple[int, bytes], ...]:
        return ()
