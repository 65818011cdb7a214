"""Decisions and dissent."""

from bot.grammar.params import Args
from bot.handlers.tasks import say_freed
from bot.present import decisions as present
from bot.request import Audience, Reply, Request
from bot.screen import screened
from conference.case import CaseState, Section
from conference.decision import Decision, DecisionId, DecisionKind
from conference.meeting import Meeting, Phase
from conference.policy import Action
from conference.refusal import Refusal
from conference.task import hold_on


def decide(request: Request, args: Args) -> Reply:
    """Record a decision on a case; without the patient's preference it is taken, and asked for."""
    ref = args.opt("case", str) or _case_on_now(request)
    case = request.case(ref, to=Action.DECIDE)
    case.check_presentable()
    text = screened(request, args.text("decision"), case)
    meeting = next((m for m in request.running_meetings if m.agenda.has_case(case.ref)), None)
    said = {name: screened(request, args.text(name), case) for name in ("because", "prefers")}
    options = [screened(request, o.strip(), case) for o in args.text("options").split(";") if o.strip()]
    notes = dict.fromkeys(s.note for s in (text, *said.values(), *options) if s.note)
    decision = Decision(
        DecisionId(request.store.next_ref("D")),
        request.team.id,
        case.ref,
        text.text,
        request.now,
        request.account,
        DecisionKind.of(args.text("kind") or args.text("decision")),
        said["because"].text,
        tuple(o.text for o in options),
        said["prefers"].text,
        meeting.ref if meeting else None,
    )
    request.store.decisions.save(decision)
    if case.state is not CaseState.DISCUSSED:
        request.store.cases.save(case.discuss(request.now))
    request.subjects.append(decision.ref)
    held = _held_by(request, decision)
    summary = request.as_the_team_sees(case).summary
    goals = summary.part(Section.GOALS) if summary else ""
    card = present.decided(decision, held, goals, request.members, " ".join(notes))
    return Reply(card, Audience.ROOM, kind="decision", subject=decision.ref, case=case.ref)


def prefer(request: Request, args: Args) -> Reply:
    """Add what the patient prefers to a decision that lacks it."""
    decision, case = request.decision(args.text("decision"), to=Action.DECIDE)
    words = screened(request, args.text("preference"), case)
    decision = decision.record_preference(words.text)
    request.store.decisions.save(decision)
    return Reply(
        present.preferred(decision, words.note), Audience.ROOM, kind="decision", subject=decision.ref, case=case.ref
    )


def dissent(request: Request, args: Args) -> Reply:
    decision, case = request.decision(args.text("decision"), to=Action.DISSENT)
    words = screened(request, args.text("words"), case)
    decision = decision.dissent(request.account, words.text, request.now)
    request.store.decisions.save(decision)
    return Reply(
        present.dissented(decision, request.me, words.note),
        Audience.ROOM,
        kind="decision",
        subject=decision.ref,
        case=case.ref,
    )


def show(request: Request, args: Args) -> Reply:
    decision, case = request.decision(args.text("decision"), to=Action.READ_CASE)
    return Reply(present.decision(decision, request.members, request.zone), case=case.ref)


def _case_on_now(request: Request) -> str:
    meeting: Meeting | None = next(iter(request.running_meetings), None)
    if meeting is None or meeting.current is None or meeting.current.case is None or meeting.phase is Phase.PRESENT:
        raise Refusal('Say which case: `decide C-7K2P "…"`.')
    return meeting.current.case


def _held_by(request: Request, decision: Decision) -> list[str]:
    """The case's action items that this decision holds back; who waited for one that lifts a hold is told."""
    if decision.kind is DecisionKind.PLAIN:
        return []
    tasks = {t.ref: t for t in request.store.tasks_on(decision.case)}
    decisions = request.store.decisions_on(decision.case)
    former = [d for d in decisions if d.ref != decision.ref]
    held = [t for t in tasks.values() if t.is_pending and hold_on(t, decisions, tasks)]
    for task in tasks.values():
        if task.is_pending and task not in held and hold_on(task, former, tasks):
            say_freed(request, task)
    return [t.ref for t in held]
