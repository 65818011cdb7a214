"""Very many reminders that fall due in the same minute: each reaches the one whose item it is, once."""

import os
import re
from collections import Counter
from datetime import timedelta

from bot.planning import plan_task
from conference.people import Account
from conference.task import Task, TaskId, TaskState
from tests.conversations.harness import START, make_team, text_of
from tests.conversations.harness import chat as conversation

REMINDERS = int(os.environ.get("CONFER_REMINDERS", "600"))
"""How many CI takes; the soak takes 10,000."""
OWNERS = ("pat", "sol", "gene", "thea", "nora", "wes")


def test_each_of_many_reminders_in_one_minute_is_said_once(url: str) -> None:
    due = START + timedelta(days=2)
    with conversation(url=url) as bot:
        make_team(bot)
        with bot.store() as store:
            for number in range(1, REMINDERS + 1):
                owner = Account(OWNERS[number % len(OWNERS)])
                at = due + timedelta(seconds=number % 60)
                task = Task(
                    TaskId(f"T-{number}"), store.team().id, "call", TaskState.OPEN, START, owner, owner=owner, due_at=at
                )
                store.tasks.save(task)
                plan_task(store, task, bot.app.settings, bot.clock.now())
        bot.passes(due - timedelta(minutes=1))
        seen = len(bot.platform.messages)
        bot.passes(due + timedelta(hours=30))
        heard = Counter(
            (said.to, ref)
            for said in bot.platform.messages[seen:]
            for ref in re.findall(r"\b(T-\d+)\b.*\n?.*is due now", text_of(said.card))
        )
    assert heard == Counter({(OWNERS[n % len(OWNERS)], f"T-{n}"): 1 for n in range(1, REMINDERS + 1)})
