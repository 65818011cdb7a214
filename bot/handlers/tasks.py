"""Action items: given, claimed, moved, finished."""

from datetime import timedelta

from bot.grammar.params import Args, Holder
from bot.grammar.times import Moment
from bot.holding import freed_by, hold, holds
from bot.planning import plan_task
from bot.present import tasks as present
from bot.request import Audience, Reply, Request
from bot.screen import screened
from conference.case import Case
from conference.people import Discipline
from conference.policy import Action
from conference.refusal import Refusal
from conference.task import Task, TaskId, TaskKind, TaskState

SHOWN = 25


def add(request: Request, args: Args) -> Reply:
    case = request.case(args.text("case"), to=Action.ADD_TASK) if args.text("case") else None
    title = screened(request, args.text("title"), case, _on_now(request))
    holder = args.opt("holder", Holder) or Holder(account=request.account)
    due = args.opt("due", Moment)
    after = args.opt("after", str)
    if after and request.store.tasks.get(after) is None:
        raise Refusal(f"There is no action item {after} to come after. `tasks` lists them.")
    running = request.running_meetings
    task = Task(
        TaskId(request.store.next_ref("T")),
        request.team.id,
        title.text,
        TaskState.OPEN,
        request.now,
        request.account,
        TaskKind(args.text("kind") or TaskKind.OTHER),
        owner=holder.account,
        discipline=holder.discipline,
        due_at=due.at if due else request.now + request.settings.reminders.due,
        case=case.ref if case else None,
        meeting=running[0].ref if running else None,
        after=TaskId(after) if after else None,
    )
    hints = [title.note]
    if due is None:
        hints.append("No date was given, so it is due in a week; `task due` changes that.")
    if task.discipline and not any(m.discipline == task.discipline for m in request.members):
        hints.append(f"Nobody in the team is {task.discipline}; the coordinator will be reminded.")
    return _saved(request, task, "", " ".join(h for h in hints if h))


def claim(request: Request, args: Args) -> Reply:
    task = request.task(args.text("task"), to=Action.READ_TASKS)
    mine = task.owner is None and task.discipline in (None, request.me.discipline)
    if not mine:
        request.check(Action.CHANGE_TASK, *task.relations(request.me, request.member_of(task.owner)))
    return _saved(request, task.claim(request.account), "is claimed")


def assign(request: Request, args: Args) -> Reply:
    holder = args.one("holder", Holder)
    task = request.task(args.text("task"), to=Action.CHANGE_TASK).assign(holder.account, holder.discipline)
    return _saved(request, task, "is given on")


def due(request: Request, args: Args) -> Reply:
    moment = args.one("due", Moment)
    task = request.task(args.text("task"), to=Action.CHANGE_TASK).move_due(moment.at)
    return _saved(request, task, "has another date", moment.note)


def block(request: Request, args: Args) -> Reply:
    task = request.task(args.text("task"), to=Action.CHANGE_TASK)
    why = screened(request, args.text("why"), _case(request, task))
    return _saved(request, task.block(why.text), "is blocked", why.note)


def unblock(request: Request, args: Args) -> Reply:
    return _saved(request, request.task(args.text("task"), to=Action.CHANGE_TASK).unblock(), "goes on")


def snooze(request: Request, args: Args) -> Reply:
    """Only the owner decides to hear later; the due date stays."""
    task = request.task(args.text("task"), to=Action.READ_TASKS)
    if task.owner != request.account and not (task.owner is None and task.discipline == request.me.discipline):
        raise Refusal(f"Only the owner of {task.ref} can snooze it.")
    for_ = args.one("for", timedelta)
    if not timedelta(minutes=5) <= for_ <= timedelta(days=60):
        raise Refusal("Snooze from 5 minutes to 60 days.")
    return _saved(request, task.snooze(request.now + for_), "is quiet for now")


def done(request: Request, args: Args) -> Reply:
    task = request.task(args.text("task"), to=Action.CHANGE_TASK)
    held = hold(request.store, task)
    if held and task.is_pending:
        raise Refusal(f"{task.ref} is not free yet ({held}). Finish that first, or lift it, before this can be done.")
    outcome = screened(request, args.text("outcome"), _case(request, task))
    return _settled(request, task.finish(outcome.text, request.account, request.now), "is done", outcome.note)


def drop(request: Request, args: Args) -> Reply:
    task = request.task(args.text("task"), to=Action.CHANGE_TASK)
    why = screened(request, args.text("because"), _case(request, task))
    return _settled(request, task.drop(why.text, request.account, request.now), "is dropped", why.note)


def show(request: Request, args: Args) -> Reply:
    task = request.task(args.text("task"), to=Action.READ_TASKS)
    card = present.task(task, request.members, hold(request.store, task), request.now, request.zone)
    return Reply(card, case=task.case or "")


def listing(request: Request, args: Args) -> Reply:
    which = args.text("which")
    if args.text("case"):
        case = request.case(args.text("case"), to=Action.READ_CASE)
        found, title = request.store.tasks_on(case.ref), f"Action items of {case.ref}"
    elif args.opt("discipline", str):
        discipline = Discipline(args.text("discipline"))
        found, title = request.store.tasks_for(discipline, SHOWN), f"Action items for {discipline}"
    elif which == "team":
        found, title = request.store.pending_tasks(SHOWN), f"Action items of {request.team.name}"
    elif which == "overdue":
        found = request.store.pending_tasks(SHOWN, due_before=request.now)
        title = f"Overdue in {request.team.name}"
    else:
        found, title = _mine(request), "Your action items"
    total = request.store.count_pending() if which == "team" else len(found)
    card = present.listing(
        title, found[:SHOWN], total, request.members, holds(request.store, found[:SHOWN]), request.now, request.zone
    )
    return Reply(card)


def _mine(request: Request) -> tuple[Task, ...]:
    own = request.store.tasks_of(request.account, SHOWN)
    ours = request.store.tasks_for(request.me.discipline, SHOWN, unclaimed=True)
    return tuple(sorted({*own, *ours}, key=lambda t: (t.due_at is None, t.due_at, t.ref)))


def _case(request: Request, task: Task) -> Case | None:
    return request.store.cases.get(task.case) if task.case else None


def _on_now(request: Request) -> Case | None:
    """The case that the meeting talks about: its names come up in what is said meanwhile."""
    items = [m.current for m in request.running_meetings]
    refs = [i.case for i in items if i is not None and i.case]
    return request.store.cases.get(refs[0]) if refs else None


def _settled(request: Request, task: Task, what: str, hint: str) -> Reply:
    """Keep it as finished or given up; who waited for it hears that their item can go on."""
    freed = freed_by(request.store, task)
    reply = _saved(request, task, what, hint)
    for other in freed:
        say_freed(request, other)
    return reply


def say_freed(request: Request, task: Task) -> None:
    whom = task.owner or task.created_by
    request.say(request.notice("task-freed", task.ref, account=whom, case=task.case or ""))


def _saved(request: Request, task: Task, what: str, hint: str = "") -> Reply:
    """Keep it, plan its reminders, tell the room, and the new owner where somebody else gave it."""
    request.store.tasks.save(task)
    plan_task(request.store, task, request.settings, request.now)
    if task.ref not in request.subjects:
        request.subjects.append(task.ref)
    owner = request.member_of(task.owner)
    if what in ("", "is given on") and owner and owner.account != request.account:
        request.say(request.notice("task-given", task.ref, account=owner.account, case=task.case or ""))
    card = present.changed(task, what, request.members, hold(request.store, task), request.team_zone, hint)
    return Reply(card, Audience.ROOM, kind="task", subject=task.ref, case=task.case or "")
