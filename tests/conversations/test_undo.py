"""Undo: the speaker's own last change, for ten minutes, while nothing was built on it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from bot.commands import TABLE
from tests.conversations.harness import ROOM, Chat, approved, running, submitted


@dataclass(frozen=True)
class Change:
    """A change and how it is seen: ``look`` by ``who`` reads the same after `undo` as before it."""

    words: str
    look: str
    who: str = "carla"
    before: tuple[str, ...] = ()


def case_of_pat(bot: Chat) -> str:
    return approved(bot, goals="to ride again", background="Sings in the choir at night.")


CHANGES = [
    Change("team add @dana psychiatry", "team"),
    Change("team remove @wes", "team"),
    Change("team guest @lee {c} until fri", "team"),
    Change("team holidays US", "team holidays"),
    Change("team holidays add 24 dec", "team holidays"),
    Change("team holidays drop 24 dec", "team holidays", before=("team holidays add 24 dec",)),
    Change("team zone Europe/Berlin", "meetings", before=('series create "Huddle" every weekday 12:15 for 15m',)),
    Change("team guard on", "team"),
    Change("me zone Europe/Berlin", "me"),
    Change("me quiet 18:00-08:00", "me"),
    Change("me quiet off", "me", before=("me quiet 18:00-08:00",)),
    Change("me off sat,sun", "me"),
    Change("me off none", "me", before=("me off sat,sun",)),
    Change("me digest 08:00", "me"),
    Change("me digest off", "me", before=("me digest 08:00",)),
    Change("me away until 5 dec cover @nora", "me"),
    Change("me back", "me", before=("me away until 5 dec cover @nora",)),
    Change('meeting schedule "Huddle" tomorrow 12:15 for 15m', "meetings"),
    Change('meeting poll "MDT" tue 09:00, wed 14:00', "meetings"),
    Change("meeting move {m} thu 09:00", "meetings"),
    Change("meeting cancel {m} because two are ill", "meetings"),
    Change("vote M-2 1", "meeting M-2", before=('meeting poll "MDT" tue 09:00, wed 14:00',)),
    Change("meeting fix M-2 1", "meeting M-2", before=('meeting poll "MDT" tue 09:00, wed 14:00',)),
    Change('series create "Huddle" every weekday 12:15 for 15m', "series"),
    Change(
        "series change S-1 every thu 09:00",
        "series S-1",
        before=('series create "Huddle" every weekday 12:15 for 15m',),
    ),
    Change(
        "series keep S-1 25 nov",
        "series S-1",
        before=('series create "Huddle" every weekday 12:15 for 15m', "series skip S-1 25 nov"),
    ),
    Change(
        "series move S-1 25 nov to 25 nov 13:00",
        "meetings",
        before=('series create "Huddle" every weekday 12:15 for 15m',),
    ),
    Change("series skip S-1 25 nov", "meetings", before=('series create "Huddle" every weekday 12:15 for 15m',)),
    Change("series stop S-1", "meetings", before=('series create "Huddle" every weekday 12:15 for 15m',)),
    Change("rsvp {m} yes", "meeting {m}"),
    Change('agenda add "Form" 10m', "agenda"),
    Change("agenda drop 1", "agenda", before=('agenda add "Form" 10m',)),
    Change("agenda move 2 1", "agenda", before=('agenda add "Form" 10m', 'agenda add "Rota" 5m')),
    Change("agenda build", "agenda"),
    Change("agenda lock", "agenda"),
    Change("agenda unlock", "agenda", before=("agenda lock",)),
    Change("case present {c}", "agenda"),
    Change("case defer {c} until 5 jan because labs", "case {c}"),
    Change("case hide {c} choir", "case preview {c}", "pat"),
    Change("case keep {c} choir", "case preview {c}", "pat", before=("case hide {c} choir",)),
    Change("case close {c}", "case {c}", "pat"),
    Change("consent {c} allow hiv to nursing", "consent {c}", "pat"),
    Change("consent {c} withdraw general", "consent {c}", "pat"),
    Change('decide {c} "Taper"', "case {c}", "pat"),
    Change('prefer D-1 "no new drug"', "decision D-1", "pat", before=('decide {c} "Taper"',)),
    Change('dissent D-1 "too early"', "decision D-1", "pat", before=('decide {c} "Taper"',)),
    Change('task add "Call" for @carla due fri', "tasks team"),
    Change("task claim T-1", "task T-1", before=('task add "Call" for care-coordination due fri',)),
    Change("task assign T-1 @nora", "task T-1", before=('task add "Call" due fri',)),
    Change("task due T-1 mon", "task T-1", before=('task add "Call" due fri',)),
    Change('task block T-1 "no phone"', "task T-1", before=('task add "Call" due fri',)),
    Change("task unblock T-1", "task T-1", before=('task add "Call" due fri', 'task block T-1 "no phone"')),
    Change("task done T-1", "task T-1", before=('task add "Call" due fri',)),
    Change("task drop T-1 because moved", "task T-1", before=('task add "Call" due fri',)),
    Change("task snooze T-1 2d", "task T-1", before=('task add "Call" due fri',)),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: c.words)
def test_undo_puts_things_back(bot: Chat, change: Change) -> None:
    """After `undo` everything reads as before, and what was taken back is named; others cannot take it back."""
    case = case_of_pat(bot)
    meeting = bot.says("carla", 'meeting schedule "Conference" tue 08:00 for 60m').ref("M")

    def said(words: str) -> str:
        return words.format(c=case, m=meeting)

    def seen() -> str:
        text = bot.whispers(change.who, said(change.look)).text
        with bot.store() as store:
            return f"{text}\n{store.team()}"

    for words in change.before:
        assert not bot.whispers(change.who, said(words)).refused
        bot.waits(11)
    before = seen()
    assert not bot.says(change.who, said(change.words)).refused
    assert seen() != before, "the change is seen"
    assert bot.says("thea", "undo").refused
    answer = bot.says(change.who, "undo")
    assert not answer.refused, answer.text
    assert change.words.split()[0] in answer.private
    assert seen() == before


def test_every_undoable_command_is_tried() -> None:
    """A command that says it can be undone has a line above, or a test of its own below."""
    tried = {c.words for c in TABLE.commands if any((f"{x.words} ").startswith(f"{c.words} ") for x in CHANGES)}
    own = {"case submit", "case edit", "case approve"}
    assert {c.words for c in TABLE.commands if c.undoable} - tried - own == set()


def test_undo_of_a_case_just_submitted(bot: Chat) -> None:
    """It is gone, as if it had not been taken."""
    case = submitted(bot)
    assert case in bot.whispers("pat", "undo").text
    assert bot.whispers("pat", f"case {case}").refused
    assert "No cases" in bot.whispers("pat", "cases mine").text


def test_undo_of_an_edit(bot: Chat) -> None:
    """The words are as they were."""
    case = submitted(bot)
    before = bot.whispers("pat", f"case preview {case}").text
    bot.sends("pat", f"case edit {case}", background="Other words.")
    assert not bot.whispers("pat", "undo").refused
    assert bot.whispers("pat", f"case preview {case}").text == before


def test_undo_of_an_approval_takes_the_summary_out_of_sight(bot: Chat) -> None:
    """The posted words are replaced by a mark, and the case is a draft again."""
    case = case_of_pat(bot)
    answer = bot.whispers("pat", "undo")
    assert "to ride again" not in bot.room_shows()
    assert "taken back" in "\n".join(str(s.card) for s in answer.edited)
    assert bot.whispers("nora", f"case {case}").refused
    assert "to ride again" in bot.whispers("pat", f"case approve {case}").in_room


def test_undo_of_a_second_approval_shows_the_first_again(bot: Chat) -> None:
    """What holds again stands in the room again."""
    case = case_of_pat(bot)
    bot.sends("pat", f"case edit {case}", goals="to sleep")
    bot.whispers("pat", f"case approve {case}")
    assert "to sleep" in bot.room_shows()
    bot.whispers("pat", "undo")
    assert "to sleep" not in bot.room_shows()
    assert bot.room_shows().count("to ride again") == 1


def test_undo_of_consent_hides_again_and_shows_again(bot: Chat) -> None:
    """The room follows the patient's word as it stands."""
    case = approved(bot, sexual_health="No desire since spring.", goals="to ride again")
    bot.whispers("pat", f"consent {case} withdraw sexual-health")
    everyone = "psychiatry,psychology,primary-care,sex-therapy,nursing,social-work,care-coordination"
    bot.whispers("pat", f"consent {case} allow sexual-health to {everyone}")
    assert "No desire since spring" in bot.room_shows()
    bot.whispers("pat", "undo")
    assert "No desire since spring" not in bot.room_shows()
    assert "to ride again" in bot.room_shows()


