"""The running bot: everything put together, ticking, listening, and stopped with nothing half done."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import UTC, datetime
from io import TextIOWrapper
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from adapters.console import ConsoleHooks, ConsolePlatform, run_script
from adapters.console.lines import Mistake
from adapters.platform import ChatPlatform, Invocation, NotDelivered, Outcome, Receive
from bot.app import App, begin_house
from bot.cli.trouble import complain
from bot.clock import SystemClock
from bot.config import Configuration
from bot.garbage import sparing_what_is_loaded
from bot.logs import of_loop
from bot.schedule import start_ticking
from bot.watch import Watch
from storage.checkpoints import Checkpoints
from storage.database import Database, DatabaseTrouble
from storage.erasures import Erasures
from storage.keys import KeyRing
from storage.migrate import head, revision

if TYPE_CHECKING:
    from adapters.matrix import MatrixPlatform
    from adapters.slack import SlackPlatform

log = logging.getLogger(__name__)

PATIENCE = 20.0  # seconds that a stop waits for a chat service that does not answer
SCHEMA_EVERY = 30.0  # seconds between two looks at which version of Confer the database is made for
OTHER_SCHEMA = (
    "the database was migrated for another version of Confer, which this one would harm; "
    "start that version on this machine as well"
)
NO_SERVICE = "no chat service is configured yet; this bot hears standard input only"


class Intake:
    """Lets invocations in until it is closed, and then waits for those that are under way."""

    def __init__(self, receive: Callable[[Invocation], Awaitable[Outcome]]) -> None:
        self._receive = receive
        self._under_way: set[asyncio.Future[Outcome]] = set()

    async def receive(self, invocation: Invocation) -> Outcome:
        """Carry it out to its end, even where the platform that brought it is being stopped."""
        task = asyncio.ensure_future(self._receive(invocation))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    async def finish(self) -> None:
        while self._under_way:
            await asyncio.wait(self._under_way)


async def serve(
    config: Configuration, database: Database, ring: KeyRing, address: tuple[str, int] | None = None
) -> None:
    """Run until SIGTERM or SIGINT; what is leased by then is finished, and the audit chain gets its mark."""
    stop = _stop_on_signal()
    asyncio.get_running_loop().set_exception_handler(of_loop)
    clock = SystemClock()
    begin_house(database, ring, clock.now())
    platforms: dict[str, ChatPlatform] = {}
    checkpoints, is_own = Checkpoints(config.checkpoints, ring.root), database.path is not None
    app = App(database, ring, config.settings, clock, platforms, checkpoints, is_own, senders(config))
    console = _console(app, config, stop)
    platforms[console.name] = console
    services = _services(config, database, ring)
    platforms |= {service.name: service for service in services}
    erasures = Erasures(config.path(config.settings.backup.erasures))
    watch = Watch(app, {service.name: service for service in services}, address)
    async with watch.watching(), app.standing.beating():
        with sparing_what_is_loaded():
            await _run(app, console, services, watch, stop, erasures)
    log.info("stopped")


def _services(config: Configuration, database: Database, ring: KeyRing) -> "list[SlackPlatform | MatrixPlatform]":
    """The chat services that are configured; the libraries of one that is off would only take memory."""
    services: list[SlackPlatform | MatrixPlatform | None] = []
    if config.settings.slack.mode != "off":
        from bot.cli.slack import slack_platform

        services.append(slack_platform(config, database, ring))
    if config.settings.matrix.mode != "off":
        from bot.cli.matrix import matrix_platform

        services.append(matrix_platform(config, database, ring))
    return [service for service in services if service is not None]


async def _run(
    app: App,
    console: ConsolePlatform,
    services: "Sequence[SlackPlatform | MatrixPlatform]",
    watch: Watch,
    stop: asyncio.Event,
    erasures: Erasures,
) -> None:
    await app.delivery.recover()
    await app.housekeeping()
    await _list_erased(app, erasures)
    intake = Intake(_listing(watch.counting(app.receive), app, erasures))
    serving = [asyncio.create_task(_serve(app, service, intake, stop)) for service in services]
    for service in services:
        lease = app.senders.get(service.name)
        if lease is None or app.standing.may(lease):  # else another instance serves it
            await _first(service.ready.wait(), stop.wait())
    scheduler = start_ticking(watch.ticking(app.tick), app.housekeeping)
    listening = asyncio.create_task(_listen(console, intake))
    guarding = asyncio.create_task(stop_at_other_schema(app.database, stop))
    if not serving:
        complain(NO_SERVICE)
    watch.running()
    log.info("running")
    await stop.wait()
    watch.stopping()
    log.info("stopping")
    scheduler.remove_all_jobs()  # a tick that runs is not cut off: settle waits for its turn
    listening.cancel()
    guarding.cancel()
    await asyncio.wait([listening, guarding])
    await _finish(app, intake)
    for task in serving:  # until now it could still say what was to be said
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)
    scheduler.shutdown(wait=False)


async def stop_at_other_schema(database: Database, stop: asyncio.Event, every: float = SCHEMA_EVERY) -> None:
    """Stop, and say why, once somebody has migrated the database for another version."""
    ours = await asyncio.to_thread(head)
    while True:
        await asyncio.sleep(every)
        try:
            found = await asyncio.to_thread(revision, database)
        except DatabaseTrouble:
            continue
        if found != ours:
            complain(OTHER_SCHEMA)
            stop.set()
            return


def _listing(receive: Receive, app: App, erasures: Erasures) -> Receive:
    """Carry invocations out; a case that one of them erased comes on the list outside the database at once."""

    async def listed(invocation: Invocation) -> Outcome:
        before = app.ring.destroyed
        outcome = await receive(invocation)
        if app.ring.destroyed != before:
            await _list_erased(app, erasures)
        return outcome

    return listed


async def _list_erased(app: App, erasures: Erasures) -> None:
    def complete() -> None:
        with app.database.reading() as connection:
            erasures.complete(connection)

    try:
        await asyncio.to_thread(complete)
    except Exception as trouble:
        log.error("the list of erased cases cannot be completed: %s", trouble)


def senders(config: Configuration) -> dict[str, str]:
    """The leases of services that bear one connection for each account: whoever holds it listens and sends."""
    matrix = config.settings.matrix
    return {"matrix": f"sender:matrix:{matrix.user}:{matrix.homeserver}"[:255]}


async def _serve(app: App, platform: ChatPlatform, intake: Intake, stop: asyncio.Event) -> None:
    """Let a chat service's words in; a bot whose service refuses it stops, so that somebody looks."""
    lease = app.senders.get(platform.name)
    try:
        if lease is None:
            await platform.run(intake.receive)
        else:
            await app.standing.while_held(lease, lambda: platform.run(intake.receive))
    except Exception as trouble:
        complain(f"{platform.name} does not take the bot in: {_kind(trouble)}")
        stop.set()


