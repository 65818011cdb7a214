"""Wall-clock time in a zone, where an hour may be missing or come twice (RFC 5545, section 3.3.5)."""

from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo


class Hour(StrEnum):
    """How often a wall-clock time occurs on its day."""

    ONCE = "once"
    MISSING = "missing"
    TWICE = "twice"


def at_local(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, of a naive wall-clock time.

    A missing time is read with the offset from before the gap, so it moves on by the length of the gap,
    mostly one hour; a repeated time is its first. Raises ValueError for an aware datetime.
    """
    if local.tzinfo is not None:
        raise ValueError("A local time carries no zone of its own.")
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def wall_clock(at: datetime, zone: str) -> datetime:
    """The naive local time that a clock in this zone shows at the instant."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def hour_of(local: datetime, zone: ZoneInfo) -> Hour:
    """Whether a naive wall-clock time occurs once, never or twice in this zone."""
    first = local.replace(tzinfo=zone, fold=0)
    if first.utcoffset() == local.replace(tzinfo=zone, fold=1).utcoffset():
        return Hour.ONCE
    # zoneinfo gives both folds another offset in a gap too; only a gap fails the way there and back
    back = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0)
    return Hour.TWICE if back == local.replace(fold=0) else Hour.MISSING
