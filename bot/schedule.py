"""APScheduler, with its memory store, only wakes idempotent ticks; every timer lives in the database."""

import logging
from collections.abc import Awaitable, Callable

from apscheduler.schedulers.asyncio import AsyncIOScheduler

TICK_SECONDS = 0.2
HOUSEKEEPING_SECONDS = 3600


def start_ticking(tick: Callable[[], Awaitable[None]], housekeeping: Callable[[], Awaitable[None]]) -> AsyncIOScheduler:
    """Tick five times a second. A tick that is late runs once, not as often as it was missed, and never beside itself."""
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    scheduler = AsyncIOScheduler(timezone="UTC")
    always = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    scheduler.add_job(tick, "interval", seconds=TICK_SECONDS, id="tick", **always)
    scheduler.add_job(housekeeping, "interval", seconds=HOUSEKEEPING_SECONDS, id="housekeeping", **always)
    scheduler.start()
    return scheduler
