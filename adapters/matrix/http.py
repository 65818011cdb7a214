"""Requests to the homeserver: one try each, every failure told apart, no retries behind the caller's back."""

from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp
import msgspec
from yarl import URL

from adapters.platform import NotDelivered

JSON = dict[str, Any]
CLIENT = "/_matrix/client/v3"
PATIENCE = 30.0
LONGEST_ANSWER = 200_000_000  # bytes; the first sync of many rooms is large


class MatrixRefused(Exception):
    """The homeserver said no. ``code`` is its errcode."""

    def __init__(self, status: int, code: str, body: JSON) -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code, self.body = status, code, body

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait, where the homeserver named them."""
        wait = self.body.get("retry_after_ms")
        return wait / 1000 if isinstance(wait, int | float) else None

    @property
    def logged_out(self) -> bool:
        return self.code in ("M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_USER_DEACTIVATED")

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status == 429 or self.status >= 500

    def as_not_delivered(self) -> NotDelivered:
        if self.code == "M_LIMIT_EXCEEDED" or self.status == 429:
            return NotDelivered("rate_limited", retry_after=self.retry_after or 2.0)
        if self.logged_out:
            return NotDelivered("logged_out", retry_after=60.0)
        return NotDelivered(self.code.lower()[:60], final=not self.passing)


class Unreachable(Exception):
    """No answer came; the request may have been carried out."""

    def as_not_delivered(self) -> NotDelivered:
        # Its transaction id makes the next try harmless.
        return NotDelivered("unreachable", unknown=True)


class Homeserver:
    """One homeserver, spoken to as one account. Use it in an ``async with``."""

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url.rstrip("/")
        self.token = token
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # Sends and the long poll run side by side; a limit of one host would make them wait for each other.
        connector = aiohttp.TCPConnector(limit=40)
        self._session = aiohttp.ClientSession(connector=connector, trust_env=True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._session:
            await self._session.close()
            self._session = None

    async def call(
        self,
        method: str,
        path: str,
        body: JSON | None = None,
        query: dict[str, str] | None = None,
        patience: float = PATIENCE,
    ) -> JSON:
        """The answer. ``path`` begins below the client API, or with ``/_``.

        Raises :class:`MatrixRefused` and :class:`Unreachable`.
        """
        data = None if body is None else msgspec.json.encode(body)
        content = await self._exchange(method, self._path(path), data, "application/json", query, patience)
        return _object(content) or {}

    async def upload(self, content: bytes) -> str:
        """Keep bytes, which are encrypted already, on the homeserver; their ``mxc:`` address."""
        answer = await self._exchange(
            "POST", "/_matrix/media/v3/upload", content, "application/octet-stream", None, 4 * PATIENCE
        )
        return str((_object(answer) or {})["content_uri"])

    def _path(self, path: str) -> str:
        return path if path.startswith("/_") else CLIENT + path

    async def _exchange(
        self, method: str, path: str, data: bytes | None, kind: str, query: dict[str, str] | None, patience: float
    ) -> bytes:
        if self._session is None:
            raise Unreachable("closed")
        headers = {"Content-Type": kind}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        timeout = aiohttp.ClientTimeout(total=patience, sock_connect=10)
        try:
            async with self._session.request(
                method,
                URL(self.url + path, encoded=True),  # an escaped slash in an id must stay escaped
                data=data,
                headers=headers,
                params=query,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                content = await response.content.read(LONGEST_ANSWER)
                while chunk := await response.content.read(LONGEST_ANSWER):
                    content += chunk
                status = response.status
        except (TimeoutError, aiohttp.ClientError, OSError) as trouble:
            raise Unreachable(type(trouble).__name__) from None
        if status >= 300:
            answer = _object(content)
            # A reverse proxy in front of a dead homeserver answers in HTML.
            raise MatrixRefused(status, str((answer or {}).get("errcode", f"HTTP_{status}")), answer or {})
        return content


def segment(text: str) -> str:
    """The text as one part of a path."""
    return quote(text, safe="")


def _object(content: bytes) -> JSON | None:
    try:
        found = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if isinstance(found, dict) else None
