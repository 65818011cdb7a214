"""Socket Mode: Slack's envelopes, straight to the intake."""

import logging

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.intake import Intake


class Socket(AsyncSocketModeHandler):
    """Bolt's connection, which comes back by itself. Its middleware is left out: an envelope has no signature to verify
    and no question of the protocol's own to answer, and what comes over a socket is from Slack."""

    def __init__(self, intake: Intake, app: AsyncApp, token: str, client: AsyncWebClient) -> None:
        super().__init__(app, token, logger=_quiet(), web_client=client)
        self._intake = intake

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        """Keep what came and acknowledge it; what cannot be kept is not acknowledged, and comes again."""
        answer = await self._intake.acknowledgement(req.payload)
        if answer is not None:
            await client.send_socket_mode_response(SocketModeResponse(req.envelope_id, payload=answer or None))


def _quiet() -> logging.Logger:
    """slack_sdk logs every failed attempt with its text; kinds are enough, and texts may quote somebody."""
    quiet = logging.getLogger("adapters.slack.socket")
    quiet.setLevel(logging.CRITICAL)
    return quiet
