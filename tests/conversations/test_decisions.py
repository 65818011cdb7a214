"""Decisions: what was decided and why, what else was weighed, what the patient prefers, who disagrees."""

import pytest

from tests.conversations.harness import Chat, approved, running, submitted

WHOLE = (
    'decide {c} "Taper SSRI, recheck function" because "side effects" options "switch; add bupropion" '
    'prefers "no new drug"'
)


def test_a_decision_carries_all_that_was_said(bot: Chat) -> None:
    """Reason, options and the patient's preference stand beside the decision, in the room."""
    case = approved(bot)
    answer = bot.says("nora", WHOLE.format(c=case))
    ref = answer.ref("D")
    for words in (
        f"{ref} on {case}: Taper SSRI, recheck function",
        "Because: side effects",
        "Options: switch; add bupropion",
        "Patient prefers: no new drug",
        "Recorded by: @nora",
    ):
        assert words in answer.in_room
    assert "What does the patient prefer" not in answer.in_room
    again = bot.whispers("gene", f"decision {ref}").text
    assert "Because: side effects" in again
    assert "Mon 23 Nov 2026, 09:00 EST" in again


def test_a_decision_without_a_preference_asks_for_it(bot: Chat) -> None:
    """It is taken, what the summary says is offered, and the form below it completes it."""
    case = approved(bot, goals="to feel like myself")
    answer = bot.says("pat", f'decide {case} "Taper"')
    assert "What does the patient prefer?" in answer.in_room
    assert "to feel like myself" in answer.in_room
    told = bot.fills("pat", preference="no new drug")
    assert f"{answer.ref('D')}: the patient prefers “no new drug”." in told.in_room
    assert "Patient prefers: no new drug" in bot.whispers("pat", f"decision {answer.ref('D')}").text


def test_quotes_of_phones_and_several_lines(bot: Chat) -> None:
    """Curly quotes group words; a decision may run over lines."""
    case = approved(bot)
    answer = bot.says("pat", f"decide {case} “Taper SSRI,\nrecheck function” because “side effects”")
    assert "recheck function" in answer.in_room
    assert "Because: side effects" in answer.in_room


def test_in_its_turn_the_case_need_not_be_named(bot: Chat) -> None:
    """While a case is on, a decision is about it."""
    case = approved(bot)
    assert bot.says("pat", 'decide "Taper"').refused
    running(bot, case)
    for _ in range(3):
        bot.says("pat", "next")
    assert f"on {case}: Taper" in bot.says("pat", 'decide "Taper"').in_room


@pytest.mark.parametrize(
    "words", ["decide {c}", 'decide {c} ""', 'decide {c} "x" because', 'decide {c} "never closed', "decide C-9ZZ9 x"]
)
def test_decide_refusals(bot: Chat, words: str) -> None:
    """An empty or half decision is none."""
    case = approved(bot)
    assert bot.says("pat", words.format(c=case)).refused
    assert bot.whispers("pat", "decision D-1").refused
    assert bot.says("pat", f'decide {case} "x"').ref("D") == "D-1"


def test_who_may_decide(bot: Chat) -> None:
    """Clinicians record decisions; observers, guests and strangers do not, and nobody on a draft or a closed case."""
    case, draft, closed = approved(bot), submitted(bot), approved(bot)
    bot.whispers("pat", f"case close {closed}")
    bot.says("carla", "team add @obe nursing role observer")
    bot.says("carla", f"team guest @lee {case} until fri")
    for who in ("obe", "lee", "zed"):
        assert bot.says(who, f'decide {case} "x"').refused
    for who, ref in (("pat", draft), ("nora", draft), ("pat", closed)):
        assert bot.says(who, f'decide {ref} "x"').refused
    assert not bot.says("sol", f'decide {case} "x"').refused


def test_what_identifies_is_left_out_of_every_part(bot: Chat) -> None:
    """Names are taken out of text, reason, options and preference; the message with them leaves the room."""
    case = approved(bot, patient="Maria Lopez", people="partner Sam Roe")
    answer = bot.says(
        "pat", f'decide {case} "Maria tapers" because "Sam Roe agrees" options "Maria waits; x" prefers "Maria: slowly"'
    )
    assert "left out what identifies somebody" in answer.in_room
    shown = bot.room_shows()
    assert "Maria" not in shown
    assert "Sam Roe" not in shown
    assert "tapers" in shown


def test_prefer_adds_what_the_patient_wants(bot: Chat) -> None:
    """A preference comes later, from whoever heard it; an unknown decision is refused."""
    case = approved(bot, patient="Maria Lopez")
    ref = bot.says("pat", f'decide {case} "Taper"').ref("D")
    answer = bot.says("nora", f'prefer {ref} "Maria wants no new drug"')
    assert "wants no new drug" in answer.in_room
    assert "Maria" not in bot.room_shows()
    assert bot.says("nora", 'prefer D-9 "x"').refused
    assert bot.says("nora", f"prefer {ref}").refused
    assert bot.says("zed", f'prefer {ref} "x"').refused


