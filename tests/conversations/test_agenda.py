"""The agenda: suggested, ordered, built, locked, shown."""

from datetime import timedelta

import pytest

from tests.conversations.harness import START, Chat, approved, refusal


@pytest.fixture
def planned(bot: Chat) -> Chat:
    """A conference tomorrow at eight, and another on Thursday."""
    bot.says("carla", 'meeting schedule "Case conference" tue 08:00 for 60m')
    bot.says("carla", 'meeting schedule "Second conference" thu 08:00 for 60m')
    return bot


def topics(bot: Chat, meeting: str = "M-1") -> list[str]:
    with bot.store() as store:
        found = store.meetings.get(meeting)
        return [i.title or str(i.case) for i in found.agenda.items] if found else []


def filled(bot: Chat) -> Chat:
    for words in ("Alpha 10m", '"Beta" 5m', "Gamma"):
        bot.says("nora", f"agenda add {words}")
    return bot


def test_a_suggested_topic(planned: Chat) -> None:
    """The room hears its place, its length and its meeting; without a length it has five minutes."""
    assert "“New triage form” is item 1 on the agenda of M-1 Case conference, 10 minutes" in (
        planned.says("nora", 'agenda add "New triage form" 10m').in_room
    )
    assert "item 2" in planned.says("nora", "agenda add “Holiday cover”").in_room
    assert "M-2" in planned.says("nora", 'agenda add "Later" meeting M-2').in_room
    shown = planned.says("gene", "agenda")
    assert not shown.in_room
    for words in (
        "1.  New triage form",
        "10 minutes · @nora",
        "15 minutes of 1 hour planned, 45 minutes left",
        "(open)",
    ):
        assert words in shown.private
    assert "Later" in planned.says("gene", "agenda M-2").private


def test_dropping_and_moving(planned: Chat) -> None:
    """Positions are counted as shown."""
    filled(planned)
    assert "1.  Gamma" in planned.says("carla", "agenda move 3 1").in_room
    assert topics(planned) == ["Gamma", "Alpha", "Beta"]
    planned.says("carla", "agenda drop 2")
    assert topics(planned) == ["Gamma", "Beta"]
    planned.says("carla", "undo")
    assert topics(planned) == ["Gamma", "Alpha", "Beta"]


def test_a_case_is_shown_with_its_question_and_what_it_waits_for(planned: Chat) -> None:
    """Each row says who presents, why it is on, and whether it is ready."""
    case = approved(planned, "pat")
    added = planned.says("pat", f"case present {case} 20m")
    assert f"{case} is item 1 on the agenda of M-1" in added.in_room
    row = planned.says("gene", "agenda").private
    assert case in row
    assert "20 minutes · @pat · put on by @pat" in row


def test_what_does_not_fit_is_said(planned: Chat) -> None:
    """More than an hour on an hour's agenda."""
    planned.says("nora", "agenda add Long 50m")
    planned.says("nora", "agenda add Longer 30m")
    assert "20 minutes over" in planned.says("nora", "agenda").private


def test_a_proposed_agenda(planned: Chat) -> None:
    """Safety first, then the others; each row says why; what finds no time is named, and weighs more next time."""
    planned.says("nora", "agenda add Form 15m")
    calm = []
    for minute in range(3):
        planned.passes(START + timedelta(minutes=minute))
        calm.append(approved(planned, "pat"))
    urgent = approved(planned, "gene", safety="thoughts of suicide last week, no plan")
    built = planned.says("carla", "agenda build")
    assert topics(planned)[:2] == [urgent, "Form"]
    assert topics(planned)[2:] == calm[:2]
    assert "safety first" in built.in_room
    assert f"No time left for {calm[2]}" in built.in_room
    planned.presses("carla", "Build")
    assert "passed over 1 time" in planned.says("carla", "agenda build M-2").in_room
    assert topics(planned, "M-2") == [calm[2]]


