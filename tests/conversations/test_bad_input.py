"""Bad input: each a one-line refusal that says what to do, and nothing is half done."""

from collections.abc import Iterator

import pytest

from tests.conversations.harness import Begun, Chat, approved, chat, refusal

FLOOD = "x" * 1_000_000


def _begin(bot: Chat) -> Chat:
    """A team with a meeting, a topic and an action item."""
    bot.says("carla", 'meeting schedule "Case conference" tue 08:00 for 60m')
    bot.says("nora", "agenda add Form 10m")
    bot.says("carla", 'task add "Check TSH" for @nora due fri')
    return bot


@pytest.fixture
def busy(bot: Chat) -> Chat:
    return _begin(bot)


@pytest.fixture(scope="module")
def unmoved(team: Begun) -> Iterator[Chat]:
    """One team for all refusals, since none of them changes anything."""
    with chat(begun=team) as bot:
        yield _begin(bot)


def kept(bot: Chat) -> list[object]:
    """Everything that a command could make or change."""
    with bot.store() as store:
        everything = (store.members, store.cases, store.meetings, store.series, store.decisions, store.tasks)
        return [aggregates.all() for aggregates in everything]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("task done T-99", "T-99"),
        ("task done M-1", "Say which action item, e.g. T-12."),
        ("meeting M-99", "M-99"),
        ("rsvp M-99 yes", "M-99"),
        ("series stop S-99", "S-99"),
        ("case C-9999", "C-9999"),
        ("minutes M-99", "M-99"),
        ('dissent D-99 "no"', "D-99"),
        ("team remove @nobody", "I know nobody called"),
        ("task add X for @nobody due fri", "I know nobody called"),
        ("task add X for norra due fri", "nora"),
        ("meeting schedule X 20 nov 2026 09:00", "which has passed"),
        ("task add X due 2026-01-01", "which has passed"),
        ("meeting schedule X 32 dec 09:00", "There is no 32 Dec"),
        ("meeting end", "No meeting is running. `meeting start` begins the next one."),
        ("next", "No meeting is running"),
        ("minutes sign M-1", "M-1"),
        ("agenda drop 7", "it has 1"),
        ('agenda add ""', "is empty"),
        ('agenda add "   "', "is empty"),
        ('agenda add "' + "x" * 201 + '"', "at most 200"),
        ('task add "' + "x" * 201 + '" due fri', "at most 200"),
        ('agenda add "never closed', "never closed"),
        ('agenda add "he said "she said', "never closed"),
        ("agenda add “one „two", "never closed"),
        ("agenda add `code", "never closed"),
        ("agenda add fo\u202erm", "invisible character (U+202E)"),
        ("agenda add fo\x1b[31mrm", "invisible character (U+001B)"),
        ("agenda add fo\x00rm", "invisible character (U+0000)"),
        ("agenda add fo\ud800rm", "invisible character (U+D800)"),
        (FLOOD, "1,000,000 characters; I read at most 20,000"),
        (f"agenda add {FLOOD}", "I read at most 20,000"),
        ("'a " * 6_000, "help"),
        ("agenda add " + "for " * 4_000, "at most 200"),
    ],
)
def test_bad_input_changes_nothing(unmoved: Chat, words: str, says: str) -> None:
    """One line to the asker; every stored thing is as before."""
    before = kept(unmoved)
    said = refusal(unmoved.says("carla", words))
    assert says in said
    assert len(said) < 500
    assert kept(unmoved) == before


def test_a_form_is_checked_as_words_are(bot: Chat) -> None:
    """A hidden character or a flood in a field is refused before a case exists."""
    for bad in ("low \u202edesire", FLOOD):
        bot.whispers("pat", "case submit")
        assert bot.fills("pat", question="Which first?", background=bad).refused
    assert "C-" not in bot.says("pat", "cases").text
    bot.whispers("pat", "case submit")
    assert not bot.fills("pat", question="Which first?", background="low desire").refused


def test_two_people_of_one_name(busy: Chat) -> None:
    """The refusal names both accounts; either can then be meant."""
    busy.says("carla", "team add @kim1 nursing name Kim")
    busy.says("carla", "team add @kim2 pharmacy name Kim")
    asked = refusal(busy.says("carla", 'task add "X" for Kim due fri'))
    assert "@kim1 or @kim2" in asked
    assert "@Kim" in busy.says("carla", 'task add "X" for @kim2 due fri').text


def test_missing_and_forbidden_look_the_same(bot: Chat) -> None:
    """Whoever may not see a case cannot tell it from one that does not exist."""
    case = approved(bot, "pat")
    bot.says("carla", "team add @oli nursing role observer")
    there = refusal(bot.whispers("oli", f"case hide {case} words"))
    gone = refusal(bot.whispers("oli", "case hide C-9999 words"))
    assert there.replace(case, "C-9999") == gone


def test_a_stranger_is_told_the_same_everywhere(busy: Chat) -> None:
    """No command tells somebody outside the team what exists."""
    for ref in ("M-1", "M-99"):
        for words in ("meeting", "meeting start", "agenda", "minutes", "minutes sign", "calendar"):
            assert refusal(busy.says("mallory", f"{words} {ref}")).startswith("You are not in a care team here")


def test_a_room_without_a_team_says_how_to_begin(newcomer: Chat) -> None:
    """Every command of a team is refused with the one command that helps."""
    for words in ("tasks", "team", "agenda", 'meeting schedule "X" tue 08:00', "me", "case submit"):
        assert "`team create" in refusal(newcomer.says("carla", words))
