"""Help, undo, the audit trail."""

from dataclasses import replace

from bot.grammar.params import Args
from bot.guard import guard_key
from bot.handlers.meetings import refresh
from bot.planning import plan_meeting, plan_task
from bot.present import house as present
from bot.request import Reply, Request
from conference.policy import Action
from conference.refusal import Refusal
from storage.audit import entries
from storage.notices import Act, NoticeState
from storage.store import Undoable


def undo(request: Request, args: Args) -> Reply:
    """Take back the speaker's own last change while nothing was built on it."""
    me = request.me
    since = request.now - request.settings.bot.undo
    last = request.store.last_undoable(me.account, since)
    if last is None:
        raise Refusal("There is nothing of yours to take back: I can undo your last change for ten minutes.")
    if not request.store.put_back(last):
        raise Refusal(f"`{last.act}` can no longer be taken back: something was built on it since.")
    _replan(request, last)
    _unsay(request, last.invocation, last.act)
    request.subjects.append(last.subject)
    return Reply(present.undone(last.act, last.subject))


def _replan(request: Request, last: Undoable) -> None:
    """Timers and shown messages follow what was put back."""
    for change in last.changes:
        task = request.store.tasks.get(change.ref) if change.table == "tasks" else None
        meeting = request.store.meetings.get(change.ref) if change.table == "meetings" else None
        if task is not None:
            plan_task(request.store, task, request.settings, request.now)
        elif meeting is not None:
            plan_meeting(request.store, meeting, request.settings, request.now)
            refresh(request, meeting, "meeting")
        elif change.table in ("tasks", "meetings"):
            request.store.timers.plan(change.ref, {}, request.now)


def _unsay(request: Request, invocation: str, act: str) -> None:
    """What was not said yet is dropped; what the room has seen is marked as taken back."""
    for notice in request.store.notices.sent_by_invocation(invocation):
        if notice.state is NoticeState.NEW:
            request.store.notices.mark(notice, NoticeState.DROPPED, why="taken back")
        elif notice.state is NoticeState.SENT and notice.act is Act.POST and notice.message and not notice.direct:
            edit = request.notice("taken-back", notice.subject, act=Act.EDIT, message=notice.message, act_words=act)
            request.say(replace(edit, room=notice.room))


def remove(request: Request, args: Args) -> Reply:
    """Take a message out of the room: only its author can, and only where the bot offered it."""
    me, message = request.me, args.text("message")
    offer = request.store.notices.by_key(guard_key(request.team.platform, message))
    if offer is None or offer.account != me.account:
        raise Refusal("I can only remove a message of yours that I offered to remove.")
    redact = request.notice("redact", "", act=Act.REDACT, message=message)
    request.say(replace(redact, room=offer.words["room"]))
    return Reply(present.removed())


def audit(request: Request, args: Args) -> Reply:
    request.check(Action.READ_AUDIT)
    ref = args.opt("case", str)
    rows = entries(request.store.connection, request.team.id, ref, limit=30)
    if ref:
        request.subjects.append(ref)
    return Reply(present.audit(rows, ref or request.team.name, request.members, request.zone))