def test_locking(planned: Chat) -> None:
    """A locked agenda is posted and takes no changes until it is opened again."""
    filled(planned)
    assert "(locked)" in planned.says("carla", "agenda lock").in_room
    for words in ("agenda add Late", "agenda drop 1", "agenda move 1 2", "agenda build"):
        assert "`agenda unlock` opens it again" in refusal(planned.says("carla", words))
    assert "locked already" in refusal(planned.says("carla", "agenda lock"))
    assert "(open)" in planned.says("carla", "agenda unlock").in_room
    assert "open already" in refusal(planned.says("carla", "agenda unlock"))
    assert not planned.says("nora", "agenda add Late").refused


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("agenda drop 9", "The agenda has no item 9; it has 3."),
        ("agenda drop 0", "The agenda has no item 0"),
        ("agenda drop", "Say which number, e.g. 3."),
        ("agenda drop Alpha", "is not a number"),
        ("agenda move 1 9", "no item 9"),
        ("agenda move 1", "Say which number"),
        ("agenda add Short 0m", "from 1 minute to 4 hours"),
        ("agenda add Long 5h", "from 1 minute to 4 hours"),
        ("agenda add 10m", 'Say what: "topic" in quotes.'),
        ('agenda add ""', "The topic is empty"),
        ('agenda add "Form" meeting M-9', "There is no meeting M-9"),
        ("agenda M-9", "There is no meeting M-9"),
    ],
)
def test_a_change_that_cannot_be(planned: Chat, words: str, says: str) -> None:
    """The agenda stays as it was."""
    filled(planned)
    assert says in refusal(planned.says("carla", words))
    assert topics(planned) == ["Alpha", "Beta", "Gamma"]


@pytest.mark.parametrize("words", ["agenda move 3 1", "agenda lock", "agenda unlock", "agenda build", "agenda drop 1"])
def test_the_agenda_is_shaped_by_coordinator_and_facilitator(planned: Chat, words: str) -> None:
    """What they may, another clinician and a stranger may not."""
    filled(planned)
    if words == "agenda unlock":
        planned.says("carla", "agenda lock")
    assert "that is for: coordinator, facilitator" in refusal(planned.says("gene", words))
    assert "not in a care team" in refusal(planned.says("mallory", words))
    assert not planned.says("pat", words).refused


def test_ones_own_topic_can_be_dropped(planned: Chat) -> None:
    """Whoever suggested it may take it off."""
    filled(planned)
    assert not planned.says("nora", "agenda drop 1").refused
    assert topics(planned) == ["Beta", "Gamma"]


@pytest.mark.parametrize("words", ["agenda", "agenda add Form"])
def test_an_observer_reads_and_does_not_suggest(planned: Chat, words: str) -> None:
    """Reading is for every member, suggesting for the staff."""
    planned.says("carla", "team add @oli nursing role observer")
    assert planned.says("oli", words).refused is (words != "agenda")
    assert not planned.says("nora", words).refused
    assert refusal(planned.says("mallory", words))


def test_what_identifies_somebody_is_left_out_of_a_topic(planned: Chat) -> None:
    """The room reads a topic, so a number or an address is taken out, and the author is told."""
    added = planned.says("nora", 'agenda add "Call maria@example.org about 555-867-5309"')
    assert "maria@example.org" not in added.text
    assert "867" not in added.text
    assert "I left out what identifies somebody" in added.text


def test_without_a_meeting_there_is_no_agenda(bot: Chat) -> None:
    """The refusal says how to plan one."""
    for words in ("agenda", "agenda add Form", "agenda build", "agenda lock"):
        assert "`meeting schedule" in refusal(bot.says("carla", words))


# -- the call for cases ------------------------------------------------------------------------------------------
def test_an_answer_to_the_call_becomes_a_topic_after_one_tap(bot: Chat) -> None:
    """Nothing is put on before the tap; quotes in the answer survive."""
    bot.says("carla", 'meeting schedule "Case conference" 1 dec 08:00 for 60m')
    called = bot.passes(START + timedelta(days=4))
    call = next(s.ref for s in called.said if s.card and "which cases and topics?" in s.card.title)
    offered = bot.chats("nora", 'Who covers the "hot" line at Christmas?', thread=call)
    assert 'Put “Who covers the "hot" line at Christmas?” on the agenda of M-1?' in offered.private
    assert not offered.in_room
    assert topics(bot) == []
    assert "is item 1 on the agenda of M-1" in bot.presses("nora", "Add it").in_room
    assert topics(bot) == ['Who covers the "hot" line at Christmas?']


def test_a_word_below_an_invitation_is_no_topic(planned: Chat) -> None:
    """Only the call asks for topics."""
    card = planned.says("carla", 'meeting schedule "Third" fri 08:00').said[0].ref
    assert not planned.chats("nora", "I may be late", thread=card).said


def test_a_late_or_foreign_answer_to_the_call_is_left_alone(bot: Chat) -> None:
    """An observer is offered nothing, and nobody once the agenda is locked."""
    bot.says("carla", "team add @oli nursing role observer")
    bot.says("carla", 'meeting schedule "Case conference" 1 dec 08:00 for 60m')
    called = bot.passes(START + timedelta(days=4))
    call = next(s.ref for s in called.said if s.card and "which cases and topics?" in s.card.title)
    assert not bot.chats("oli", "A topic", thread=call).said
    assert bot.chats("nora", "A topic", thread=call).said
    bot.says("carla", "agenda lock")
    assert not bot.chats("nora", "Another topic", thread=call).said
