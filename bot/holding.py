"""What an action item has to wait for, read from the store only where its kind or order asks for it."""

from conference.decision import Decision
from conference.task import Task, TaskId, TaskKind, hold_on
from storage.store import TeamStore


def hold(store: TeamStore, task: Task) -> str:
    """Why the item must wait, "" when it may go on."""
    return hold_on(task, *around(store, task)) if task.is_pending else ""


def around(store: TeamStore, task: Task) -> tuple[tuple[Decision, ...], dict[TaskId, Task]]:
    """The decisions and items that could make this one wait."""
    decisions: tuple[Decision, ...] = ()
    others: dict[TaskId, Task] = {}
    if task.case and task.kind is TaskKind.THERAPY:
        decisions = store.decisions_on(task.case)
        others = {t.ref: t for t in store.tasks_on(task.case)}
    if task.after and task.after not in others and (first := store.tasks.get(task.after)):
        others[first.ref] = first
    return decisions, others


def freed_by(store: TeamStore, task: Task) -> list[Task]:
    """Items that only waited for this one, which is settled now (and not yet saved as such)."""
    waiting = list(store.tasks_after(task.ref))
    if task.case and task.kind in (TaskKind.LAB, TaskKind.MEDICATION):
        waiting += [t for t in store.tasks_on(task.case) if t.is_pending and t.kind is TaskKind.THERAPY]
    freed = []
    for one in {t.ref: t for t in waiting}.values():
        decisions, others = around(store, one)
        if hold_on(one, decisions, others) and not hold_on(one, decisions, {**others, task.ref: task}):
            freed.append(one)
    return freed
