"""Forms filled in by talking: one question after the other, or all at once, and no answer is typed in vain."""

from adapters.card import Card, Field, Form
from adapters.platform import Source
from tests.slack.harness import Bot, Ear, nothing_broken, play, slack_bot
from tests.slack.people import text_of
from tests.slack.world import Channel, Message

FORM = Card(
    "A case",
    (Form("Fill in", "A case", "case submit", (Field("question", "Question", required=True), Field("more", "More"))),),
)


async def begun(bot: Bot) -> tuple[Channel, Message]:
    """dana has pressed the form's button; her direct channel, and the message with the button."""
    channel = bot.people.channel("ward", "dana")
    ref = await bot.platform.post(bot.place(channel), FORM, "1")
    message = channel.find(ref.message)
    assert message
    await bot.people.presses("dana", message, "Fill in")
    await bot.platform.intake.finish()
    return bot.people.direct("dana"), message


def test_form_is_filled_in_by_talking() -> None:
    """A form is asked for in private, field by field; a slip is asked again, a command in between is a command."""

    async def story() -> None:
        async with slack_bot() as bot:
            direct, _ = await begun(bot)
            await bot.people.says("dana", direct, "-")
            await bot.people.says("dana", direct, "@confer whoami")
            await bot.platform.intake.finish()
            await bot.people.says("dana", direct, "Jonathan <b> & co")
            await bot.platform.intake.finish()
            asked = bot.people.sees("dana", direct)[-1]
            await bot.people.presses("dana", asked, "Back")
            await bot.platform.intake.finish()
            await bot.people.says("dana", direct, "Low desire?\nSince May.")
            await bot.platform.intake.finish()
            await bot.people.presses("dana", bot.people.sees("dana", direct)[-1], "Skip")
            typed, form = await bot.ear.hears(2)
            assert typed.text == "whoami"
            assert (form.source, form.text, form.place) == (
                Source.FORM,
                "case submit",
                bot.place(bot.people.channel("ward", "dana")),
            )
            assert dict(form.fields) == {"question": "Low desire?\nSince May.", "more": ""}
            nothing_broken(bot.breaches)

    play(story)


def test_form_is_filled_in_by_one_message() -> None:
    """Who knows the fields sends them all at once; only what is needed and missing is asked for."""

    async def story() -> None:
        async with slack_bot() as bot:
            direct, _ = await begun(bot)
            await bot.people.says("dana", direct, "Question: Low desire?\nSince when: May\nmore: nothing\nelse")
            (form,) = await bot.ear.hears(1)
            assert dict(form.fields) == {"question": "Low desire?\nSince when: May", "more": "nothing\nelse"}

    play(story)


def test_refused_form_keeps_its_answers() -> None:
    """What the bot refused was not typed in vain: the form begins with it when it is opened again."""

    async def story() -> None:
        ear = Ear()
        ear.refuses = True
        async with slack_bot(ear=ear) as bot:
            direct, message = await begun(bot)
            await bot.people.says("dana", direct, "A long question")
            await bot.platform.intake.finish()
            await bot.people.says("dana", direct, "-")
            await bot.ear.hears(1)
            await bot.people.presses("dana", message, "Fill in")
            await bot.platform.intake.finish()
            assert "It says now: A long question" in text_of(bot.people.sees("dana", direct)[-1])

    play(story)
