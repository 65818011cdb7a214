"""What people say in a room without speaking to the bot: presence in a meeting, answers to a call for cases."""

from bot.grammar.tokens import quote
from bot.guard import watch
from bot.present import agenda as present_agenda
from bot.request import Reply, Request
from bot.screen import screened
from conference.policy import Action
from conference.refusal import Refusal

LONGEST_TOPIC = 200


def listen(request: Request) -> None:
    """Note who is there and whom the team has heard; the words themselves are neither read nor kept."""
    if request.team_or_none is None or request.member is None or not request.member.is_active(request.now):
        return
    watch(request)
    if request.thread_kind == "call" and _offer(request):
        return
    for meeting in request.store.running_meetings():
        heard = meeting.attend(request.account).hear(request.me.discipline)
        if heard != meeting:
            request.store.meetings.save(heard)


def attend(request: Request) -> None:
    """Who speaks to the bot in the team's room while a meeting runs is there, too."""
    team, member = request.team_or_none, request.member
    if team is None or member is None or not member.is_active(request.now):
        return
    if request.invocation.place.direct or request.invocation.place.room != team.room:
        return
    store = request.house_store.of_team(team.id)  # apart from what `undo` would take back
    now_there = tuple(meeting.attend(request.account) for meeting in request.running_meetings)
    for before, now in zip(request.running_meetings, now_there, strict=True):
        if now != before:
            store.meetings.save(now)
    request.running_meetings = now_there


def _offer(request: Request) -> bool:
    """An answer to the call for cases is offered as a topic, to be confirmed with one tap."""
    meeting = request.store.meetings.get(request.thread_subject)
    text = " ".join(request.invocation.text.split())
    if (
        meeting is None
        or not meeting.is_coming
        or meeting.agenda.is_locked
        or not request.has_right(Action.SUGGEST_ITEM)
    ):
        return False
    if not text or len(text) > LONGEST_TOPIC:
        return False
    try:
        shown = screened(request, text).text
    except Refusal:
        return False
    command = f"agenda add {quote(shown)} meeting {meeting.ref}"
    notice = request.reply_notice(Reply(present_agenda.offer(meeting, shown, command), subject=meeting.ref))
    if notice:
        request.store.notices.add(notice, request.now)
    return True
