"""The bot over HTTP: Slack's signed requests, and installation in a workspace by OAuth."""

import base64
import hashlib
import hmac
import json
import logging
import secrets
import time
from urllib.parse import urlencode

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier

from adapters.platform import NotDelivered
from adapters.slack.api import Api
from adapters.slack.manifest import SCOPES
from adapters.slack.settings import SlackOptions
from adapters.slack.tokens import Installations, installed

log = logging.getLogger(__name__)

STATE_LASTS = 600.0
COOKIE = "confer-install"
LARGEST = 1 << 20


class Web:
    """The server; ``start`` to ``stop``. It speaks plain HTTP: a proxy in front of it speaks TLS."""

    def __init__(self, app: AsyncApp, api: Api, installations: Installations, options: SlackOptions) -> None:
        self._app, self._api, self._installations, self._options = app, api, installations, options
        self._verifier = SignatureVerifier(options.signing_secret)
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def start(self) -> None:
        server = web.Application(client_max_size=LARGEST)
        server.router.add_post("/slack/events", self._take)
        server.router.add_get("/health", self._health)
        if self._options.client_id:
            server.router.add_get("/slack/install", self._install)
            server.router.add_get("/slack/oauth_redirect", self._redirected)
        self._runner = web.AppRunner(server, access_log=None, shutdown_timeout=2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._options.host, self._options.port)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        """Only what Slack has signed is so much as read; its trial of our certificate alone comes without a signature."""
        body = await request.read()
        if not self._is_slacks(request, body):
            return web.Response(status=200 if b"ssl_check=1" in body.split(b"&") else 401)
        return await to_aiohttp_response(await self._app.async_dispatch(await to_bolt_request(request)))

    def _is_slacks(self, request: web.Request, body: bytes) -> bool:
        try:
            return self._verifier.is_valid_request(body, dict(request.headers))
        except (ValueError, OverflowError, TypeError):  # a time that is none, a body or a signature that is no text
            return False

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    # -- installation --------------------------------------------------------------------------------------------
    async def _install(self, _: web.Request) -> web.Response:
        state = self._state()
        asked = {"client_id": self._options.client_id, "scope": ",".join(SCOPES), "state": state}
        asked |= {"redirect_uri": self._options.redirect_url} if self._options.redirect_url else {}
        answer = web.Response(status=302, headers={"Location": f"{self._options.authorize_url}?{urlencode(asked)}"})
        # The state must come back from the browser that it was given to.
        answer.set_cookie(COOKIE, state, max_age=int(STATE_LASTS), httponly=True, secure=True, samesite="Lax")
        return answer

    async def _redirected(self, request: web.Request) -> web.Response:
        state, code = request.query.get("state", ""), request.query.get("code", "")
        if not self._is_ours(state) or not _is_same(state, request.cookies.get(COOKIE, "")):
            return web.Response(status=400, text="This installation was not begun here, or too long ago. Begin again.")
        if not code:
            return web.Response(status=400, text="Slack gave no consent; nothing was installed.")
        try:
            installation = await install(self._api, self._installations, self._options, code)
        except NotDelivered as failure:
            log.warning("an installation failed: %s", failure.kind)
            return web.Response(status=502, text="Slack did not confirm the installation. Begin again.")
        log.info("installed in a workspace: %s", installation)
        return web.Response(text="Confer is installed. Open Slack, invite it to a channel, and type: /confer help")

    def _state(self) -> str:
        body = json.dumps({"at": time.time(), "mark": secrets.token_hex(8)}).encode()
        return base64.urlsafe_b64encode(body).decode() + "." + self._sign(body)

    def _is_ours(self, state: str) -> bool:
        encoded, _, signature = state.partition(".")
        try:
            body = base64.urlsafe_b64decode(encoded)
        except ValueError:
            return False
        return _is_same(self._sign(body), signature) and time.time() - float(json.loads(body)["at"]) < STATE_LASTS

    def _sign(self, body: bytes) -> str:
        return hmac.new(self._options.client_secret.encode(), b"state:" + body, hashlib.sha256).hexdigest()


def _is_same(ours: str, theirs: str) -> bool:
    """Compared as bytes, for theirs may hold anything."""
    return hmac.compare_digest(ours.encode(), theirs.encode(errors="replace"))


async def install(api: Api, installations: Installations, options: SlackOptions, code: str) -> str:
    """Exchange the code of a person's consent for tokens, and keep them; the workspace's id."""
    about = {"redirect_uri": options.redirect_url} if options.redirect_url else {}
    grant = await api.bare(
        None,
        "oauth.v2.access",
        client_id=options.client_id,
        client_secret=options.client_secret,
        code=code,
        **about,
    )
    installation = installed(grant, time.time())
    if not installation.team:
        raise NotDelivered("no_workspace_named", final=True)
    await installations.save(installation)
    return installation.team
