"""Who and what is there: the bot itself, people, conversations with their members and what was said in them."""

from tests.slack.api.call import Call, Refused
from tests.slack.world import Message, Payload

MEMBERS_AT_ONCE = 1000
MESSAGES_AT_ONCE = 999


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
    if user.is_bot:
        raise Refused("cannot_dm_bot")
    channel = call.world.direct(call.team.id, user.id)
    return {"channel": {"id": channel.id}, "no_op": True, "already_open": True}


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


def members(call: Call) -> Payload:
    channel = call.channel(inside=False)
    call.need(f"{channel.scope}:read")
    everyone = sorted(channel.members)
    start, size = _cursor(call), int(call.args.get("limit") or 100)
    if not 0 < size < MEMBERS_AT_ONCE:
        raise Refused("invalid_limit")
    following = str(start + size) if start + size < len(everyone) else ""
    return {"members": everyone[start : start + size], "response_metadata": {"next_cursor": following}}


def join(call: Call) -> Payload:
    call.need("channels:join")
    channel = call.channel(inside=False)
    channel.members.add(call.team.bot_user)
    return {"channel": {"id": channel.id}}


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


def _messages(call: Call, found: list[Message]) -> Payload:
    oldest, latest = float(call.args.get("oldest") or 0), float(call.args.get("latest") or 10**12)
    inclusive, limit = call.flag("inclusive"), int(call.args.get("limit") or 100)
    if limit > MESSAGES_AT_ONCE:
        call.world.breach(f"{call.method}: limit {limit}, at most {MESSAGES_AT_ONCE}")
    limit = min(limit, call.world.messages_at_once or MESSAGES_AT_ONCE)

    def within(ts: float) -> bool:
        return oldest <= ts <= latest if inclusive else oldest < ts < latest

    hits = [m for m in found if not m.deleted and not m.only_for and within(float(m.ts))]
    start = _cursor(call)
    page = hits[start : start + limit]
    more = start + limit < len(hits)
    return {
        "messages": [m.shown(with_metadata=call.flag("include_all_metadata")) for m in page],
        "has_more": more,
        "response_metadata": {"next_cursor": str(start + limit) if more else ""},
    }


def _cursor(call: Call) -> int:
    cursor = str(call.args.get("cursor") or "0")
    if not cursor.isdecimal():
        raise Refused("invalid_cursor")
    return int(cursor)
