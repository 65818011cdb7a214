"""Minutes: made from the record, signed once, then only corrected; as a message and as a PDF."""

import re
from dataclasses import replace

import pytest

from adapters.card import File
from tests.conversations.harness import Answer, Chat, approved, running


def held(bot: Chat) -> tuple[str, str]:
    """A meeting that has ended, and its case: a decision with a dissent, an item, attendance, an apology."""
    case = approved(bot, question="Switch the SSRI?", patient="Maria Lopez")
    meeting = bot.says("carla", 'meeting schedule "Case conference" tue 08:00 for 60m quorum social-work').ref("M")
    bot.says("wes", f"rsvp {meeting} no")
    bot.says("carla", f"case present {case}")
    bot.says("carla", 'agenda add "New triage form" 10m')
    bot.says("pat", "meeting start")
    bot.says("nora", "here")
    bot.chats("nora", "She sleeps better.")
    bot.waits(12)
    bot.says("pat", f'decide {case} "Taper SSRI" because "side effects" options "switch; wait" prefers "no new drug"')
    bot.says("sol", 'dissent D-1 "too early"')
    bot.says("pat", f'task add "Explain the taper" for @nora due fri case {case} kind tell-patient')
    bot.says("pat", 'task add "Print the form" for @wes due fri')
    bot.says("pat", "meeting end")
    return meeting, case


def pdf_of(answer: Answer) -> bytes:
    return next(b.content for s in answer.said if s.card for b in s.card.blocks if isinstance(b, File))


def test_minutes_hold_what_a_team_needs(bot: Chat) -> None:
    """When, who, apologies, quorum, each case with decision, reason, options, preference, dissent, items, who tells."""
    meeting, case = held(bot)
    answer = bot.says("nora", f"minutes {meeting}")
    assert not answer.in_room
    for words in (
        f"Minutes of {meeting} Case conference", "Held: Mon 23 Nov 2026, 09:00 EST", "Led by: @pat",
        "@pat (psychiatry)", "@nora (nursing)", "Apologies: @wes", "Quorum lacked: social-work", f"Case {case}",
        "Question: Switch the SSRI?", "12 minutes spent", "Heard: nursing", "D-1: Taper SSRI", "because side effects",
        "options: switch; wait", "the patient prefers: no new drug", "dissent, @sol: too early",
        "T-1  Explain the taper: @nora, due Fri 27 Nov 2026", "Tells the patient: @nora", "New triage form",
        "T-2  Print the form: @wes", "Not signed yet",
    ):  # fmt: skip
        assert words in answer.private, words


def test_minutes_say_what_is_missing(bot: Chat) -> None:
    """A case without decision, preference or somebody who tells the patient says so."""
    one, two = approved(bot), approved(bot)
    running(bot, one, two)
    bot.says("pat", f'decide {one} "Wait"')
    bot.says("pat", "meeting end")
    text = bot.says("pat", "minutes").private
    assert "Nobody was named to tell the patient." in text
    assert "the patient's preference was not recorded" in text
    assert "Nothing was decided." in text
    assert "Not reached" in text


def test_minutes_come_with_a_pdf(bot: Chat) -> None:
    """The same words as the message, the same bytes each time, and a name that says nothing of the case."""
    meeting, case = held(bot)
    answer = bot.says("nora", f"minutes {meeting}")
    pdf = pdf_of(answer)
    assert pdf.startswith(b"%PDF-")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert pdf == pdf_of(bot.says("nora", f"minutes {meeting}"))
    name = next(b.name for s in answer.said if s.card for b in s.card.blocks if isinstance(b, File))
    assert name == f"minutes-{meeting.lower()}.pdf"
    assert case not in name


def test_minutes_of_a_long_meeting_fill_several_pages(bot: Chat) -> None:
    """A page that is full is followed by another; letters of any language and mark-up are shown as they are."""
    case = approved(bot)
    running(bot, case)
    for n in range(40):
        bot.says("pat", f'decide {case} "Option {n}: <b>größer</b> & gut" because "reason {n}"')
    bot.says("pat", "meeting end")
    pdf = pdf_of(bot.says("pat", "minutes"))
    assert len(re.findall(rb"/Type /Page\b", pdf)) > 1


def test_without_a_reference_the_last_meeting_is_meant(bot: Chat) -> None:
    """The running one, else the last; without any, it says so."""
    assert "No meeting has been held" in bot.says("pat", "minutes").text
    meeting = running(bot, approved(bot))
    assert meeting in bot.says("nora", "minutes").private
    bot.says("pat", "meeting end")
    assert meeting in bot.says("nora", "minutes").private
    planned = bot.says("carla", 'meeting schedule "Later" fri 08:00').ref("M")
    assert bot.says("nora", f"minutes {planned}").refused
    assert bot.says("nora", "minutes M-99").refused


