"""``confer keys``: how old the keys are, a new key for every team, another root key."""

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.cli.arguments import add_config
from bot.cli.trouble import complain

if TYPE_CHECKING:
    from bot.config import Configuration
    from bot.secret_reference import SecretReference
    from storage.database import Database
    from storage.keys import KeyRing, RootKey

ACTOR, ACT = "operator", "key change"
WRONG_USAGE = 2
NEXT = """The teams' keys are wrapped in {new} now. Change {file}:
  [storage]
  key = "{new}"
then `confer doctor`, start the bot, and `confer backup`.
Keep {old} apart from the rest as long as there are backups from before: only it opens them."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "keys",
        help="show, change the teams' keys or the root key",
        description="The root key wraps a key for each team, which wraps those that seal the fields. Without an action, "
        "the age of each team's key is shown.",
        epilog="example: confer keys rotate",
    )
    add_config(parser)
    parser.set_defaults(run=run_list)
    actions = parser.add_subparsers(metavar="ACTION")
    rotate = actions.add_parser(
        "rotate",
        help="give every team a new key",
        description="Make a new key for every team, wrap its data keys in it and erase the former. No field is written "
        "anew. The bot may go on running.",
    )
    add_config(rotate)
    rotate.set_defaults(run=run_rotate)
    root = actions.add_parser(
        "root",
        help="take another root key",
        description="Wrap the teams' keys in another root key, and let it sign the marks of the audit trail. Stop the bot "
        "first, all instances of it. The former key stays where it is: backups from before need it. If it is "
        "interrupted, run it again.",
        epilog="example: confer keys root --to file:confer-2027.key",
    )
    root.add_argument(
        "--to",
        required=True,
        metavar="REF",
        help="where the new key is: file:PATH (made if it is not there), env:NAME or keyring:SERVICE/NAME",
    )
    add_config(root)
    root.set_defaults(run=run_root)


def run_list(args: argparse.Namespace) -> int:
    from bot.cli.opened import configuration, opened
    from storage.store import HOUSE

    config = configuration(args)
    with opened(config, exclusive=False) as (database, ring), database.reading() as connection:
        epochs = ring.epochs(connection)
    for team, (epoch, made) in epochs.items():
        name = "no team's" if team == HOUSE else f"team {team}"
        print(f"{name}: key {epoch}, made {made:%Y-%m-%d}")
    print(f"root key: {config.key}")
    return 0


def run_rotate(args: argparse.Namespace) -> int:
    from bot.cli.opened import configuration, opened
    from storage.audit import AuditEntry, append

    now = datetime.now(UTC)
    with opened(configuration(args), exclusive=False) as (database, ring):
        with database.reading() as connection:
            teams = ring.epochs(connection)
        for team in teams:
            with database.transaction() as connection:
                epoch = ring.rotate_team(connection, team, now)
                append(connection, ring, AuditEntry(team, now, ACTOR, ACT, "team", "done", {"epoch": str(epoch)}))
    print(f"{len(teams)} keys are new; the former ones are erased.")
    return 0


def run_root(args: argparse.Namespace) -> int:
    from bot.cli.opened import check_revision, configuration, open_database, root_key
    from bot.secret_reference import SecretReference
    from storage.checkpoints import Checkpoints
    from storage.keys import KeyRing

    try:
        reference = SecretReference.parse(args.to)
    except ValueError as mistake:
        complain(f"--to: {mistake}")
        return WRONG_USAGE
    config, now = configuration(args), datetime.now(UTC)
    former = root_key(config)
    with open_database(config) as database:
        check_revision(database)
        if waits := _what_waits(config, database, now):
            complain(waits)
            return 1
        new = _new_key(config, reference)
        if new == former:
            complain(f"{reference} is the key that is in use; name another place.")
            return WRONG_USAGE
        _rewrap(database, KeyRing(former), new, now)
        Checkpoints(config.checkpoints, former).hand_over(new, now)
    print(NEXT.format(new=reference, old=config.key, file=config.file))
    return 0


def _what_waits(config: "Configuration", database: "Database", now: datetime) -> str:
    """Why the root key cannot be changed now, or "": what others hold or have taken in is under the former one."""
    from storage.leases import Leases

    with database.reading() as connection:
        if Leases(connection, ACTOR, now).holders():
            return "an instance of the bot runs, or ended within the last minute; stop it and try again"
    inbox = config.path(config.settings.slack.inbox)
    if inbox.exists() and inbox.stat().st_size:
        return f"{inbox} holds what was taken in and not carried out yet; run the bot until it is, and stop it again"
    return ""


def _new_key(config: "Configuration", reference: "SecretReference") -> "RootKey":
    from bot.secret_reference import Scheme
    from storage.keys import RootKey

    if reference.scheme is Scheme.FILE and not (path := config.path(reference.name)).exists():
        RootKey.new().save(path)
    return RootKey.read(config.secret(reference))


def _rewrap(database: "Database", ring: "KeyRing", new: "RootKey", now: datetime) -> None:
    """Under the new key, unless an interrupted run has come so far. Raises WrongKey where neither key fits."""
    from storage.audit import AuditEntry, append
    from storage.keys import KeyRing, WrongKey
    from storage.store import HOUSE

    with database.transaction() as connection:
        try:
            after = ring.rewrap_root(connection, new)
        except WrongKey:
            KeyRing(new).check(connection)
        else:
            if HOUSE in after.epochs(connection):  # else no bot has ever run, and there is nothing to tell of
                append(connection, after, AuditEntry(HOUSE, now, ACTOR, ACT, "root", "done"))
