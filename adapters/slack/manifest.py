"""The app manifest: the scopes, events, commands and shortcuts that the bot uses, and no others."""

from collections.abc import Sequence
from typing import Any

from adapters.slack.hearing import Shortcut

SCOPES = {
    "app_mentions:read": "hear @confer in channels and threads",
    "channels:history": "hear what is said in public channels it is in; find its own posts again in doubt",
    "channels:read": "know who is in a public channel and whether it is open to another organisation",
    "chat:write": "post, change and take out its own messages",
    "commands": "/confer and the message shortcuts",
    "files:read": "check that a file was really shared",
    "files:write": "share minutes and calendar files, take them out again",
    "groups:history": "as channels:history, for private channels",
    "groups:read": "as channels:read, for private channels",
    "im:history": "hear direct messages; find its own posts again in doubt",
    "im:read": "know its direct conversations",
    "im:write": "begin a direct conversation, for private answers and reminders",
    "users:read": "people's names; refuse guests and people of other organisations",
}
"""Every bot scope and what it is for."""

EVENTS = (
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "channel_shared",
    "channel_unshared",
    "member_joined_channel",
    "member_left_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "tokens_revoked",
)


def manifest(
    shortcuts: Sequence[Shortcut] = (),
    *,
    command: str = "/confer",
    url: str = "",
    rotation: bool = False,
) -> dict[str, Any]:
    """The manifest for Socket Mode, or with ``url``, the bot's address as Slack sees it, for HTTP."""
    address = f"{url.rstrip('/')}/slack/events" if url else ""
    slash = {
        "command": command,
        "description": "Organize your team's case conferences",
        "usage_hint": "help",
        "should_escape": True,
    }
    settings: dict[str, Any] = {
        "event_subscriptions": {"bot_events": list(EVENTS)},
        "interactivity": {"is_enabled": True},
        "org_deploy_enabled": bool(url),
        "socket_mode_enabled": not url,
        "token_rotation_enabled": rotation,
    }
    oauth: dict[str, Any] = {"scopes": {"bot": sorted(SCOPES)}}
    if url:
        slash["url"] = address
        settings["event_subscriptions"]["request_url"] = address
        settings["interactivity"]["request_url"] = address
        oauth["redirect_urls"] = [f"{url.rstrip('/')}/slack/oauth_redirect"]
    features: dict[str, Any] = {
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
        "bot_user": {"display_name": "Confer", "always_online": True},
        "slash_commands": [slash],
    }
    if shortcuts:
        features["shortcuts"] = [
            {"name": s.name, "type": "message", "callback_id": s.callback, "description": s.about} for s in shortcuts
        ]
    return {
        "_metadata": {"major_version": 1},
        "display_information": {
            "name": "Confer",
            "description": "Organizes clinical case conferences",
            "background_color": "#1d4ed8",
        },
        "features": features,
        "oauth_config": oauth,
        "settings": settings,
    }
