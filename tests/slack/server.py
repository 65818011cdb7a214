"""The local Slack as a server: Web API, OAuth, uploads, response URLs and sockets on one loopback port."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from adapters.slack import rules
from tests.slack.api import ARGUMENTS, METHODS, Call, Refused
from tests.slack.delivery import Delivery
from tests.slack.faults import Fault, Faults
from tests.slack.rates import Rates
from tests.slack.world import Message, Payload, ResponseUrl, Team, Token, World

RESPONSE_URL_USES = 5
RESPONSE_URL_LASTS = 30 * 60.0
TOKEN_LASTS = 12 * 3600.0
EVENT_SCOPES = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "member_joined_channel": "channels:read",
    "member_left_channel": "channels:read",
    "channel_shared": "channels:read",
    "channel_unshared": "channels:read",
    "app_home_opened": "",
    "app_uninstalled": "",
    "tokens_revoked": "",
}
_NO_TOKEN = ("oauth.v2.access",)
_JSON_ARGS = ("blocks", "metadata", "view", "files")


class LocalSlack:
    """One app's Slack. The manifest says which scopes, events, commands and shortcuts it has."""

    def __init__(self, manifest: Mapping[str, Any], *, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.manifest = manifest
        self.client_id, self.client_secret = "1.2", secrets.token_hex(16)
        self.signing_secret, self.app_token = secrets.token_hex(16), "xapp-1-" + secrets.token_hex(8)
        home = manifest["features"]["app_home"]
        self.world = World(clock, home_tab=home["home_tab_enabled"], messages_tab=home["messages_tab_enabled"])
        self.faults, self.rates = Faults(), Rates(clock, self.world.breach)
        self.delivery = Delivery(self.world, self.faults, self.signing_secret, time.time)
        self.rotation, self.token_lasts = False, TOKEN_LASTS
        self._codes: dict[str, str] = {}
        self._tickets: set[str] = set()
        self._runner: web.AppRunner | None = None
        self.base = ""

    @property
    def scopes(self) -> set[str]:
        return set(self.manifest["oauth_config"]["scopes"]["bot"])

    @property
    def events(self) -> set[str]:
        return set(self.manifest["settings"]["event_subscriptions"]["bot_events"])

    @property
    def api(self) -> str:
        return f"{self.base}api/"

    def install(self, name: str = "North hospital", enterprise: str = "") -> Team:
        """A workspace with the app in it."""
        return self.world.add_team(name, self.scopes, enterprise)

    def distribute(self) -> None:
        """From now on the app counts as sold outside of Slack's own marketplace: it may hardly read history."""
        self.world.messages_at_once = 15
        self.rates.tiers |= {"conversations.history": 1, "conversations.replies": 1}

    def authorize(self, team: Team, *, organisation: bool = False) -> str:
        """The code that a person's consent gives, good for one exchange; an administrator's, for all workspaces."""
        code = secrets.token_hex(8)
        self._codes[code] = team.enterprise if organisation else team.id
        return code

    async def start(self, port: int = 0) -> None:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_post("/upload/{file}", self._upload)
        app.router.add_post("/respond/{id}", self._respond)
        app.router.add_get("/socket/{ticket}", self._socket)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        server = site._server
        assert server
        self.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"  # type: ignore[attr-defined]

    async def stop(self) -> None:
        await self.delivery.close()
        if self._runner:
            await self._runner.cleanup()

    # -- Web API -------------------------------------------------------------------------------------------------
    async def _api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        args = await _arguments(request)
        self.world.sent.append((method, args))
        fault = self.faults.of_call(method)
        if fault and (early := await _before(fault, request)) is not None:
            return early
        if fault and fault.kind == "unshared":
            args["_fault"] = "unshared"
        try:
            answer = {"ok": True, **self._carry_out(method, _bearer(request, args), args)}
        except Refused as refused:
            answer = {"ok": False, "error": refused.error, **refused.more}
        if fault and fault.kind == "lost":
            return _cut(request)
        if answer.get("error") == "ratelimited":
            wait = str(int(answer.pop("retry_after", 1) + 0.999))
            return web.json_response(answer, status=429, headers={"Retry-After": wait})
        return web.json_response(answer)

    def _carry_out(self, method: str, token: str, args: Payload) -> Payload:
        if method in _NO_TOKEN:
            return self._oauth(args)
        if method == "apps.connections.open":
            self._in_time(method, "")
            return self._open_connection(token)
        if method not in METHODS:
            raise Refused("unknown_method")
        known = self._token(token)
        self._in_time(method, known.team, str(args.get("channel", "")))
        for name in args.keys() - ARGUMENTS[method] - {"token", "_fault"}:
            self.world.breach(f"{method}: no such argument: {name}")
        args["_base"] = self.base
        return METHODS[method](Call(self.world, method, known, args))

    def _in_time(self, method: str, team: str, channel: str = "") -> None:
        if wait := self.rates.wait(method, team, channel):
            raise Refused("ratelimited", retry_after=wait)

    def _token(self, token: str) -> Token:
        if not token:
            raise Refused("not_authed")
        known = self.world.tokens.get(token)
        if known is None:
            raise Refused("invalid_auth")
        if known.revoked:
            raise Refused("token_revoked")
        if known.expires_at is not None and self.clock() >= known.expires_at:
            raise Refused("token_expired")
        return known

    def _open_connection(self, token: str) -> Payload:
        if token != self.app_token:
            raise Refused("not_allowed_token_type" if token in self.world.tokens else "invalid_auth")
        ticket = secrets.token_hex(8)
        self._tickets.add(ticket)
        return {"url": f"{self.base.replace('http', 'ws', 1)}socket/{ticket}"}

    def _oauth(self, args: Payload) -> Payload:
        if args.get("client_id") != self.client_id:
            raise Refused("invalid_client_id")
        if args.get("client_secret") != self.client_secret:
            raise Refused("bad_client_secret")
        if args.get("grant_type", "authorization_code") not in ("authorization_code", "refresh_token"):
            raise Refused("invalid_grant_type")
        if args.get("grant_type") == "refresh_token":
            team = self.world.refresh_tokens.pop(str(args.get("refresh_token")), None)
            if team is None:
                self.world.breach("oauth.v2.access: a refresh token was used twice")
                raise Refused("invalid_refresh_token")
        else:
            team = self._codes.pop(str(args.get("code")), None)
            if team is None:
                raise Refused("invalid_code")
        return self._grant(team)

    def _grant(self, holder: str) -> Payload:
        team = next(t for t in self.world.teams.values() if holder in (t.id, t.enterprise))
        whole = holder != team.id
        token = self.world.issue_token(holder, lasts=self.token_lasts if self.rotation else None)
        grant: Payload = {
            "access_token": token,
            "token_type": "bot",
            "scope": ",".join(sorted(team.scopes)),
            "bot_user_id": team.bot_user,
            "app_id": "A0LOCAL",
            "team": None if whole else {"id": team.id, "name": team.name},
            "enterprise": {"id": team.enterprise} if team.enterprise else None,
            "is_enterprise_install": whole,
            "authed_user": {"id": "U0INSTALLER"},
        }
        if self.rotation:
            grant |= {
                "refresh_token": self.world.issue_refresh_token(holder),
                "expires_in": int(self.token_lasts),
            }
        return grant

    # -- the rest ------------------------------------------------------------------------------------------------
    async def _upload(self, request: web.Request) -> web.Response:
        file = self.world.files.get(request.match_info["file"])
        content = await request.read()
        if request.content_type.startswith("multipart/"):
            return web.Response(status=400, text="send the bytes as the body")
        if file is None or file["content"] is not None:
            return web.Response(status=404)
        if len(content) != file["length"]:
            self.world.breach("upload: the length is not the one that was announced")
            return web.Response(status=400)
        file["content"] = content
        return web.Response(text=f"OK - {len(content)}")

    async def _respond(self, request: web.Request) -> web.Response:
        url = self.world.response_urls.get(request.match_info["id"])
        payload = await request.json()
        self.world.sent.append(("response_url", payload))
        fault = self.faults.of_call("response_url")
        if fault and (early := await _before(fault, request)) is not None:
            return early
        if url is None or self.clock() - url.at > RESPONSE_URL_LASTS:
            self.world.breach("response_url: used after 30 minutes")
            return web.json_response({"ok": False, "error": "expired_url"}, status=404)
        if url.uses >= RESPONSE_URL_USES:
            self.world.breach("response_url: used more than five times")
            return web.json_response({"ok": False, "error": "used_url"}, status=404)
        url.uses += 1
        self._say_by_url(url, payload)
        return _cut(request) if fault and fault.kind == "lost" else web.Response(text="ok")

    def _say_by_url(self, url: ResponseUrl, payload: Payload) -> None:
        channel = self.world.channels[url.channel]
        found = channel.find(url.message)
        if payload.get("delete_original"):
            if found:
                found.deleted = True
            return
        for problem in rules.message_problems(payload):
            self.world.breach(f"response_url: {problem}")
        if payload.get("replace_original") and found:
            found.text, found.blocks = payload.get("text", ""), payload.get("blocks") or []
            return
        team = self.world.teams[channel.team]
        private = payload.get("response_type", "ephemeral") == "ephemeral"
        blocks = payload.get("blocks") or []
        self.world.post(
            channel,
            Message(
                self.world.next_ts(),
                channel.id,
                team.bot_user,
                payload.get("text", ""),
                blocks,
                thread_ts=payload.get("thread_ts"),
                bot_id=team.bot_id,
                only_for=url.user if private else None,
            ),
        )

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        ticket = request.match_info["ticket"]
        if ticket not in self._tickets:
            return web.Response(status=401)
        self._tickets.remove(ticket)
        return await self.delivery.serve(request)


@asynccontextmanager
async def local_slack(manifest: Mapping[str, Any], **options: Any) -> AsyncIterator[LocalSlack]:
    """A local Slack that runs until the block ends."""
    slack = LocalSlack(manifest, **options)
    await slack.start()
    try:
        yield slack
    finally:
        await slack.stop()


async def _arguments(request: web.Request) -> Payload:
    """The arguments of a call, whichever of the two documented encodings they came in."""
    args: Payload = dict(request.query)
    if request.content_type == "application/json":
        args |= await request.json()
    elif request.can_read_body:
        args |= dict(await request.post())
    if (basic := request.headers.get("Authorization", "")).startswith("Basic "):
        import base64

        identity, _, secret = base64.b64decode(basic[6:]).decode().partition(":")
        args |= {"client_id": identity, "client_secret": secret}
    for name in _JSON_ARGS:
        if isinstance(args.get(name), str):
            try:
                args[name] = json.loads(args[name])
            except ValueError:
                args[name] = None
    return args


def _bearer(request: web.Request, args: Payload) -> str:
    header = request.headers.get("Authorization", "")
    return header.removeprefix("Bearer ") if header.startswith("Bearer ") else str(args.get("token") or "")


async def _before(fault: Fault, request: web.Request) -> web.Response | None:
    """What the fault does before the call is carried out; None where it goes on."""
    match fault.kind:
        case "delay":
            await asyncio.sleep(fault.value)
            return None
        case "refused":
            return _cut(request)
        case "500":
            return web.Response(status=500, text="server error")
        case "429":
            return web.json_response(
                {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": f"{fault.value or 1:g}"}
            )
        case "lost" | "unshared":
            return None
        case error:
            return web.json_response({"ok": False, "error": error})


def _cut(request: web.Request) -> web.Response:
    """End the connection without an answer."""
    if request.transport:
        request.transport.abort()
    return web.Response()
