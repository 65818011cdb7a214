"""What becomes of everything that was taken in: who may speak, what a click means, where a form is filled."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from adapters.card import Card, Form, Tone
from adapters.platform import Invocation, NotDelivered, Outcome, Place, Receive, Source
from adapters.slack import hearing, ids, modals
from adapters.slack.api import Api
from adapters.slack.coverage import NOT_COVERED, Coverage
from adapters.slack.directory import Directory
from adapters.slack.guided import Filled, Guided
from adapters.slack.home import Home
from adapters.slack.kept import Kept
from adapters.slack.settings import SlackOptions
from adapters.slack.tokens import Installations, NotInstalled
from adapters.slack.whispering import Whispering

log = logging.getLogger(__name__)

Body = dict[str, Any]
REMEMBERED = 10_000
TO_CHECK = 1.0
"""Seconds, of the three that Slack gives, in which a sent form may be looked at."""
SHARED = "I do not work in a channel that is open to another organisation. Use one that only your own people are in."
OUTSIDE = "I serve the members of this workspace, not its guests or people of other organisations."
NOT_INSIDE = "I am not in that channel. Invite me there with `/invite`, or write to me here."
TOO_OLD = "That button is too old to be understood. Ask for what it was about anew."

_AGAIN: ContextVar[bool] = ContextVar("again", default=False)
"""What an earlier process may have answered in an ephemeral message is answered in private: that is once for ever."""


@dataclass(slots=True)
class Desk:
    api: Api
    installations: Installations
    directory: Directory
    kept: Kept
    whispering: Whispering
    guided: Guided
    home: Home
    coverage: Coverage
    options: SlackOptions
    clock: Callable[[], float] = time.time
    receive: Receive | None = None
    _seen: "OrderedDict[str, None]" = field(default_factory=OrderedDict)
    _opening: dict[str, "asyncio.Task[dict[str, Any]]"] = field(default_factory=dict)

    # -- at once, before anything is kept ------------------------------------------------------------------------
    async def answer(self, body: Body) -> Body | None:
        """An acknowledgement with a body, for what needs nothing else; None for all that is to be carried out."""
        if body.get("type") == "view_closed" or (body.get("event") or {}).get("type") == "message_changed":
            return {}
        if body.get("type") != "view_submission" or body["view"].get("callback_id") != modals.CALLBACK:
            return None
        token, _, _ = str(body["view"].get("private_metadata") or "").partition(" ")
        try:
            async with asyncio.timeout(TO_CHECK):
                form = await self.kept.meant(token)
        except TimeoutError:
            return None  # the database is busy: the bot itself will say what is wrong
        if not isinstance(form, Form):
            return {"response_action": "update", "view": modals.gone()}
        fields = modals.filled(form, body["view"])
        if wrong := modals.problems(form, fields, self.options.wrong(form.command, fields)):
            return {"response_action": "errors", "errors": wrong}
        return None

    def early(self, body: Body) -> None:
        """A trigger lives three seconds: the empty view is opened before anything else is done."""
        if body.get("type") != "block_actions" or not self.options.modals:
            return
        press = hearing.pressed(body)
        if press and press.value.startswith("~") and ".f" in press.value and press.trigger:
            opening = self.api.call(
                hearing.team_of(body), "views.open", trigger_id=press.trigger, view=modals.skeleton()
            )
            self._opening[press.id] = asyncio.create_task(opening)

    # -- after it was kept ---------------------------------------------------------------------------------------
    async def handle(self, body: Body, at: float, *, again: bool = False) -> None:
        """Carry out one body; ``again``: an earlier process may have begun with it.

        Raises NotDelivered, and whatever ``receive`` raises, where it is to be tried again.
        """
        _AGAIN.set(again)
        team = hearing.team_of(body)
        if enterprise := hearing.organisation_of(body):
            await self.installations.belongs(team, enterprise)
        try:
            bot = (await self.installations.get(team)).bot_user
        except NotInstalled:
            return
        match body.get("type"):
            case "event_callback":
                await self._event(body, bot, team)
            case "block_actions":
                await self._press(body)
            case "view_submission":
                await self._submitted(body)
            case "message_action":
                shortcuts = {s.callback: s for s in self.options.shortcuts}
                await self._hand_over(hearing.picked(body, shortcuts, bot, self.options.name))
            case None if "command" in body:
                await self._slash(hearing.slash(body, bot, self.options.name, at))
            case _:
                return

    async def _event(self, body: Body, bot: str, team: str) -> None:
        event = body["event"]
        kind, channel = event.get("type"), event.get("channel")
        room = ids.room(channel, team) if isinstance(channel, str) else ""
        match kind:
            case "message" | "app_mention":
                await self._said(body, hearing.spoken(body, bot, self.options.name))
            case "member_joined_channel" | "member_left_channel":
                self.directory.members_changed(room)
                if kind == "member_joined_channel" and event.get("user") == bot:
                    self.directory.sharing_changed(room)
                    await self._joined(body, room, team, str(event.get("event_ts") or body.get("event_id")))
            case "app_home_opened" if event.get("tab", "home") == "home":
                await self.home.show(ids.account(event["user"], team))
            case "channel_shared" | "channel_unshared":
                self.directory.sharing_changed(room)
            case "app_uninstalled":
                await self._removed(body, team)
            case "tokens_revoked" if (event.get("tokens") or {}).get("bot"):
                await self._removed(body, team)
            case _:
                return

    async def _removed(self, body: Body, team: str) -> None:
        """The app, or its token, is gone: in the workspace, or in the whole organisation that installed it as one."""
        for gone in filter(None, (team, hearing.organisation_of(body))):
            await self.installations.remove(gone)

    async def _said(self, body: Body, said: Invocation | None) -> None:
        if said is None or said.id in self._seen:
            return
        if (shared := body.get("is_ext_shared_channel")) is not None:
            self.directory.heard_in(said.place.room, shared=bool(shared))
        if said.place.direct:
            self.directory.is_direct_with(said.account, said.place.room)
            raw = str(body["event"].get("text") or "")
            named = raw.lstrip().startswith("<@") or raw.lstrip().casefold().startswith(("!", "@"))
            if not named and await self.guided.answer(
                said.account, said.text, said.message.message if said.message else ""
            ):
                self._remember(said.id)
                return
        await self._hand_over(said)

    async def _joined(self, body: Body, room: str, team: str, stamp: str) -> None:
        inviter = body["event"].get("inviter") or ""
        place = ids.place(ids.split(room)[0], team)
        if (await self.directory.channel(room)).shared:
            return
        account = ids.account(inviter, team) if inviter else ""
        at = hearing.moment(body["event"].get("event_ts") or "0")
        await self._receive(Invocation(f"join:{room}:{stamp}", account, "", place, "", at, Source.JOINED))

    async def _slash(self, said: Invocation) -> None:
        """A slash command may come from a channel or a direct conversation that the bot is not in."""
        if said.place.direct:
            room = await self.directory.direct(said.account)
            said = replace(said, place=Place(ids.PLATFORM, room, None, direct=True))
        await self._hand_over(said)

    async def _press(self, body: Body) -> None:
        press = hearing.pressed(body)
        if press is None or press.id in self._seen:
            return
        if press.message and press.is_ephemeral and press.response_url:
            self.whispering.pressed_in(press.message, press.response_url)
        if await self.guided.press(press.account, press.value, press.id):
            self._remember(press.id)
            return
        place = press.place or Place(ids.PLATFORM, await self.directory.direct(press.account), None, direct=True)
        meant = await self.kept.meant(press.value)
        command = meant if isinstance(meant, str) else meant.command if meant else ""
        pressed = Invocation(
            press.id, press.account, "", place, command, press.at, Source.BUTTON, message=press.message
        )
        if meant is None:
            await self._note(pressed, TOO_OLD, place)
        elif isinstance(meant, Form):
            await self._open(pressed, meant, press.value)
        else:
            await self._hand_over(pressed)
            return
        self._remember(press.id)

    async def _open(self, pressed: Invocation, form: Form, token: str) -> None:
        """Where the form is filled in: in a modal where that is allowed, else by talking in private."""
        if (refusal := await self._refusal(pressed)) is not None:
            await self._note(pressed, refusal, Place(ids.PLATFORM, ""))
            return
        opening = self._opening.pop(pressed.id, None)
        lent = await self.guided.lent(pressed.account, form)
        if opening is not None and modals.fits(lent):
            try:
                view = (await opening)["view"]
                _, team = ids.split(pressed.account)
                origin = ids.origin(pressed.place)
                filled = modals.view(lent, f"{token} {origin}")
                await self.api.call(team, "views.update", view_id=view["id"], hash=view.get("hash"), view=filled)
            except NotDelivered as failure:
                if failure.kind in ("not_found", "hash_conflict"):
                    return  # the person has closed the view, or it was filled already
                log.warning("a view could not be opened: %s", failure.kind)
            else:
                return
        await self.guided.start(pressed.account, form, pressed.place, pressed.message, pressed.id)

    async def _submitted(self, body: Body) -> None:
        view = body["view"]
        identity = f"view:{hearing.team_of(body)}:{view['id']}:{view.get('hash', '')}"
        token, _, origin = str(view.get("private_metadata") or "").partition(" ")
        form = await self.kept.meant(token) if token else None
        user, team = str(body["user"]["id"]), hearing.team_of(body)
        account = ids.account(user, team)
        place = ids.from_origin(origin, team)
        if not isinstance(form, Form) or place is None or view.get("callback_id") != modals.CALLBACK:
            return
        at = datetime.fromtimestamp(self.clock(), UTC)
        fields = modals.filled(form, view)
        sent = Invocation(identity, account, "", place, form.command, at, Source.FORM, fields=fields)
        outcome = await self._hand_over(sent)
        if outcome.refused or not outcome.ignored:
            await self.guided.lend(account, form, place, fields if outcome.refused else {})

    async def send_form(self, account: str, filled: Filled) -> Outcome:
        """Hand over a form that was filled in by talking."""
        words = filled.form.command
        sent = Invocation(
            filled.id,
            account,
            "",
            filled.place,
            words,
            datetime.fromtimestamp(self.clock(), UTC),
            Source.FORM,
            filled.fields,
            filled.message,
        )
        return await self._hand_over(sent)

    # -- who may, and the rest -----------------------------------------------------------------------------------
    async def _hand_over(self, said: Invocation | None) -> Outcome:
        if said is None or said.id in self._seen:
            return Outcome(ignored=True)
        if (refusal := await self._refusal(said)) is not None:
            if said.source is not Source.CHAT:
                await self._note(said, refusal, said.place if refusal is NOT_COVERED else Place(ids.PLATFORM, ""))
            self._remember(said.id)
            return Outcome(refused=True)
        person = await self.directory.person(said.account)
        if not said.place.direct and not _AGAIN.get():
            self.whispering.is_looking(said.account, said.place.room)
        self.coverage.heard(said.id)
        mentioned = await self.directory.names(set(ids.ACCOUNT.findall(said.text)))
        outcome = await self._receive(replace(said, account_name=person.name, names=mentioned))
        self._remember(said.id)
        return outcome

    async def _refusal(self, said: Invocation) -> str | None:
        """Why the words are not taken, or None."""
        if not await self.directory.is_inside(said.place.room):
            return NOT_INSIDE
        if (await self.directory.channel(said.place.room)).shared:
            return SHARED
        if (await self.directory.person(said.account)).outside:
            return OUTSIDE
        if not self.options.covered and (said.source is Source.CHAT or not self.coverage.takes(said.text)):
            return NOT_COVERED
        return None

    async def _receive(self, invocation: Invocation) -> Outcome:
        if self.receive is None:
            return Outcome(ignored=True)
        return await self.receive(invocation)

    async def _note(self, said: Invocation, words: str, place: Place) -> None:
        """Tell the one person, once."""
        await self.whispering.whisper(place, said.account, Card(words, tone=Tone.WARNING), f"note:{said.id}")

    def _remember(self, identity: str) -> None:
        self._seen[identity] = None
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
