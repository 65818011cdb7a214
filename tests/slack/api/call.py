"""What a call of the Web API is: who calls, with which arguments; every argument of a method is a documented one."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.slack.world import Channel, Payload, Team, Token, World

Method = Callable[["Call"], Payload]
_SAID = {"channel", "text", "blocks", "thread_ts", "metadata", "attachments", "link_names", "parse", "markdown_text"}
_LISTED = {"channel", "cursor", "limit"}
_READ = _LISTED | {"oldest", "latest", "inclusive", "include_all_metadata"}
ARGUMENTS = {
    "auth.test": set[str](),
    "chat.postMessage": _SAID | {"unfurl_links", "unfurl_media", "reply_broadcast", "mrkdwn", "username"},
    "chat.postEphemeral": _SAID | {"user", "username"},
    "chat.update": _SAID - {"thread_ts"} | {"ts", "reply_broadcast", "file_ids"},
    "chat.delete": {"channel", "ts"},
    "conversations.open": {"channel", "users", "return_im", "prevent_creation"},
    "conversations.history": _READ,
    "conversations.replies": _READ | {"ts"},
    "conversations.members": _LISTED,
    "conversations.info": {"channel", "include_locale", "include_num_members"},
    "conversations.join": {"channel"},
    "users.info": {"user", "include_locale"},
    "views.open": {"trigger_id", "interactivity_pointer", "view"},
    "views.push": {"trigger_id", "interactivity_pointer", "view"},
    "views.update": {"view_id", "external_id", "hash", "view"},
    "views.publish": {"user_id", "hash", "view"},
    "files.getUploadURLExternal": {"filename", "length", "alt_txt", "snippet_type"},
    "files.completeUploadExternal": {"files", "channel_id", "channels", "thread_ts", "initial_comment", "blocks"},
    "files.info": {"file", "cursor", "limit"},
    "files.delete": {"file"},
    "reactions.add": {"channel", "name", "timestamp"},
}
"""The documented arguments, the token apart."""


class Refused(Exception):
    """Slack answers ``ok: false`` with this error."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error, self.more = error, more


class Call:
    """One call: who calls, with which arguments."""

    def __init__(self, world: World, method: str, token: Token | None, args: Mapping[str, Any]) -> None:
        self.world, self.method, self.token, self.args = world, method, token, args

    @property
    def team(self) -> Team:
        """The workspace of the call; an organisation's token serves in each of its own."""
        assert self.token
        if self.token.team in self.world.teams:
            return self.world.teams[self.token.team]
        ours = [t for t in self.world.teams.values() if t.enterprise == self.token.team]
        channel, user = (
            self.world.channels.get(str(self.args.get("channel") or self.args.get("channel_id") or "")),
            self.world.users.get(str(self.args.get("user") or self.args.get("users") or "")),
        )
        named = channel.team if channel else user.team if user else ""
        return next((t for t in ours if t.id == named), ours[0])

    def need(self, *scopes: str) -> None:
        """One of the scopes, or missing_scope."""
        assert self.token
        if not set(scopes) & self.token.scopes:
            self.world.breach(f"{self.method}: missing_scope {scopes[0]}")
            raise Refused("missing_scope", needed=",".join(scopes), provided=",".join(sorted(self.token.scopes)))

    def text(self, name: str) -> str:
        value = self.args.get(name)
        if value in (None, ""):
            raise Refused("invalid_arguments", response_metadata={"messages": [f"missing required field: {name}"]})
        return str(value)

    def flag(self, name: str) -> bool:
        return str(self.args.get(name, "")).lower() in ("1", "true")

    def channel(self, *, inside: bool = True) -> Channel:
        """The channel of the call; a private one that the bot is not in does not exist for it."""
        found = self.world.channels.get(self.text("channel"))
        if found is None or found.team != self.team.id:
            raise Refused("channel_not_found")
        if self.team.bot_user not in found.members:
            if found.kind != "channel":
                raise Refused("channel_not_found")
            if inside:
                raise Refused("not_in_channel")
        return found
