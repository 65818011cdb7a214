"""The Web API methods: what each needs, what it does, which documented error it answers with."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from adapters.slack import rules
from tests.slack.world import Channel, Message, Payload, Team, Token, View, World

Method = Callable[["Call"], Payload]
ONE_VIEW_DEEP = 3
TRIGGER_LASTS = 3.0


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


def auth_test(call: Call) -> Payload:
    team = call.team
    return {
        "url": "https://local.slack.test/",
        "team": team.name,
        "user": "confer",
        "team_id": team.id,
        "user_id": team.bot_user,
        "bot_id": team.bot_id,
        "is_enterprise_install": False,
        "enterprise_id": team.enterprise or None,
    }


def post_message(call: Call) -> Payload:
    call.need("chat:write")
    channel = call.channel()
    _check_message(call, channel)
    thread = call.args.get("thread_ts")
    if thread and channel.find(str(thread)) is None:
        raise Refused("thread_not_found")
    if thread and (root := channel.find(str(thread))) and root.thread_ts not in (None, root.ts):
        call.world.breach("chat.postMessage: thread_ts is a reply, not the parent")
    message = _message(call, channel)
    call.world.post(channel, message)
    return {"channel": channel.id, "ts": message.ts, "message": message.shown(with_metadata=True)}


def post_ephemeral(call: Call) -> Payload:
    call.need("chat:write")
    channel, user = call.channel(), call.text("user")
    if user not in channel.members:
        raise Refused("user_not_in_channel")
    if call.args.get("metadata"):
        call.world.breach("chat.postEphemeral: takes no metadata")
    _check_message(call, channel)
    message = _message(call, channel)
    message.only_for = user
    call.world.post(channel, message)
    return {"message_ts": message.ts}


def update(call: Call) -> Payload:
    call.need("chat:write")
    channel = call.channel()
    found = channel.find(call.text("ts"))
    if found is None or found.only_for:
        raise Refused("message_not_found")
    if found.user != call.team.bot_user:
        raise Refused("cant_update_message")
    _check_message(call, channel, update=True)
    found.text = str(call.args.get("text") or "")
    # As documented: text without blocks takes the blocks away.
    found.blocks = _blocks(call)
    found.edited = True
    if "metadata" in call.args:
        found.metadata = call.args["metadata"]
    return {"channel": channel.id, "ts": found.ts, "text": found.text, "message": found.shown()}


def delete(call: Call) -> Payload:
    call.need("chat:write")
    channel = call.channel()
    found = channel.find(call.text("ts"))
    if found is None or found.only_for:
        raise Refused("message_not_found")
    if found.user != call.team.bot_user:
        raise Refused("cant_delete_message")
    found.deleted = True
    return {"channel": channel.id, "ts": found.ts}


def conversations_open(call: Call) -> Payload:
    call.need("im:write")
    users = call.text("users").split(",")
    if len(users) > 1:
        call.need("mpim:write")
    user = call.world.users.get(users[0])
    if user is None or user.team != call.team.id:
        raise Refused("user_not_found")
    if user.deleted:
        raise Refused("user_disabled")
    channel = call.world.direct(call.team.id, user.id)
    return {"channel": {"id": channel.id}, "no_op": True, "already_open": True}


def history(call: Call) -> Payload:
    channel = call.channel()
    call.need(f"{channel.scope}:history")
    top = [m for m in channel.messages if not m.thread_ts or m.thread_ts == m.ts]
    return _messages(call, top[::-1])


def replies(call: Call) -> Payload:
    channel = call.channel()
    call.need(f"{channel.scope}:history")
    root = call.text("ts")
    if channel.find(root) is None:
        raise Refused("thread_not_found")
    return _messages(call, [m for m in channel.messages if root in (m.ts, m.thread_ts)])


def members(call: Call) -> Payload:
    channel = call.channel(inside=False)
    call.need(f"{channel.scope}:read")
    everyone = sorted(channel.members)
    start, size = int(call.args.get("cursor") or 0), int(call.args.get("limit") or 100)
    following = str(start + size) if start + size < len(everyone) else ""
    return {"members": everyone[start : start + size], "response_metadata": {"next_cursor": following}}


def info(call: Call) -> Payload:
    channel = call.channel(inside=False)
    call.need(f"{channel.scope}:read")
    return {
        "channel": {
            "id": channel.id,
            "name": channel.name,
            "is_im": channel.kind == "im",
            "is_mpim": channel.kind == "mpim",
            "is_private": channel.kind != "channel",
            "is_member": call.team.bot_user in channel.members,
            "is_archived": channel.archived,
            "is_ext_shared": channel.ext_shared,
            "is_shared": channel.ext_shared,
            "is_org_shared": False,
            "is_pending_ext_shared": False,
        }
    }


def join(call: Call) -> Payload:
    call.need("channels:join")
    channel = call.channel(inside=False)
    channel.members.add(call.team.bot_user)
    return {"channel": {"id": channel.id}}


def users_info(call: Call) -> Payload:
    call.need("users:read")
    user = call.world.users.get(call.text("user"))
    if user is None:
        raise Refused("user_not_found")
    return {
        "user": {
            "id": user.id,
            "team_id": user.team,
            "name": user.name.lower(),
            "real_name": user.name,
            "deleted": user.deleted,
            "is_bot": user.is_bot,
            "is_restricted": user.guest,
            "is_ultra_restricted": False,
            "is_stranger": user.stranger,
            "tz": "America/New_York",
            "profile": {"display_name": user.name, "real_name": user.name},
        }
    }


def views_open(call: Call) -> Payload:
    trigger = _trigger(call)
    view = _checked_view(call, "modal")
    stack = call.world.stacks.setdefault(trigger.user, [])
    stack.clear()
    return {"view": _show_view(call, trigger.user, view, stack).body}


def views_push(call: Call) -> Payload:
    trigger = _trigger(call)
    stack = call.world.stacks.setdefault(trigger.user, [])
    if not trigger.view or not stack:
        raise Refused("invalid_arguments")
    if len(stack) >= ONE_VIEW_DEEP:
        raise Refused("push_limit_reached")
    return {"view": _show_view(call, trigger.user, _checked_view(call, "modal"), stack).body}


def views_update(call: Call) -> Payload:
    found = call.world.views.get(str(call.args.get("view_id", "")))
    if found is None:
        raise Refused("not_found")
    if (given := call.args.get("hash")) and given != found.hash:
        raise Refused("hash_conflict")
    body = _checked_view(call, "modal")
    _fill_view(call, found, body)
    return {"view": found.body}


def views_publish(call: Call) -> Payload:
    user = call.text("user_id")
    if user not in call.world.users:
        raise Refused("user_not_found")
    view = _checked_view(call, "home")
    before = call.world.homes.get(user)
    if (given := call.args.get("hash")) and before and given != before.hash:
        raise Refused("hash_conflict")
    shown = View(call.world.new_id("V"), "", call.team.id, user, {}, "")
    _fill_view(call, shown, view)
    call.world.homes[user] = shown
    return {"view": shown.body}


def upload_url(call: Call) -> Payload:
    call.need("files:write")
    name, length = call.text("filename"), int(call.text("length"))
    if length <= 0:
        raise Refused("invalid_arguments")
    file = call.world.new_id("F")
    call.world.files[file] = {"id": file, "name": name, "length": length, "content": None, "shares": {}, "channels": []}
    return {"upload_url": f"{call.args['_base']}upload/{file}", "file_id": file}


def complete_upload(call: Call) -> Payload:
    call.need("files:write")
    done = []
    for entry in call.args.get("files") or ():
        file = call.world.files.get(entry.get("id", ""))
        if file is None or file["content"] is None:
            raise Refused("file_not_found")
        file["title"] = entry.get("title") or file["name"]
        _share(call, file)
        done.append({"id": file["id"], "title": file["title"]})
    if not done:
        raise Refused("invalid_arguments")
    return {"files": done}


def files_info(call: Call) -> Payload:
    call.need("files:read")
    file = call.world.files.get(call.text("file"))
    if file is None:
        raise Refused("file_not_found")
    return {"file": {k: v for k, v in file.items() if k != "content"}}


def files_delete(call: Call) -> Payload:
    call.need("files:write")
    file = call.world.files.get(call.text("file"))
    if file is None:
        raise Refused("file_not_found")
    for channel in call.world.channels.values():
        for message in channel.messages:
            if any(f["id"] == file["id"] for f in message.files):
                message.deleted = True
    return {}


def reactions_add(call: Call) -> Payload:
    call.need("reactions:write")
    found = call.world.channels.get(call.text("channel"))
    if found is None or found.find(call.text("timestamp")) is None:
        raise Refused("message_not_found")
    return {}


METHODS: dict[str, Method] = {
    "auth.test": auth_test,
    "chat.postMessage": post_message,
    "chat.postEphemeral": post_ephemeral,
    "chat.update": update,
    "chat.delete": delete,
    "conversations.open": conversations_open,
    "conversations.history": history,
    "conversations.replies": replies,
    "conversations.members": members,
    "conversations.info": info,
    "conversations.join": join,
    "users.info": users_info,
    "views.open": views_open,
    "views.push": views_push,
    "views.update": views_update,
    "views.publish": views_publish,
    "files.getUploadURLExternal": upload_url,
    "files.completeUploadExternal": complete_upload,
    "files.info": files_info,
    "files.delete": files_delete,
    "reactions.add": reactions_add,
}


def _message(call: Call, channel: Channel) -> Message:
    team = call.team
    return Message(
        call.world.next_ts(),
        channel.id,
        team.bot_user,
        str(call.args.get("text") or ""),
        _blocks(call),
        call.args.get("metadata"),
        call.args.get("thread_ts"),
        bot_id=team.bot_id,
    )


def _blocks(call: Call) -> list[Payload]:
    blocks = call.args.get("blocks") or []
    for n, block in enumerate(blocks):
        block.setdefault("block_id", f"auto{n}")
    return blocks


def _check_message(call: Call, channel: Channel, *, update: bool = False) -> None:
    if channel.archived:
        raise Refused("is_archived")
    if channel.ext_shared:
        call.world.breach(f"{call.method}: posted into an externally shared channel")
    problems = rules.message_problems(call.args, update=update)
    for problem in problems:
        call.world.breach(f"{call.method}: {problem}")
    if any(p.startswith("no_text") for p in problems):
        raise Refused("no_text")
    if any("characters of text together" in p for p in problems):
        raise Refused("msg_blocks_too_long")
    if any(p.startswith("blocks") for p in problems):
        raise Refused("invalid_blocks", response_metadata={"messages": problems})
    if any(p.startswith("metadata") for p in problems):
        raise Refused("invalid_metadata_format")
    if update and any(p.startswith("text:") and "at most" in p for p in problems):
        raise Refused("msg_too_long")


def _messages(call: Call, found: list[Message]) -> Payload:
    oldest, latest = float(call.args.get("oldest") or 0), float(call.args.get("latest") or 10**12)
    inclusive, limit = call.flag("inclusive"), min(int(call.args.get("limit") or 100), 999)

    def within(ts: float) -> bool:
        return oldest <= ts <= latest if inclusive else oldest < ts < latest

    hits = [m for m in found if not m.deleted and not m.only_for and within(float(m.ts))]
    start = int(call.args.get("cursor") or 0)
    page = hits[start : start + limit]
    more = start + limit < len(hits)
    return {
        "messages": [m.shown(with_metadata=call.flag("include_all_metadata")) for m in page],
        "has_more": more,
        "response_metadata": {"next_cursor": str(start + limit) if more else ""},
    }


def _trigger(call: Call) -> Any:
    trigger = call.world.triggers.get(str(call.args.get("trigger_id", "")))
    if trigger is None or trigger.team != call.team.id:
        raise Refused("invalid_trigger_id")
    if trigger.used:
        raise Refused("exchanged_trigger_id")
    if call.world.clock() - trigger.at > TRIGGER_LASTS:
        call.world.breach(f"{call.method}: the trigger had expired")
        raise Refused("expired_trigger_id")
    trigger.used = True
    return trigger


def _checked_view(call: Call, kind: str) -> Payload:
    view = call.args.get("view")
    if isinstance(view, str):
        view = json.loads(view)
    problems = rules.view_problems(view)
    if isinstance(view, dict) and view.get("type") != kind:
        problems.append(f"view.type: {kind} is wanted")
    for problem in problems:
        call.world.breach(f"{call.method}: {problem}")
    if problems:
        raise Refused("invalid_arguments", response_metadata={"messages": problems})
    assert isinstance(view, dict)
    return view


def _show_view(call: Call, user: str, body: Payload, stack: list[str]) -> View:
    view = View(call.world.new_id("V"), "", call.team.id, user, {}, "", str(call.args.get("trigger_id", "")))
    view.root_id = stack[0] if stack else view.id
    _fill_view(call, view, body)
    call.world.views[view.id] = view
    stack.append(view.id)
    return view


def _fill_view(call: Call, view: View, body: Payload) -> None:
    view.hash = f"{call.world.clock():.0f}.{call.world.new_id('h')}"
    for n, block in enumerate(body.get("blocks") or ()):
        block.setdefault("block_id", f"auto{n}")
    view.body = {
        **body,
        "id": view.id,
        "root_view_id": view.root_id or view.id,
        "hash": view.hash,
        "team_id": view.team,
        "state": {"values": {}},
    }


def _share(call: Call, file: Payload) -> None:
    """A file without a channel stays private; one with a channel becomes a message there."""
    channel_id = call.args.get("channel_id")
    if not channel_id:
        return
    channel = call.world.channels.get(str(channel_id))
    if channel is None or call.team.bot_user not in channel.members:
        raise Refused("not_in_channel" if channel and channel.kind == "channel" else "channel_not_found")
    if channel.ext_shared:
        call.world.breach("files.completeUploadExternal: shared into an externally shared channel")
    if file.pop("_unshared", None) or call.args.get("_fault") == "unshared":
        return
    message = Message(
        call.world.next_ts(),
        channel.id,
        call.team.bot_user,
        str(call.args.get("initial_comment") or ""),
        thread_ts=call.args.get("thread_ts"),
        files=[{"id": file["id"], "name": file["name"], "title": file["title"]}],
        bot_id=call.team.bot_id,
    )
    call.world.post(channel, message)
    file["channels"].append(channel.id)
    where = "public" if channel.kind == "channel" else "private"
    share = {"ts": message.ts} | ({"thread_ts": message.thread_ts} if message.thread_ts else {})
    file["shares"].setdefault(where, {}).setdefault(channel.id, []).append(share)