def test_what_was_posted_is_marked(bot: Chat) -> None:
    """Nobody acts on a message whose act was taken back; its reminders go too."""
    bot.says("pat", 'task add "Call" for @nora due fri')
    answer = bot.says("pat", "undo")
    assert "T-1: `task add` was taken back" in "\n".join(str(s.card) for s in answer.edited)
    assert "T-1" not in bot.waits(days=9).text


def test_undo_lasts_ten_minutes(bot: Chat) -> None:
    """After that it is history."""
    bot.says("pat", 'task add "Call" for @nora due fri')
    bot.waits(9.9)
    assert not bot.says("pat", "undo").refused
    bot.says("pat", 'task add "Call" for @nora due fri')
    bot.waits(10.1)
    late = bot.says("pat", "undo")
    assert late.refused
    assert "ten minutes" in late.text


def test_undo_again_takes_back_the_change_before(bot: Chat) -> None:
    """One step at a time, the newest first; then there is nothing left."""
    for n in (1, 2):
        bot.says("pat", f'task add "Item {n}" for @nora due fri')
    assert "T-2" in bot.says("pat", "undo").private
    assert "T-1" in bot.says("pat", "undo").private
    assert bot.says("pat", "undo").refused
    assert bot.whispers("pat", "tasks team").text.count("Item") == 0


