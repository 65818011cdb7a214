"""In the meeting: phases, time, attendance, who has not been heard, what is left for the next one."""

from datetime import timedelta

import pytest

from tests.conversations.harness import START, Chat, approved, running, submitted

PHASES = ["present", "summarise back", "clarify", "recommend", "sum up"]


def test_start_shows_the_first_item(bot: Chat) -> None:
    """The board names the item, its phase, its time, its presenter and the quorum that lacks."""
    case = approved(bot, question="Switch the SSRI?")
    meeting = bot.says("carla", 'meeting schedule "MDT" tue 08:00 for 60m quorum primary-care').ref("M")
    bot.says("carla", f"case present {case} 10m")
    board = bot.says("pat", "meeting start").in_room
    assert f"{meeting} item 1 of 1: {case} Switch the SSRI?" in board
    assert "[present] → summarise back → clarify → recommend → sum up" in board
    assert "10 minutes left of 10 minutes" in board
    assert "Presenter: @pat" in board
    assert "quorum lacks primary-care" in board


def test_only_a_leader_leads(bot: Chat) -> None:
    """The facilitator's and the coordinator's commands are nobody else's."""
    case = approved(bot)
    bot.says("carla", 'meeting schedule "MDT" tue 08:00 for 60m')
    bot.says("carla", f"case present {case}")
    assert bot.says("nora", "meeting start").refused
    assert not bot.says("carla", "meeting start").refused
    for words in ("next", "back", "extend 5m", "defer", "meeting end"):
        assert bot.says("nora", words).refused
    for words in ("next", "back", "extend 5m", "defer", "meeting end"):
        assert not bot.says("pat", words).refused


def test_without_a_meeting_nothing_is_led(bot: Chat) -> None:
    """Each says what to do first."""
    assert "meeting schedule" in bot.says("pat", "meeting start").text
    for words in ("next", "back", "extend 5m", "defer", "meeting end", "here"):
        answer = bot.says("pat", words)
        assert answer.refused
        assert "meeting start" in answer.text
    running(bot)
    again = bot.says("pat", "meeting start")
    assert again.refused
    assert "running already" in again.text


def test_an_empty_agenda_is_through_at_once(bot: Chat) -> None:
    """A meeting without items can be held and ended."""
    meeting = running(bot)
    assert bot.says("pat", "next").refused
    assert f"{meeting} Case conference has ended" in bot.says("pat", "meeting end").in_room


def test_the_phases_go_on_and_back(bot: Chat) -> None:
    """`next` walks through the phases and to the next item; `back` walks the same way back."""
    one, two = approved(bot), approved(bot)
    running(bot, one, two)
    for phase in PHASES[1:]:
        assert f"[{phase}]" in bot.says("pat", "next").in_room
    board = bot.says("pat", "next").in_room
    assert f"item 2 of 2: {two}" in board
    assert "[present]" in board
    board = bot.says("pat", "back").in_room
    assert f"item 1 of 2: {one}" in board
    assert "[sum up]" in board
    for phase in reversed(PHASES[:-1]):
        assert f"[{phase}]" in bot.says("pat", "back").in_room
    assert bot.says("pat", "back").refused


def test_the_buttons_do_the_same(bot: Chat) -> None:
    """The facilitator's thumb leads the meeting."""
    running(bot, approved(bot))
    assert "[summarise back]" in bot.presses("pat", "Next").in_room
    assert "[present]" in bot.presses("pat", "Back").in_room
    assert "20 minutes left of 20 minutes" in bot.presses("pat", "5 more minutes").in_room
    assert bot.presses("nora", "Next").refused
    assert "attendance" in bot.presses("nora", "Here").private
    assert "agenda is through" in bot.presses("pat", "Defer").in_room
    assert "has ended" in bot.presses("pat", "End the meeting").in_room


def test_time_runs_and_runs_over(bot: Chat) -> None:
    """The board says how long is left, then by how much the item is over; `extend` gives more."""
    running(bot, approved(bot))
    bot.waits(10)
    assert "5 minutes left of 15 minutes" in bot.says("pat", "next").in_room
    bot.waits(10)
    assert "over by 5 minutes" in bot.says("pat", "next").in_room
    assert "5 minutes left of 25 minutes" in bot.says("pat", "extend 10m").in_room


@pytest.mark.parametrize("more", ["0m", "3h", "soon", ""])
def test_extend_refusals(bot: Chat, more: str) -> None:
    """More time is one to sixty minutes."""
    running(bot, approved(bot))
    assert bot.says("pat", f"extend {more}").refused
    assert not bot.says("pat", "extend 5m").refused


def test_who_speaks_is_there_and_heard(bot: Chat) -> None:
    """Talking in the room is attendance; the board names the disciplines that have not been heard."""
    running(bot, approved(bot))
    bot.says("nora", "here")
    bot.says("wes", "here")
    bot.chats("sol", "I saw her last week.")
    bot.says("pat", "next")
    board = bot.says("pat", "next").in_room
    assert "Not heard yet: nursing, social-work." in board
    bot.chats("nora", "She does not sleep.")
    assert "Not heard yet: social-work." in bot.says("pat", "next").in_room
    bot.chats("wes", "Rent is a worry.")
    assert "Not heard" not in bot.says("pat", "next").in_room
    ended = bot.says("pat", "meeting end").in_room
    assert all(f"@{who}" in ended for who in ("pat", "nora", "wes", "sol"))
    assert "@thea" not in ended


