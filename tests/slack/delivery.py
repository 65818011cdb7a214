"""From the local Slack to the app: envelopes over up to ten sockets, or signed HTTP requests, with retries."""

import asyncio
import hashlib
import hmac
import json
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from tests.slack.answers import COMMANDS, EVENTS, answer_problems, takes_a_payload
from tests.slack.faults import Faults
from tests.slack.world import Payload, World

MOST_SOCKETS = 10
ACK_WITHIN = 3.0
RETRY_AFTER = (0.0, 60.0, 300.0)
"""Slack sends an event that was not taken again at once, after a minute and after five."""


@dataclass
class Acknowledgement:
    """What the app answered, and after how long. ``late``: not within three seconds, after every retry."""

    kind: str
    seconds: float
    body: Payload = field(default_factory=dict)
    late: bool = False
    attempts: int = 1


@dataclass
class Socket:
    ws: web.WebSocketResponse
    refreshing: bool = False


class Delivery:
    """Sends payloads to the app by whichever way it is connected."""

    def __init__(self, world: World, faults: Faults, signing_secret: str, clock: Callable[[], float]) -> None:
        self.world, self.faults, self._secret, self._clock = world, faults, signing_secret, clock
        self.sockets: list[Socket] = []
        self.request_url = ""
        self.acknowledgements: list[Acknowledgement] = []
        self.retry_after = RETRY_AFTER
        self.ack_within = ACK_WITHIN
        self.connected = asyncio.Event()
        self._waiting: dict[str, asyncio.Future[Payload]] = {}
        self._held: list[tuple[str, Payload]] = []
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    async def send(self, kind: str, payload: Payload) -> Acknowledgement:
        """Deliver and wait for the answer, retries included."""
        fault = self.faults.of_delivery()
        if fault and fault.kind == "drop":
            # The first attempt is lost on the way; an event comes again, anything else is gone.
            if kind != EVENTS:
                return Acknowledgement(kind, 0, late=True)
            await asyncio.sleep(self.retry_after[0])
            return await self._with_retries(kind, payload, attempt=1)
        if fault and fault.kind == "reorder":
            self._held.append((kind, payload))
            return Acknowledgement(kind, 0)
        if fault and fault.kind == "duplicate":
            self.later(self._with_retries(kind, payload))
        answer = await self._with_retries(kind, payload)
        held, self._held = self._held, []
        for one in held:
            await self._with_retries(*one)
        return answer

    def later(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Wait for what was sent without waiting."""
        while self._tasks:
            await asyncio.gather(*list(self._tasks), return_exceptions=True)

    async def _with_retries(self, kind: str, payload: Payload, attempt: int = 0) -> Acknowledgement:
        started = self._clock()
        while True:
            body = await self._attempt(kind, payload, attempt)
            seconds = self._clock() - started
            if body is not None:
                answer = Acknowledgement(kind, seconds, body, attempts=attempt + 1)
                for problem in answer_problems(kind, payload, body):
                    self.world.breach(f"acknowledgement: {problem}")
                break
            if kind != EVENTS or attempt >= len(self.retry_after):
                answer = Acknowledgement(kind, seconds, late=True, attempts=attempt + 1)
                self.world.breach(f"{kind}: not acknowledged within {self.ack_within:g} s")
                break
            await asyncio.sleep(self.retry_after[attempt])
            attempt += 1
        self.acknowledgements.append(answer)
        return answer

    async def _attempt(self, kind: str, payload: Payload, attempt: int) -> Payload | None:
        try:
            async with asyncio.timeout(self.ack_within):
                if self.request_url:
                    return await self._by_http(kind, payload, attempt)
                return await self._by_socket(kind, payload, attempt)
        except (TimeoutError, aiohttp.ClientError, ConnectionError):
            return None

    # -- sockets -------------------------------------------------------------------------------------------------
    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One Socket Mode connection, from hello to its end."""
        ws = web.WebSocketResponse(heartbeat=None)
        await ws.prepare(request)
        if len(self.sockets) >= MOST_SOCKETS:
            await ws.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await ws.close()
            return ws
        socket = Socket(ws)
        self.sockets.append(socket)
        await ws.send_json(
            {
                "type": "hello",
                "num_connections": len(self.sockets),
                "debug_info": {"host": "local", "build_number": 1, "approximate_connection_time": 18060},
                "connection_info": {"app_id": "A0LOCAL"},
            }
        )
        self.connected.set()
        try:
            async for message in ws:
                if message.type == aiohttp.WSMsgType.TEXT:
                    self._answered(json.loads(message.data))
        finally:
            self.sockets.remove(socket)
            if not self.sockets:
                self.connected.clear()
        return ws

    def _answered(self, message: Payload) -> None:
        envelope = message.get("envelope_id")
        if envelope is None:
            self.world.breach("socket: a message without envelope_id")
            return
        waiting = self._waiting.pop(envelope, None)
        if waiting is None:
            self.world.breach("socket: an envelope was acknowledged twice, late, or was never sent")
        elif not waiting.done():
            waiting.set_result(message.get("payload") or {})

    async def _by_socket(self, kind: str, payload: Payload, attempt: int) -> Payload | None:
        await self.connected.wait()
        open_ones = [s for s in self.sockets if not s.ws.closed]
        fresh = [s for s in open_ones if not s.refreshing] or open_ones
        socket = random.choice(fresh)
        envelope = secrets.token_hex(12)
        waiting: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
        self._waiting[envelope] = waiting
        message = {
            "envelope_id": envelope,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": takes_a_payload(kind, payload),
        }
        if kind == EVENTS:
            message |= {"retry_attempt": attempt, "retry_reason": "timeout" if attempt else ""}
        await socket.ws.send_json(message)
        try:
            return await waiting
        finally:
            self._waiting.pop(envelope, None)

    async def refresh(self, reason: str = "refresh_requested") -> None:
        """Ask every open socket to make place for a new one, as Slack does every few hours."""
        for socket in list(self.sockets):
            socket.refreshing = True
            await socket.ws.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "local"}})

    async def cut(self) -> None:
        """Drop every connection without a word."""
        for socket in list(self.sockets):
            if transport := socket.ws._req.transport:
                transport.abort()

    # -- HTTP ----------------------------------------------------------------------------------------------------
    async def _by_http(self, kind: str, payload: Payload, attempt: int) -> Payload | None:
        if kind == EVENTS:
            body, content = json.dumps(payload), "application/json"
        else:
            form = payload if kind == COMMANDS else {"payload": json.dumps(payload)}
            body, content = urlencode(form), "application/x-www-form-urlencoded"
        headers = {"Content-Type": content, **self.signature(body)}
        if attempt:
            headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": "http_timeout"}
        return await self.raw(body, headers)

    def signature(self, body: str, at: float | None = None, secret: str | None = None) -> dict[str, str]:
        """The two headers that prove where a body comes from."""
        stamp = str(int(self._clock() if at is None else at))
        key = (secret or self._secret).encode()
        digest = hmac.new(key, f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}

    async def raw(self, body: str, headers: dict[str, str]) -> Payload | None:
        """Send a request as it stands; what it was answered, or None where it was not taken."""
        if self._session is None:
            self._session = aiohttp.ClientSession()
        async with self._session.post(self.request_url, data=body.encode(), headers=headers) as answer:
            text = await answer.text()
            if answer.status != 200:
                return None
            return json.loads(text) if text.startswith("{") else {"text": text} if text else {}

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for socket in list(self.sockets):
            await socket.ws.close()
        if self._session:
            await self._session.close()
