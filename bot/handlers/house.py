"""The audit trail, and messages that their author wants out of a room."""

from dataclasses import replace

from bot.grammar.params import Args
from bot.guard import guard_key
from bot.present import house as present
from bot.request import Reply, Request
from conference.policy import Action
from conference.refusal import Refusal
from storage.audit import entries
from storage.notices import TAKEN_OUT, Act


def remove(request: Request, args: Args) -> Reply:
    """Take a message out of the room: only its author can, and only where the bot offered it."""
    me, message = request.me, args.text("message")
    offer = request.store.notices.by_key(guard_key(request.team.platform, message))
    if offer is None or offer.account != me.account:
        raise Refusal("I can only remove a message of yours that I offered to remove.")
    redact = request.notice(TAKEN_OUT, "", act=Act.REDACT, account=me.account, message=message)
    request.say(replace(redact, room=offer.words["room"]))
    return Reply(present.removed())


def audit(request: Request, args: Args) -> Reply:
    request.check(Action.READ_AUDIT)
    ref = args.opt("case", str)
    rows = entries(request.store.connection, request.team.id, ref, limit=30)
    if ref:
        request.subjects.append(ref)
    return Reply(present.audit(rows, ref or request.team.name, request.members, request.zone))