def test_who_types_or_taps_in_the_room_is_there(bot: Chat) -> None:
    """A command in the room is presence as well; one in private is not, and `undo` keeps whoever was there."""
    case = approved(bot)
    running(bot, case)
    bot.says("nora", f'task add "Call" for nursing case {case}')
    bot.presses("nora", "Claim")
    bot.says("sol", "undo")
    bot.whispers("thea", f"case {case}")
    assert not bot.says("nora", "undo").refused
    ended = bot.says("pat", "meeting end").in_room
    assert "@nora" in ended
    assert "@thea" not in ended


def test_attendance_is_for_the_team(bot: Chat) -> None:
    """A stranger's words and a stranger's `here` count for nothing."""
    running(bot, approved(bot))
    assert not bot.says("nora", "here").refused
    assert bot.says("zed", "here").refused
    bot.chats("zed", "hello")
    assert "zed" not in bot.says("pat", "meeting end").in_room


def test_the_patient_s_view_is_asked_for_before_a_decision(bot: Chat) -> None:
    """Where the summary holds it, it is read out; where not, somebody is asked."""
    told, untold = approved(bot, goals="to feel like myself"), approved(bot)
    running(bot, told, untold)
    for _ in range(2):
        bot.says("pat", "next")
    assert "to feel like myself" in bot.says("pat", "next").in_room
    for _ in range(4):
        bot.says("pat", "next")
    assert "What does the patient want?" in bot.says("pat", "next").in_room


def test_summing_up_asks_what_is_decided_and_who_tells(bot: Chat) -> None:
    """The end of a case names what teams forget; a decision answers one of them."""
    case = approved(bot)
    running(bot, case)
    for _ in range(3):
        bot.says("pat", "next")
    board = bot.says("pat", "next").in_room
    assert "Nothing is decided yet" in board
    assert "Who tells the patient?" in board
    bot.says("pat", f'decide {case} "Taper"')
    bot.says("pat", "back")
    assert "Nothing is decided yet" not in bot.says("pat", "next").in_room


def test_defer_leaves_the_item_for_the_next_meeting(bot: Chat) -> None:
    """What is deferred says why, and stands on the next agenda."""
    case, other = approved(bot, patient="Maria Lopez"), approved(bot)
    running(bot, case, other)
    answer = bot.says("pat", "defer because Maria has no prolactin yet").in_room
    assert f"{case} is left for the next meeting." in answer
    assert f"item 2 of 2: {other}" in answer
    assert "Maria" not in bot.room_shows()
    bot.says("pat", "meeting end")
    bot.says("carla", 'meeting schedule "Next one" thu 08:00 for 60m')
    agenda = bot.says("carla", "agenda").text
    assert case in agenda
    assert "deferred in M-1" in agenda
    assert "has no prolactin yet" in agenda
    assert other not in agenda


def test_a_draft_can_be_deferred_in_the_meeting(bot: Chat) -> None:
    """A case that its author never approved does not block the meeting."""
    draft, other = submitted(bot), approved(bot)
    running(bot, draft, other)
    assert f"item 2 of 2: {other}" in bot.says("pat", "defer").in_room


def test_what_was_not_reached_is_carried_over(bot: Chat) -> None:
    """It stands on the meeting that is planned already, says so, and is not lost where none is planned."""
    one, two = approved(bot), approved(bot)
    running(bot, one, two)
    later = bot.says("carla", 'meeting schedule "Next one" thu 08:00 for 60m').ref("M")
    ended = bot.says("pat", "meeting end").in_room
    assert f"1 item carried over: on the agenda of {later}" in ended
    agenda = bot.says("carla", f"agenda {later}").text
    assert two in agenda
    assert one not in agenda
    assert "not reached in M-1" in agenda


def test_carried_over_to_a_meeting_made_later(bot: Chat) -> None:
    """Nothing is lost where the next meeting does not exist yet."""
    one, two = approved(bot), approved(bot)
    running(bot, one, two)
    assert "kept for the next meeting" in bot.says("pat", "meeting end").in_room
    bot.says("carla", 'meeting schedule "Next one" thu 08:00 for 60m')
    assert two in bot.says("carla", "agenda").text


def test_a_withdrawn_case_is_not_carried_over(bot: Chat) -> None:
    """What its author took back does not return by itself."""
    one, two = approved(bot), approved(bot)
    running(bot, one, two)
    bot.whispers("pat", f"case withdraw {two}")
    bot.says("pat", "meeting end")
    bot.says("carla", 'meeting schedule "Next one" thu 08:00 for 60m')
    assert two not in bot.says("carla", "agenda").text


def test_the_end_says_what_came_of_it(bot: Chat) -> None:
    """Length, attendance, results, and the way to the minutes."""
    case = approved(bot)
    running(bot, case)
    bot.waits(25)
    bot.says("pat", f'decide {case} "Taper"')
    bot.says("pat", f'task add "Check TSH" case {case}')
    answer = bot.says("pat", "meeting end")
    assert "25 minutes of 1 hour" in answer.in_room
    assert "1 decision, 1 action item" in answer.in_room
    assert {b.label for b in answer.buttons} >= {"Minutes", "Sign"}
    assert "discussed" in bot.whispers("pat", f"case {case}").text
    assert bot.says("pat", "meeting end").refused


def test_a_discussed_case_keeps_its_place_in_history(bot: Chat) -> None:
    """Its turn over, a case counts as discussed whether or not something was decided."""
    case, other = approved(bot), approved(bot)
    running(bot, case, other)
    for _ in range(5):
        bot.says("pat", "next")
    assert "State: discussed" in bot.whispers("nora", f"case {case}").text
    assert "State: approved" in bot.whispers("nora", f"case {other}").text


def test_reminders_stop_once_it_runs(bot: Chat) -> None:
    """A meeting that began early reminds nobody that it begins."""
    running(bot, approved(bot))
    assert "begins" not in bot.passes(START + timedelta(days=1)).text