async def _first(*waits: Coroutine[object, object, object]) -> None:
    """Wait for the first of them, and for no longer than patience lasts."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


def _kind(trouble: BaseException) -> str:
    inner = trouble
    while isinstance(inner, BaseExceptionGroup):
        inner = inner.exceptions[0]
    return inner.kind if isinstance(inner, NotDelivered) else type(inner).__name__


async def _listen(console: ConsolePlatform, intake: Intake) -> None:
    """Carry out the lines of standard input; the bot goes on after its end, as after any trouble with it."""
    if not isinstance(sys.stdin, TextIOWrapper):
        return  # it was closed by whoever started us
    sys.stdin.reconfigure(errors="replace")
    try:
        await run_script(console, sys.stdin, intake.receive)
    except Exception as trouble:
        log.error("standard input failed: %s", type(trouble).__name__)


async def _finish(app: App, intake: Intake) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            await intake.finish()
            await app.settle()
    except TimeoutError:
        log.warning("not everything went out; the rest goes out after the next start")
    await app.housekeeping()


def _stop_on_signal() -> asyncio.Event:
    """Set at the first signal; a second one ends the programme at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def ask() -> None:
        stop.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)  # asyncio would end its threads first, however long they take

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask)
    return stop


def _console(app: App, config: Configuration, stop: asyncio.Event) -> ConsolePlatform:
    """The console of a bot that runs: its clock is the machine's."""

    async def keep_time(_: datetime) -> None:
        raise Mistake("The clock of a running bot is the machine's own.")

    def say(line: str) -> None:
        try:
            print(line, flush=True)
        except BrokenPipeError:  # whoever listened has gone
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            stop.set()

    hooks = ConsoleHooks(
        lambda: datetime.now(UTC), keep_time, app.settle, lambda _: (), lambda: ZoneInfo(config.settings.bot.zone)
    )
    return ConsolePlatform(hooks, say, config.path("files"))
