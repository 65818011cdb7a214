"""A homeserver that lies or fails: everything goes to the real one, except what a test wants otherwise."""

from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import aiohttp
import msgspec
from aiohttp import web

Rewrite = Callable[[str, Any], Any]
Answer = Callable[[str, str], tuple[int, dict[str, Any]] | None]


class Proxy:
    """``down``: no request gets an answer. ``answer``: what is said instead. ``rewrite``: changes true answers."""

    def __init__(self, url: str) -> None:
        self._to = url
        self.down = False
        self.lose_answers = False
        self.answer: Answer | None = None
        self.rewrite: Rewrite | None = None
        self.asked: list[str] = []
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=50_000_000)
        app.router.add_route("*", "/{rest:.*}", self._pass)
        self._session = aiohttp.ClientSession(auto_decompress=True)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = self._runner.addresses[0] and f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()
        await self._session.close()

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path}")
        if self.down:
            raise _cut(request)
        if self.answer and (said := self.answer(request.method, request.path)):
            return web.json_response(said[1], status=said[0])
        from yarl import URL

        headers = {k: v for k, v in request.headers.items() if k.lower() not in ("host", "content-length")}
        target = URL(self._to + request.raw_path, encoded=True)
        body = await request.read()
        async with self._session.request(request.method, target, data=body, headers=headers) as answered:
            content, status = await answered.read(), answered.status
        if self.down or self.lose_answers:
            raise _cut(request)
        if self.rewrite and status == 200:
            with suppress(msgspec.DecodeError):
                content = msgspec.json.encode(self.rewrite(request.path, msgspec.json.decode(content)))
        return web.Response(body=content, status=status, content_type="application/json")


def _cut(request: web.Request) -> ConnectionResetError:
    if request.transport:
        request.transport.abort()
    return ConnectionResetError()


def timeline(answer: Any) -> list[Any]:
    """The events that a sync answer brings to joined rooms."""
    rooms = answer.get("rooms", {}).get("join", {}).values()
    return [event for room in rooms for event in room["timeline"]["events"]]
