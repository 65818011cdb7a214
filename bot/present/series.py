"""How series are said."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from adapters.card import Actions, Block, Button, Card, Fact, Facts, Row, Rows, Text
from bot.present.common import count, day, length, note, when
from bot.series_plan import Planned
from conference.meeting import Meeting
from conference.series import Series

_FIRST = 4
_MOST_DAYS = 12


def listing(series: Sequence[Series]) -> Card:
    if not series:
        return note('No series. `series create "Weekly case conference" every tue 08:00 for 60m` makes one.')
    return Card(count(len(series), "series", "series"), (Rows(tuple(_line(s) for s in series)),))


def one(
    series: Series, dates: Sequence[datetime], skipped: Sequence[date], off: Sequence[date], zone: ZoneInfo
) -> Card:
    """Its rhythm, its next dates as the asker's clock shows them, and what is left out."""
    facts = [Fact("Rhythm", ", ".join(_line(series).details))]
    if dates:
        facts.append(Fact("Next", "; ".join(when(at, zone) for at in dates)))
    if skipped:
        facts.append(Fact("Skipped", days(skipped)))
    if off:
        facts.append(Fact("Holidays", days(off)))
    return Card(
        f"{series.ref} {series.title}",
        (Facts(tuple(facts)), Actions((Button("Calendar file", f"calendar {series.ref}"),))),
    )


def changed(series: Series, what: str, planned: Planned, zone: ZoneInfo) -> Card:
    rows = tuple(Row(m.ref, when(m.start_at, zone)) for m in (*planned.made, *planned.moved)[:_FIRST])
    more = len(planned.made) + len(planned.moved) - _FIRST
    if more > 0:
        rows = (*rows, Row("…", f"and {more} more; `meetings` lists them"))
    blocks: tuple[Block, ...] = (Text(", ".join(_line(series).details)),)
    if planned.dropped:
        blocks += (Text(f"Cancelled: {refs(planned.dropped)}."),)
    return Card(f"{series.ref} {series.title} {what}.", (*blocks, *((Rows(rows),) if rows else ())))


def refs(meetings: Sequence[Meeting]) -> str:
    more = f" and {len(meetings) - _FIRST} more" if len(meetings) > _FIRST else ""
    return f"{', '.join(m.ref for m in meetings[:_FIRST])}{more}"


def days(them: Iterable[date]) -> str:
    listed = sorted(them)
    more = f" and {len(listed) - _MOST_DAYS} more" if len(listed) > _MOST_DAYS else ""
    return f"{', '.join(day(on) for on in listed[:_MOST_DAYS])}{more}"


def _line(series: Series) -> Row:
    details = (
        series.rule.words,
        f"{series.start:%H:%M} {series.zone}",
        length(series.length),
        series.kind.value,
        f"until {day(series.until)}" if series.until else "",
        "" if series.is_running else "stopped",
    )
    return Row(series.ref, series.title, tuple(d for d in details if d))
