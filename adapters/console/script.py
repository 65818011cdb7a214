"""The console without a terminal: a script goes in, a transcript comes out."""

import asyncio
import threading
from collections.abc import Iterable, Iterator

from adapters.card import Field
from adapters.console.forms import question
from adapters.console.keyboard import Keyboard, is_slash_line
from adapters.console.lines import cleaned, goes_on
from adapters.console.platform import ConsolePlatform
from adapters.platform import Receive


async def run_script(platform: ConsolePlatform, lines: Iterable[str], receive: Receive, strict: bool = False) -> int:
    """Carry out the lines in order. Gives the exit status: 1 where ``strict`` stopped at a refused line."""
    script = _Script(lines)

    async def ask(field: Field) -> str | None:
        platform.remark(question(field))
        return await script.answer()

    platform.listen(receive)
    keyboard = Keyboard(platform, ask)
    await platform.hooks.settle()
    while not keyboard.closed and (line := await script.line()) is not None:
        outcome = await keyboard.take(line)
        if strict and outcome.refused:
            return 1
    return 0


class _Script:
    """The lines, each joined with the next where it ends in a backslash."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._put_back: str | None = None

    async def line(self) -> str | None:
        if self._put_back is not None:
            line, self._put_back = self._put_back, None
            return line
        parts: list[str] = []
        while (read := await _next(self._lines)) is not None:
            part = cleaned(read)
            if not goes_on(part):
                return "\n".join([*parts, part])
            parts.append(part[:-1])
        return "\n".join(parts) if parts else None

    async def answer(self) -> str | None:
        """The next line, unless it is one of the console's own: then the answers have come to their end."""
        line = await self.line()
        if line is not None and is_slash_line(line):
            self._put_back = line
            return None
        return line


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
