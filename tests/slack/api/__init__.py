"""The Web API methods: what each needs, what it does, which documented error it answers with."""

from tests.slack.api import chat, conversations, files, views
from tests.slack.api.call import ARGUMENTS, Call, Method, Refused

__all__ = ["ARGUMENTS", "METHODS", "Call", "Refused"]

METHODS: dict[str, Method] = {
    "auth.test": conversations.auth_test,
    "chat.postMessage": chat.post_message,
    "chat.postEphemeral": chat.post_ephemeral,
    "chat.update": chat.update,
    "chat.delete": chat.delete,
    "conversations.open": conversations.conversations_open,
    "conversations.history": conversations.history,
    "conversations.replies": conversations.replies,
    "conversations.members": conversations.members,
    "conversations.info": conversations.info,
    "conversations.join": conversations.join,
    "users.info": conversations.users_info,
    "views.open": views.views_open,
    "views.push": views.views_push,
    "views.update": views.views_update,
    "views.publish": views.views_publish,
    "files.getUploadURLExternal": files.upload_url,
    "files.completeUploadExternal": files.complete_upload,
    "files.info": files.files_info,
    "files.delete": files.files_delete,
    "reactions.add": chat.reactions_add,
}
