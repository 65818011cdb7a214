"""The file that calendars get says what the bot planned: two years in six zones, read by others than the one who wrote it."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo

import pytest
from dateutil.rrule import rruleset, rrulestr
from icalendar import Calendar, Component, Timezone

from bot.app import begin_house
from bot.calendar_file import calendar_file
from bot.handlers.calendar import of_series
from bot.series_plan import plan_series
from bot.settings import Settings
from conference.local_time import wall_clock
from conference.meeting import MeetingKind
from conference.people import Account, Team, TeamId
from conference.recurrence import first_start, read_recurrence
from conference.series import Series, SeriesId
from storage.database import Database
from storage.keys import KeyRing, RootKey
from storage.migrate import migrate
from storage.store import Store, TeamStore
from tests.time.zones import ZONES

BEGINS = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
ENDS = BEGINS + timedelta(days=731)
RHYTHMS = (
    "every tue 08:00",
    "every other thu 23:30",
    "every weekday 02:30",
    "every last fri of the month 16:00",
    "monthly on the 31st 00:15",
)


@pytest.fixture(scope="module")
def house() -> Iterator[tuple[Database, KeyRing]]:
    ring = KeyRing(RootKey.new())
    with Database.open("sqlite://") as database:
        migrate(database)
        begin_house(database, ring, BEGINS)
        yield database, ring


def planned_over_two_years(store: TeamStore, team: Team, rhythm: str, chance: random.Random) -> Series:
    """A series as a team treats it: planned on every two weeks, dates skipped, meetings moved and called off."""
    words, _, clock = rhythm.rpartition(" ")
    rule, zone = read_recurrence(words), team.zone
    at = datetime.strptime(clock, "%H:%M").time()  # noqa: DTZ007  # a wall clock
    series = Series(
        SeriesId(store.next_ref("S")), team.id, "Case conference", rule,
        first_start(rule, wall_clock(BEGINS, zone).date(), at), zone,
        timedelta(hours=1), MeetingKind.CONFERENCE, Account("carla"),
    )  # fmt: skip
    now = BEGINS
    while now < ENDS:
        store.series.save(series)
        made = plan_series(store, series, team, Settings(), now).made
        if made and chance.random() < 0.3:
            moved = made[0].move(made[0].start_at + timedelta(hours=chance.choice((-2, 3, 26))))
            store.meetings.save(moved)
        elif made and chance.random() < 0.2:
            store.meetings.save(made[-1].cancel("two are ill"))
        elif chance.random() < 0.2:
            ahead = sorted(series.times(now, now + timedelta(days=60)).values())
            series = series.skip([ahead[len(ahead) // 2].date()]) if ahead else series
            store.series.save(series)
        now += timedelta(days=14)
    plan_series(store, series, team, Settings(), ENDS)
    return series


def expanded(events: list[Component], zone: Timezone) -> set[datetime]:
    """What a calendar makes of the file, by dateutil and the file's own zone alone."""
    master = next(event for event in events if "RECURRENCE-ID" not in event)
    read_zone = zone.to_tz(lookup_tzid=False)
    found = rruleset()
    rule = master["RRULE"].to_ical().decode()
    start = master["DTSTART"].dt.replace(tzinfo=None)
    found.rrule(rrulestr(rule, dtstart=start))  # type: ignore[arg-type]
    without = master.get("EXDATE")
    for gone in without.dts if without else ():
        found.exdate(gone.dt.replace(tzinfo=None))
    last = ENDS.replace(tzinfo=None) + timedelta(days=80)
    times = {local: _instant(local, read_zone) for local in found.between(start, last, inc=True)}
    for event in events:
        if "RECURRENCE-ID" in event:
            recurrence, moved = event["RECURRENCE-ID"].dt.replace(tzinfo=None), event["DTSTART"]
            assert recurrence in times, "an exception of no date"
            is_utc = "TZID" not in moved.params
            times[recurrence] = moved.dt if is_utc else _instant(moved.dt.replace(tzinfo=None), read_zone)
    return {at for at in times.values() if BEGINS < at < ENDS}


def _instant(local: datetime, zone: tzinfo) -> datetime:
    return local.replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_the_file_holds_what_was_planned(house: tuple[Database, KeyRing], zone: str, rhythm: str) -> None:
    """With skipped, moved and called off meetings and days off, over every change of the clocks in two years."""
    database, ring = house
    with database.transaction() as connection:
        off = frozenset({date(2026, 12, 24), date(2026, 12, 25), date(2027, 7, 6)})
        team = Team(
            TeamId(f"{zone}{rhythm}"[:60]),
            "North",
            zone,
            "memory",
            f"{zone}{rhythm}",
            BEGINS,
            Account("carla"),
            days_off=off,
        )
        store = Store(connection, ring).begin_team(team, BEGINS)
        series = planned_over_two_years(store, team, rhythm, random.Random(f"{zone}{rhythm}"))
        content = calendar_file(of_series(store, team, series, ENDS))
        meetings = store.meetings_of_series(series.ref, BEGINS - timedelta(days=1))
    calendar = Calendar.from_ical(content)
    (written,) = calendar.walk("VTIMEZONE")
    assert isinstance(written, Timezone)
    events = list(calendar.walk("VEVENT"))
    assert {event["UID"] for event in events} == {f"s-1.{team.id}@confer"}
    assert len({event["SEQUENCE"] for event in events}) == 1
    planned = {m.start_at for m in meetings if not m.because}
    assert len(planned) >= 10
    assert expanded(events, written) == {at for at in planned if at < ENDS}
    assert sum("RECURRENCE-ID" in event for event in events) == len(
        [m for m in meetings if not m.because and m.start_at != m.recurrence_at]
    )
    assert max(map(len, content.split(b"\r\n"))) <= 75
