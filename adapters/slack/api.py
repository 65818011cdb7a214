"""Calls of the Web API: with the team's token, without hidden retries, every failure told as what it means."""

import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import msgspec
from slack_sdk.proxy_env_variable_loader import load_http_proxy_from_env
from slack_sdk.web.async_client import AsyncWebClient

from adapters.platform import NotDelivered
from adapters.slack.pace import Pace
from adapters.slack.rules import message_problems, texts_of, view_problems
from adapters.slack.tokens import Installations

log = logging.getLogger(__name__)

SLACK = "https://slack.com/api/"
TIMEOUT = 10
_READS = {
    "auth.test",
    "conversations.history",
    "conversations.replies",
    "conversations.info",
    "conversations.members",
    "users.info",
    "files.getUploadURLExternal",
    "files.info",
}
"""Methods that take their arguments as a form, not as JSON."""
_MAY_HAVE_WORKED = {"internal_error", "fatal_error", "request_timeout", "service_unavailable", "accesslimited"}
_TOKEN_GONE = {"invalid_auth", "token_revoked", "account_inactive", "not_authed", "org_login_required"}
_LATER = {"ratelimited", "rate_limited", "team_added_to_org", "ekm_access_denied", "message_limit_exceeded"}

_REFUSED_SHAPES = {
    "invalid_blocks",
    "invalid_blocks_format",
    "invalid_arguments",
    "msg_blocks_too_long",
    "msg_too_long",
    "no_text",
    "invalid_metadata_format",
    "view_too_large",
}
MOST_SHAPES = 2_000

Answer = dict[str, Any]


class Api:
    """One Slack, at its base URL; a context that owns the connections."""

    def __init__(self, base_url: str = SLACK, pace: Pace | None = None) -> None:
        self.base_url = base_url if base_url.endswith("/") else f"{base_url}/"
        self.pace = pace or Pace()
        self.installations: Installations | None = None
        self._session: aiohttp.ClientSession | None = None
        self._checked: set[object] = set()

    async def open(self) -> None:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=TIMEOUT), proxy=load_http_proxy_from_env(log)
        )

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise NotDelivered("not_connected", retry_after=30)
        return self._session

    def client(self) -> AsyncWebClient:
        """slack_sdk's client, for Bolt; it repeats nothing by itself."""
        return AsyncWebClient(base_url=self.base_url, session=self._session, timeout=TIMEOUT, retry_handlers=[])

    async def call(self, team: str, method: str, **arguments: Any) -> Answer:
        """Call the method in the workspace. Raises NotDelivered; ``unknown`` where it may have been carried out."""
        if self.installations is None:
            raise RuntimeError("no installations")
        held = f"{method} {team}"
        self.pace.check(held)
        self._check_shape(method, arguments)
        installation = await self.installations.get(team)
        try:
            return await self._send(installation.token, method, arguments, held)
        except NotDelivered as failure:
            if failure.kind != "token_expired":
                raise
        fresh = await self.installations.renew(installation)
        return await self._send(fresh.token, method, arguments, held)

    async def bare(self, token: str | None, method: str, **arguments: Any) -> Answer:
        """Call the method with this token, or with none."""
        return await self._send(token, method, arguments, method)

    async def every(self, team: str, method: str, key: str, **arguments: Any) -> AsyncIterator[Any]:
        """What a method that answers in pages lists under ``key``."""
        cursor: str | None = ""
        while cursor is not None:
            answer = await self.call(team, method, **arguments, **({"cursor": cursor} if cursor else {}))
            for one in answer.get(key, ()):
                yield one
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or None

    async def _send(self, token: str | None, method: str, arguments: Mapping[str, Any], held: str) -> Answer:
        given = {name: value for name, value in arguments.items() if value is not None}
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        content: bytes | dict[str, str]
        if method in _READS or token is None:
            content = {name: _as_form(value) for name, value in given.items()}
        else:
            content = msgspec.json.encode(given)
            headers["Content-Type"] = "application/json;charset=utf-8"
        try:
            # Once, and never by a client that repeats: a post that is repeated is posted twice.
            async with self.session.post(
                self.base_url + method, data=content, headers=headers, allow_redirects=False
            ) as response:
                status, about, said = response.status, response.headers, await response.read()
        except aiohttp.ClientConnectorError:
            raise NotDelivered("not_connected") from None
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            raise NotDelivered("no_answer", unknown=True) from None
        answer = _read(said)
        if status == 200 and answer.get("ok"):
            return answer
        meant = self._meant(status, about, str(answer.get("error") or ""), held)
        if meant.kind in _REFUSED_SHAPES:
            _log_problems(method, arguments)
        raise meant

    def _check_shape(self, method: str, arguments: Mapping[str, Any]) -> None:
        """Look once at each shape of a payload: what a shape breaks it breaks each time, and looking costs as much as
        rendering. What Slack refuses is looked at whenever it does."""
        if (shape := _shape(method, arguments)) is None or shape in self._checked:
            return
        if len(self._checked) >= MOST_SHAPES:
            self._checked.clear()
        self._checked.add(shape)
        _log_problems(method, arguments)

    def _meant(self, status: int, headers: Mapping[str, str], error: str, held: str) -> NotDelivered:
        """What an error of Slack's means for whoever wanted the call."""
        if status == 429 or error in _LATER:
            wait = _seconds(headers)
            self.pace.hold(held, wait)
            return NotDelivered("ratelimited", retry_after=wait)
        if status >= 500 or error in _MAY_HAVE_WORKED or not error:
            return NotDelivered(error or f"http_{status}", unknown=True)
        if error in _TOKEN_GONE:
            return NotDelivered(error, retry_after=60)
        return NotDelivered(error, final=error != "token_expired")


def _read(said: bytes) -> Answer:
    """What Slack answers; what is no JSON has no error of Slack's."""
    try:
        answer = msgspec.json.decode(said)
    except msgspec.DecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _as_form(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _seconds(headers: Mapping[str, str]) -> float:
    try:
        return max(1.0, float(headers["Retry-After"]))
    except (KeyError, ValueError):
        return 30.0


def _shape(method: str, arguments: Mapping[str, Any]) -> object:
    """Kinds and numbers of what is in the blocks, and how long it is in rough; None for what shows none."""
    view = arguments.get("view")
    blocks = view.get("blocks") if isinstance(view, Mapping) else arguments.get("blocks")
    if not isinstance(blocks, list):
        return None
    kinds = tuple((b.get("type"), len(b.get("fields") or b.get("elements") or ())) for b in blocks)
    return method, kinds, sum(map(len, texts_of(blocks))) // 500


def _log_problems(method: str, arguments: Mapping[str, Any]) -> None:
    """Say where a payload would break a rule; the sentences name places and counts, never words."""
    problems: list[str] = []
    if method in ("chat.postMessage", "chat.update", "chat.postEphemeral"):
        problems = message_problems(arguments)
    elif method.startswith("views."):
        problems = view_problems(arguments.get("view"))
    for problem in problems[:5]:
        log.error("%s breaks a rule of Slack: %s", method, problem)
