"""A bot that only listens, and people around it, on a real homeserver."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from adapters.matrix import MatrixPlatform, MatrixSetup, log_in
from adapters.matrix.http import Homeserver
from adapters.matrix.login import Credentials, register
from adapters.platform import Invocation, Outcome, Source
from tests.matrix.people import DEADLINE, PASSWORD, Drawers, Person, new_person
from tests.matrix.synapse import SECRET, SERVER


class Ear:
    """Hears everything; ``answer`` may do more."""

    def __init__(self) -> None:
        self.heard: list[Invocation] = []
        self.ids: set[str] = set()
        self.answer: Callable[[Invocation], Any] | None = None
        self._changed = asyncio.Event()

    async def receive(self, invocation: Invocation) -> Outcome:
        if invocation.id in self.ids:
            return Outcome(ignored=True)
        outcome = Outcome()
        if self.answer:
            outcome = await self.answer(invocation) or outcome
        self.ids.add(invocation.id)
        self.heard.append(invocation)
        self._changed.set()
        return outcome

    @property
    def commands(self) -> list[Invocation]:
        return [one for one in self.heard if one.source not in (Source.CHAT, Source.JOINED)]

    async def hears(self, count: int = 1, *, all_sources: bool = False, within: float = DEADLINE) -> list[Invocation]:
        """The first commands; waits for so many."""

        def found() -> list[Invocation]:
            return self.heard if all_sources else self.commands

        try:
            async with asyncio.timeout(within):
                while len(found()) < count:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"heard only {[(h.source, h.text) for h in self.heard]}") from None
        return found()[:count]

    async def is_in(self, room: str) -> None:
        """Wait until the bot has come into the room."""
        async with asyncio.timeout(DEADLINE):
            while not any(h.source is Source.JOINED and h.place.room == room for h in self.heard):
                self._changed.clear()
                await self._changed.wait()


class House:
    """The bot, logged in and running unless told otherwise, and people as they are asked for."""

    def __init__(self, url: str, folder: Path, server: str = SERVER) -> None:
        self.url, self.folder, self.server = url, folder, server
        self.drawer = Drawers()
        self.ear = Ear()
        self.name = f"confer-{secrets.token_hex(4)}"
        self.setup = MatrixSetup(url, folder / "bot", patience=1.0)
        self.platform = MatrixPlatform(self.setup, self.drawer)
        self._task: asyncio.Task[None] | None = None
        self._people: list[Person] = []

    @property
    def bot(self) -> str:
        return f"@{self.name}:{self.server}"

    async def __aenter__(self) -> Self:
        async with Homeserver(self.url) as server:
            await register(server, self.name, PASSWORD, SECRET)
        await log_in(self.setup, self.drawer, Credentials(self.name, PASSWORD))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        for person in self._people:
            await person.stop()

    def start(self, url: str = "", **changes: Any) -> MatrixPlatform:
        """Let the bot run, as after a start of its programme."""
        self.setup = replace(self.setup, homeserver=url or self.url, **changes)
        self.platform = MatrixPlatform(self.setup, self.drawer)
        self._task = asyncio.create_task(self.platform.run(self.ear.receive))
        return self.platform

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self._task
            self._task = None

    async def stopped(self) -> BaseException | None:
        """Wait for the platform to end by itself; what ended it."""
        assert self._task
        await asyncio.wait([self._task], timeout=DEADLINE)
        return self._task.exception() if self._task.done() else None

    async def person(self, name: str, url: str = "", **more: Any) -> Person:
        """Somebody with an account on this homeserver, or on another one."""
        more.setdefault("server", self.server)
        person = await new_person(url or self.url, self.folder / f"{name}-{len(self._people)}", name, **more)
        self._people.append(person)
        return person

    async def room(self, name: str, *people: Person, **more: Any) -> str:
        """An encrypted room with these people and the bot, all inside."""
        first, *others = people
        levels = {"users": {self.bot: 50}}
        more.setdefault("power_level_override", levels)
        room = await first.makes_room(name, self.bot, *(p.account for p in others), **more)
        for person in others:
            await person.joins(room)
        for person in people:
            await person.sees_member(room, self.bot)
        await self.ear.is_in(room)
        return room

    async def direct(self, person: Person) -> str:
        room = await person.makes_room("", self.bot, is_direct=True)
        await person.sees_member(room, self.bot)
        await self.ear.is_in(room)
        return room

    def rooms_of(self, account: str, room: str) -> list[str]:
        """The room, where the person is in it, and where the bot whispers to the person."""
        connection = self.platform._connection
        assert connection
        present = [r for r in connection.rooms.values() if account in r.present]
        return [r.id for r in sorted(present, key=lambda r: r.id != room) if r.id == room or r.is_direct(self.bot)]
