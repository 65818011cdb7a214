"""Cases: taken in private, previewed, corrected, approved, and only then shown."""

from dataclasses import replace

from bot.forms import read_case_form
from bot.grammar.params import Args
from bot.grammar.times import Moment
from bot.present import cases as present
from bot.request import Audience, Reply, Request
from bot.screen import screened
from conference.case import OPEN, Case, CaseState, Identifier, Section, fold
from conference.consent import not_covered
from conference.meeting import Meeting
from conference.panel import alike
from conference.people import Role
from conference.policy import Action
from conference.record import Preview, check_clean, known_people, preview
from conference.refusal import Refusal
from storage.notices import Act, Notice, NoticeState

MOST_LISTED = 100
_QUOTES = ("agenda", "agenda-draft", "board", "ended")
"""Kinds of posts about a meeting in which its cases' questions stand."""


def submit(request: Request, args: Args) -> Reply:
    """Take a case. Without words a private form opens; words typed in a shared room are taken out of it."""
    text = args.text("background")
    if not text and not args.fields:
        return Reply(present.form(None))
    texts, identifiers = read_case_form(args.fields)
    if text:
        texts = {Section.BACKGROUND: text, **texts}
    case = Case(request.new_case_ref(), request.team.id, request.account, CaseState.DRAFT, request.now)
    case = case.edit(texts, identifiers)
    known_people(case)
    request.store.begin_case(case, request.now)
    request.subjects.append(case.ref)
    hints = [present.TAKEN_FROM_ROOM] if request.take_out() else []
    hints += [present.same_person(other) for other in _same_person(request, case)]
    return _previewed(request, case, " ".join(hints))


def edit(request: Request, args: Args) -> Reply:
    case = request.case(args.opt("case", str), to=Action.WRITE_CASE)
    if not args.fields:
        return Reply(present.form(case), case=case.ref)
    texts, identifiers = read_case_form(args.fields)
    before = _preview(request, case)
    case = case.edit(texts, identifiers)
    known_people(case)
    request.store.cases.save(case)
    return _previewed(request, case, before=before)


def hide(request: Request, args: Args) -> Reply:
    case = request.case(args.opt("case", str), to=Action.WRITE_CASE)
    words = args.text("words")
    if fold(words) not in fold(" ".join(case.texts.values())):
        raise Refusal(f"“{words[:40]}” does not stand in case {case.ref}. Give the words as they are written.")
    before = _preview(request, case)
    case = case.hide_words(words)
    request.store.cases.save(case)
    return _previewed(request, case, before=before)


def keep(request: Request, args: Args) -> Reply:
    case = request.case(args.opt("case", str), to=Action.WRITE_CASE)
    words = args.text("words")
    before = _preview(request, case)
    hidden = [f for s in before.sections for f in s.findings if _covers(words, s.text[f.start : f.end])]
    if any(f.known for f in hidden):
        raise Refusal(f"“{words[:40]}” belongs to somebody you named as known in case {case.ref}; it stays hidden.")
    if not hidden and fold(words) not in case.hide:
        raise Refusal(f"“{words[:40]}” is not hidden in case {case.ref}. `case preview {case.ref}` shows what is.")
    case = case.keep_words(words)
    request.store.cases.save(case)
    return _previewed(request, case, before=before)


def show_preview(request: Request, args: Args) -> Reply:
    return _previewed(request, request.case(args.opt("case", str), to=Action.WRITE_CASE))


def approve(request: Request, args: Args) -> Reply:
    """Fix the wording and post it to the team's room, where everyone may see it."""
    case = request.case(args.opt("case", str), to=Action.WRITE_CASE)
    shown = _preview(request, case)
    token = args.text("wording")
    if token and token != shown.token:
        raise Refusal(
            f"The case has changed since that preview. Look at it again: `case preview {case.ref}`.",
            f"case preview {case.ref}",
        )
    stands = bool(request.store.notices.about(request.team.id, case.ref, "summary"))
    if case.summary and case.summary.parts == shown.parts and case.state in OPEN and stands:
        raise Refusal(f"Case {case.ref} is approved in just these words already.")
    check_clean(shown.parts, case, request.members)
    again = case.summary is not None and stands
    case = case.approve(shown.parts, request.account, request.now)
    request.store.cases.save(case)
    repost_summary(request, case)
    return Reply(present.approved(case, request.team, again=again), case=case.ref)


