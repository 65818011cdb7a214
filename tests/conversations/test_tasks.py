"""Action items: given, claimed, moved, finished, and chased until somebody answers."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.conversations.harness import START, Answer, Chat, approved, running

FRIDAY = datetime(2026, 11, 27, 22, 0, tzinfo=UTC)
"""Friday 17:00 in New York."""


def given(bot: Chat, words: str, who: str = "pat") -> str:
    return bot.says(who, f"task add {words}").ref("T")


def told(answer: Answer) -> dict[str, str]:
    """Who heard what in private."""
    heard: dict[str, str] = {}
    for said in answer.said:
        who = said.to or said.ref.room.removeprefix("@")
        heard[who] = heard.get(who, "") + str(said.card)
    return heard


def test_given_to_a_discipline(bot: Chat) -> None:
    """Reference, words, who, when, case and kind are said in the room."""
    case = approved(bot)
    text = bot.says("pat", f'task add "Check TSH" for nursing due fri case {case} kind lab').in_room
    for words in ("T-1 Check TSH", "nursing", "Fri 27 Nov 2026, 17:00 EST", case, "lab"):
        assert words in text
    assert "T-1" in bot.whispers("nora", "tasks").text
    assert "T-1" not in bot.whispers("wes", "tasks").text


def test_given_to_a_person(bot: Chat) -> None:
    """The person hears of it at once, and only the person."""
    answer = bot.says("pat", 'task add "Call the school" for @wes due tomorrow 14:00')
    assert "given to you" in told(answer)["wes"]
    assert set(told(answer)) == {"wes", "case-room"}
    assert "Tue 24 Nov 2026, 14:00 EST" in answer.in_room


@pytest.mark.parametrize(("holder", "shown"), [("gp", "primary-care"), ("Wes", "@wes"), ("pt", "physiotherapy")])
def test_holders_by_other_names(bot: Chat, holder: str, shown: str) -> None:
    """Synonyms of disciplines and plain names are understood."""
    assert shown in bot.says("pat", f'task add "x" for {holder} due fri').in_room


def test_what_is_left_out_is_filled_in_and_said(bot: Chat) -> None:
    """Without a holder it is the speaker's, without a date due in a week."""
    text = bot.says("pat", 'task add "Write to the GP"').in_room
    assert "@pat" in text
    assert "due in a week" in text
    assert "Mon 30 Nov 2026" in text
    assert "Nobody in the team is pharmacy" in bot.says("pat", 'task add "x" for pharmacy due fri').in_room


@pytest.mark.parametrize(
    "words",
    ["", '""', '"x" for @zed', '"x" for astrology', '"x" due yesterday', '"x" kind magic', '"x" after T-99',
     '"x" case C-9ZZ9', '"x" due sometime', '"' + "x" * 300 + '"'],
)  # fmt: skip
def test_add_refusals(bot: Chat, words: str) -> None:
    """Nothing is half added."""
    assert bot.says("pat", f"task add {words}").refused
    assert bot.says("pat", 'task add "x" for @nora due fri kind lab').ref("T") == "T-1"


def test_who_may_add(bot: Chat) -> None:
    """Observers and strangers give nobody work."""
    bot.says("carla", "team add @obe nursing role observer")
    assert bot.says("obe", 'task add "x"').refused
    assert bot.says("zed", 'task add "x"').refused
    assert not bot.says("sol", 'task add "x"').refused


def test_claiming_what_a_discipline_was_given(bot: Chat) -> None:
    """One of the discipline makes it theirs; others cannot, nor can it be claimed twice."""
    task = given(bot, '"Check TSH" for nursing due fri')
    assert bot.says("wes", f"task claim {task}").refused
    assert "@nora" in bot.says("nora", f"task claim {task}").in_room
    assert bot.says("nora", f"task claim {task}").refused
    assert bot.says("wes", f"task claim {task}").refused


def test_the_button_claims(bot: Chat) -> None:
    """One tap in the room is enough."""
    given(bot, '"Check TSH" for nursing due fri')
    assert bot.presses("wes", "Claim").refused
    assert "is claimed" in bot.presses("nora", "Claim").in_room


