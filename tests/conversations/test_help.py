"""Help, slips, first contact, and how words reach the bot."""

from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.platform import Invocation, Source
from bot.commands import TABLE
from bot.settings import BotSettings, Settings
from tests.conversations.harness import START, TEAM, Chat, chat, refusal

HELLO = "I am confer: I organize"


# -- help --------------------------------------------------------------------------------------------------------
def test_help_names_every_command(bot: Chat) -> None:
    """All of it, in groups, to the asker alone."""
    shown = bot.says("nora", "help")
    assert not shown.in_room
    assert all(word in shown.private for command in TABLE.commands for word in command.path[:2])


def test_help_for_each_command(bot: Chat) -> None:
    """Usage of every command, made from the table, in any letter case."""
    for command in TABLE.commands:
        assert command.usage in bot.whispers("nora", f"Help {command.words.upper()}").text


def test_help_says_who_may(bot: Chat) -> None:
    """One command with usage, example and holders of the right; a group with all its commands."""
    one = bot.says("nora", "help task done").text
    assert 'task done T-12 "TSH 2.1, told patient"' in one
    assert "coordinator" in one
    group = bot.says("nora", "help task").text
    assert all(words in group for words in ("task add", "task claim", "task drop"))


def test_help_for_what_does_not_exist(bot: Chat) -> None:
    """The nearest command is named, or else the whole list."""
    assert "Did you mean `help tasks`?" in refusal(bot.says("nora", "help taks"))
    assert "Did you mean `help task done`?" in refusal(bot.says("nora", "help taks done"))
    assert "`help` shows them all" in refusal(bot.says("nora", "help xyzzy"))


def test_help_is_for_strangers_too(newcomer: Chat) -> None:
    """Before there is a team, and without saying anything but the bot's name."""
    assert "team create" in newcomer.says("mallory", "help").text
    assert "team create" in newcomer.chats("mallory", "@confer").text
    assert "team create" in newcomer.whispers("mallory", "help").text


# -- slips -------------------------------------------------------------------------------------------------------
def test_a_slip_is_offered_and_never_carried_out(bot: Chat) -> None:
    """The button of the suggestion is a command of its own."""
    task = bot.says("carla", 'task add "Check TSH" for @nora due fri').ref("T")
    slip = bot.says("nora", f"taks done {task}")
    assert "Did you mean `task done`?" in refusal(slip)
    assert task in bot.says("nora", "tasks").text
    meant = bot.says("nora", "metings")
    assert refusal(meant) == "I do not know that command. Did you mean `meetings`?"
    assert "No meetings." in bot.presses("nora", "meetings").text


# -- first contact -----------------------------------------------------------------------------------------------
def test_the_bot_introduces_itself_to_a_room_once(newcomer: Chat) -> None:
    """Two lines: what it is for, and what to type next."""
    first = newcomer.tells("carla", "", Source.JOINED)
    (line, then) = first.in_room.splitlines()
    assert line.startswith(HELLO)
    assert "`!confer team create" in then
    assert not newcomer.tells("carla", "", Source.JOINED).said
    assert HELLO not in newcomer.says("carla", "help").text


def test_the_bot_introduces_itself_to_a_newcomer_once(bot: Chat) -> None:
    """In private, before the answer, with what there is to type here; elsewhere it is not said again."""
    first = bot.says("mallory", "whoami")
    assert first.private.startswith(HELLO)
    assert "`!confer meetings`" in first.private
    assert "team create" not in first.private
    assert not first.in_room
    assert HELLO not in bot.says("mallory", "whoami").text
    assert HELLO not in bot.whispers("mallory", "whoami").text


def test_a_private_room_is_greeted_where_the_person_is_new(bot: Chat) -> None:
    """Whoever knows the bot from the team's room is not told again what it is."""
    for who, is_greeted in (("carla", False), ("mallory", True)):
        arrival = Invocation(f"came to {who}", who, who, bot.direct(who), "", bot.clock.now(), Source.JOINED)
        assert (HELLO in bot.receives(arrival).text) is is_greeted


