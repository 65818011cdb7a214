"""What Slack sends: kept first, acknowledged then, handed over after, in order a conversation, and never all at once.

Bolt verifies signatures, answers the protocol's own questions and reads both ways of delivery; its listeners are not
used, for Bolt acknowledges an event before a listener runs and a crash in between would lose it.
"""

import asyncio
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol
from weakref import WeakValueDictionary

import msgspec
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from adapters.platform import Inbox, NotDelivered
from adapters.slack.hearing import SAID

log = logging.getLogger(__name__)

Body = dict[str, Any]
AT_ONCE = 32
"""Envelopes come concurrently and without a limit; so many are worked on at a time."""
TRIES = 6
REMEMBERED = 10_000
_EXPECTED = {"event_callback", "block_actions", "view_submission", "message_action", "shortcut", "view_closed"}


class Handle(Protocol):
    def __call__(self, body: Body, at: float, *, again: bool = False) -> Awaitable[None]: ...


class Intake:
    """``handle`` carries one body out; ``answer`` gives what to acknowledge it with; ``early`` is told of it at once."""

    def __init__(
        self,
        inbox: Inbox,
        handle: Handle,
        answer: Callable[[Body], Awaitable[Body | None]],
        early: Callable[[Body], None],
        *,
        clock: Callable[[], float] = time.time,
        wait: float = 1.0,
    ) -> None:
        self._inbox, self._handle, self._answer, self._early = inbox, handle, answer, early
        self._clock, self._wait = clock, wait
        self._queue: asyncio.Queue[tuple[bytes, asyncio.Future[int]]] = asyncio.Queue()
        self._lanes: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._slots = asyncio.Semaphore(AT_ONCE)
        # A thread of its own: the common ones may all be waiting for a locked database.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="slack-inbox")
        self._working: set[asyncio.Task[None]] = set()
        self._done: list[int] = []
        self._taken: OrderedDict[tuple[str, str], None] = OrderedDict()
        self.acknowledged: list[Callable[[float], None]] = []
        """Who wants to hear how many seconds an acknowledgement took."""

    def app(self, client: AsyncWebClient, signing_secret: str) -> AsyncApp:
        """The Bolt app that leads everything here."""

        async def never(**_: Any) -> AuthorizeResult:
            raise RuntimeError("everything is taken before Bolt asks for a token")

        quiet = logging.getLogger("adapters.slack.bolt")
        quiet.setLevel(logging.ERROR)  # it warns of variables and listeners that are of no use here
        return AsyncApp(
            logger=quiet,
            signing_secret=signing_secret,
            client=client,
            authorize=never,
            before_authorize=self._bolt,
            process_before_response=True,
        )

    async def take(self, body: Body) -> Body | None:
        """Keep the body, begin to carry it out, and give the acknowledgement; None where nothing is to be kept."""
        if (answer := await self._answer(body)) is not None:
            return answer
        self._early(body)
        message = _message(body)
        if message in self._taken:
            return None  # a mention comes as two events of one message, and this message is kept already
        at = self._clock()
        number = await self._put(msgspec.json.encode({"at": at, "body": body}))
        if message is not None:
            self._taken[message] = None
            if len(self._taken) > REMEMBERED:
                self._taken.popitem(last=False)
        self._start(number, body, at)
        return None

    async def resume(self) -> None:
        """After a start: hand over what was acknowledged and not carried out."""
        for number, kept in await asyncio.to_thread(self._inbox.pending):
            envelope = msgspec.json.decode(kept)
            self._start(number, envelope["body"], envelope["at"], again=True)

    async def write(self) -> None:
        """Put what came in into the inbox, all that waits with one write. Runs until cancelled."""
        while True:
            waiting = [await self._queue.get()]
            while not self._queue.empty():
                waiting.append(self._queue.get_nowait())
            try:
                contents = [content for content, _ in waiting]
                numbers = await asyncio.get_running_loop().run_in_executor(self._writer, self._inbox.put, contents)
            except OSError as failure:
                log.error("the inbox cannot be written: %s", type(failure).__name__)
                for _, future in waiting:
                    _fail(future, failure)
                continue
            for (_, future), number in zip(waiting, numbers, strict=True):
                if not future.done():
                    future.set_result(number)

    async def finish(self) -> None:
        """Wait for what is being carried out."""
        while self._working:
            await asyncio.gather(*list(self._working), return_exceptions=True)

    def stop(self) -> None:
        for task in list(self._working):
            task.cancel()
        self._writer.shutdown(wait=False)

    async def acknowledgement(self, body: Body) -> Body | None:
        """What to answer Slack with, empty for a bare acknowledgement; None: it could not be kept, and comes again."""
        began = time.perf_counter()
        try:
            return await self._acknowledged(body)
        except Exception as failure:
            log.error("what Slack sent was not taken in: %s", type(failure).__name__)
            return None
        finally:
            for tell in self.acknowledged:
                tell(time.perf_counter() - began)

    async def _acknowledged(self, body: Body) -> Body:
        if body.get("type") == "url_verification":
            return {"challenge": body.get("challenge")}
        if body.get("type") == "app_rate_limited":
            log.error("Slack holds events back, for there are more than it hands on in an hour")
        if body.get("type") not in _EXPECTED and "command" not in body:
            return {}  # whatever else comes is taken, or Slack would send it four times
        return await self.take(body) or {}

    async def _bolt(self, req: AsyncBoltRequest) -> BoltResponse:
        answer = await self.acknowledgement(dict(req.body))
        if answer is None:
            return BoltResponse(status=503, body="")
        return _response(answer) if answer else BoltResponse(status=200, body="")

    async def _put(self, content: bytes) -> int:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((content, future))
        return await future

    def _start(self, number: int, body: Body, at: float, *, again: bool = False) -> None:
        self._goes_on(self._work(number, body, at, again=again))

    def _goes_on(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _work(self, number: int, body: Body, at: float, *, again: bool) -> None:
        name = lane(body)
        lock = self._lanes.setdefault(name, asyncio.Lock())
        async with lock:
            for attempt in range(TRIES):
                try:
                    async with self._slots:
                        await self._handle(body, at, again=again)
                except NotDelivered as failure:
                    if failure.final:
                        log.warning("taken in and not carried out: %s", failure.kind)
                        break
                    log.warning("not carried out yet: %s", failure.kind)
                    await asyncio.sleep(failure.retry_after or self._wait * 2**attempt)
                except Exception as failure:
                    # Only the kind is logged: the text of an exception may quote a patient's words.
                    log.error("not carried out yet: %s", type(failure).__name__)
                    await asyncio.sleep(self._wait * 2**attempt)
                else:
                    break
            else:
                return  # stays in the inbox, to be handed over at the next start
        self._done.append(number)
        if len(self._done) == 1:
            self._goes_on(self._forget())

    async def _forget(self) -> None:
        """Take out of the inbox what is carried out, all that has come together."""
        await asyncio.sleep(0)
        while self._done:
            numbers = list(self._done)
            try:
                await asyncio.get_running_loop().run_in_executor(self._writer, self._forget_all, numbers)
            except OSError as failure:
                log.error("the inbox cannot be written: %s", type(failure).__name__)
            del self._done[: len(numbers)]

    def _forget_all(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self._inbox.done(number)


def _message(body: Body) -> tuple[str, str] | None:
    """The channel and time stamp of a person's new message; None for all else."""
    event = body.get("event") or {}
    if event.get("type") not in ("message", "app_mention") or event.get("subtype") not in SAID or event.get("bot_id"):
        return None
    return str(event.get("channel")), str(event.get("ts"))


def lane(body: Body) -> str:
    """What keeps its order: one conversation, one person's clicks in it."""
    event = body.get("event") or {}
    channel = event.get("channel") or body.get("channel_id") or (body.get("channel") or {}).get("id")
    if isinstance(channel, dict):
        channel = channel.get("id")
    user = event.get("user") or body.get("user_id") or (body.get("user") or {}).get("id")
    if isinstance(user, dict):
        user = user.get("id")
    return str(channel or user or "")


def _response(answer: Body) -> BoltResponse:
    return BoltResponse(status=200, body=json.dumps(answer), headers={"content-type": "application/json"})


def _fail(future: "asyncio.Future[int]", failure: Exception) -> None:
    if not future.done():
        future.set_exception(failure)
