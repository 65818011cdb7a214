"""The console without a terminal: a script goes in, a transcript comes out."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing

from adapters.card import Field
from adapters.console.keyboard import Keyboard
from adapters.console.lines import cleaned, goes_on
from adapters.console.platform import ConsolePlatform
from adapters.platform import Receive


async def run_script(
    platform: ConsolePlatform, lines: Iterable[str], receive: Receive, strict: bool = False
) -> int:
    """Carry out the lines in order. Gives the exit status: 1 where ``strict`` stopped at a refused line."""
    script = _logical(iter(lines))

    async def ask(question: str, _field: Field) -> str | None:
        platform.remark(question)
        return await anext(script, None)

    platform.listen(receive)
    keyboard = Keyboard(platform, ask)
    await platform.hooks.settle()
    async with aclosing(script):
        async for line in script:
            outcome = await keyboard.take(line)
            if strict and outcome.refused:
                return 1
            if keyboard.closed:
                break
    return 0


async def _logical(lines: Iterator[str]) -> AsyncGenerator[str]:
    """The lines, each joined with the next where it ends in a backslash."""
    parts: list[str] = []
    while (line := await _next(lines)) is not None:
        line = cleaned(line)
        if goes_on(line):
            parts.append(line[:-1])
            continue
        yield "\n".join([*parts, line])
        parts.clear()
    if parts:
        yield "\n".join(parts)


async def _next(lines: Iterator[str]) -> str | None:
    """The next line, read in a thread: whoever writes the script may wait for an answer first.

    The thread is a daemon, so that a programme that is told to stop does not wait for a line.
    """
    loop = asyncio.get_running_loop()
    read: asyncio.Future[str | None] = loop.create_future()

    def give(line: str | None, error: Exception | None) -> None:
        if not read.done():
            read.set_exception(error) if error else read.set_result(line)

    def fetch() -> None:
        line, error = None, None
        try:
            line = next(lines, None)
        except Exception as caught:  # it is raised again where it is awaited
            error = caught
        try:
            loop.call_soon_threadsafe(give, line, error)
        except RuntimeError:
            return  # the loop has ended meanwhile; nobody waits any more

    threading.Thread(target=fetch, name="console-reader", daemon=True).start()
    return await read