CHANGES = ["assign {t} @wes", "due {t} mon", 'block {t} "x"', 'done {t} "x"', "drop {t} because x"]


@pytest.mark.parametrize("words", CHANGES)
def test_who_may_change_an_item(bot: Chat, words: str) -> None:
    """Owner, the owner's discipline and the coordinator; nobody else, not even who gave it."""
    bot.says("carla", "team add @nick nursing")
    bot.whispers("nick", "whoami")
    for may, ref in (("nora", "T-1"), ("nick", "T-2"), ("carla", "T-3")):
        assert given(bot, '"Call" for @nora due fri') == ref
        for other in ("pat", "wes", "zed"):
            assert bot.says(other, "task " + words.format(t=ref)).refused
        assert not bot.says(may, "task " + words.format(t=ref)).refused


@pytest.mark.parametrize("words", [*CHANGES, "{t}", "claim {t}", "snooze {t} 1d", "unblock {t}"])
def test_an_unknown_item(bot: Chat, words: str) -> None:
    """A wrong reference says where to look."""
    answer = bot.says("nora", "task " + words.format(t="T-77"))
    assert answer.refused
    assert "no action item T-77" in answer.text


@pytest.mark.parametrize("words", CHANGES)
def test_what_is_settled_stays_settled(bot: Chat, words: str) -> None:
    """A finished item is not changed; the refusal says what it is."""
    task = given(bot, '"Call" for @nora due fri')
    bot.says("nora", f"task done {task}")
    answer = bot.says("nora", "task " + words.format(t=task))
    assert answer.refused
    assert "is done" in answer.text


def test_assign_passes_it_on(bot: Chat) -> None:
    """The new owner hears of it, also where the former one had put it to rest."""
    task = given(bot, '"Call" for @nora due fri')
    bot.says("nora", f"task snooze {task} 2d")
    answer = bot.says("nora", f"task assign {task} @wes")
    assert "given to you" in told(answer)["wes"]
    assert "nursing" in bot.says("wes", f"task assign {task} nursing").in_room
    assert bot.says("nora", f"task assign {task} @zed").refused


def test_due_and_block(bot: Chat) -> None:
    """Another date, what it waits for, and going on again are said in the room."""
    task = given(bot, '"Call" for @nora due fri')
    assert "Mon 30 Nov 2026" in bot.says("nora", f"task due {task} mon").in_room
    assert bot.says("nora", f"task due {task} 2020-01-01").refused
    assert bot.says("nora", f"task block {task}").refused
    assert "waiting for lab" in bot.says("nora", f'task block {task} "waiting for lab"').in_room
    assert "blocked: waiting for lab" in bot.whispers("wes", f"task {task}").text
    assert not bot.says("nora", f"task unblock {task}").refused
    assert "blocked" not in bot.whispers("wes", f"task {task}").text


def test_done_of_a_case_wants_an_outcome(bot: Chat) -> None:
    """The loop closes with a word of how it came out, typed or in the form below the item."""
    case = approved(bot, patient="Maria Lopez")
    task, other = given(bot, f'"Check TSH" for @nora case {case}'), given(bot, '"Water the plants" for @nora')
    bare = bot.says("nora", f"task done {task}")
    assert bare.refused
    assert "say how it came out" in bare.text
    assert not bot.says("nora", f"task done {other}").refused
    bot.whispers("nora", f"task {task}")
    answer = bot.fills("nora", outcome="TSH 2.1, told Maria Lopez")
    assert "TSH 2.1, told" in answer.text
    assert "Maria" not in bot.whispers("wes", f"task {task}").text


def test_drop_wants_a_reason(bot: Chat) -> None:
    """Giving up says why."""
    task = given(bot, '"Call" for @nora')
    assert bot.says("nora", f"task drop {task}").refused
    assert "moved away" in bot.says("nora", f"task drop {task} because moved away").in_room
    assert task not in bot.whispers("nora", "tasks").text


