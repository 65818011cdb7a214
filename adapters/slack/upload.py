"""Files by the external upload flow, checked for having really been shared: Slack can answer ok and share nothing."""

import asyncio
import re

import aiohttp

from adapters.card import File
from adapters.platform import NotDelivered
from adapters.slack.api import Api

TRIES = 4
_UNSAFE = re.compile(r"[^\w.()-]+")


async def upload(api: Api, team: str, channel: str, thread: str | None, file: File, *, patience: float = 0.5) -> str:
    """Put the file into the channel, below the thread's message; its id. Raises NotDelivered."""
    name = file_name(file.name)
    place = await api.call(team, "files.getUploadURLExternal", filename=name, length=length_of(file))
    identity = str(place["file_id"])
    await _send(api, str(place["upload_url"]), file.content or b"\n")
    try:
        await api.call(
            team,
            "files.completeUploadExternal",
            files=[{"id": identity, "title": name}],
            channel_id=channel,
            thread_ts=thread,
        )
    except NotDelivered as failure:
        if not failure.unknown:
            raise
    if not await _is_there(api, team, channel, identity, patience):
        raise NotDelivered("file_not_shared")
    return identity


async def _is_there(api: Api, team: str, channel: str, identity: str, patience: float) -> bool:
    """Whether the file was shared. One that was not is taken away: it may be uploaded anew and be there once."""
    try:
        if await _is_shared(api, team, channel, identity, patience):
            return True
        await api.call(team, "files.delete", file=identity)
    except NotDelivered as failure:
        raise NotDelivered(failure.kind, unknown=True, retry_after=failure.retry_after) from None
    return False


def length_of(file: File) -> int:
    """Slack takes no empty file: one line feed stands for it."""
    return max(1, len(file.content))


def file_name(name: str) -> str:
    """A name that shows no path and no mark-up."""
    return _UNSAFE.sub("-", name).strip("-.")[-100:] or "file"


async def _send(api: Api, url: str, content: bytes) -> None:
    try:
        async with api.session.post(url, data=content) as answer:
            if answer.status != 200:
                raise NotDelivered("upload_refused")
    except (aiohttp.ClientError, TimeoutError):
        # Bytes that nobody shared are seen by nobody: the upload may begin anew.
        raise NotDelivered("upload_broken") from None


async def _is_shared(api: Api, team: str, channel: str, identity: str, patience: float) -> bool:
    """Sharing happens a moment after the answer: look a few times."""
    for attempt in range(TRIES):
        info = await api.call(team, "files.info", file=identity)
        shares = (info.get("file") or {}).get("shares") or {}
        if any(channel in where for where in shares.values()):
            return True
        await asyncio.sleep(patience * 2**attempt)
    return False
