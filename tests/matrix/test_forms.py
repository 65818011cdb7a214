"""Forms without windows: asked one by one, or sent in one message."""

import pytest

from adapters.card import Card, Choice, Field, Form
from adapters.matrix.forms import Unfit, filled_in, whole
from adapters.platform import Outcome, Place, Source
from tests.matrix.conftest import Play
from tests.matrix.house import House

FIELDS = (
    Field("question", "The one question", "one sentence", required=True, other_names=("ask",)),
    Field("background", "Background", multiline=True, value="Since May."),
    Field("urgency", "How soon", choices=(Choice("routine", "Routine"), Choice("soon", "Within a week"))),
)
FORM = Form("Fill in", "A case", "case save", FIELDS)
CARD = Card("A case", (FORM,))


def test_guided_dialogue_survives_a_restart(play: Play) -> None:
    """One question at a time in the direct room, with back and skip, over a restart; the form acts where it was asked."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        place = Place("matrix", room)
        ref = await house.platform.whisper(place, dana.account, CARD, "w1")
        direct = ref.room
        await dana.joins(direct)
        await dana.hears(direct, "A case")
        await dana.says(direct, "1")
        await dana.hears(direct, "1 of 3: The one question (needed)")
        await dana.says(direct, "Low desire\nsince sertraline")
        await dana.hears(direct, "2 of 3: Background")
        await house.stop()
        house.start()
        await dana.says(direct, "back")
        asked = await dana.hears(direct, "Now: Low desire\nsince sertraline")
        assert "1 of 3" in asked.text
        await dana.says(direct, "skip")
        await dana.until(lambda: len([h for h in dana.sees(direct) if "2 of 3" in h.text]) == 2, "the second question")
        await dana.says(direct, "skip")
        await dana.hears(direct, "2. Within a week")
        await dana.says(direct, "9")
        await dana.hears(direct, "urgency is one of routine, soon")
        await dana.says(direct, "2")
        await dana.hears(direct, "as you filled it in")
        assert not house.ear.commands
        await dana.says(direct, "send")
        (heard,) = await house.ear.hears(1)
        assert (heard.source, heard.text, heard.place) == (Source.FORM, "case save", place)
        assert dict(heard.fields) == {
            "question": "Low desire\nsince sertraline",
            "background": "Since May.",
            "urgency": "soon",
        }
        await dana.says(direct, "tasks")
        assert (await house.ear.hears(2))[1].source is Source.TYPED

    play(story)


def test_refused_form_keeps_what_was_filled_in(play: Play) -> None:
    """A form that the bot does not take can be mended and sent again; cancel forgets it."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        ref = await house.platform.whisper(Place("matrix", room), dana.account, CARD, "w1")
        await dana.joins(ref.room)
        await dana.hears(ref.room, "A case")
        answers = iter([Outcome(refused=True), Outcome()])

        async def refuses_once(invocation: object) -> Outcome:
            return next(answers, Outcome())

        house.ear.answer = refuses_once
        await dana.says(ref.room, "question: Low desire\nsince sertraline\nurgency: soon")
        await house.ear.hears(1)
        await dana.says(ref.room, "question: Mended")
        heard = (await house.ear.hears(2))[1]
        assert dict(heard.fields) == {"question": "Mended", "background": "Since May.", "urgency": "soon"}

    play(story)


def test_one_message_fills_a_form() -> None:
    """Lines that begin with a field's name fill it, over several lines; everything else is no form."""
    assert filled_in(FORM, "Ask: Why?\nmore\n\nBackground: a: b\nc") == {
        "question": "Why?\nmore",
        "background": "a: b\nc",
    }
    assert filled_in(FORM, "**question**: x") == {"question": "x"}
    assert filled_in(FORM, "tasks mine") is None
    assert filled_in(FORM, "note: x") is None
    with pytest.raises(Unfit, match="did you mean question"):
        filled_in(FORM, "questoin: x")
    with pytest.raises(Unfit, match="question is needed"):
        whole(FORM, {"urgency": "soon"})