def summary_notice(request: Request, case: Case) -> Notice:
    """Post the approved summary; the sender checks once more who would see it."""
    revision = str(case.summary.revision if case.summary else 0)
    return request.notice("summary", case.ref, case=case.ref, revision=revision)


def refresh_summary(request: Request, case: Case, *, less: bool = False) -> None:
    """Bring what was posted of the case up to what may be seen of it now.

    ``less``: something may not be seen any more. Then it is taken out and posted anew, for chat services keep what stood
    in a message before an edit, and show it.
    """
    posts = request.store.notices.about(request.team.id, case.ref, "summary")
    if less and posts:
        repost_summary(request, case)
        return
    for posted in posts:
        edit = replace(summary_notice(request, case), act=Act.EDIT, room=posted.room)
        request.say(replace(edit, words={**edit.words, "message": posted.message}))


def repost_summary(request: Request, case: Case) -> None:
    """Take out what was posted of the case, and post it as it may be seen now."""
    _unpost(request, case)
    request.say(summary_notice(request, case))


def show(request: Request, args: Args) -> Reply:
    case = request.case(args.opt("case", str), to=Action.READ_CASE)
    if case.author == request.account and case.summary is None:
        return _previewed(request, case)
    today = request.now.astimezone(request.team_zone).date()
    card = present.case(case, request.me, today, request.members, _meetings_with(request, case), request.zone)
    return Reply(card, case=case.ref)


def listing(request: Request, args: Args) -> Reply:
    which = args.text("which") or "open"
    states = {
        "deferred": (CaseState.DEFERRED,),
        "closed": (CaseState.CLOSED, CaseState.WITHDRAWN),
    }.get(which, (CaseState.DRAFT, CaseState.APPROVED, CaseState.DEFERRED, CaseState.DISCUSSED))
    author = request.account if which == "mine" else ""
    found = request.store.cases_in(*states, author=author, limit=MOST_LISTED)
    cases = [c for c in found if _may_list(request, c) and (which != "ready" or c.is_ready)]
    request.subjects.extend(c.ref for c in cases)
    more = len(found) == MOST_LISTED
    today = request.now.astimezone(request.team_zone).date()
    seen = [c if c.author == request.account else c.seen_by([request.me.discipline], today) for c in cases]
    return Reply(present.listing(seen, which, request.account, request.members, more=more))


def defer(request: Request, args: Args) -> Reply:
    case = request.case(args.opt("case", str), to=Action.TRIAGE_CASE)
    until = args.opt("until", Moment)
    on = until.at.astimezone(request.zone).date() if until else None
    why = screened(request, args.text("because"), case)
    case = case.defer(on, why.text)
    request.store.cases.save(case)
    _leave_agendas(request, case)
    return Reply(present.deferred(case, why.note), Audience.ROOM, subject=case.ref, case=case.ref)


def withdraw(request: Request, args: Args) -> Reply:
    case = request.case(args.opt("case", str), to=Action.WITHDRAW_CASE)
    case = case.withdraw(screened(request, args.text("because"), case).text)
    request.store.cases.save(case)
    _unpost(request, case)
    _leave_agendas(request, case)
    return Reply(present.withdrawn(case), subject=case.ref, case=case.ref)


def close(request: Request, args: Args) -> Reply:
    case = request.case(args.opt("case", str), to=Action.TRIAGE_CASE)
    pending = [t for t in request.store.tasks_on(case.ref) if t.is_pending]
    if pending:
        raise Refusal(
            f"Case {case.ref} still has {len(pending)} open action items ({', '.join(t.ref for t in pending[:5])}). "
            f"Finish or drop them first: `tasks case {case.ref}`.",
            f"tasks case {case.ref}",
        )
    case = case.close(screened(request, args.text("because"), case).text)
    request.store.cases.save(case)
    _leave_agendas(request, case)
    return Reply(present.closed(case), subject=case.ref)


