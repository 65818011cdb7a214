"""When a person wants to hear something: quiet hours, days off, the daily digest, absence with cover."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from conference.local_time import at_local
from conference.people import Account, Member


def recipient(member: Member, members: Mapping[Account, Member], now: datetime) -> Member:
    """Who hears instead while the member is away; the member where nobody covers."""
    cover = members.get(member.attention.cover) if member.attention.cover and member.is_away(now) else None
    return cover if cover is not None and not cover.is_away(now) else member


def hears_at(member: Member, now: datetime, team_zone: str, *, digest: time | None, urgent: bool) -> datetime:
    """The first moment from ``now`` at which the member wants to hear it.

    What is urgent comes at once, except in quiet hours; safety does not ask here at all. What is not urgent waits
    for the digest hour, where the member or the house has one, and never comes on a day off. Absence without cover
    waits for the return.
    """
    zone = ZoneInfo(member.attention.zone or team_zone)
    at = now
    hour = member.attention.digest or digest
    if not urgent and hour is not None:
        at = _next_clock(at, hour, zone)
    away = member.attention.away_until
    if away is not None and at < away:
        at = away
    at = _after_quiet(at, member.attention.quiet, zone)
    return at if urgent else after_days_off(member, at, team_zone, digest=digest)


def after_days_off(member: Member, at: datetime, team_zone: str, *, digest: time | None) -> datetime:
    """That moment, or the first after it that is on none of the member's days off."""
    zone, attention = ZoneInfo(member.attention.zone or team_zone), member.attention
    hour = attention.digest or digest or time()
    for _ in range(7):
        here = at.astimezone(zone)
        if here.weekday() not in attention.days_off:
            break
        next_day = at_local(datetime.combine(here.date() + timedelta(days=1), hour), zone)
        at = _after_quiet(next_day, attention.quiet, zone)
    return at


MORNING = time(8)
"""The digest hour of who has none."""


def digest_hour(member: Member, now: datetime, team_zone: str, *, digest: time | None) -> datetime:
    """When the next digest of this member comes: own hour, the house's, or else in the morning."""
    zone = ZoneInfo(member.attention.zone or team_zone)
    at = _next_clock(now, member.attention.digest or digest or MORNING, zone)
    at = hears_at(member, at, team_zone, digest=None, urgent=True)
    return after_days_off(member, at, team_zone, digest=digest or MORNING)


def why_later(member: Member, now: datetime, team_zone: str, *, urgent: bool) -> str:
    """Why the member does not want to hear something now: ``away``, a day ``off``, ``quiet`` hours, or for the ``digest``."""
    if member.is_away(now):
        return "away"
    zone = ZoneInfo(member.attention.zone or team_zone)
    if not urgent and now.astimezone(zone).weekday() in member.attention.days_off:
        return "off"
    return "quiet" if _after_quiet(now, member.attention.quiet, zone) > now else "digest"


def _next_clock(now: datetime, clock: time, zone: ZoneInfo) -> datetime:
    here = now.astimezone(zone)
    at = at_local(datetime.combine(here.date(), clock), zone)
    return at if at >= now else at_local(datetime.combine(here.date() + timedelta(days=1), clock), zone)


def _after_quiet(at: datetime, quiet: tuple[time, time] | None, zone: ZoneInfo) -> datetime:
    if quiet is None or quiet[0] == quiet[1]:
        return at
    begins, ends = quiet
    here = at.astimezone(zone).time()
    is_quiet = begins <= here < ends if begins < ends else here >= begins or here < ends
    return _next_clock(at, ends, zone) if is_quiet else at
