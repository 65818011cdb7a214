"""Consent: what the patient allows to be shown, to whom, until when, and what is held back."""

from datetime import timedelta

import pytest

from tests.conversations.harness import ROOM, Chat, approved, submitted

ALL = "psychiatry,psychology,primary-care,sex-therapy,nursing,social-work,care-coordination"
WORDS = "No desire since spring"


def private_case(bot: Chat) -> str:
    return approved(bot, sexual_health=f"{WORDS}.", goals="to ride again")


def test_a_section_without_consent_is_held_back(bot: Chat) -> None:
    """The rest is posted, the room sees that something is missing, and the author learns why."""
    case = submitted(bot, sexual_health=f"{WORDS}.")
    assert "Not for the room yet: sexual health" in bot.whispers("pat", f"case preview {case}").text
    answer = bot.whispers("pat", f"case approve {case}")
    assert WORDS not in answer.in_room
    assert "34, low desire" in answer.in_room
    assert "Held back for want of consent: sexual health." in answer.in_room
    assert f"`consent {case}`" in answer.private
    assert "sexual health" in answer.private


def test_consent_for_all_in_the_room_shows_it(bot: Chat) -> None:
    """What the patient allows is posted; the preview no longer warns."""
    case = submitted(bot, sexual_health=f"{WORDS}.")
    assert not bot.whispers("pat", f"consent {case} allow sexual-health to {ALL}").refused
    assert "Not for the room" not in bot.whispers("pat", f"case preview {case}").text
    assert WORDS in bot.whispers("pat", f"case approve {case}").in_room


def test_one_who_may_not_see_it_is_enough(bot: Chat) -> None:
    """Only the people in the room count, and each of them."""
    case = submitted(bot, sexual_health=f"{WORDS}.")
    bot.whispers("pat", f"consent {case} allow sexual-health to {ALL.replace(',social-work', '')}")
    assert WORDS not in bot.whispers("pat", f"case approve {case}").in_room
    bot.platform.leave(ROOM, "wes")
    bot.sends("pat", f"case edit {case}", goals="to ride again")
    assert WORDS in bot.whispers("pat", f"case approve {case}").in_room


def test_consent_given_later_adds_the_section(bot: Chat) -> None:
    """What is posted follows the patient's word, in place."""
    case = private_case(bot)
    assert WORDS not in bot.room_shows()
    answer = bot.whispers("pat", f"consent {case} allow sexual-health to {ALL}")
    assert len(answer.edited) == 1
    assert bot.room_shows().count(WORDS) == 1


def test_consent_withdrawn_takes_the_section_out(bot: Chat) -> None:
    """Nothing that the patient took back stays in the room."""
    case = private_case(bot)
    bot.whispers("pat", f"consent {case} allow sexual-health to {ALL}")
    assert WORDS in bot.room_shows()
    posted = next(s for s in bot.platform.messages if s.card and s.card.title == f"Case {case}")
    answer = bot.whispers("pat", f"consent {case} withdraw sexual-health")
    assert WORDS not in bot.room_shows()
    assert "to ride again" in bot.room_shows()
    assert posted.removed, "an edit would leave the words in the message's history"
    assert "to ride again" in answer.in_room


def test_consent_withdrawn_while_a_stranger_reads(bot: Chat) -> None:
    """Where nothing may be shown any more, the message leaves the room; approving posts it again later."""
    case = private_case(bot)
    bot.whispers("pat", f"consent {case} allow sexual-health to {ALL}")
    bot.joins("zed")
    answer = bot.whispers("pat", f"consent {case} withdraw sexual-health")
    assert WORDS not in bot.room_shows()
    assert "to ride again" not in bot.room_shows()
    assert "zed" in answer.private
    bot.platform.leave(ROOM, "zed")
    assert "to ride again" in bot.whispers("pat", f"case approve {case}").in_room


def test_general_consent_withdrawn_takes_all_of_it_out(bot: Chat) -> None:
    """A patient who wants nothing shown is shown nowhere."""
    case = private_case(bot)
    bot.whispers("pat", f"consent {case} withdraw general")
    assert "to ride again" not in bot.room_shows()
    assert "to ride again" not in bot.whispers("nora", f"case {case}").text
    assert "to ride again" in bot.whispers("pat", f"case {case}").text


def test_a_reader_sees_what_their_discipline_may(bot: Chat) -> None:
    """In private each gets what the patient allowed them."""
    case = private_case(bot)
    bot.whispers("pat", f"consent {case} allow sexual-health to sex-therapy,gp")
    for who in ("thea", "gene", "pat"):
        assert WORDS in bot.whispers(who, f"case {case}").text
    shown = bot.whispers("nora", f"case {case}").text
    assert WORDS not in shown
    assert "Not shown for want of consent: sexual health" in shown


def test_consent_ends_with_its_day(bot: Chat) -> None:
    """The last day counts; the day after, it is as if it had never been given, in the room too."""
    case = private_case(bot)
    answer = bot.whispers("pat", f"consent {case} allow sexual-health to {ALL} until 2026-11-25")
    assert "until Wed 25 Nov 2026" in answer.text
    assert WORDS in bot.room_shows()
    bot.waits(days=2)
    assert WORDS in bot.whispers("thea", f"case {case}").text
    assert WORDS in bot.room_shows()
    bot.waits(days=1)
    assert WORDS not in bot.whispers("thea", f"case {case}").text
    assert WORDS not in bot.room_shows()
    assert bot.room_shows().count("to ride again") == 1
    shown = [s for s in bot.platform.messages if s.ref.room == ROOM and s.to is None and WORDS in str(s.card)]
    assert shown
    assert all(s.removed for s in shown), "an edit has a history"