def erase(request: Request, args: Args) -> Reply:
    """Destroy the case's key. Asked for twice: this cannot be undone."""
    case = request.case(args.opt("case", str), to=Action.ERASE_CASE)
    case.check_erasable()
    if args.text("sure") != "for ever":
        return Reply(present.really_erase(case))
    _unpost(request, case)
    for posted in request.store.notices.of_case(request.team.id, case.ref):
        _redact(request, posted)
    _unquote(request, case)
    _leave_agendas(request, case)
    for meeting in request.store.meetings.all():
        if meeting.agenda.has_case(case.ref):
            request.store.meetings.save(replace(meeting, agenda=meeting.agenda.forget_case(case.ref)))
    for task in request.store.tasks_on(case.ref):
        request.store.timers.plan(task.ref, {}, request.now)
    request.store.timers.plan(case.ref, {}, request.now)
    request.store.erase_case(case.ref, request.now)
    return Reply(present.erased(case.ref))


def _same_person(request: Request, case: Case) -> list[Case]:
    """Open cases with the same record number: found through its blind index, nothing is unsealed to search."""
    mrn = case.identifiers.get(Identifier.MRN, "")
    if not any(c.isalnum() for c in mrn):
        return []
    return [
        c for c in request.store.cases_with_mrn(mrn) if c.ref != case.ref and c.state in OPEN and _may_list(request, c)
    ]


# -- inside ------------------------------------------------------------------------------------------------------
def _preview(request: Request, case: Case) -> Preview:
    return preview(case, request.members)


def _previewed(request: Request, case: Case, note: str = "", before: Preview | None = None) -> Reply:
    """What the room would see; after a correction (``before``) only what that changed."""
    shown = alike(case, request.store.cases_in(*OPEN))
    draft = _preview(request, case)
    today = request.now.astimezone(request.team_zone).date()
    team = {m.discipline for m in request.members}
    held = [s.section for s in draft.sections if not_covered(s.section.category, case.consents, team, today)]
    card = present.preview(case, draft, held, shown, note) if before is None else present.corrected(case, draft, before)
    return Reply(card, case=case.ref, subject=case.ref, kind="preview")


def _covers(words: str, hidden: str) -> bool:
    return fold(words) in fold(hidden) or fold(hidden) in fold(words)


def _unpost(request: Request, case: Case) -> None:
    """Take what was posted of the case out of the rooms."""
    for posted in request.store.notices.about(request.team.id, case.ref, "summary"):
        _redact(request, posted)
    request.store.notices.drop_pending(request.team.id, case.ref)


def _redact(request: Request, posted: Notice) -> None:
    """Take out what was posted; from now on it counts as gone."""
    request.store.notices.mark(posted, NoticeState.DROPPED, why="taken out")
    notice = request.notice("redact", "", act=Act.REDACT, message=posted.message)
    request.say(replace(notice, room=posted.room))


def _unquote(request: Request, case: Case) -> None:
    """Posts of meetings quote the case's question: they leave the rooms, and a coming meeting's agenda comes anew."""
    for meeting in request.store.meetings.all():
        if not (meeting.is_coming or meeting.agenda.has_case(case.ref)):
            continue
        for posted in (stood := request.store.notices.about(request.team.id, meeting.ref, *_QUOTES)):
            _redact(request, posted)
        if stood and meeting.is_coming:
            request.say(request.notice("agenda", meeting.ref))


def _leave_agendas(request: Request, case: Case) -> None:
    for meeting in request.store.coming_meetings():
        if meeting.agenda.has_case(case.ref):
            request.store.meetings.save(meeting.with_agenda(meeting.agenda.without_case(case.ref)))


def _meetings_with(request: Request, case: Case) -> list[Meeting]:
    return [m for m in request.store.coming_meetings() if m.agenda.has_case(case.ref)]


def _may_list(request: Request, case: Case) -> bool:
    """Drafts are seen by their authors, and as a bare reference by who plans the agenda; a guest sees one case."""
    if request.me.has(Role.GUEST):
        return case.ref == request.me.case and case.is_shared
    return case.is_shared or case.author == request.account or request.has_right(Action.SHAPE_AGENDA)
