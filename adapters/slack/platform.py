"""Slack as one chat platform of the bot's: Socket Mode or HTTP in, the Web API out."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from adapters.card import Card
from adapters.platform import Inbox, MessageRef, NotDelivered, Place, Receive, SharedDrawer
from adapters.slack import ids
from adapters.slack.api import Api
from adapters.slack.coverage import Coverage
from adapters.slack.desk import Desk
from adapters.slack.directory import Directory
from adapters.slack.guided import Guided
from adapters.slack.home import Glance, Home
from adapters.slack.intake import Intake
from adapters.slack.kept import Kept
from adapters.slack.ledger import Ledger
from adapters.slack.posting import Posting
from adapters.slack.settings import SlackOptions
from adapters.slack.sockets import Socket
from adapters.slack.tokens import Installation, Installations
from adapters.slack.web import Web
from adapters.slack.whispering import Whispering, is_ephemeral

log = logging.getLogger(__name__)

RENEW_EVERY = 300.0
TIDY_EVERY = 3600.0


class SlackPlatform:
    """See ``adapters.platform.ChatPlatform``. ``glance`` gives the App Home's card."""

    name = ids.PLATFORM

    def __init__(
        self,
        options: SlackOptions,
        drawer: SharedDrawer,
        inbox: Inbox,
        *,
        glance: Glance | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.options, self._clock = options, clock
        self.api = Api(options.base_url)
        self.installations = Installations(drawer, self._exchange, clock=clock)
        self.api.installations = self.installations
        self.directory = Directory(self.api)
        kept, self._ledger = Kept(drawer, clock=clock), Ledger(drawer, clock=clock)
        self.posting = Posting(
            self.api,
            self.directory,
            kept,
            self._ledger,
            clock,
            options.every,
            look_again=options.patience,
            spoken_to=f"@{options.name} ",
            commands=options.commands,
        )
        self.whispering = Whispering(self.posting, clock)
        self.coverage = Coverage(options, self.whispering, clock)
        self._guided = Guided(drawer, self.posting.post, self.directory.direct, self._send_form, clock, options.wrong)
        self.desk = Desk(
            self.api,
            self.installations,
            self.directory,
            kept,
            self.whispering,
            self._guided,
            Home(self.posting, glance),
            self.coverage,
            options,
            clock,
        )
        self.intake = Intake(
            inbox, self.desk.handle, self.desk.answer, self.desk.early, clock=clock, wait=options.patience
        )
        self._kept = kept
        self.web: Web | None = None
        self.ready = asyncio.Event()
        """Set once Slack reaches the bot."""

    @property
    def acknowledged(self) -> list[Callable[[float], None]]:
        """Who wants to hear how many seconds an acknowledgement took."""
        return self.intake.acknowledged

    # -- words in ------------------------------------------------------------------------------------------------
    async def run(self, receive: Receive) -> None:
        """Take words in until cancelled; what was acknowledged before a stop is handed over first."""
        self.desk.receive = receive
        async with self.opened(), asyncio.TaskGroup() as tasks:
            tasks.create_task(self.intake.write())
            tasks.create_task(self._renew())
            tasks.create_task(self._tidy())
            app = self.intake.app(self.api.client(), self.options.signing_secret)
            await self.intake.resume()
            try:
                async with self._reached(app):
                    self.ready.set()
                    await asyncio.get_running_loop().create_future()
            finally:
                self.ready.clear()
                self.intake.stop()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """The Web API can be called; every workspace the bot is installed in is known."""
        await self.api.open()
        try:
            await self.installations.load()
            if self.options.bot_token:
                self.installations.use(await self._own_workspace())
            yield
        finally:
            await self._ledger.finish()
            await self.api.close()

    @asynccontextmanager
    async def _reached(self, app: AsyncApp) -> AsyncIterator[None]:
        """Connected by sockets, or served over HTTP."""
        if not self.options.app_token:
            self.web = Web(app, self.api, self.installations, self.options)
            await self.web.start()
            try:
                yield
            finally:
                await self.web.stop()
            return
        sockets = [self._socket(app) for _ in range(max(1, min(self.options.sockets, 10)))]
        try:
            for socket in sockets:
                await socket.connect_async()  # type: ignore[no-untyped-call]  # Bolt's is not typed
            yield
        finally:
            for socket in sockets:
                with suppress(Exception):  # a socket that fails to close is gone all the same
                    await socket.close_async()  # type: ignore[no-untyped-call]  # Bolt's is not typed

    def _socket(self, app: AsyncApp) -> Socket:
        client = AsyncWebClient(base_url=self.api.base_url, retry_handlers=[])
        return Socket(self.intake, app, self.options.app_token, client)

    async def _own_workspace(self) -> Installation:
        """The workspace of the configured token. Asked until Slack answers: a bot may start before its network does."""
        wait = self.options.patience
        while True:
            try:
                answer = await self.api.bare(self.options.bot_token, "auth.test")
                break
            except NotDelivered as failure:
                if failure.final or failure.kind in ("invalid_auth", "token_revoked", "account_inactive"):
                    raise
                log.warning("Slack does not answer yet: %s", failure.kind)
                await asyncio.sleep(wait)
                wait = min(wait * 2, 60)
        return Installation(
            team=str(answer["team_id"]),
            bot_user=str(answer["user_id"]),
            bot_id=str(answer.get("bot_id") or ""),
            name=str(answer.get("team") or ""),
            token=self.options.bot_token,
        )

    # -- cards out -----------------------------------------------------------------------------------------------
    async def post(self, place: Place, card: Card, key: str) -> MessageRef:
        """Show the card to everyone in the place, once for this key."""
        await self.coverage.check(card, key, place)
        return await self.posting.post(place, card, key)

    async def whisper(self, place: Place, account: str, card: Card, key: str) -> MessageRef:
        """Show the card to one person: ephemeral where they are looking, else in the direct conversation."""
        if (await self.directory.person(account)).outside:
            raise NotDelivered("not_a_member", final=True)
        await self.coverage.check(card, key, place, account)
        return await self.whispering.whisper(place, account, card, key)

    async def edit(self, message: MessageRef, card: Card) -> None:
        """Show another card in the same message."""
        await self.coverage.check(card)
        await (self.whispering if is_ephemeral(message) else self.posting).edit(message, card)

    async def redact(self, message: MessageRef) -> None:
        """Take one of the bot's messages out. Slack lets no bot take out a person's."""
        await (self.whispering if is_ephemeral(message) else self.posting).redact(message)

    async def members(self, room: str) -> frozenset[str]:
        """The accounts in the room, the bot's own left out."""
        return await self.directory.members(room)

    # -- within --------------------------------------------------------------------------------------------------
    async def _send_form(self, account: str, filled: Any) -> Any:
        return await self.desk.send_form(account, filled)

    async def _exchange(self, refresh_token: str) -> dict[str, Any]:
        return await self.api.bare(
            None,
            "oauth.v2.access",
            client_id=self.options.client_id,
            client_secret=self.options.client_secret,
            grant_type="refresh_token",
            refresh_token=refresh_token,
        )

    async def _renew(self) -> None:
        while True:
            await self.installations.renew_ahead()
            await asyncio.sleep(RENEW_EVERY)

    async def _tidy(self) -> None:
        while True:
            for forget in (self._kept.forget_old, self._ledger.forget_old, self._guided.forget_old):
                try:
                    await forget()
                except Exception as failure:
                    log.warning("the drawer could not be tidied: %s", type(failure).__name__)
            await asyncio.sleep(TIDY_EVERY)
