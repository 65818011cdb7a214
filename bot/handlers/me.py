"""One's own settings."""

from collections.abc import Iterable
from datetime import time
from zoneinfo import ZoneInfo

from bot.grammar.params import Args
from bot.grammar.times import Moment
from bot.present import common
from bot.present import team as present
from bot.present import why as present_why
from bot.request import Reply, Request
from conference.people import Member
from conference.refusal import Refusal
from storage.notices import Notice

MOST_DAYS_OFF = 6


def show(request: Request, args: Args) -> Reply:
    return Reply(present.settings(request.me, request.zone, request.member_of(request.me.attention.cover)))


def zone(request: Request, args: Args) -> Reply:
    chosen = args.one("zone", ZoneInfo)
    _set(request, zone=chosen.key)
    return Reply(
        present.changed(f"Times are shown to you in {chosen.key}: it is {common.when(request.now, chosen)} there.")
    )


def quiet(request: Request, args: Args) -> Reply:
    begins, ends = args.one("hours", tuple)
    _set(request, quiet=(begins, ends))
    return Reply(
        present.changed(
            f"Quiet from {begins:%H:%M} to {ends:%H:%M} ({request.zone.key}). Only safety reaches you then."
        )
    )


def quiet_off(request: Request, args: Args) -> Reply:
    _set(request, quiet=None)
    return Reply(present.changed("No quiet hours any more."))


def off(request: Request, args: Args) -> Reply:
    days = args.one("days", frozenset)
    if len(days) > MOST_DAYS_OFF:
        raise Refusal("Keep one day of the week. To hear nothing for a while, use `me away until 5 dec`.")
    _set(request, days_off=days)
    return Reply(
        present.changed(f"Off every {present.weekdays(days)}. Only what is urgent or about safety reaches you then.")
    )


def off_none(request: Request, args: Args) -> Reply:
    _set(request, days_off=frozenset())
    return Reply(present.changed("No days off any more."))


def digest(request: Request, args: Args) -> Reply:
    hour = args.one("hour", time)
    _set(request, digest=hour)
    return Reply(present.changed(f"What is not urgent now comes gathered at {hour:%H:%M} ({request.zone.key})."))


def digest_off(request: Request, args: Args) -> Reply:
    _set(request, digest=None)
    return Reply(present.changed("No digest any more; reminders come one by one."))


def away(request: Request, args: Args) -> Reply:
    until = args.one("until", Moment).at
    cover = args.opt("cover", Member)
    if cover and cover.account == request.account:
        raise Refusal("You cannot cover for yourself. Name somebody else, or leave `cover` out.")
    _set(request, away_until=until, cover=cover.account if cover else None)
    who = f"{common.person(cover)} hears your reminders" if cover else "your reminders wait for you"
    return Reply(present.changed(f"Away until {common.when(until, request.zone)}; {who}. `me back` ends it."))


def back(request: Request, args: Args) -> Reply:
    _set(request, away_until=None, cover=None)
    return Reply(present.changed("Welcome back; reminders reach you again."))


def why(request: Request, args: Args) -> Reply:
    """By which rule a message reached the speaker: the one that is answered, or the last ones about a thing."""
    subject = args.text("about").upper()
    notices = request.store.notices
    place, message = request.invocation.place, request.invocation.reply_to
    root = message.message if message else place.thread
    mine = _mine(request, notices.all_at_message(place.platform, place.room, root)) if root else ()
    if subject or not mine:
        mine = notices.told(request.me.team, request.account, subject or request.thread_subject)
    if not mine and not subject and root is None:
        raise Refusal("Say why about what: answer the message with `why`, or name the thing, e.g. `why T-12`.")
    return Reply(
        present_why.why(mine, subject or request.thread_subject, request.members, request.settings, request.zone)
    )


def _mine(request: Request, notices: Iterable[Notice]) -> tuple[Notice, ...]:
    return tuple(n for n in notices if n.team == request.me.team and n.account == request.account and n.rule)


def whoami(request: Request, args: Args) -> Reply:
    return Reply(present.whoami(request.account, request.member, request.team_or_none, request.now))


def _set(request: Request, **changes: object) -> None:
    request.member = request.me.attend(**changes)
    request.store.members.save(request.member)
    request.store.notices.hasten(request.team.id, request.account, request.now)
