"""Forms at the console: filled in one line or field by field, mended, left, opened again."""

import pytest

from adapters.card import Card
from adapters.platform import Source
from tests.adapters.fake_bot import IN_ROOM, REFUSED, FakeBot, case_bot


@pytest.fixture
def bot() -> FakeBot:
    return case_bot()


def test_fill_sends_all_fields(bot: FakeBot) -> None:
    """Fields are found by name, other name or label in any spelling; those left alone keep their value."""
    bot.plays(*IN_ROOM, "!confer case submit", '/fill QUESTION="Low desire" Treatment="CBT" how_soon="this week"')
    heard = bot.heard[-1]
    assert (heard.source, heard.text, heard.place.room) == (Source.FORM, "case save", "case-room")
    assert dict(heard.fields) == {
        "question": "Low desire",
        "treatment-so-far": "CBT",
        "urgency": "soon",
        "goals": "To sleep.",
    }


def test_fill_asks_one_by_one(bot: FakeBot) -> None:
    """Alone, each field is asked; in a script the next lines answer, blank ones keep, a dash empties."""
    shown = bot.plays(*IN_ROOM, "!confer case submit", "/fill", '"Low "x" desire', "two \\", "lines", "", "-", "after")
    assert shown[-6:] == [
        "? question: The one question (required)",
        "? treatment-so-far: What was tried",
        "? urgency: How soon (one of routine, soon)",
        "? goals: In the patient's words (now: To sleep.)",
        "3 @dana <confer> C-7K2P is taken.",
        "4 #case-room <dana> after",
    ]
    fields = dict(bot.heard[-2].fields)
    assert fields == {
        "question": '"Low "x" desire',
        "treatment-so-far": "two \nlines",
        "urgency": "",
        "goals": "",
    }


def test_slip_in_a_form_loses_nothing(bot: FakeBot) -> None:
    """After a refused field or a missing one, what was filled in stays for the next try."""
    shown = bot.plays(
        *IN_ROOM,
        "!confer case submit",
        '/fill qestion="x" treatment="CBT"',
        "/fill urgency=never",
        "/fill urgency=soon",
        '/fill question="Low desire"',
    )
    assert shown[-4:] == [
        "! The form has no field qestion; did you mean question? Nothing was sent.",
        "! urgency is one of routine, soon. Nothing was sent.",
        '! Still needed: question. Add it with /fill question="…"',
        "3 @dana <confer> C-7K2P is taken.",
    ]
    assert dict(bot.heard[-1].fields)["treatment-so-far"] == "CBT"
    assert bot.commands() == ["case submit", "case save"]


def test_answers_to_a_refused_form_never_reach_the_room(bot: FakeBot) -> None:
    """A wrong answer half way does not turn those that follow into messages."""
    shown = bot.plays(*IN_ROOM, "!confer case submit", "/fill", "Low desire", "CBT", "never", "To sleep well")
    assert shown[-1] == "! urgency is one of routine, soon. Nothing was sent."
    assert not [line for line in shown if "To sleep well" in line or "Low desire" in line]


def test_answered_form_is_closed_until_opened_again(bot: FakeBot) -> None:
    """A form that the bot took is not open any more; its own button opens it again."""
    shown = bot.plays(
        *IN_ROOM, "/fill", "!confer case submit", "/fill question=a", "/fill question=b", "/press Fill in"
    )
    assert shown[0] == "! No form is open."
    assert shown[-2:] == [
        '! No form is open. /press "Fill in" opens that one again.',
        'The form "Fill in" is open. /fill question="…" answers it, /fill alone asks.',
    ]
    bot.plays(*IN_ROOM, "/fill question=c")
    assert dict(bot.heard[-1].fields)["question"] == "c"


def test_refused_form_stays_open(bot: FakeBot) -> None:
    """What the bot refuses can be mended and sent again."""
    bot.answers("case save", REFUSED, refused=True)
    bot.plays(*IN_ROOM, "!confer case submit", "/fill question=a treatment=b")
    bot.answers("case save", Card("Taken."))
    bot.plays(*IN_ROOM, "/fill question=c")
    assert dict(bot.heard[-1].fields)["treatment-so-far"] == "b"


@pytest.mark.parametrize("end", [(), ("/cancel",), ("/clock +0m",)])
def test_form_left_half_way(bot: FakeBot, end: tuple[str, ...]) -> None:
    """A form that is left, or whose script ends, sends nothing and says so."""
    shown = bot.plays(*IN_ROOM, "!confer case submit", "/fill", "Low desire", *end)
    left = "! The form was left at treatment-so-far. Nothing was sent; /fill goes on with it."
    assert left in shown
    assert bot.commands() == ["case submit"]
    bot.plays(*IN_ROOM, "/fill treatment=CBT")
    assert dict(bot.heard[-1].fields)["question"] == "Low desire"
