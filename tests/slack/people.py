"""What people do in the local Slack, and what they see: the events, interactions and commands that it makes of it."""

import json
import re
import secrets
from collections.abc import Mapping
from typing import Any

from tests.slack.answers import COMMANDS, EVENTS, INTERACTIVE
from tests.slack.delivery import Acknowledgement
from tests.slack.server import LocalSlack
from tests.slack.world import Channel, Message, Payload, ResponseUrl, Team, User, View


def escaped(text: str) -> str:
    """Text as Slack hands it on: the three characters of mark-up are written out."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class People:
    """The people of one workspace."""

    def __init__(self, slack: LocalSlack, team: Team, *, organisation: bool = False) -> None:
        self.slack, self.world, self.team = slack, slack.world, team
        self.whole = organisation
        """The app was installed in the organisation, not in this workspace."""

    def person(self, name: str, **flags: bool) -> User:
        """The person of that name, there from the first mention."""
        found = (
            u
            for u in self.world.users.values()
            if u.team == self.team.id and u.name.casefold() == name.casefold() and not u.is_bot
        )
        return next(found, None) or self.world.add_user(name, self.team.id, **flags)

    def channel(self, name: str, *people: str, kind: str = "channel", bot: bool = True) -> Channel:
        """The channel of that name, with these people and, unless told otherwise, the bot in it."""
        named = (c for c in self.world.channels.values() if c.team == self.team.id and c.name == name)
        found = next(named, None) or self.world.add_channel(self.team.id, name, kind)
        found.members |= {self.person(p).id for p in people} | ({self.team.bot_user} if bot else set())
        return found

    def direct(self, name: str) -> Channel:
        return self.world.direct(self.team.id, self.person(name).id)

    # -- saying --------------------------------------------------------------------------------------------------
    async def says(self, name: str, channel: Channel, text: str, *, thread: str | None = None, **more: Any) -> Message:
        """A message in the channel; a mention of the bot makes a second event of the same message."""
        message = Message(
            self.world.next_ts(), channel.id, self.person(name).id, self._typed(text), thread_ts=thread, **more
        )
        self.world.post(channel, message)
        await self.announce(channel, message)
        return message

    async def announce(self, channel: Channel, message: Message) -> list[Acknowledgement]:
        """Send the events of a message that was posted."""
        kind = {"channel": "channels", "group": "groups", "im": "im"}[channel.kind]
        if self.team.bot_user not in channel.members:
            return []
        event = {
            **message.shown(),
            "channel": channel.id,
            "channel_type": channel.kind,
            "event_ts": message.ts,
            "team": self.team.id,
        }
        sent = []
        if f"message.{kind}" in self.slack.events:
            sent.append(await self.event(event, channel))
        mentioned = f"<@{self.team.bot_user}" in message.text
        if mentioned and channel.kind != "im" and "app_mention" in self.slack.events:
            sent.append(await self.event({**event, "type": "app_mention"}, channel))
        return sent

    async def edits(self, name: str, channel: Channel, message: Message, text: str) -> Acknowledgement:
        before = message.shown()
        message.text, message.edited = self._typed(text), True
        event = {
            "type": "message",
            "subtype": "message_changed",
            "channel": channel.id,
            "channel_type": channel.kind,
            "ts": self.world.next_ts(),
            "event_ts": self.world.next_ts(),
            "message": {**message.shown(), "edited": {"user": self.person(name).id, "ts": message.ts}},
            "previous_message": before,
        }
        return await self.event(event, channel)

    async def event(self, event: Payload, channel: Channel | None = None, **envelope: Any) -> Acknowledgement:
        """Any event, in the envelope of the Events API."""
        return await self.slack.delivery.send(EVENTS, self.event_payload(event, channel, **envelope))

    def event_payload(self, event: Payload, channel: Channel | None = None, **envelope: Any) -> Payload:
        return {
            "token": "unused",
            "type": "event_callback",
            "team_id": self.team.id,
            "api_app_id": "A0LOCAL",
            "event": event,
            "event_id": f"Ev{secrets.token_hex(5).upper()}",
            "event_time": int(self.slack.clock()),
            "is_ext_shared_channel": bool(channel and channel.ext_shared),
            "enterprise_id": self.team.enterprise or None,
            "authorizations": [
                {
                    "team_id": self.team.id,
                    "enterprise_id": self.team.enterprise or None,
                    "user_id": self.team.bot_user,
                    "is_bot": True,
                    "is_enterprise_install": self.whole,
                }
            ],
            **envelope,
        }

    # -- commands, buttons, views --------------------------------------------------------------------------------
    async def commands(self, name: str, channel: Channel, text: str, command: str = "/confer") -> Acknowledgement:
        """A slash command; Slack has none in threads."""
        user = self.person(name)
        payload = {
            "command": command,
            "text": self._typed(text),
            "team_id": self.team.id,
            "team_domain": "local",
            "channel_id": channel.id,
            "channel_name": channel.name or "directmessage",
            "user_id": user.id,
            "user_name": user.name.lower(),
            "api_app_id": "A0LOCAL",
            "is_enterprise_install": str(self.whole).lower(),
            **({"enterprise_id": self.team.enterprise} if self.team.enterprise else {}),
            "response_url": self._response_url(channel, user),
            "trigger_id": self.world.add_trigger(self.team.id, user.id),
        }
        return await self.slack.delivery.send(COMMANDS, payload)

    async def presses(self, name: str, message: Message, label: str) -> Acknowledgement:
        """A click on the message's button, or a choice in its menu, of that label."""
        return await self.slack.delivery.send(INTERACTIVE, self.press_payload(name, message, label))

    def press_payload(self, name: str, message: Message, label: str) -> Payload:
        user, channel = self.person(name), self.world.channels[message.channel]
        block, action = _labelled(message.blocks, label)
        container = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": bool(message.only_for),
        } | ({"thread_ts": message.thread_ts} if message.thread_ts else {})
        payload = self._interaction("block_actions", user) | {
            "container": container,
            "channel": {"id": channel.id, "name": channel.name},
            "response_url": self._response_url(channel, user, message),
            "actions": [{**action, "block_id": block["block_id"], "action_ts": f"{self.slack.clock():.6f}"}],
            "trigger_id": self.world.add_trigger(self.team.id, user.id),
        }
        if not message.only_for:
            payload["message"] = message.shown()
        return payload

    async def uses_shortcut(self, name: str, message: Message, callback_id: str) -> Acknowledgement:
        """A message shortcut from the message's menu."""
        user, channel = self.person(name), self.world.channels[message.channel]
        payload = self._interaction("message_action", user) | {
            "callback_id": callback_id,
            "message_ts": message.ts,
            "message": message.shown(),
            "channel": {"id": channel.id, "name": channel.name},
            "response_url": self._response_url(channel, user, message),
            "trigger_id": self.world.add_trigger(self.team.id, user.id),
            "action_ts": f"{self.slack.clock():.6f}",
        }
        return await self.slack.delivery.send(INTERACTIVE, payload)

    async def opens_home(self, name: str) -> Acknowledgement:
        self.world.at_home.add(self.person(name).id)
        event = {
            "type": "app_home_opened",
            "user": self.person(name).id,
            "channel": self.direct(name).id,
            "tab": "home",
            "event_ts": self.world.next_ts(),
        }
        return await self.event(event)

    async def presses_home(self, name: str, label: str) -> Acknowledgement:
        user = self.person(name)
        view = self.world.homes[user.id]
        block, action = _labelled(view.body["blocks"], label)
        payload = self._interaction("block_actions", user) | {
            "container": {"type": "view", "view_id": view.id},
            "view": view.body,
            "actions": [{**action, "block_id": block["block_id"], "action_ts": f"{self.slack.clock():.6f}"}],
            "trigger_id": self.world.add_trigger(self.team.id, user.id, view.id),
        }
        return await self.slack.delivery.send(INTERACTIVE, payload)

    def open_view(self, name: str) -> View | None:
        """The modal on top of the person's screen."""
        stack = self.world.stacks.get(self.person(name).id) or []
        return self.world.views[stack[-1]] if stack else None

    async def submits(self, name: str, values: Mapping[str, str]) -> Acknowledgement:
        """Fill the open modal by the labels of its inputs and send it; Slack itself checks what is required."""
        user, view = self.person(name), self.open_view(name)
        assert view, f"{name} has no view open"
        state: Payload = {}
        for block in (b for b in view.body["blocks"] if b["type"] == "input"):
            element, label = block["element"], block["label"]["text"]
            state.setdefault(block["block_id"], {})[element["action_id"]] = _filled(element, values.get(label))
        payload = self._interaction("view_submission", user) | {
            "view": {**view.body, "state": {"values": state}},
            "trigger_id": self.world.add_trigger(self.team.id, user.id, view.id),
            "response_urls": [],
        }
        answer = await self.slack.delivery.send(INTERACTIVE, payload)
        if not answer.late:
            self._after_sending(view, answer.body)
        return answer

    def _after_sending(self, view: View, answer: Payload) -> None:
        """What the answer makes of the person's views; on errors all stands as it was typed."""
        stack = self.world.stacks[view.user]
        match answer.get("response_action"):
            case "errors":
                return
            case "update":
                self.world.fill(view, answer["view"])
            case "clear":
                stack.clear()
            case _:
                stack.remove(view.id)

    async def closes(self, name: str) -> Acknowledgement | None:
        """Close the open modal; the app hears of it only where its view asks for that."""
        user, view = self.person(name), self.open_view(name)
        assert view, f"{name} has no view open"
        self.world.stacks[user.id].remove(view.id)
        if not view.body.get("notify_on_close"):
            return None
        payload = self._interaction("view_closed", user) | {"view": view.body, "is_cleared": False}
        return await self.slack.delivery.send(INTERACTIVE, payload)

    # -- looking -------------------------------------------------------------------------------------------------
    def sees(self, name: str, channel: Channel) -> list[Message]:
        """The messages of the channel that the person sees, oldest first."""
        user = self.person(name).id
        if user not in channel.members:
            return []
        return [m for m in channel.messages if not m.deleted and m.only_for in (None, user)]

    def _typed(self, text: str) -> str:
        """What a person's client makes of typed text: mentions as ids, the rest escaped."""
        words = escaped(text)
        names = sorted((u for u in self.world.users.values() if u.team == self.team.id), key=lambda u: -len(u.name))
        for user in names:
            words = re.sub(rf"@{re.escape(user.name)}(?!\w)", f"<@{user.id}>", words, flags=re.IGNORECASE)
        return words

    def _interaction(self, kind: str, user: User) -> Payload:
        return {
            "type": kind,
            "team": {"id": self.team.id, "domain": "local"},
            "user": {"id": user.id, "username": user.name.lower(), "name": user.name.lower(), "team_id": self.team.id},
            "api_app_id": "A0LOCAL",
            "token": "unused",
            "is_enterprise_install": self.whole,
            "enterprise": {"id": self.team.enterprise} if self.team.enterprise else None,
        }

    def _response_url(self, channel: Channel, user: User, message: Message | None = None) -> str:
        key = secrets.token_hex(8)
        self.world.response_urls[key] = ResponseUrl(
            channel.id, user.id, self.slack.clock(), message=message.ts if message else ""
        )
        return f"{self.slack.base}respond/{key}"


