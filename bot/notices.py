"""What an unprompted message says, decided when it is sent: its subject is read again, and rights and consent with it.

A renderer gives a card, a nudge for one person, a later moment, or None where the notice no longer applies.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from adapters.card import Actions, Button, Card, Row, Rows, Text, decode
from bot.holding import hold
from bot.late import missed, remark
from bot.present import agenda as present_agenda
from bot.present import cases as present_cases
from bot.present import house as present_house
from bot.present import meetings as present_meetings
from bot.present import tasks as present_tasks
from bot.sending import Nudge, Rendered, Sending, is_about_case, to_person
from conference.case import Case, CaseState
from conference.meeting import Meeting, MeetingState
from conference.people import Account
from conference.policy import Action, may
from conference.task import Task, TaskKind
from storage.audit import AuditEntry, entries
from storage.notices import Act, NoticeState


def render(sending: Sending) -> Rendered:
    """What to send for this notice now; where it is too late for it, that it was missed."""
    notice = sending.notice
    if instead := missed(sending):
        return instead
    if notice.card:
        return decode(notice.card) if _is_fit_for_room(sending) else None
    if notice.act is Act.REDACT:
        return Card("")
    renderer = _RENDERERS.get(notice.kind)
    return renderer(sending) if renderer else None


def _is_fit_for_room(sending: Sending) -> bool:
    """Whether everyone in the room may read the answer; one about a case goes to its asker alone otherwise."""
    notice = sending.notice
    asker = notice.words.get("asker", "")
    if not is_about_case(notice):
        return True
    strangers = _strangers(sending)
    if strangers == []:
        return True
    why = (
        f"{', '.join(strangers)} is in the room and not in the team" if strangers else "I cannot see who is in the room"
    )
    sending.tell("aside", asker, present_cases.aside(decode(notice.card), why), notice.case)
    return False


def digest(nudges: Sequence[Nudge]) -> Card:
    """One message for one person, with a button where only one thing is asked; each thing is named once."""
    newest = {n.row.lead: n for n in nudges}
    earlier = {
        lead: [n.row.details[0] for n in nudges if n.row.lead == lead and n is not newest[lead]] for lead in newest
    }
    nudges = [replace(n, row=_with_earlier(n.row, earlier[lead])) for lead, n in newest.items()]
    rows = tuple(n.row for n in nudges)
    if len(nudges) == 1:
        one = nudges[0]
        title = f"{one.row.lead} {one.row.text}"
        details = (Text("; ".join(one.row.details)),) if one.row.details else ()
        blocks = (*details, *((Actions(one.buttons),) if one.buttons else ()), *one.forms)
        return Card(title, blocks, tone=one.row.tone)
    return Card(f"{len(rows)} things wait for you", (Rows(rows), Actions((Button("My tasks", "tasks mine"),))))


def _with_earlier(row: Row, earlier: Sequence[str]) -> Row:
    """With what was to be said of the same thing before, and comes along now."""
    return Row(row.lead, row.text, (*row.details, f"before that: {', '.join(earlier)}"), row.tone) if earlier else row


# -- cases -------------------------------------------------------------------------------------------------------
def _summary(sending: Sending) -> Rendered:
    """The approved summary, exactly as approved, to a room in which everyone may see it."""
    notice = sending.notice
    case = sending.store.cases.get(notice.subject)
    if case is None or case.summary is None or case.state in (CaseState.WITHDRAWN, CaseState.ERASED):
        return None
    if str(case.summary.revision) != notice.words["revision"]:
        return None
    if not all(p.is_intact() for p in case.summary.parts):
        why = f"not posted, because it no longer reads as you approved it. Look at it again: `case preview {case.ref}`."
        sending.tell("held", case.author, present_cases.held_back(case, why), case.ref)
        return None
    strangers = _strangers(sending)
    if strangers is None or strangers:
        _hold_back(sending, case, strangers)
        _take_down(sending)
        return None
    there = [sending.members[Account(a)].discipline for a in sending.in_room or ()]
    parts, held = present_cases.visible(case, there, sending.today)
    if held:
        why = f"not everyone in the room may see {', '.join(held)}; that part was held back. `consent {case.ref}` shows what is allowed."
        sending.tell("held", case.author, present_cases.held_back(case, why), case.ref)
    if not parts:
        _take_down(sending)
        return None
    _disclosed(sending, case, [p.section for p in parts])
    return present_cases.summary(case, parts, held)


def _strangers(sending: Sending) -> list[str] | None:
    """Who is in the room and not in the team (or only a guest for another case); None where nobody can say."""
    if not sending.in_room:
        return None  # an empty room is one that the platform has not seen: nobody can say who reads there
    about = sending.notice.case or sending.notice.subject
    members = sending.members
    return sorted(a for a in sending.in_room if a not in members or (members[Account(a)].case or about) != about)


def _hold_back(sending: Sending, case: Case, strangers: list[str] | None) -> None:
    who = ", ".join(strangers) if strangers else ""
    why = (
        f"not posted, because {who} is in the room and not in the team for this case. Add them to the team or let them leave, then `case approve {case.ref}` again."
        if who
        else f"not posted, because I could not see who is in the room. `case approve {case.ref}` tries again."
    )
    sending.tell("held", case.author, present_cases.held_back(case, why), case.ref)


def _take_down(sending: Sending) -> None:
    """Where a posted summary was to be changed and may no longer be shown at all, it leaves the room."""
    notice = sending.notice
    if notice.act is not Act.EDIT:
        return
    posted = sending.house.notices.at_message(notice.platform, notice.room, notice.words["message"])
    if posted is not None:
        sending.house.notices.mark(posted, NoticeState.DROPPED, why="taken out")
    redact = replace(notice, key=f"down:{notice.key}", kind="redact", act=Act.REDACT, subject="", case="")
    sending.house.notices.add(redact, sending.now)


def _disclosed(sending: Sending, case: Case, sections: Sequence[str]) -> None:
    """Who was shown what: the accounting of disclosures is read from these rows, one for each post."""
    act, notice = "summary shown", sending.notice
    details = {"sections": ",".join(sections), "to": str(len(sending.in_room or ())), "post": str(notice.id)}
    noted = entries(sending.store.connection, notice.team, case.ref)
    if any(row.entry.act == act and row.entry.details == details for row in noted):
        return  # the same post, tried again after a refusal or a stop
    sending.store.audit(AuditEntry(notice.team, sending.now, "confer", act, case.ref, "done", details))


# -- meetings ----------------------------------------------------------------------------------------------------
def _meeting(sending: Sending) -> Meeting | None:
    meeting = sending.store.meetings.get(sending.notice.subject)
    return meeting if meeting is not None and meeting.is_coming else None


def _invitation(sending: Sending) -> Rendered:
    meeting = sending.store.meetings.get(sending.notice.subject)
    if meeting is None:
        return None
    return present_meetings.invitation(meeting, tuple(sending.members.values()), sending.zone)


def _poll(sending: Sending) -> Rendered:
    meeting = sending.store.meetings.get(sending.notice.subject)
    return present_meetings.poll(meeting, tuple(sending.members.values()), sending.zone) if meeting else None


def _poll_decide(sending: Sending) -> Rendered:
    """To whoever asked for a time, while none is fixed."""
    meeting = sending.store.meetings.get(sending.notice.subject)
    if meeting is None or meeting.state is not MeetingState.POLLING:
        return None
    asked = [m for m in sending.members.values() if may(m, Action.ANSWER_MEETING, sending.now)]
    buttons = tuple(Button(f"Fix {n}", f"meeting fix {meeting.ref} {n}") for n in meeting.leading[:2])
    return to_person(
        sending,
        sending.notice.account,
        lambda m: present_meetings.poll_waits(meeting, asked, sending.zone_of(m)),
        buttons,
        urgent=True,
    )


def _rezoned(sending: Sending) -> Rendered:
    meeting = _meeting(sending)
    return present_meetings.rezoned(meeting, tuple(sending.members.values()), sending.zone) if meeting else None


def _call(sending: Sending) -> Rendered:
    meeting = _meeting(sending)
    return present_agenda.call(meeting, sending.zone) if meeting and not meeting.agenda.is_locked else None


def _agenda(sending: Sending) -> Rendered:
    meeting = _meeting(sending)
    if meeting is None:
        return None
    found = {i.case: sending.store.cases.get(i.case) for i in meeting.agenda.items if i.case}
    there = {m.discipline for m in sending.members.values()}
    cases = {ref: case.seen_by(there, sending.today) for ref, case in found.items() if case is not None}
    if _strangers(sending) != []:
        cases = {}  # the references alone
    return present_agenda.agenda(meeting, cases, tuple(sending.members.values()), sending.zone)


def _soon(sending: Sending) -> Rendered:
    meeting = _meeting(sending)
    return present_meetings.reminder(meeting, tuple(sending.members.values()), sending.zone) if meeting else None


def _chase(sending: Sending) -> Rendered:
    """To a presenter whose case is not ready."""
    case = sending.store.cases.get(sending.notice.case)
    meeting = _meeting(sending)
    if meeting is None or case is None or case.is_ready or not meeting.agenda.has_case(case.ref):
        return None
    buttons = (Button("Finish it", f"case preview {case.ref}"),)
    return to_person(
        sending,
        case.author,
        lambda m: Row(case.ref, present_agenda.chase(meeting, case, sending.zone_of(m))),
        buttons,
        urgent=True,
    )


def _quorum(sending: Sending) -> Rendered:
    """To somebody of a discipline that nobody has promised to bring."""
    meeting = _meeting(sending)
    if meeting is None or meeting.has_settled(Account(sending.notice.account)):
        return None
    member = sending.members.get(Account(sending.notice.account))
    if member is None:
        return None
    buttons = (Button("Yes", f"rsvp {meeting.ref} yes"), Button("No", f"rsvp {meeting.ref} no"))
    text = present_meetings.quorum_chaser(meeting, [member.discipline], sending.zone_of(member))
    return to_person(sending, member.account, lambda _: Row(meeting.ref, text), buttons, urgent=True)


# -- action items ------------------------------------------------------------------------------------------------
def _task(why: str, *, urgent: bool = False) -> Callable[[Sending], Rendered]:
    def rendered(sending: Sending) -> Rendered:
        task = sending.store.tasks.get(sending.notice.subject)
        if task is None or not task.is_pending or _is_snoozed(task, sending):
            return None
        about = why.format(owner=present_tasks.owner(task, tuple(sending.members.values())))
        held = hold(sending.store, task)
        buttons = present_tasks.nudge_buttons(task)
        hurry = urgent or task.kind is TaskKind.SAFETY
        nudge = to_person(
            sending,
            sending.notice.account,
            lambda m: present_tasks.nudge(task, f"{about}{remark(sending, m)}", held, sending.zone_of(m)),
            buttons,
            urgent=hurry,
            at_once=task.kind is TaskKind.SAFETY,
        )
        return replace(nudge, forms=present_tasks.finish_form(task)) if isinstance(nudge, Nudge) else nudge

    return rendered


def _is_snoozed(task: Task, sending: Sending) -> bool:
    return task.snoozed_until is not None and sending.now < task.snoozed_until


def _taken_back(sending: Sending) -> Rendered:
    return present_house.taken_back(sending.notice.words["act_words"], sending.notice.subject)


def _missed(sending: Sending) -> Rendered:
    """To a coordinator: a timer failed."""
    due = sending.notice.due_at or sending.now
    return present_house.timer_failed(sending.notice.subject, due, sending.zone)


_RENDERERS: Mapping[str, Callable[[Sending], Rendered]] = {
    "summary": _summary,
    "meeting": _invitation,
    "poll": _poll,
    "poll-decide": _poll_decide,
    "rezoned": _rezoned,
    "call": _call,
    "agenda": _agenda,
    "meeting-soon": _soon,
    "chase": _chase,
    "quorum": _quorum,
    "task-given": _task("given to you", urgent=True),
    "task-freed": _task("can go on now", urgent=True),
    "task-before": _task("is due soon"),
    "task-due": _task("is due now"),
    "task-late": _task("is overdue"),
    "task-escalated": _task("is overdue and with {owner}: can you take it or help?"),
    "task-coordinator": _task("is overdue, with {owner}, and nobody has moved: please decide", urgent=True),
    "taken-back": _taken_back,
    "missed": _missed,
}

KINDS = frozenset(_RENDERERS)