def test_snooze_is_the_owner_s(bot: Chat) -> None:
    """Nobody snoozes another's reminders; the due date stays."""
    task = given(bot, '"Call" for @nora due fri')
    assert bot.says("carla", f"task snooze {task} 1d").refused
    for wrong in ("1m", "90d", "soon"):
        assert bot.says("nora", f"task snooze {task} {wrong}").refused
    assert not bot.says("nora", f"task snooze {task} 2d").refused
    assert "Fri 27 Nov 2026" in bot.whispers("nora", f"task {task}").text
    assert task not in bot.passes(START + timedelta(days=1, hours=23)).text
    assert task in bot.passes(START + timedelta(days=2, minutes=1)).text


def test_after_waits_its_turn(bot: Chat) -> None:
    """What comes after another cannot be finished before it, and its owner hears when it can go on."""
    first, second = given(bot, '"Check TSH" for @nora'), given(bot, '"Adjust the dose" for @gene after T-1')
    early = bot.says("gene", f"task done {second}")
    assert early.refused
    assert first in early.text
    assert second in told(bot.says("nora", f"task done {first}"))["gene"]
    assert not bot.says("gene", f"task done {second}").refused


def test_lists(bot: Chat) -> None:
    """Mine, the team's, overdue, of a case, for a discipline."""
    case = approved(bot)
    mine, cases, late = (
        given(bot, '"Mine" for @nora due 1 dec'),
        given(bot, f'"Of the case" for @wes due 2 dec case {case}'),
        given(bot, '"Late" for nursing due tomorrow'),
    )
    bot.waits(days=3)
    lists = {
        w: bot.whispers("nora", f"tasks {w}").text for w in ("", "mine", "team", "overdue", f"case {case}", "for rn")
    }
    assert mine in lists["mine"]
    assert late in lists["mine"], "unclaimed items of the own discipline count"
    assert cases not in lists["mine"]
    assert lists[""] == lists["mine"]
    assert all(ref in lists["team"] for ref in (mine, cases, late))
    assert late in lists["overdue"]
    assert mine not in lists["overdue"]
    assert cases in lists[f"case {case}"]
    assert mine not in lists[f"case {case}"]
    assert late in lists["for rn"]
    assert bot.whispers("nora", "tasks purple").refused
    assert bot.whispers("zed", "tasks").refused


def test_a_name_in_an_item_of_a_case_is_left_out(bot: Chat) -> None:
    """Titles, reasons and obstacles are looked through."""
    case = approved(bot, patient="Maria Lopez")
    task = given(bot, f'"Call Maria Lopez at 555-010-2234" for @nora case {case}')
    bot.says("nora", f'task block {task} "Maria is abroad"')
    bot.says("nora", f"task drop {task} because Maria moved")
    assert "Maria" not in bot.room_shows()
    assert "555-010-2234" not in bot.room_shows()


def test_in_a_meeting_the_case_on_now_lends_its_names(bot: Chat) -> None:
    """An item added without its reference while the case is on is looked through with the case's names."""
    case = approved(bot, patient="Maria Lopez")
    running(bot, case)
    bot.says("pat", 'task add "Call Maria" for @nora')
    assert "Maria" not in bot.room_shows()


# -- reminders ---------------------------------------------------------------------------------------------------
def test_reminders_widen_from_owner_to_discipline_to_coordinator(bot: Chat) -> None:
    """A day before, when due, when late; then colleagues; then the coordinator; and then it stops."""
    bot.says("carla", "team add @nick nursing")
    task = given(bot, '"Call" for @nora due fri')
    steps = [
        (FRIDAY - timedelta(hours=24), {"nora"}, "due soon"),
        (FRIDAY, {"nora"}, "due now"),
        (FRIDAY + timedelta(hours=16), {"nora"}, "is overdue"),
        (FRIDAY + timedelta(days=2), {"nick"}, "can you take it"),
        (FRIDAY + timedelta(days=3), {"carla"}, "please decide"),
    ]
    for at, whom, words in steps:
        assert task not in bot.passes(at - timedelta(minutes=1)).text
        heard = told(bot.passes(at))
        assert set(heard) == whom
        assert words in heard[next(iter(whom))]
    assert task not in bot.passes(FRIDAY + timedelta(days=30)).text


