"""Calls of the Web API: what an answer means, whatever stands between the bot and Slack."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from adapters.platform import NotDelivered
from adapters.slack.api import Api

Answers = Callable[[web.Request, bytes], web.Response]


@asynccontextmanager
async def answering(answers: Answers) -> AsyncIterator[str]:
    """A server on this machine that answers everything so; its address."""

    async def handle(request: web.Request) -> web.Response:
        return answers(request, await request.read())

    runner = web.ServerRunner(web.Server(handle))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def called(base_url: str) -> dict[str, object]:
    api = Api(base_url)
    await api.open()
    try:
        return await api.bare("xoxb-1", "chat.postMessage", channel="C1", text="…", thread_ts=None)
    finally:
        await api.close()


def failure(answers: Answers) -> NotDelivered:
    async def story() -> NotDelivered:
        async with answering(answers) as address:
            with pytest.raises(NotDelivered) as caught:
                await called(f"{address}/api/")
            return caught.value

    return asyncio.run(story())


@pytest.mark.parametrize("said", ["<html>Maria Lopez</html>", "", "[]", '"ok"', '{"ok": '])
@pytest.mark.parametrize("status", [200, 502])
def test_what_is_not_slacks_may_have_worked(said: str, status: int) -> None:
    """A page of something in between tells nothing of the post; it is looked up before it is sent again."""
    failed = failure(lambda *_: web.Response(status=status, text=said, content_type="text/html"))
    assert (failed.unknown, failed.final) == (True, False)
    assert "Maria" not in failed.kind


def test_a_post_is_sent_nowhere_else() -> None:
    """Followed, a redirect would repeat it, and show the token to whoever answers there."""
    seen: list[str] = []

    def away(request: web.Request, _: bytes) -> web.Response:
        seen.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    assert failure(away).unknown
    assert seen == ["/api/chat.postMessage"]


@pytest.mark.parametrize(("wait", "seconds"), [("7", 7.0), ("0", 1.0), ("soon", 30.0), (None, 30.0)])
def test_how_long_to_wait_is_read_or_guessed(wait: str | None, seconds: float) -> None:
    """Nonsense in Retry-After is half a minute."""
    headers = {"Retry-After": wait} if wait is not None else {}
    body = {"ok": False, "error": "ratelimited"}
    assert failure(lambda *_: web.json_response(body, status=429, headers=headers)).retry_after == seconds


def test_what_is_sent() -> None:
    """JSON with the token in the head; what is None is left out."""
    seen: list[tuple[str, str, bytes]] = []

    def answers(request: web.Request, body: bytes) -> web.Response:
        seen.append((request.path, request.headers["Authorization"], body))
        return web.json_response({"ok": True, "ts": "1.2"})

    async def story() -> dict[str, object]:
        async with answering(answers) as address:
            return await called(f"{address}/api/")

    assert asyncio.run(story())["ts"] == "1.2"
    assert seen == [("/api/chat.postMessage", "Bearer xoxb-1", '{"channel":"C1","text":"…"}'.encode())]


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many hospitals let nothing out but through one."""
    asked: list[str] = []

    def answers(request: web.Request, _: bytes) -> web.Response:
        asked.append(str(request.url))
        return web.json_response({"ok": True})

    async def story() -> None:
        async with answering(answers) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy)
            await called("http://slack.invalid/api/")

    asyncio.run(story())
    assert asked == ["http://slack.invalid/api/chat.postMessage"]