def add(bot: Chat, case: str) -> None:
    bot.says("pat", f'task add "Call" for @nora due fri case {case}')


def decide(bot: Chat, case: str) -> None:
    bot.says("pat", f'decide {case} "Taper"')


BUILT: list[tuple[Callable[[Chat, str], None], tuple[tuple[str, str], ...]]] = [
    (add, (("nora", 'task done T-1 "called"'),)),
    (add, (("gene", 'task add "Then" for @gene after T-1'),)),
    (add, (("pat", "meeting end"), ("carla", "minutes sign M-1"))),
    (decide, (("sol", 'dissent D-1 "too early"'),)),
    (decide, (("pat", "meeting end"), ("carla", "minutes sign M-1"))),
]


@pytest.mark.parametrize(("change", "built"), BUILT, ids=lambda x: x.__name__ if callable(x) else x[-1][1])
def test_what_others_rely_on_stays(bot: Chat, change: Callable[[Chat, str], None], built: tuple) -> None:  # type: ignore[type-arg]
    """Once somebody has built on a change, `undo` says so and changes nothing."""
    case = case_of_pat(bot)
    running(bot, case)
    change(bot, case)
    bot.waits(1)
    for who, words in built:
        assert not bot.says(who, words).refused
    before = bot.whispers("carla", "tasks team").text
    answer = bot.says("pat", "undo")
    assert answer.refused
    assert "built on it" in answer.text
    assert bot.whispers("carla", "tasks team").text == before


def test_an_approval_that_others_worked_on_stays(bot: Chat) -> None:
    """A case that has got a decision or an item is not a draft again."""
    case = case_of_pat(bot)
    bot.waits(1)
    bot.says("nora", f'task add "Call" case {case}')
    assert bot.whispers("pat", "undo").refused
    assert "to ride again" in bot.room_shows()


def test_a_submission_on_an_agenda_stays(bot: Chat) -> None:
    """A draft that the coordinator has planned for does not vanish from under the agenda."""
    bot.says("carla", 'meeting schedule "Conference" tue 08:00')
    case = submitted(bot)
    bot.says("carla", f"case present {case}")
    assert bot.whispers("pat", "undo").refused
    assert not bot.whispers("pat", f"case {case}").refused


def test_a_text_taken_out_of_a_room_stays_out(bot: Chat) -> None:
    """Taking a case back does not bring its words back into the room."""
    bot.says("pat", "case submit Maria Lopez cannot sleep.")
    assert not bot.says("pat", "undo").refused
    assert "cannot sleep" not in bot.room_shows()
    assert ROOM in bot.platform.rooms


def test_nothing_to_take_back(bot: Chat) -> None:
    """Looking is no change, and a stranger has none."""
    bot.says("nora", "tasks")
    assert bot.says("nora", "undo").refused
    assert bot.says("zed", "undo").refused


def test_an_item_from_signed_minutes_can_still_be_taken_back_from_done(bot: Chat) -> None:
    """The minutes hold that it was given, not how it went on."""
    bot.says("carla", 'meeting schedule "Conf" in 5m for 30m')
    bot.says("pat", "meeting start")
    task = bot.says("pat", 'task add "Order chairs" for @nora').ref("T")
    bot.says("pat", "meeting end")
    bot.says("pat", "minutes sign M-1")
    assert bot.says("pat", "undo").refused, "what the minutes hold stays"
    bot.says("nora", f"task done {task}")
    assert not bot.says("nora", "undo").refused
    assert task in bot.says("nora", "tasks mine").text
