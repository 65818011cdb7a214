"""Forms as modals: every form of the bot with each of its errors, and whatever goes wrong on the way: nothing is sent
twice, lost in silence, or shown where it may not be."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import bot.present
from adapters.card import Card, Choice, Field, Form
from adapters.platform import Source
from adapters.slack import SlackPlatform, rules
from bot.cli.slack import wrong_fields
from bot.present import cases, decisions, tasks
from conference.case import Case, CaseState, Identifier, Section
from conference.decision import Decision
from conference.task import Task, TaskState
from storage.inbox import SealedInbox
from tests.slack.harness import Bot, Ear, nothing_broken, play, running, slack_bot, until
from tests.slack.people import text_of
from tests.slack.whole import make_team, ward
from tests.slack.world import Message, View

NOW = datetime(2026, 11, 30, 17, tzinfo=UTC)
SECRET = "Lakeview"
NEEDED = "This one is needed."
NO_DATE = "I cannot read “next spring” as a date of birth. Write it like 1980-02-23."
LONG = "That is 1,001 characters; at most 1,000 fit."
HIDDEN = "The message holds an invisible character (U+202E). Type it again without it."
CASE = Case("C-7K2P", "T", "@dana", CaseState.DRAFT, NOW).edit(
    {Section.QUESTION: f"About {SECRET}?"}, {Identifier.PATIENT: SECRET}
)
CHOICES = Form(
    "Fill in",
    "A case",
    "case submit",
    (
        Field("question", "Question", required=True),
        Field("background", "Background", multiline=True),
        Field("urgency", "Urgency", required=True, choices=(Choice("soon", "Within a week"), Choice("later", "Later"))),
    ),
)
FORMS = {
    "case submit": cases.form(None).forms[0],
    "case edit": cases.form(CASE).forms[0],
    "prefer": decisions.decided(Decision("D-4", "T", "C-7K2P", "Wait", NOW, "@dana"), (), "", (), "").forms[0],
    "task done": tasks.finish_form(Task("T-12", "T", "TSH", TaskState.OPEN, NOW, "@dana", case="C-7K2P"))[0],
    "choices": CHOICES,
}
"""Every form that the bot offers, and one with all kinds of fields."""
ERRORS = [
    ("case submit", {"born": "next spring"}, {"born": NO_DATE}),
    ("case submit", {"goals": "rest\u202e", "born": "next spring"}, {"goals": HIDDEN, "born": NO_DATE}),
    ("case edit", {"born": "next spring"}, {"born": NO_DATE}),
    ("case edit", {"question": "why\u202e"}, {"question": HIDDEN}),
    ("prefer", {"preference": " \n "}, {"preference": NEEDED}),
    ("prefer", {"preference": "x" * 1001}, {"preference": LONG}),
    ("task done", {"outcome": " "}, {"outcome": NEEDED}),
    ("task done", {"outcome": "x" * 1001}, {"outcome": LONG}),
    ("choices", {}, {"question": NEEDED, "urgency": NEEDED}),
    ("choices", {"question": " \n ", "urgency": "Later"}, {"question": NEEDED}),
    ("choices", {"question": "Which first?"}, {"urgency": NEEDED}),
]
GOOD = {
    "case submit": {"question": "Switch?", "born": "1980-02-23", "goals": "rest"},
    "case edit": {"question": "Switch?", "born": "1980-02-23"},
    "prefer": {"preference": "no new drugs"},
    "task done": {"outcome": "TSH 2.1"},
    "choices": {"question": "Which first?", "urgency": "Within a week"},
}


@asynccontextmanager
async def offered(form: Form = CHOICES, **options: Any) -> AsyncIterator[tuple[Bot, Message]]:
    """A bot that may use modals, and its message with the form."""
    async with slack_bot(modals=True, wrong=wrong_fields, **options) as bot:
        channel = bot.people.channel("ward", "dana")
        ref = await bot.platform.post(bot.place(channel), Card("A case", (form,)), "1")
        message = channel.find(ref.message)
        assert message
        yield bot, message
        nothing_broken(bot.breaches)


async def opened(bot: Bot, message: Message) -> View:
    """Press the form's button, and wait until its fields are there."""
    await bot.people.presses("dana", message, message.blocks[-1]["elements"][0]["text"]["text"])
    view = await until(lambda: bot.people.open_view("dana"))
    await until(lambda: "submit" in view.body)
    assert isinstance(view, View)
    return view


