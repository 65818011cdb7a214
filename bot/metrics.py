"""What Prometheus is told. No label holds a team, an account, a room or anybody's words."""

import asyncio
import logging
import platform
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from adapters.platform import Invocation, Outcome, Receive, Source
from bot.app import App
from bot.health import Pulse, Service
from bot.standing import HOUSEKEEPING
from storage.database import DatabaseTrouble
from storage.figures import Figures, figures, gone_out

log = logging.getLogger(__name__)

LATENESS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10)


class Metrics:
    """Counts what passes, and looks at the tables when somebody asks."""

    def __init__(self, app: App, services: Mapping[str, Service], pulse: Pulse) -> None:
        self._app, self._services, self._pulse = app, services, pulse
        self._looked_at = app.clock.now()
        self._paths = {command.path: command.words for command in app.dispatcher.table.commands}
        self.registry = CollectorRegistry()
        self._lateness = self._histogram("delivery_lateness_seconds", "From due to sent.", LATENESS, "platform")
        self._commands = Counter(
            "confer_commands", "Commands by word and outcome.", ["word", "outcome"], registry=self.registry
        )
        self._command_seconds = self._histogram("command_seconds", "Until a command was done.", SECONDS)
        self._slack = self._histogram("slack_acknowledgement_seconds", "Slack waits 3 s for its answer.", SECONDS)
        self._database = self._histogram("database_answer_seconds", "A look into the database.", SECONDS)
        self._failures = Counter("confer_database_failures", "Looks that failed.", registry=self.registry)
        self._turn = asyncio.Lock()
        for service in services.values():
            if (listening := getattr(service, "acknowledged", None)) is not None:
                listening.append(self._slack.observe)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self.registry.register(self)

    def _histogram(self, name: str, about: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"confer_{name}", about, labels, buckets=buckets, registry=self.registry)

    # -- what passes ---------------------------------------------------------------------------------------------
    def counting(self, receive: Receive) -> Receive:
        """Carry invocations out, counted."""

        async def counted(invocation: Invocation) -> Outcome:
            if invocation.source in (Source.CHAT, Source.JOINED):
                return await receive(invocation)
            began, outcome = time.perf_counter(), "failed"
            try:
                answer = await receive(invocation)
                outcome = "refused" if answer.refused else "repeated" if answer.ignored else "done"
                return answer
            finally:
                self._commands.labels(self._word(invocation.text), outcome).inc()
                self._command_seconds.observe(time.perf_counter() - began)

        return counted

    def _word(self, text: str) -> str:
        """The command that the words begin, as the table calls it; "?" where they begin none."""
        words = tuple(text.casefold().split()[:3])
        lengths = range(len(words), 0, -1)
        return next((self._paths[words[:n]] for n in lengths if words[:n] in self._paths), "?")

    # -- what is asked -------------------------------------------------------------------------------------------
    async def page(self) -> bytes:
        """The text that Prometheus reads."""
        async with self._turn:  # two that look at once would count the same notices twice
            return await asyncio.to_thread(generate_latest, self.registry)

    def describe(self) -> Iterable[Metric]:
        """Nothing: registering must not look into the database."""
        return ()

    def collect(self) -> Iterable[Metric]:
        yield _gauge("build_info", "The version.", 1, version=version("confer"), python=platform.python_version())
        yield _gauge("seconds_since_tick", "Since timers were looked at.", self._pulse.since_tick)
        yield _counter("freezes", "Times that the programme stood still for seconds.", self._pulse.freezes)
        yield _counter("clock_jumps", "Times that the wall clock was moved.", self._pulse.jumps)
        yield from self._of_platforms()
        yield from self._of_breakers()
        yield from self._of_leases()
        if (found := self._look()) is not None:
            yield from _of_tables(found, self._app.clock.now())

    def _look(self) -> Figures | None:
        began, now = time.perf_counter(), self._app.clock.now()
        try:
            with self._app.database.reading() as connection:
                found = figures(connection, now)
                sent = gone_out(connection, self._looked_at, now)
        except DatabaseTrouble:
            self._failures.inc()
            return None
        self._looked_at = now
        for name, late in sent:
            self._lateness.labels(name).observe(max(0.0, late))
        self._database.observe(time.perf_counter() - began)
        return found

    def _of_platforms(self) -> Iterable[Metric]:
        connected = GaugeMetricFamily("confer_platform_connected", "1 while connected.", labels=["platform"])
        for name, service in self._services.items():
            connected.add_metric([name], service.ready.is_set())
        yield connected
        for name, service in self._services.items():
            if (counters := getattr(service, "counters", None)) is None:
                continue
            yield _counter(f"{name}_unreadable_events", "Events without a key, so far.", counters.unreadable)
            yield _counter(
                f"{name}_refused_devices", "Messages of devices that do not count.", counters.refused_devices
            )
            if counters.synced_at is not None:
                yield _gauge(
                    f"{name}_sync_age_seconds", "Since the last answer.", time.monotonic() - counters.synced_at
                )

    def _of_breakers(self) -> Iterable[Metric]:
        rests = GaugeMetricFamily("confer_breaker_open", "1 while a platform is left alone.", labels=["platform"])
        failures = GaugeMetricFamily("confer_breaker_failures", "Failures in a row.", labels=["platform"])
        for name in self._app.platforms:
            breaker = self._app.delivery.breaker(name)
            rests.add_metric([name], breaker.is_open)
            failures.add_metric([name], breaker.failures)
        yield rests
        yield failures

    def _of_leases(self) -> Iterable[Metric]:
        """A sender's lease by its platform: its own name holds an account."""
        held = GaugeMetricFamily("confer_lease_held", "1 where this instance surely holds it.", labels=["lease"])
        leases = {HOUSEKEEPING: HOUSEKEEPING, **{f"sender:{name}": of for name, of in self._app.senders.items()}}
        for label, lease in leases.items():
            held.add_metric([label], self._app.standing.may(lease))
        yield held


def _of_tables(found: Figures, now: datetime) -> Iterable[Metric]:
    queue = GaugeMetricFamily("confer_notices", "Not sent, by platform and state.", labels=["platform", "state"])
    for labels, number in found.queue.items():
        queue.add_metric(list(labels), number)
    yield queue
    dead = sum(number for (_, state), number in found.queue.items() if state == "dead")
    yield _gauge("dead_letters", "Given up; somebody has to look.", dead)
    oldest = (now - found.oldest_due).total_seconds() if found.oldest_due else 0.0
    yield _gauge("oldest_due_seconds", "How long the oldest due notice waits.", max(0.0, oldest))
    yield _gauge("timers_pending", "Timers that have not fired.", found.timers)
    yield _gauge("timers_overdue", "Timers that should have fired.", found.overdue)
    if found.backed_up_at:
        age = (datetime.now(UTC) - found.backed_up_at).total_seconds()
        yield _gauge("backup_age_seconds", "Since `confer backup` was last run.", age)


def _gauge(name: str, about: str, value: float, **labels: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"confer_{name}", about, labels=list(labels))
    family.add_metric(list(labels.values()), value)
    return family


def _counter(name: str, about: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(f"confer_{name}", about, value=value)