def test_dissent_stands_beside_the_decision(bot: Chat) -> None:
    """Everyone who may read may disagree, and it is not lost."""
    case = approved(bot)
    ref = bot.says("pat", f'decide {case} "Taper"').ref("D")
    bot.says("carla", f"team guest @lee {case} until fri")
    assert "@sol dissents: “too early”" in bot.says("sol", f'dissent {ref} "too early"').in_room
    assert not bot.says("lee", f'dissent {ref} "too fast"').refused
    told = bot.whispers("gene", f"decision {ref}").text
    assert "Dissent: @sol: too early" in told
    assert "Dissent: @lee: too fast" in told
    assert bot.says("sol", 'dissent D-9 "x"').refused
    assert bot.says("sol", f"dissent {ref}").refused
    assert bot.says("zed", f'dissent {ref} "x"').refused


@pytest.mark.parametrize("words", ["decision {d}", 'dissent {d} "x"'])
def test_a_guest_cannot_probe_for_decisions(bot: Chat, words: str) -> None:
    """A decision on another case looks like one that does not exist, to the letter."""
    mine, other = approved(bot), approved(bot)
    ref = bot.says("pat", f'decide {mine} "Taper"').ref("D")
    hidden = bot.says("pat", f'decide {other} "Stop"').ref("D")
    bot.says("carla", f"team guest @lee {mine} until fri")
    bot.whispers("lee", "whoami")
    assert not bot.whispers("lee", words.format(d=ref)).refused
    forbidden, missing = bot.whispers("lee", words.format(d=hidden)), bot.whispers("lee", words.format(d="D-9"))
    assert forbidden.refused
    assert forbidden.text.replace(hidden, "D") == missing.text.replace("D-9", "D")
    assert other not in forbidden.text


def therapy(bot: Chat, case: str) -> str:
    return bot.says("pat", f'task add "Begin sensate focus" for sex-therapy case {case} kind therapy').ref("T")


@pytest.mark.parametrize(
    "how", ['"Pause therapy until stable"', '"Wait" kind pause therapy', '"x" kind "pause therapy"']
)
def test_pause_therapy_holds_back_until_lifted(bot: Chat, how: str) -> None:
    """A therapy item cannot be finished while therapy is paused; it says why; lifting lets it go on."""
    case = approved(bot)
    held, free = therapy(bot, case), bot.says("pat", f'task add "Check TSH" for nursing case {case} kind lab').ref("T")
    answer = bot.says("pat", f"decide {case} {how}")
    ref = answer.ref("D")
    assert f"Holds back {held}" in answer.in_room
    assert free not in answer.in_room
    assert f"held back by {ref}: therapy is paused" in bot.whispers("thea", f"task {held}").text.lower().replace(
        ref.lower(), ref
    )
    refused = bot.says("thea", f'task done {held} "went well"')
    assert refused.refused
    assert ref in refused.text
    assert not bot.says("nora", f'task done {free} "TSH 2.1"').refused
    bot.says("thea", f"task claim {held}")
    lifted = bot.says("pat", f'decide {case} "Resume therapy"')
    assert "go on" in lifted.in_room
    assert held in lifted.private, "whoever waited hears that it goes on"
    assert not bot.says("thea", f'task done {held} "went well"').refused


def test_medical_first_holds_back_until_the_labs_are_done(bot: Chat) -> None:
    """Therapy waits for laboratory and medication items; whoever waits hears when they are settled."""
    case, other = approved(bot), approved(bot)
    held, elsewhere = therapy(bot, case), therapy(bot, other)
    bot.says("thea", f"task claim {held}")
    bot.says("pat", f'decide {case} "Medical first: thyroid and prolactin"')
    assert bot.says("thea", f'task done {held} "x"').refused, "nothing medical has been done yet"
    labs = [
        bot.says("pat", f'task add "{what}" for nursing case {case} kind {kind}').ref("T")
        for what, kind in (("TSH", "lab"), ("Stop the statin", "medication"))
    ]
    refused = bot.says("thea", f'task done {held} "x"')
    assert all(lab in refused.text for lab in labs)
    assert not bot.says("thea", f'task done {elsewhere} "x"').refused, "another case is not held"
    assert held not in bot.says("nora", f'task done {labs[0]} "2.1"').text
    freed = bot.says("nora", f"task drop {labs[1]} because not needed")
    assert held in freed.private
    assert not bot.says("thea", f'task done {held} "done"').refused


def test_medical_first_can_be_lifted(bot: Chat) -> None:
    """The newest word counts, also within the same minute."""
    case = approved(bot)
    held = therapy(bot, case)
    bot.says("pat", f'decide {case} "Labs before all else" kind medical first')
    assert bot.says("thea", f'task done {held} "x"').refused
    bot.says("pat", f'decide {case} "Go on" kind resume therapy')
    assert not bot.says("thea", f'task done {held} "x"').refused