def test_consents_are_listed(bot: Chat) -> None:
    """Every category says who may see it; nothing is assumed but treatment."""
    case = private_case(bot)
    text = bot.whispers("pat", f"consent {case}").text
    assert "general  the care team, for treatment" in text
    assert "hiv  nobody but the author" in text
    bot.whispers("pat", f"consent {case} allow hiv to psychiatry until 2027-01-01")
    assert "hiv  psychiatry until Fri 1 Jan 2027" in bot.whispers("pat", f"consent {case}").text
    bot.whispers("pat", f"consent {case} withdraw hiv")
    assert "hiv  nobody: withdrawn" in bot.whispers("pat", f"consent {case}").text


@pytest.mark.parametrize(
    "words",
    ["allow", "allow sexual-health", "allow sexual-health to", "allow weather to nursing", "allow hiv to astrology",
     "withdraw", "allow hiv to nursing until 2020-01-01", "permit hiv to nursing"],
)  # fmt: skip
def test_consent_refusals(bot: Chat, words: str) -> None:
    """A half word of a patient is none."""
    case = private_case(bot)
    assert bot.whispers("pat", f"consent {case} {words}").refused
    assert "nobody but the author" in bot.whispers("pat", f"consent {case}").text.partition("hiv")[2]
    assert not bot.whispers("pat", f"consent {case} allow hiv to nursing").refused


def test_who_keeps_consent(bot: Chat) -> None:
    """The author and the privacy officer; a colleague is told as little as of a case that is not there."""
    case = private_case(bot)
    bot.says("carla", "team add @petra care-coordination role privacy-officer")
    assert not bot.whispers("petra", f"consent {case} allow hiv to nursing").refused
    forbidden, missing = bot.whispers("nora", f"consent {case}"), bot.whispers("nora", "consent C-9ZZ9")
    assert forbidden.refused
    assert forbidden.text.replace(case, "") == missing.text.replace("C-9ZZ9", "")
    assert bot.says("pat", f"consent {case}").in_room == ""


# -- who is in the room ------------------------------------------------------------------------------------------
def test_a_stranger_in_the_room_holds_the_summary_back(bot: Chat) -> None:
    """Nothing is posted, the author learns who it is and what to do, and that then works."""
    bot.joins("zed")
    case = submitted(bot)
    answer = bot.whispers("pat", f"case approve {case}")
    assert "low desire" not in answer.in_room
    assert "zed is in the room" in answer.private
    bot.platform.leave(ROOM, "zed")
    assert "low desire" in bot.whispers("pat", f"case approve {case}").in_room


def test_a_guest_of_another_case_is_a_stranger(bot: Chat) -> None:
    """A consultant for one case does not read the next; for their own they are no stranger."""
    theirs = approved(bot)
    bot.joins("lee")
    bot.says("carla", f"team guest @lee {theirs} until fri as psychology")
    other = submitted(bot)
    assert "lee is in the room" in bot.whispers("pat", f"case approve {other}").private
    bot.sends("pat", f"case edit {theirs}", goals="to ride again")
    assert "to ride again" in bot.whispers("pat", f"case approve {theirs}").in_room


def test_who_has_left_the_team_is_a_stranger(bot: Chat) -> None:
    """Leaving the team without leaving the room holds back what comes after."""
    bot.says("carla", "team remove @wes")
    case = submitted(bot)
    assert "wes is in the room" in bot.whispers("pat", f"case approve {case}").private


def test_a_room_nobody_can_see_into_gets_nothing(bot: Chat) -> None:
    """Where the platform cannot say who is there, nothing is taken for granted."""
    bot.platform.leave(ROOM, *list(bot.platform.rooms[ROOM]))
    answer = bot.whispers("pat", f"case approve {submitted(bot)}")
    assert "low desire" not in answer.in_room
    assert "could not see who is in the room" in answer.private


def test_what_the_agenda_and_minutes_quote_needs_consent_too(bot: Chat) -> None:
    """A question is part of the case: where its section may not be shown, its reference stands alone."""
    case = approved(bot, question="Switch the SSRI?", goals="to ride again")
    meeting = bot.says("carla", 'meeting schedule "Case conference" tue 08:00').ref("M")
    bot.says("carla", f"case present {case}")
    assert "Switch the SSRI?" in bot.says("carla", "agenda").text
    bot.whispers("pat", f"consent {case} withdraw general")
    told = bot.says("carla", "agenda").text + bot.says("carla", "agenda lock").text
    told += bot.passes(bot.clock.now() + timedelta(days=1)).text
    told += bot.says("pat", "meeting start").text + bot.says("pat", f'decide {case} "Wait"').text
    for _ in range(4):
        told += bot.says("pat", "next").text
    told += bot.says("pat", "meeting end").text + bot.says("nora", f"minutes {meeting}").text
    told += bot.whispers("nora", "cases").text
    assert case in told
    assert "Switch the SSRI?" not in told
    assert "to ride again" not in told
