"""Forms as modals: whatever goes wrong on the way, nothing is sent twice, lost in silence, or shown where it may not be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.card import Card, Choice, Field, Form
from adapters.slack import rules
from tests.slack.harness import Bot, Ear, nothing_broken, play, slack_bot, until
from tests.slack.people import text_of
from tests.slack.whole import make_team, ward
from tests.slack.world import Message

NEEDED = "This one is needed."
FORM = Form(
    "Fill in",
    "A case",
    "case submit",
    (
        Field("question", "Question", required=True),
        Field("background", "Background", multiline=True),
        Field("urgency", "Urgency", required=True, choices=(Choice("soon", "Within a week"), Choice("later", "Later"))),
    ),
)


@asynccontextmanager
async def offered(form: Form = FORM, **options: Any) -> AsyncIterator[tuple[Bot, Message]]:
    """A bot that may use modals, and its message with the form."""
    async with slack_bot(modals=True, **options) as bot:
        channel = bot.people.channel("ward", "dana")
        ref = await bot.platform.post(bot.place(channel), Card("A case", (form,)), "1")
        message = channel.find(ref.message)
        assert message
        yield bot, message
        nothing_broken(bot.breaches)


async def opened(bot: Bot, message: Message) -> None:
    await bot.people.presses("dana", message, "Fill in")
    view = await until(lambda: bot.people.open_view("dana"))
    await until(lambda: "submit" in view.body)
    assert rules.view_problems({k: v for k, v in view.body.items() if k in _SENT}) == []


_SENT = {"type", "title", "submit", "close", "blocks", "private_metadata", "callback_id"}


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({}, {"f0": NEEDED, "f2": NEEDED}),
        ({"Question": " \n ", "Urgency": "Later"}, {"f0": NEEDED}),
        ({"Question": "Which first?"}, {"f2": NEEDED}),
    ],
)
def test_what_is_needed_and_missing_is_said_at_its_field(values: dict[str, str], errors: dict[str, str]) -> None:
    """The view stays open with the errors, and goes on once they are mended."""

    async def story() -> None:
        async with offered() as (bot, message):
            await opened(bot, message)
            answer = await bot.people.submits("dana", values)
            assert answer.body == {"response_action": "errors", "errors": errors}
            assert bot.ear.heard == []
            answer = await bot.people.submits("dana", {"Question": "Which first?", "Urgency": "Within a week"})
            assert answer.body == {}
            (heard,) = await bot.ear.hears(1)
            assert dict(heard.fields) == {"question": "Which first?", "background": "", "urgency": "soon"}

    play(story)


def test_a_form_is_sent_once() -> None:
    """Slack's two deliveries of one submission, and a hasty second click, are one form."""

    async def story() -> None:
        async with offered() as (bot, message):
            await opened(bot, message)
            bot.slack.faults.deliver("duplicate")
            await bot.people.submits("dana", {"Question": "Which first?", "Urgency": "Later"})
            await bot.slack.delivery.settle()
            await bot.platform.intake.finish()
            assert len(bot.ear.heard) == 1

    play(story)


def test_a_view_that_was_closed_at_once() -> None:
    """Nothing is asked of somebody who closed the view before it was filled."""

    async def story() -> None:
        async with offered() as (bot, message):
            bot.slack.faults.on("views.update", "not_found")
            await bot.people.presses("dana", message, "Fill in")
            await bot.platform.intake.finish()
            assert bot.people.sees("dana", bot.people.direct("dana")) == []

    play(story)


@pytest.mark.parametrize("error", ["expired_trigger_id", "exchanged_trigger_id", "500", "refused"])
def test_a_view_that_cannot_be_opened(error: str) -> None:
    """A trigger that came too late, or a Slack that fails: the form is asked for by talking."""

    async def story() -> None:
        async with offered() as (bot, message):
            bot.slack.faults.on("views.open", error)
            await bot.people.presses("dana", message, "Fill in")
            await bot.platform.intake.finish()
            assert bot.people.open_view("dana") is None
            (asked,) = bot.people.sees("dana", bot.people.direct("dana"))
            assert "1 of 3" in text_of(asked)

    play(story)


def test_a_form_with_more_than_a_view_takes() -> None:
    """A text longer than an input is not cut off: it is asked for by talking."""

    async def story() -> None:
        long = Form("Fill in", "Edit", "case edit C-7K2P", (Field("background", "Background", value="x" * 3001),))
        async with offered(long) as (bot, message):
            await bot.people.presses("dana", message, "Fill in")
            await bot.platform.intake.finish()
            assert "1 of 1" in text_of(bot.people.sees("dana", bot.people.direct("dana"))[-1])

    play(story)


def test_a_form_while_the_database_is_busy() -> None:
    """What cannot be looked at within a second is acknowledged all the same, and handed over after."""

    async def story() -> None:
        async with offered(ear=Ear()) as (bot, message):
            await opened(bot, message)
            bot.drawer.wait = 1.3
            answer = await bot.people.submits("dana", {"Question": "Which first?", "Urgency": "Later"})
            bot.drawer.wait = 0.0
            assert answer.body == {}
            assert answer.seconds < 3
            (heard,) = await bot.ear.hears(1)
            assert heard.fields["question"] == "Which first?"

    play(story)


def test_what_the_bot_refuses_is_said_in_private() -> None:
    """A date of birth that is none: no field of the view can know, so the refusal comes as words, and no case is made."""

    async def story() -> None:
        async with ward(modals=True) as it:
            await make_team(it)
            await it.whispers("pat", "case submit")
            await it.people.presses("pat", it.newest("pat", "Fill in"), "Fill in")
            view = await until(lambda: it.people.open_view("pat"))
            await until(lambda: "submit" in view.body)
            labels = [b["label"]["text"] for b in view.body["blocks"] if b["type"] == "input"]
            born = next(label for label in labels if "birth" in label.lower())
            question = next(label for label in labels if "question" in label.lower())
            await it.people.submits("pat", {question: "Switch?", born: "next spring"})
            assert "date of birth" in await it.new("pat")
            assert "No cases" in await it.whispers("pat", "cases")
            assert it.slack.world.breaches == []

    play(story)