async def sent(bot: Bot, form: Form, values: Mapping[str, str]) -> dict[str, Any]:
    """What the sent view is acknowledged with; values by the fields' names."""
    labels = {field.name: field.label for field in form.fields}
    answer = await bot.people.submits("dana", {labels[name]: value for name, value in values.items()})
    return answer.body


def test_every_form_is_here() -> None:
    """Whoever adds a form to the bot adds it to the tables above."""
    folder = Path(bot.present.__path__[0])
    source = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.py"))
    made = re.findall(r'\bForm\("[^"]*", f?"[^"]*", f?"([a-z ]+?)(?: \{[^"]*)?"', source)
    assert len(made) == len(re.findall(r"\bForm\(", source))
    assert set(made) | {"choices"} == set(FORMS) == set(GOOD) == {name for name, *_ in ERRORS}


@pytest.mark.parametrize("name", FORMS)
def test_opens_at_once_and_shows_no_words_outside_its_inputs(name: str) -> None:
    """The empty view first, with the trigger; then the fields, by the view's id and hash; hidden parts say nothing."""

    async def story() -> None:
        async with offered(FORMS[name]) as (bot, message):
            view = await opened(bot, message)
            (first, skeleton), (second, update) = [c for c in bot.slack.world.sent if c[0].startswith("views.")]
            assert (first, second) == ("views.open", "views.update")
            assert "submit" not in skeleton["view"]
            assert update["view_id"] == view.id
            assert update["hash"]
            assert SECRET not in str(list(rules.hidden_strings([skeleton, update])))
            assert SECRET not in str(skeleton)
            assert bot.slack.world.stacks[view.user] == [view.id]

    play(story)


@pytest.mark.parametrize(("name", "bad", "errors"), ERRORS)
def test_each_error_stands_at_its_field(name: str, bad: dict[str, str], errors: dict[str, str]) -> None:
    """The view stays open with the errors, and goes on once they are mended."""

    async def story() -> None:
        form = FORMS[name]
        at = {field.name: f"f{n}" for n, field in enumerate(form.fields)}
        async with offered(form) as (bot, message):
            view = await opened(bot, message)
            said = {at[field]: words for field, words in errors.items()}
            assert await sent(bot, form, bad) == {"response_action": "errors", "errors": said}
            assert bot.people.open_view("dana") is view
            assert bot.ear.heard == []
            assert await sent(bot, form, GOOD[name]) == {}
            assert bot.people.open_view("dana") is None
            (heard,) = await bot.ear.hears(1)
            meant = {c.label: c.value for field in form.fields for c in field.choices}
            expected = {f.name: f.value for f in form.fields} | {k: meant.get(v, v) for k, v in GOOD[name].items()}
            assert dict(heard.fields) == expected
            channel = bot.people.channel("ward")
            assert (heard.source, heard.text, heard.place) == (Source.FORM, form.command, bot.place(channel))

    play(story)


def test_a_form_is_sent_once() -> None:
    """Slack's two deliveries of one submission, and a hasty second click, are one form."""

    async def story() -> None:
        async with offered() as (bot, message):
            await opened(bot, message)
            bot.slack.faults.deliver("duplicate")
            await sent(bot, CHOICES, GOOD["choices"])
            await bot.slack.delivery.settle()
            await bot.platform.intake.finish()
            assert len(bot.ear.heard) == 1

    play(story)


