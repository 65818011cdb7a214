"""The running bot, watched from outside: ``/metrics``, ``/healthz``, ``/readyz``, and systemd's watchdog."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING

from adapters.platform import Receive
from bot.app import App
from bot.config import ConfigTrouble, Configuration
from bot.health import Pulse, Readiness, Service
from bot.systemd import notify, watchdog_seconds

if TYPE_CHECKING:
    from aiohttp import web

    from bot.metrics import Metrics

OFF = "off"


class Watch:
    """Everything that tells others how the bot is. ``address`` None: only systemd is told, if it wants to hear it."""

    def __init__(self, app: App, services: Mapping[str, Service], address: tuple[str, int] | None) -> None:
        self._address = address
        self._pulse = Pulse()
        late = app.settings.operations.late
        self._readiness = Readiness(app.database, services, app.clock, late, lambda name: _is_ours(app, name))
        self._metrics = _metrics(app, services, self._pulse) if address else None
        self._watchdog = watchdog_seconds()
        self._told_at = 0.0

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Answer and beat within. Raises OSError where the address cannot be had."""
        beating = asyncio.create_task(self._pulse.run(self._tell_watchdog))
        try:
            async with self._answering():
                yield
        finally:
            beating.cancel()

    def counting(self, receive: Receive) -> Receive:
        return self._metrics.counting(receive) if self._metrics else receive

    def ticking(self, tick: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        return self._pulse.ticking(tick)

    def running(self) -> None:
        self._readiness.phase = ""
        notify("READY=1\nSTATUS=running")

    def stopping(self) -> None:
        self._readiness.phase = "stopping"
        notify("STOPPING=1\nSTATUS=finishing what is being sent")

    def _tell_watchdog(self) -> None:
        if self._watchdog is None or time.monotonic() - self._told_at < self._watchdog / 4 or self._pulse.troubles():
            return
        self._told_at = time.monotonic()
        notify("WATCHDOG=1")

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        if self._address is None or self._metrics is None:
            yield
            return
        from aiohttp import web

        pages = web.Application(client_max_size=1024)
        pages.add_routes(
            [web.get("/metrics", self._said), web.get("/healthz", self._alive), web.get("/readyz", self._ready)]
        )
        runner = web.AppRunner(pages, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, *self._address).start()
            yield
        finally:
            await runner.cleanup()

    async def _said(self, _: "web.Request") -> "web.Response":
        from aiohttp import web
        from prometheus_client import CONTENT_TYPE_LATEST

        assert self._metrics
        return web.Response(body=await self._metrics.page(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _alive(self, _: "web.Request") -> "web.Response":
        return _answer(self._pulse.troubles())

    async def _ready(self, _: "web.Request") -> "web.Response":
        return _answer(await self._readiness.reasons())


def _metrics(app: App, services: Mapping[str, Service], pulse: Pulse) -> "Metrics":
    from bot.metrics import Metrics  # what nobody asks for is not loaded

    return Metrics(app, services, pulse)


def _is_ours(app: App, platform: str) -> bool:
    lease = app.senders.get(platform)
    return lease is None or app.standing.may(lease)


def address_of(config: Configuration) -> tuple[str, int] | None:
    """Where to answer; None where it is off. Raises ConfigTrouble, also for an address that others could reach."""
    operations = config.settings.operations
    if operations.listen == OFF:
        return None
    host, _, port = operations.listen.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigTrouble(
            f"{config.file}: [operations] listen: expected address:port, such as 127.0.0.1:9464, or off"
        )
    if not _is_loopback(host) and not operations.open:
        raise ConfigTrouble(
            f"{config.file}: [operations] listen: {host} can be reached by others, who are not asked who they are; "
            "take 127.0.0.1, or say open = true"
        )
    return host, int(port)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _answer(troubles: tuple[str, ...]) -> "web.Response":
    from aiohttp import web

    return web.Response(text="\n".join(troubles or ("ok",)) + "\n", status=503 if troubles else 200)
