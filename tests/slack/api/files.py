"""Files by the external upload: an address, the bytes, and where they are shared."""

from tests.slack.api.call import Call, Refused
from tests.slack.world import Message, Payload


def upload_url(call: Call) -> Payload:
    call.need("files:write")
    name, length = call.text("filename"), int(call.text("length"))
    if length <= 0:
        raise Refused("missing_argument")
    file = call.world.new_id("F")
    call.world.files[file] = {"id": file, "name": name, "length": length, "content": None, "shares": {}, "channels": []}
    return {"upload_url": f"{call.args['_base']}upload/{file}", "file_id": file}


def complete_upload(call: Call) -> Payload:
    call.need("files:write")
    done = []
    for entry in call.args.get("files") or ():
        file = call.world.files.get(entry.get("id", ""))
        if file is None or file["content"] is None or "title" in file:
            raise Refused("file_not_found")
        file["title"] = entry.get("title") or file["name"]
        _share(call, file)
        done.append({"id": file["id"], "title": file["title"]})
    if not done:
        raise Refused("invalid_arguments")
    return {"files": done}


def files_info(call: Call) -> Payload:
    call.need("files:read")
    file = _file(call)
    return {"file": {k: v for k, v in file.items() if k != "content"}}


def files_delete(call: Call) -> Payload:
    call.need("files:write")
    file = _file(call)
    file["deleted"] = True
    for channel in call.world.channels.values():
        for message in channel.messages:
            if any(f["id"] == file["id"] for f in message.files):
                message.deleted = True
    return {}


def _share(call: Call, file: Payload) -> None:
    """A file without a channel stays private; one with a channel becomes a message there."""
    channel_id = call.args.get("channel_id")
    if not channel_id:
        return
    channel = call.world.channels.get(str(channel_id))
    if channel is None or call.team.bot_user not in channel.members:
        raise Refused("not_in_channel" if channel and channel.kind == "channel" else "channel_not_found")
    if channel.archived:
        raise Refused("posting_to_channel_denied")
    thread = call.args.get("thread_ts")
    if thread and ((root := channel.find(str(thread))) is None or root.thread_ts not in (None, root.ts)):
        call.world.breach("files.completeUploadExternal: thread_ts is no parent of a thread")
    if channel.ext_shared:
        call.world.breach("files.completeUploadExternal: shared into an externally shared channel")
    if call.args.get("_fault") == "unshared":
        return
    message = Message(
        call.world.next_ts(),
        channel.id,
        call.team.bot_user,
        str(call.args.get("initial_comment") or ""),
        thread_ts=call.args.get("thread_ts"),
        files=[{"id": file["id"], "name": file["name"], "title": file["title"], "size": file["length"]}],
        bot_id=call.team.bot_id,
    )
    call.world.post(channel, message)
    file["channels"].append(channel.id)
    where = "public" if channel.kind == "channel" else "private"
    share = {"ts": message.ts} | ({"thread_ts": message.thread_ts} if message.thread_ts else {})
    file["shares"].setdefault(where, {}).setdefault(channel.id, []).append(share)


def _file(call: Call) -> Payload:
    file = call.world.files.get(call.text("file"))
    if file is None:
        raise Refused("file_not_found")
    if file.get("deleted"):
        raise Refused("file_deleted")
    return file
