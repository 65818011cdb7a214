"""What people did in Slack, read into invocations: the same words whether typed, pressed, filled in or picked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adapters.platform import Invocation, MessageRef, Place, Source
from adapters.slack import ids
from adapters.slack.text import unescape
from adapters.slack.whispering import ephemeral
from adapters.words import addressed

Body = dict[str, Any]
SAID = {None, "file_share", "thread_broadcast", "me_message"}
_LEADING = re.compile(r"\s*<@([UW][A-Z0-9]+)(?:\|[^>]*)?>[:,]?\s*")


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A message shortcut: its name in Slack's menu, and the command it stands for, with ``{text}`` for the message."""

    callback: str
    name: str
    about: str
    command: str


def team_of(body: Body) -> str:
    """The workspace that the bot is spoken to in."""
    authorizations = body.get("authorizations") or [{}]
    team = body.get("team") or {}
    named = team.get("id") if isinstance(team, dict) else team
    return str(authorizations[0].get("team_id") or body.get("team_id") or named or "")


def organisation_of(body: Body) -> str:
    """The organisation that installed the app as a whole; "" where one workspace did."""
    first = (body.get("authorizations") or [{}])[0]
    whole = first.get("is_enterprise_install") or str(body.get("is_enterprise_install")).casefold() == "true"
    enterprise = body.get("enterprise") or {}
    named = first.get("enterprise_id") or body.get("enterprise_id") or enterprise.get("id")
    return str(named or "") if whole else ""


def spoken(body: Body, bot: str, name: str) -> Invocation | None:
    """The invocation of a message event; None for what is no person's new message."""
    event = body["event"]
    user, subtype = event.get("user"), event.get("subtype")
    if subtype not in SAID or not user or user == bot or event.get("bot_id"):
        return None
    team, channel, ts = team_of(body), str(event["channel"]), str(event["ts"])
    thread = event.get("thread_ts") if event.get("thread_ts") != ts else None
    place = ids.place(channel, team, thread)
    text = str(event.get("text") or "")
    words = _said_to_bot(text, bot, team, name)
    if words is None and place.direct:
        words = plain(text, bot, team, name).strip()
    return Invocation(
        # The message, not the event: a mention in a channel comes as two events of one message.
        id=f"msg:{team}:{channel}:{ts}",
        account=ids.account(user, team),
        account_name="",
        place=place,
        text=plain(text, bot, team, name) if words is None else words,
        at=moment(ts),
        source=Source.CHAT if words is None else Source.TYPED,
        message=MessageRef(place.room, ts),
        reply_to=MessageRef(place.room, thread) if thread else None,
    )


def slash(body: Body, bot: str, name: str, at: float) -> Invocation:
    """The invocation of a slash command. Slack has none in threads and gives no message for it."""
    team, channel = team_of(body), str(body["channel_id"])
    return Invocation(
        id=f"cmd:{team}:{body.get('trigger_id') or at}",
        account=ids.account(str(body["user_id"]), team),
        account_name="",
        place=ids.place(channel, team),
        text=plain(str(body.get("text") or ""), bot, team, name).strip(),
        at=datetime.fromtimestamp(at, UTC),
    )


@dataclass(frozen=True, slots=True)
class Press:
    """A click: its value is a command, or leads to one."""

    id: str
    account: str
    value: str
    place: Place | None
    """Where it acts; None in the App Home."""
    message: MessageRef | None
    is_ephemeral: bool
    response_url: str
    trigger: str
    at: datetime


def pressed(body: Body) -> Press | None:
    """The click of a block_actions body; None for an element without a value."""
    action = (body.get("actions") or [{}])[0]
    value = action.get("value") or (action.get("selected_option") or {}).get("value")
    if not value:
        return None
    team, container = team_of(body), body.get("container") or {}
    user = str(body["user"]["id"])
    stamp = str(action.get("action_ts") or "0")
    place = message = None
    private = bool(container.get("is_ephemeral"))
    if channel := container.get("channel_id"):
        thread = container.get("thread_ts") if container.get("thread_ts") != container.get("message_ts") else None
        place = _origin(action, team) or ids.place(str(channel), team, thread)
        room, ts = ids.room(str(channel), team), str(container.get("message_ts"))
        message = ephemeral(room, ts) if private else MessageRef(room, ts)
    where = (
        f"{container.get('message_ts') or container.get('view_id')}:{action.get('block_id')}:{action.get('action_id')}"
    )
    return Press(
        id=f"act:{team}:{user}:{where}:{stamp}",
        account=ids.account(user, team),
        value=str(value),
        place=place,
        message=message,
        is_ephemeral=private,
        response_url=str(body.get("response_url") or ""),
        trigger=str(body.get("trigger_id") or ""),
        at=moment(stamp),
    )


def picked(body: Body, shortcuts: Mapping[str, Shortcut], bot: str, name: str) -> Invocation | None:
    """The invocation of a message shortcut; None for one that is not ours."""
    shortcut = shortcuts.get(str(body.get("callback_id")))
    message = body.get("message") or {}
    channel = (body.get("channel") or {}).get("id")
    if shortcut is None or not channel:
        return None
    team, ts = team_of(body), str(body.get("message_ts") or message.get("ts"))
    root = str(message.get("thread_ts") or ts)
    place = ids.place(str(channel), team, root if root != ts else None)
    user = str(body["user"]["id"])
    words = quoted(plain(str(message.get("text") or ""), bot, team, name))
    return Invocation(
        id=f"pick:{team}:{user}:{ts}:{body.get('callback_id')}:{body.get('action_ts')}",
        account=ids.account(user, team),
        account_name="",
        place=place,
        text=shortcut.command.format(text=words),
        at=moment(str(body.get("action_ts") or "0")),
        source=Source.BUTTON,
        message=MessageRef(place.room, ts),
        reply_to=MessageRef(place.room, root),
    )


def plain(text: str, bot: str, team: str, name: str) -> str:
    """The words of a message, people in them as ``@account``, the bot by its name."""

    def mention(user: str) -> str:
        return f"@{name}" if user == bot else ids.account(user, team)

    return unescape(text, mention)


MOST_QUOTED = 400


def quoted(text: str) -> str:
    """The words as one quoted group of a command, shortened; quotes within become single ones."""
    words = re.sub('["“”„‟«»＂`]', "'", " ".join(text.split()))
    return f'"{words if len(words) <= MOST_QUOTED else words[: MOST_QUOTED - 1] + "…"}"'


def _said_to_bot(text: str, bot: str, team: str, name: str) -> str | None:
    """The words after the bot's mention or name, or None where they are not said to it."""
    leading = _LEADING.match(text)
    if leading and leading[1] == bot:
        return plain(text[leading.end() :], bot, team, name).strip()
    return addressed(plain(text, bot, team, name), (name,))


def _origin(action: Mapping[str, Any], team: str) -> Place | None:
    """Where a whisper's buttons act: its block's id says so."""
    _, _, origin = str(action.get("block_id") or "").partition(".")
    return ids.from_origin(origin.partition(".")[2], team)


def moment(ts: str) -> datetime:
    """The moment of one of Slack's time stamps."""
    return datetime.fromtimestamp(float(ts), UTC)