def test_an_unclaimed_item_reminds_the_whole_discipline(bot: Chat) -> None:
    """Nobody's item is everybody's until one claims it."""
    bot.says("carla", "team add @nick nursing")
    task = given(bot, '"Call" for nursing due fri')
    assert set(told(bot.passes(FRIDAY - timedelta(hours=24)))) == {"nora", "nick"}
    bot.says("nick", f"task claim {task}")
    assert set(told(bot.passes(FRIDAY))) == {"nick"}


def test_an_item_of_an_absent_discipline_reaches_the_coordinator(bot: Chat) -> None:
    """What was given to a discipline that the team lacks does not fall through."""
    given(bot, '"Check interactions" for pharmacy due fri')
    assert set(told(bot.passes(FRIDAY))) == {"carla"}


def test_what_is_done_reminds_nobody(bot: Chat) -> None:
    """Finishing and moving an item take its reminders along."""
    done, moved = given(bot, '"Done" for @nora due fri'), given(bot, '"Moved" for @nora due fri')
    bot.says("nora", f"task done {done}")
    bot.says("nora", f"task due {moved} 11 dec")
    assert not bot.passes(FRIDAY + timedelta(days=6)).said
    assert moved in bot.passes(FRIDAY + timedelta(days=13)).text


def test_cover_hears_instead(bot: Chat) -> None:
    """While the owner is away, the cover is reminded and knows whom for."""
    given(bot, '"Call" for @nora due fri')
    bot.whispers("nora", "me away until 5 dec cover @gene")
    heard = told(bot.passes(FRIDAY))
    assert set(heard) == {"gene"}
    assert "you cover for @nora" in heard["gene"]


@pytest.mark.parametrize(("kind", "hour"), [("lab", 9), ("safety", 2)])
def test_only_safety_speaks_in_quiet_hours(bot: Chat, kind: str, hour: int) -> None:
    """What is about safety is told at night too; everything else waits for the morning."""
    bot.whispers("nora", "me quiet 18:00-09:00")
    given(bot, f'"Call" for @nora due sat 02:00 kind {kind}')
    two = datetime(2026, 11, 28, 7, 0, tzinfo=UTC)
    bot.passes(two - timedelta(minutes=1))
    at_two = bot.passes(two + timedelta(minutes=1))
    assert ("nora" in told(at_two)) is (hour == 2)
    rest = bot.passes(two + timedelta(hours=7, minutes=1))
    assert ("nora" in told(rest)) is (hour == 9)


def test_safety_breaks_no_snooze_and_no_silence_of_the_finished(bot: Chat) -> None:
    """A safety item that its owner put to rest, or finished, is as quiet as any other."""
    rest, done = given(bot, '"Call" for @nora due fri kind safety'), given(bot, '"Ask" for @nora due fri kind safety')
    bot.passes(FRIDAY - timedelta(hours=1))
    bot.says("nora", f"task snooze {rest} 6h")
    bot.says("nora", f"task done {done}")
    assert not bot.passes(FRIDAY + timedelta(hours=4)).said
    assert rest in bot.passes(FRIDAY + timedelta(hours=6)).text


def test_several_reminders_become_one_message(bot: Chat) -> None:
    """What is due together is told together."""
    refs = [given(bot, f'"Item {n}" for @nora due fri') for n in range(3)]
    answer = bot.passes(FRIDAY)
    last = answer.said[-1].card
    assert last is not None
    assert "3 things wait for you" in last.title
    assert all(ref in str(last) for ref in refs)


def test_a_digest_gathers_what_is_not_urgent(bot: Chat) -> None:
    """Who set an hour hears at that hour, once."""
    bot.whispers("nora", "me digest 08:00")
    given(bot, '"One" for @nora due fri 10:00')
    given(bot, '"Two" for @nora due fri 11:00')
    thursday = datetime(2026, 11, 26, 13, 0, tzinfo=UTC)
    assert not bot.passes(datetime(2026, 11, 27, 12, 59, tzinfo=UTC)).said
    answer = bot.passes(thursday + timedelta(days=1))
    assert len(answer.said) == 1
    assert "2 things wait for you" in answer.text