def text_of(message: Message) -> str:
    """All the words that a person reads in the message, mark-up resolved."""
    words = [message.text] if not message.blocks else []
    for block in message.blocks:
        words += _words(block)
    plain = "\n".join(words)
    for sign, written in (("<", "&lt;"), (">", "&gt;"), ("&", "&amp;")):
        plain = plain.replace(written, sign)
    return plain + "".join(f"\n[file {f['name']}]" for f in message.files)


def _words(thing: Any) -> list[str]:
    if isinstance(thing, dict):
        own = [thing["text"]] if isinstance(thing.get("text"), str) else []
        return own + [w for value in thing.values() if not isinstance(value, str) for w in _words(value)]
    return [w for one in thing for w in _words(one)] if isinstance(thing, list) else []


def _labelled(blocks: list[Payload], label: str) -> tuple[Payload, Payload]:
    """The block, and the action that pressing this label in it sends."""
    for block in blocks:
        elements = [*block.get("elements", ()), *([block["accessory"]] if "accessory" in block else [])]
        for element in elements:
            if element.get("type") == "button" and element["text"]["text"] == label:
                return block, {k: element[k] for k in ("type", "action_id", "value", "text") if k in element}
            for option in element.get("options", ()):
                if option["text"]["text"] == label:
                    chosen = {"type": element["type"], "action_id": element["action_id"], "selected_option": option}
                    return block, chosen
    raise AssertionError(f"there is no button {label} in {json.dumps(blocks)[:2000]}")


def _filled(element: Payload, value: str | None) -> Payload:
    kind = element["type"]
    if kind == "static_select":
        chosen = next((o for o in element["options"] if value in (o["value"], o["text"]["text"])), None)
        return {"type": kind, "selected_option": chosen or element.get("initial_option")}
    return {"type": kind, "value": element.get("initial_value") if value is None else value or None}