@pytest.mark.parametrize("error", ["not_found", "hash_conflict"])
def test_a_view_that_was_closed_or_filled_meanwhile(error: str) -> None:
    """Nothing is asked of somebody who closed the view before it was filled, or for whom another instance filled it."""

    async def story() -> None:
        async with offered() as (bot, message):
            bot.slack.faults.on("views.update", error)
            await bot.people.presses("dana", message, "Fill in")
            await bot.platform.intake.finish()
            assert bot.people.sees("dana", bot.people.direct("dana")) == []

    play(story)


def test_a_view_that_is_closed() -> None:
    """Closing is no sending; the button opens the form anew."""

    async def story() -> None:
        async with offered() as (bot, message):
            first = await opened(bot, message)
            await bot.people.closes("dana")
            assert await opened(bot, message) is not first
            assert bot.ear.heard == []

    play(story)


@pytest.mark.parametrize("error", ["expired_trigger_id", "exchanged_trigger_id", "ratelimited", "500", "refused"])
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


def test_a_view_older_than_the_process() -> None:
    """What was opened before a restart is understood after it, errors and all."""

    async def story() -> None:
        async with offered() as (bot, message):
            await opened(bot, message)
            inbox = SealedInbox(bot.inbox.with_name("later"), bot.root, "slack")
            later, ear = SlackPlatform(bot.platform.options, bot.drawer, inbox), Ear()
            for socket in bot.slack.delivery.sockets:
                socket.refreshing = True
            async with running(later, ear.receive):
                assert (await sent(bot, CHOICES, {}))["response_action"] == "errors"
                assert await sent(bot, CHOICES, GOOD["choices"]) == {}
                (heard,) = await ear.hears(1)
                assert heard.fields["urgency"] == "soon"
            inbox.close()
            assert bot.ear.heard == []

    play(story)


def test_a_form_that_is_kept_no_longer() -> None:
    """It says so where it stands, and nothing is handed over."""

    async def story() -> None:
        async with offered() as (bot, message):
            view = await opened(bot, message)
            bot.drawer.content.clear()
            assert (await sent(bot, CHOICES, GOOD["choices"]))["response_action"] == "update"
            assert bot.people.open_view("dana") is view
            assert "too old" in str(view.body["blocks"])
            assert bot.ear.heard == []

    play(story)


def test_what_is_refused_is_not_lost() -> None:
    """What the bot refuses, the form begins with when it is opened again; once it is taken, it begins anew."""

    async def story() -> None:
        ear = Ear()
        ear.refuses = True
        async with offered(ear=ear) as (bot, message):
            await opened(bot, message)
            await sent(bot, CHOICES, GOOD["choices"])
            await bot.platform.intake.finish()
            view = await opened(bot, message)
            elements = [block["element"] for block in view.body["blocks"] if block["type"] == "input"]
            assert elements[0]["initial_value"] == "Which first?"
            assert elements[2]["initial_option"]["text"]["text"] == "Within a week"
            ear.refuses = False
            await sent(bot, CHOICES, {})
            await bot.platform.intake.finish()
            assert [one.fields["question"] for one in ear.heard] == ["Which first?"] * 2
            view = await opened(bot, message)
            assert "initial_value" not in view.body["blocks"][1]["element"]

    play(story)


def test_a_case_by_modal() -> None:
    """The whole bot: a wrong date of birth is said at its field, mended there, and the case is previewed."""

    async def story() -> None:
        async with ward(modals=True) as it:
            await make_team(it)
            await it.whispers("pat", "case submit")
            await it.people.presses("pat", it.newest("pat", "Fill in"), "Fill in")
            view = await until(lambda: it.people.open_view("pat"))
            await until(lambda: "submit" in view.body)
            typed = {"The one question for the team": "Switch?", "Date of birth": "next spring"}
            answer = await it.people.submits("pat", typed)
            assert list(answer.body["errors"].values()) == [NO_DATE]
            await it.people.submits("pat", typed | {"Date of birth": "23 Feb 1980"})
            assert "Switch?" in await it.new("pat")
            assert it.slack.world.breaches == []

    play(story)
