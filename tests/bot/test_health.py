"""The pulse of the running bot: clocks that jump, a process that stood still, ticks that stay away; systemd's socket."""

import asyncio
import logging
import socket
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import MovableClock
from bot.health import NO_TICK, STUCK, Pulse, Readiness
from bot.systemd import notify, watchdog_seconds
from storage.database import Database
from storage.migrate import migrate
from tests.conversations.harness import START


class Time:
    """Two clocks that a test moves."""

    def __init__(self) -> None:
        self.elapsed, self.wall = 1_000.0, 1_800_000_000.0

    def passes(self, seconds: float) -> None:
        self.elapsed += seconds
        self.wall += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def pulse(time: Time, caplog: pytest.LogCaptureFixture) -> Pulse:
    caplog.set_level(logging.WARNING)
    return Pulse(lambda: time.elapsed, lambda: time.wall)


def test_an_even_beat_says_nothing(pulse: Pulse, time: Time, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(100):
        time.passes(1.5)
        pulse.beat()
    assert (pulse.freezes, pulse.jumps, caplog.text) == (0, 0, "")


@pytest.mark.parametrize(("by", "said"), [(3600, "+3600 s"), (-3600, "-3600 s"), (31_536_000, "+31536000 s")])
def test_a_moved_wall_clock_is_told(
    pulse: Pulse, time: Time, caplog: pytest.LogCaptureFixture, by: int, said: str
) -> None:
    """Once: the beats after it compare with the clock as it is now."""
    time.passes(1)
    time.wall += by
    for _ in range(3):
        pulse.beat()
        time.passes(1)
    assert (pulse.freezes, pulse.jumps) == (0, 1)
    assert caplog.messages == [f"the wall clock was moved by {said}"]


def test_a_process_that_stood_still_is_told(pulse: Pulse, time: Time, caplog: pytest.LogCaptureFixture) -> None:
    """Both clocks went on: it was frozen, or the machine slept."""
    time.passes(600)
    pulse.beat()
    assert (pulse.freezes, pulse.jumps) == (1, 0)
    assert caplog.messages == ["the programme stood still for 600 s; what fell due meanwhile goes out now"]


def test_ticks_that_stay_away_are_a_reason_to_start_anew(pulse: Pulse, time: Time) -> None:
    """A tick that begins, or that ends, is a sign of life; one that hangs is none after a while."""

    async def story() -> None:
        going = asyncio.Event()
        hanging = asyncio.ensure_future(pulse.ticking(going.wait)())  # type: ignore[arg-type]
        await asyncio.sleep(0)
        time.passes(STUCK)
        assert pulse.troubles() == ()
        time.passes(1)
        assert pulse.troubles() == (NO_TICK.format(STUCK + 1),)
        going.set()
        await hanging
        assert pulse.troubles() == ()

    asyncio.run(story())


class Connected:
    name = "slack"

    def __init__(self) -> None:
        self.ready = asyncio.Event()


def test_what_keeps_it_from_being_ready_is_listed() -> None:
    """A database without tables, a platform that is not connected, a bot that only starts: each on a line."""
    service = Connected()
    with Database.open("sqlite://") as database:
        ready = Readiness(database, {"slack": service}, MovableClock(START), timedelta(minutes=10))
        assert asyncio.run(ready.reasons()) == (
            "starting",
            "slack is not connected",
            "the database is not at the revision of this version; run `confer migrate`",
        )
        migrate(database)
        service.ready.set()
        ready.phase = ""
        assert asyncio.run(ready.reasons()) == ()
        service.ready.clear()
        assert asyncio.run(ready.reasons()) == ("slack is not connected",)
        ready.is_ours = lambda _: False  # another instance serves it
        assert asyncio.run(ready.reasons()) == ()
        ready.phase = "stopping"
        assert asyncio.run(ready.reasons()) == ("stopping",)


# -- systemd -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_hears_what_is_said(tmp_path: Path, abstract: bool) -> None:
    name = f"\0confer-test-{tmp_path.name}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name)
        assert notify("READY=1\nSTATUS=running", {"NOTIFY_SOCKET": name.replace("\0", "@")})
        assert listening.recv(100) == b"READY=1\nSTATUS=running"


def test_where_nobody_listens_nothing_fails(tmp_path: Path) -> None:
    assert not notify("READY=1", {})
    assert not notify("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "gone")})


def test_the_watchdog_is_this_process_only() -> None:
    assert watchdog_seconds({}) is None
    assert watchdog_seconds({"WATCHDOG_USEC": "60000000"}) == 60
    assert watchdog_seconds({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}) is None