def test_signing_seals_the_minutes(bot: Chat) -> None:
    """Who signed and when stand below; what happens later changes nothing above."""
    meeting, case = held(bot)
    answer = bot.says("pat", f"minutes sign {meeting}")
    assert "Signed by @pat, Mon 23 Nov 2026" in answer.in_room
    before = bot.says("nora", f"minutes {meeting}").private
    bot.says("pat", f'decide {case} "Something else"')
    bot.says("nora", 'task done T-1 "told"')
    bot.sends("pat", f"case edit {case}", question="Another question?")
    bot.whispers("pat", f"case approve {case}")
    assert bot.says("nora", f"minutes {meeting}").private == before
    again = bot.says("pat", f"minutes sign {meeting}")
    assert again.refused
    assert "is signed" in again.text


def test_who_signs_and_when(bot: Chat) -> None:
    """The facilitator signs what has ended; nobody signs a meeting that still runs."""
    meeting = running(bot, approved(bot))
    early = bot.says("pat", f"minutes sign {meeting}")
    assert early.refused
    assert "running" in early.text
    bot.says("pat", "meeting end")
    assert bot.says("nora", f"minutes sign {meeting}").refused
    assert not bot.presses("pat", "Sign").refused


def test_corrections_stand_below(bot: Chat) -> None:
    """Signed minutes are never overwritten: a correction is added, with who and when."""
    meeting, _ = held(bot)
    early = bot.says("pat", f'minutes correct {meeting} "TSH was 2.1"')
    assert early.refused
    assert "not signed yet" in early.text
    bot.says("pat", f"minutes sign {meeting}")
    before = bot.says("nora", f"minutes {meeting}").private
    assert bot.says("nora", f'minutes correct {meeting} "TSH was 2.1"').refused
    assert bot.says("pat", f"minutes correct {meeting}").refused
    assert "TSH was 2.1" in bot.says("pat", f'minutes correct {meeting} "TSH was 2.1"').in_room
    bot.says("carla", f'minutes correct {meeting} "Held in room 4"')
    after = bot.says("nora", f"minutes {meeting}").private
    assert "Correction by @pat, Mon 23 Nov 2026" in after
    assert after.index("TSH was 2.1") < after.index("Held in room 4")
    assert before.partition("Seal")[0] in after


def test_a_correction_names_nobody(bot: Chat) -> None:
    """The names of every case of the meeting are left out."""
    meeting, _ = held(bot)
    bot.says("pat", f"minutes sign {meeting}")
    assert "said no" in bot.says("pat", f'minutes correct {meeting} "Maria Lopez said no"').in_room
    assert "Maria" not in bot.room_shows()


@pytest.mark.parametrize("who", ["obe", "lee", "zed"])
def test_minutes_are_for_the_team(bot: Chat, who: str) -> None:
    """Observers, guests and strangers read no minutes; the privacy officer does."""
    meeting, case = held(bot)
    bot.says("carla", "team add @obe nursing role observer")
    bot.says("carla", f"team guest @lee {case} until fri")
    bot.says("carla", "team add @petra care-coordination role privacy-officer")
    assert not bot.whispers("petra", f"minutes {meeting}").refused
    assert bot.whispers(who, f"minutes {meeting}").refused


def test_signed_minutes_without_an_erased_case(bot: Chat) -> None:
    """Erasing one case takes its part along and leaves the rest as it was signed."""
    meeting, case = held(bot)
    bot.says("pat", f"minutes sign {meeting}")
    bot.whispers("pat", f'case erase {case} sure "for ever"')
    text = bot.says("nora", f"minutes {meeting}").private
    assert "Taper SSRI" not in text
    assert "New triage form" in text
    assert "Print the form" in text
    assert pdf_of(bot.says("nora", f"minutes {meeting}")).startswith(b"%PDF-")


def test_minutes_that_were_changed_behind_the_bots_back_are_not_shown(bot: Chat) -> None:
    """A part that is not as it was signed is noticed, and the reader learns it."""
    bot.says("carla", 'meeting schedule "Conf" in 5m for 30m')
    bot.says("carla", 'agenda add "Triage form" 10m')
    bot.says("pat", "meeting start")
    bot.says("pat", "meeting end")
    bot.says("pat", "minutes sign M-1")
    assert "Triage form" in bot.says("pat", "minutes M-1").private
    with bot.store() as store:
        store.minutes.save(replace(store.minutes_of("M-1")[1], text="something else"))
    answer = bot.says("pat", "minutes M-1")
    assert answer.refused
    assert "not as they were signed" in answer.text