def test_in_private_nobody_is_told_to_type_a_prefix(newcomer: Chat) -> None:
    """Alone with the bot, plain words are enough."""
    first = newcomer.whispers("mallory", "whoami").text
    assert HELLO in first
    assert "!confer" not in first.split("You are")[0]


def test_talk_is_not_an_introduction(newcomer: Chat) -> None:
    """Somebody who talks to the room has not addressed the bot."""
    assert not newcomer.chats("mallory", "Good morning everyone").said
    assert HELLO in newcomer.says("mallory", "help").text


# -- addressing --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "words",
    [
        "!confer meetings",
        "@confer meetings",
        "@confer: meetings",
        "confer: meetings",
        "Confer, MEETINGS",
        "!CONFER  meetings ",
    ],
)
def test_ways_to_address_the_bot(bot: Chat, words: str) -> None:
    """A mention or the plain name, with or without a colon, in any letter case."""
    assert "No meetings." in bot.chats("nora", words).text


@pytest.mark.parametrize(
    "words", ["meetings", "we confer about meetings", "Confer with Lee first", "mail confer@example.org"]
)
def test_talk_in_a_room_is_not_for_the_bot(bot: Chat, words: str) -> None:
    """People may talk about the bot and about its subjects."""
    assert not bot.chats("nora", words).said


@pytest.mark.parametrize("words", ["meetings", "!confer meetings", "@confer meetings", "confer: meetings"])
def test_in_private_with_and_without_a_prefix(bot: Chat, words: str) -> None:
    """The habit of the room does no harm."""
    assert "No meetings." in bot.whispers("nora", words).text


# -- once --------------------------------------------------------------------------------------------------------
def test_the_same_invocation_twice_does_nothing_twice(bot: Chat) -> None:
    """Redelivered, replayed, or brought twice by a platform: one act, one answer."""
    said = Invocation("event-1", "nora", "nora", bot.place(), 'task add "Check TSH" due fri', bot.clock.now())
    assert "T-1" in bot.receives(said).text
    again = bot.receives(said)
    assert again.outcome.ignored
    assert not again.said
    bot.receives(replace(said, text='task add "Something else"'))
    assert "T-2" not in bot.says("nora", "tasks team").text
    assert "T-2" in bot.receives(replace(said, id="event-2")).text


def test_a_refused_invocation_twice_is_refused_once(bot: Chat) -> None:
    """The second delivery is not even answered."""
    said = Invocation("event-1", "nora", "nora", bot.place(), "task done T-99", bot.clock.now())
    assert bot.receives(said).refused
    assert not bot.receives(said).said


# -- age ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("hours", "carried_out"), [(11, True), (13, False)])
def test_a_command_that_waited(bot: Chat, hours: int, carried_out: bool) -> None:
    """Typed while the bot was away: answered if it is young enough, else one note that it was not carried out."""
    typed = bot.clock.now()
    bot.passes(typed + timedelta(hours=hours))
    said = Invocation("event-1", "nora", "nora", bot.place(), 'task add "Check TSH" due fri', typed)
    answer = bot.receives(said)
    assert ("T-1" in answer.in_room) is carried_out
    assert ("not carried out" in answer.private) is not carried_out
    assert ("Mon 23 Nov 2026, 09:00 EST" in answer.private) is not carried_out
    assert ("T-1" in bot.says("nora", "tasks team").text) is carried_out
    assert not bot.receives(said).said


def test_the_age_is_a_setting() -> None:
    """Down to seconds."""
    with chat(settings=Settings(bot=BotSettings(oldest_command=timedelta(seconds=2)))) as bot:
        bot.joins(*TEAM)
        old = Invocation("e1", "carla", "carla", bot.place(), "team create North", START - timedelta(seconds=3))
        assert "not carried out" in bot.receives(old).text
        young = replace(old, id="e2", at=START - timedelta(seconds=2))
        assert "coordinator" in bot.receives(young).text
