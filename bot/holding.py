"""What an action item has to wait for, read from the store only where its kind or order asks for it."""

from collections.abc import Iterable

from conference.decision import Decision, DecisionKind
from conference.task import Task, TaskId, TaskKind, hold_on
from storage.store import TeamStore


def hold(store: TeamStore, task: Task) -> str:
    """Why the item must wait, "" when it may go on."""
    return holds(store, (task,)).get(task.ref, "")


def holds(store: TeamStore, tasks: Iterable[Task]) -> dict[TaskId, str]:
    """Why each of them must wait, where it must; read at once for all of them."""
    pending = [t for t in tasks if t.is_pending]
    around = _Around(store, pending)
    return {t.ref: why for t in pending if (why := hold_on(t, around.decisions(t), around.others(t)))}


def freed_by(store: TeamStore, task: Task) -> list[Task]:
    """Items that only waited for this one, which is settled now (and not yet saved as such)."""
    waiting = list(store.tasks_after(task.ref))
    if task.case and task.kind in (TaskKind.LAB, TaskKind.MEDICATION):
        waiting += [t for t in store.pending_on(task.case) if t.kind is TaskKind.THERAPY]
    around = _Around(store, waiting)
    freed = []
    for one in {t.ref: t for t in waiting}.values():
        decisions, others = around.decisions(one), around.others(one)
        if hold_on(one, decisions, others) and not hold_on(one, decisions, {**others, task.ref: task}):
            freed.append(one)
    return freed


class _Around:
    """The decisions and items that could make these ones wait."""

    def __init__(self, store: TeamStore, tasks: Iterable[Task]) -> None:
        tasks = tuple(tasks)
        cases = {t.case for t in tasks if t.case and t.kind is TaskKind.THERAPY}
        self._decisions = store.decisions_on(*cases) if cases else ()
        medical_first = {d.case for d in self._decisions if d.kind is DecisionKind.MEDICAL_FIRST}
        self._items = {t.ref: t for t in store.tasks_on(*medical_first)} if medical_first else {}
        for ref in {t.after for t in tasks if t.after} - self._items.keys():
            if first := store.tasks.get(ref):
                self._items[ref] = first

    def decisions(self, task: Task) -> list[Decision]:
        return [d for d in self._decisions if d.case == task.case]

    def others(self, task: Task) -> dict[TaskId, Task]:
        return {ref: t for ref, t in self._items.items() if t.case == task.case or ref == task.after}
