"""The machine's clock jumps, or the bot stands still: each reminder is heard once, or reported missed, never silently lost."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from storage.notices import NOTICES, NoticeState
from storage.timers import TIMERS
from tests.conversations.harness import Answer, Chat, chat, make_team

HOUR, MINUTES, YEAR = timedelta(hours=1), timedelta(minutes=10), timedelta(days=365)


@pytest.fixture
def bot(url: str) -> Iterator[Chat]:
    """The invented team of the conversations, on each engine."""
    with chat(url=url) as bot:
        make_team(bot)
        yield bot


def jumps(bot: Chat, by: timedelta) -> Answer:
    """The clock stands elsewhere from one moment to the next; then the bot looks at it."""
    bot.clock._base += by
    return bot._seen(lambda: bot._loop.run_until_complete(bot.app.settle()))


def busy(bot: Chat) -> None:
    """A team with items due at several hours, a meeting tomorrow and a series."""
    for hour, who in ((10, "nora"), (11, "pat"), (15, "gene")):
        bot.says("carla", f'task add "Call the lab" for @{who} due today {hour}:00')
    bot.says("carla", 'task add "Check TSH" for @nora due wed 09:00')
    bot.says("carla", 'meeting schedule "Huddle" today 10:30 for 15m kind huddle')
    bot.says("carla", 'series create "Weekly" every tue 08:00')


def titles(*answers: Answer) -> Counter[str]:
    return Counter(s.card.title for answer in answers for s in answer.said if s.card)


def overdue(bot: Chat) -> int:
    """Timers that are due and have neither fired nor been given up."""
    with bot.app.database.reading() as connection:
        rows = connection.execute(
            select(TIMERS.c.id).where(TIMERS.c.done_at.is_(None), TIMERS.c.due_at <= bot.clock.now())
        )
        return len(rows.all())


def states(bot: Chat) -> Counter[str]:
    with bot.app.database.reading() as connection:
        return Counter(connection.execute(select(NOTICES.c.state)).scalars())


def keys(bot: Chat) -> list[str]:
    with bot.app.database.reading() as connection:
        return list(connection.execute(select(NOTICES.c.key)).scalars())


def test_an_hour_back_repeats_nothing(bot: Chat) -> None:
    """What was said is not said again in the hour that comes twice; what is still to come is said once."""
    busy(bot)
    before = bot.passes(bot.clock.now() + timedelta(hours=1, minutes=10))
    assert sum(t.startswith("T-1") for t in titles(before)) == 1
    again = [jumps(bot, -HOUR), bot.waits(minutes=59)]
    assert not [t for t in titles(*again) if t in titles(before)]
    later = bot.waits(hours=8)
    assert all(count == 1 for count in titles(before, *again, later).values())
    assert overdue(bot) == 0


@pytest.mark.parametrize("by", [HOUR, MINUTES, timedelta(hours=3)])
def test_an_hour_on_or_standing_still_says_each_thing_once(bot: Chat, by: timedelta) -> None:
    """What fell due meanwhile is said at once, in the order in which it fell due, and not again in its time."""
    busy(bot)
    bot.passes(bot.clock.now() + timedelta(minutes=55))
    leapt = jumps(bot, by)
    later = bot.waits(hours=10)
    said = titles(leapt, later)
    assert all(count == 1 for count in said.values())
    for task in ("T-1", "T-2", "T-3"):
        assert sum(f"{task} " in f"{t} " for t in said) >= 1, f"nothing was said of {task}"
    assert overdue(bot) == 0
    assert set(states(bot)) <= {"sent", "dropped", "new"}


def test_a_year_on_and_back_loses_and_doubles_nothing(bot: Chat) -> None:
    """Everything fires, once; what makes no sense any more is not said as if it were now; afterwards the bot goes on."""
    busy(bot)
    was: datetime = bot.clock.now()
    jumps(bot, YEAR)
    assert overdue(bot) == 0
    assert len(keys(bot)) == len(set(keys(bot)))
    assert NoticeState.DEAD.value not in states(bot)
    jumps(bot, -YEAR)
    assert bot.clock.now() == was
    assert "T-5" in bot.says("carla", 'task add "New" for @nora due today 12:00').text
    assert sum("T-5" in t for t in titles(bot.waits(hours=4))) == 1
    assert not bot.says("carla", 'series create "Another" every wed 08:00').refused
    bot._loop.run_until_complete(bot.app.housekeeping())
    bot.passes(bot.clock.now() + timedelta(days=30))
    with bot.store() as store:
        coming = [m for m in store.coming_meetings() if m.series == "S-2"]
        near = bot.clock.now() + timedelta(days=22)
        planned = [m for m in store.coming_meetings() if m.series == "S-1" and m.start_at < near]
    assert len(coming) == 3
    assert len(planned) == 3, "the series that was planned by the wrong clock stands still"


def test_reminders_go_on_over_a_change_of_the_clocks(bot: Chat) -> None:
    """From winter to summer time and back, a weekly meeting is announced a quarter of an hour before it, each week once."""
    bot.says("carla", 'series create "Weekly" every sun 02:30')
    bot.passes(bot.clock.now() + timedelta(days=365))
    with bot.app.database.reading() as connection:
        fired = connection.execute(
            select(TIMERS.c.subject, TIMERS.c.due_at).where(
                TIMERS.c.kind == "meeting-remind", TIMERS.c.done_at.is_not(None)
            )
        ).all()
    with bot.store() as store:
        starts = {m.ref: m.start_at for m in (store.meetings.get(ref) for ref, _ in fired) if m}
    assert len(fired) == len(starts) == 52
    assert all(starts[ref] - due == timedelta(minutes=15) for ref, due in fired)
