"""``confer notices``: what could not be delivered, what waits, and what to do about it."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.cli.arguments import add_config
from bot.cli.trouble import complain

if TYPE_CHECKING:
    from storage.notices import Notice
    from storage.store import Store

ACTOR = "command line"
WRONG_USAGE = 2


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "notices",
        help="list, retry, drop and explain messages that were not delivered",
        description="Messages that were given up (dead), are being tried again, or are on their way. Without an "
        "action they are listed. The bot may go on running. No words of a message are ever shown.",
        epilog="example: confer notices retry --all",
    )
    add_config(parser)
    parser.set_defaults(run=run_list)
    actions = parser.add_subparsers(metavar="ACTION")
    listing = actions.add_parser("list", help="list them", description="List what is dead, held or tried again.")
    listing.set_defaults(run=run_list)
    add_config(listing)
    for name, run, about in (
        ("retry", run_retry, "Let a dead message be tried again, or all of them. What its message is about is read "
         "again first; an answer whose words are gone is replaced by a line that says so."),
        ("drop", run_drop, "Give a dead or waiting message up for good."),
        ("explain", run_explain, "Say what a message was, what happened to it and what will happen."),
    ):  # fmt: skip
        one = actions.add_parser(name, help=about.split(".")[0].casefold(), description=about)
        one.add_argument("id", nargs="?" if name == "retry" else None, type=int, help="its number in the list")
        if name == "retry":
            one.add_argument("--all", action="store_true", help="every dead message")
        add_config(one)
        one.set_defaults(run=run)


def run_list(args: argparse.Namespace) -> int:
    """Exit status 1 where something is dead, so that a monitor can ask."""
    from storage.notices import NoticeState

    now = datetime.now(UTC)
    with _house(args) as house:
        dead, held = (house.notices.by_state(s) for s in (NoticeState.DEAD, NoticeState.SENDING))
        waiting = [n for n in house.notices.by_state(NoticeState.NEW) if n.attempts or n.why]
    for title, notices in (("dead", dead), ("tried again", waiting), ("on their way", held)):
        for notice in notices:
            print(f"{notice.id:>7}  {title:<12}  {_line(notice, now)}")
    print(f"{len(dead)} dead, {len(waiting)} tried again, {len(held)} on their way")
    if dead:
        print("`confer notices explain ID` says more; `retry ID`, `retry --all` or `drop ID` settle it.")
    return 1 if dead else 0


def run_retry(args: argparse.Namespace) -> int:
    from storage.notices import NoticeState

    if (args.id is None) == (not args.all):
        complain("name one message by its number, or say --all")
        return WRONG_USAGE
    now = datetime.now(UTC)
    with _house(args, write=True) as house:
        found = house.notices.by_state(NoticeState.DEAD) if args.all else _named(house, args.id)
        again = [n for n in found if house.notices.try_again(n, now)]
        for notice in again:
            _audit(house, notice, "notice retried", now)
    print(f"{len(again)} will be tried again by the running bot." if again else "Nothing was dead by that number.")
    return 0 if again or args.all else 1


def run_drop(args: argparse.Namespace) -> int:
    from storage.notices import NoticeState

    now = datetime.now(UTC)
    with _house(args, write=True) as house:
        notices = [n for n in _named(house, args.id) if n.state in (NoticeState.DEAD, NoticeState.NEW)]
        for notice in notices:
            house.notices.mark(notice, NoticeState.DROPPED, why="dropped by hand", settled_at=now)
            _audit(house, notice, "notice dropped", now)
    print(f"{args.id} is given up." if notices else f"{args.id} is neither dead nor waiting.")
    return 0 if notices else 1


def run_explain(args: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    with _house(args) as house:
        notices = _named(house, args.id)
    for notice in notices:
        print(f"{notice.id}: {_line(notice, now)}")
        print(f"  what it was: {_was(notice)}")
        print(f"  what happened: {_happened(notice)}")
        print(f"  what will happen: {_will(notice, now)}")
    return 0 if notices else 1


@contextmanager
def _house(args: argparse.Namespace, *, write: bool = False) -> "Iterator[Store]":
    from bot.cli.opened import configuration, opened
    from storage.store import Store

    with (
        opened(configuration(args), exclusive=False) as (database, ring),
        database.transaction() if write else database.reading() as connection,
    ):
        yield Store(connection, ring)


def _named(house: "Store", number: int) -> "tuple[Notice, ...]":
    found = house.notices.by_id(number)
    if found is None:
        complain(f"there is no message {number}; `confer notices` lists them")
    return (found,) if found else ()


def _audit(house: "Store", notice: "Notice", act: str, now: datetime) -> None:
    from storage.audit import AuditEntry

    details = {"notice": str(notice.id), "kind": notice.kind}
    entry = AuditEntry(notice.team, now, ACTOR, act, notice.subject or notice.case, "done", details)
    house.of_team(notice.team).audit(entry)


def _line(notice: "Notice", now: datetime) -> str:
    """Ids and kinds: no words of the message, no room."""
    from storage.store import HOUSE

    team = "no team" if notice.team == HOUSE else f"team {notice.team}"
    age = _age(now, notice.created_at)
    why = f", {notice.why}" if notice.why else ""
    about = notice.subject or notice.case or "-"
    return f"{team}, {notice.kind} about {about} on {notice.platform}, {notice.attempts} attempts{why}, {age} old"


def _age(now: datetime, at: datetime | None) -> str:
    hours = (now - (at or now)).total_seconds() / 3600
    return f"{hours * 60:.0f} min" if hours < 2 else f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} d"


def _was(notice: "Notice") -> str:
    to = "one person in private" if notice.account else "a room"
    return f"a {notice.act.value} of kind {notice.kind} to {to}, made {notice.created_at:%Y-%m-%d %H:%M} UTC"


def _happened(notice: "Notice") -> str:
    from storage.notices import NoticeState

    match notice.state:
        case NoticeState.SENT:
            return f"it was sent {notice.settled_at:%Y-%m-%d %H:%M} UTC" if notice.settled_at else "it was sent"
        case NoticeState.DROPPED:
            return f"it was not sent on purpose ({notice.why})"
        case NoticeState.DEAD:
            return f"it was given up after {notice.attempts} attempts; the last one ended with: {notice.why}"
        case NoticeState.SENDING:
            return f"{notice.holder} holds it and is sending it"
        case NoticeState.NEW:
            return (
                f"{notice.attempts} attempts failed; the last one with: {notice.why}"
                if notice.attempts
                else "nothing yet"
            )


def _will(notice: "Notice", now: datetime) -> str:
    from storage.notices import NoticeState

    match notice.state:
        case NoticeState.DEAD:
            return f"nothing, until `confer notices retry {notice.id}` or `drop {notice.id}`"
        case NoticeState.NEW if notice.not_before is not None and notice.not_before > now:
            return f"it is due {notice.not_before:%Y-%m-%d %H:%M:%S} UTC; what it is about is read again first"
        case NoticeState.NEW:
            return "it goes out as soon as its room and its platform take it"
        case NoticeState.SENDING:
            return "it is marked as sent, or tried again under the same key, so that it is seen once"
        case _:
            return "nothing more"
