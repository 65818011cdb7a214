"""Messages: posted, whispered, changed, taken out, each judged by the documented rules."""

from adapters.slack import rules
from tests.slack.api.call import Call, Refused
from tests.slack.world import Channel, Message, Payload


def post_message(call: Call) -> Payload:
    call.need("chat:write")
    channel = call.channel()
    _check_message(call, channel)
    thread = call.args.get("thread_ts")
    if thread and channel.find(str(thread)) is None:
        raise Refused("thread_not_found")
    if thread and (root := channel.find(str(thread))) and root.thread_ts not in (None, root.ts):
        call.world.breach("chat.postMessage: thread_ts is a reply, not the parent")
    if channel.kind == "im" and not call.world.messages_tab:
        raise Refused("messages_tab_disabled")
    message = _message(call, channel)
    call.world.post(channel, message)
    return {"channel": channel.id, "ts": message.ts, "message": message.shown(with_metadata=True)}


def post_ephemeral(call: Call) -> Payload:
    call.need("chat:write")
    channel, user = call.channel(), call.text("user")
    if user not in channel.members:
        raise Refused("user_not_in_channel")
    _check_message(call, channel)
    thread = call.args.get("thread_ts")
    if thread and not any(m.thread_ts == thread and not m.only_for for m in channel.messages):
        call.world.breach("chat.postEphemeral: nobody sees it, for there is no active thread")
    message = _message(call, channel)
    message.only_for = user
    call.world.post(channel, message)
    return {"message_ts": message.ts}


def _own(call: Call, channel: Channel, error: str) -> Message:
    """The bot's message that is meant; ``error`` where it is somebody else's."""
    found = channel.find(call.text("ts"))
    if found is None or found.only_for:
        raise Refused("message_not_found")
    if found.user != call.team.bot_user:
        raise Refused(error)
    return found


def update(call: Call) -> Payload:
    call.need("chat:write")
    channel = call.channel()
    found = _own(call, channel, "cant_update_message")
    _check_message(call, channel, update=True)
    before = {block.get("block_id") for block in found.blocks}
    if before & {block["block_id"] for block in call.args.get("blocks") or () if "block_id" in block}:
        call.world.breach("chat.update: a block_id of the message as it was; each iteration wants its own")
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
    found = _own(call, channel, "cant_delete_message")
    found.deleted = True
    return {"channel": channel.id, "ts": found.ts}


def reactions_add(call: Call) -> Payload:
    call.need("reactions:write")
    found = call.world.channels.get(call.text("channel"))
    if found is None or found.find(call.text("timestamp")) is None:
        raise Refused("message_not_found")
    return {}


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
    for block in blocks:
        block.setdefault("block_id", call.world.new_id("b"))
    return blocks


def _check_message(call: Call, channel: Channel, *, update: bool = False) -> None:
    if channel.archived:
        raise Refused("is_inactive" if update else "is_archived")
    if channel.ext_shared:
        call.world.breach(f"{call.method}: posted into an externally shared channel")
    problems = rules.message_problems(call.args)
    for problem in problems:
        call.world.breach(f"{call.method}: {problem}")
    if any(p.startswith("no_text") for p in problems):
        raise Refused("no_text")
    if any("characters of text together" in p for p in problems):
        raise Refused("msg_blocks_too_long")
    if any(p.startswith("blocks") for p in problems):
        raise Refused("invalid_blocks", response_metadata={"messages": problems})
    if "metadata_too_large" in problems:
        raise Refused("metadata_too_large")
    if any(p.startswith("metadata") for p in problems):
        raise Refused("invalid_metadata_format")
    if update and any(p.startswith("text:") and "at most" in p for p in problems):
        raise Refused("msg_too_long")
