"""How Slack's ids are written for the bot: with their workspace, for alone they are not unique (docs: user ids)."""

import re

from adapters.platform import Place

PLATFORM = "slack"
ACCOUNT = re.compile(r"@[UW][A-Z0-9]+:[TE][A-Z0-9]+")


def account(user: str, team: str) -> str:
    """``@U123:T1``, as people of several workspaces are told apart."""
    return f"@{user}:{team}"


def room(channel: str, team: str) -> str:
    return f"{channel}:{team}"


def split(name: str) -> tuple[str, str]:
    """The id and the workspace of an account or a room."""
    identity, _, team = name.removeprefix("@").partition(":")
    return identity, team


def place(channel: str, team: str, thread: str | None = None) -> Place:
    """The place; ids of direct conversations begin with D."""
    return Place(PLATFORM, room(channel, team), thread, direct=channel.startswith("D"))


def origin(place: Place) -> str:
    """The place in few characters without anything but ids, for a block's id."""
    return f"{split(place.room)[0]}.{place.thread or ''}"


def from_origin(words: str, team: str) -> Place | None:
    """The place that :func:`origin` wrote down; None for anything else."""
    channel, _, thread = words.partition(".")
    if channel[:1] not in ("C", "D", "G") or not channel.isalnum():
        return None
    return place(channel, team, thread or None)
