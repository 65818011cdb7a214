"""Cases before the team: presented, deferred, withdrawn, closed, erased."""

import pytest

from tests.conversations.harness import ROOM, START, Chat, approved, running, submitted

SENTENCE = "Cries when the taper is mentioned"


def planned(bot: Chat) -> str:
    return bot.says("carla", 'meeting schedule "Case conference" tue 08:00 for 60m').ref("M")


def test_present_puts_a_case_on_the_next_agenda(bot: Chat) -> None:
    """The author and the coordinator may; the answer says where and for how long."""
    meeting = planned(bot)
    mine, other = approved(bot), approved(bot)
    answer = bot.says("pat", f"case present {mine}")
    assert f"{mine} is item 1 on the agenda of {meeting}" in answer.in_room
    assert "20 minutes" in bot.says("carla", f"case present {other} {meeting} 20m").in_room
    assert bot.says("carla", f"case present {other}").refused, "once is enough"


def test_present_refusals(bot: Chat) -> None:
    """Not by others, not to a meeting that is none, not onto a locked agenda, not a case that is closed."""
    assert bot.says("pat", f"case present {approved(bot)}").refused, "no meeting is planned"
    meeting = planned(bot)
    case, closed = approved(bot), approved(bot)
    bot.whispers("pat", f"case close {closed}")
    assert bot.says("nora", f"case present {case}").refused
    assert bot.says("pat", f"case present {case} M-99").refused
    assert bot.says("pat", f"case present {case} {meeting} 9h").refused
    assert "closed" in bot.says("pat", f"case present {closed}").text
    bot.says("carla", "agenda lock")
    locked = bot.says("pat", f"case present {case}")
    assert locked.refused
    assert "agenda unlock" in locked.text
    bot.says("carla", "agenda unlock")
    assert not bot.says("pat", f"case present {case}").refused


def test_a_draft_on_the_agenda_says_what_it_waits_for(bot: Chat) -> None:
    """The coordinator may plan for a case whose words nobody can see yet."""
    planned(bot)
    case = submitted(bot)
    answer = bot.says("carla", f"case present {case}")
    assert "waits for the author's approval" in answer.in_room
    assert "low desire" not in bot.room_shows()


def test_defer_says_until_when_and_why(bot: Chat) -> None:
    """A deferred case leaves the agenda and says when it comes back."""
    planned(bot)
    case = approved(bot)
    bot.says("pat", f"case present {case}")
    answer = bot.says("carla", f"case defer {case} until 5 jan because awaiting prolactin")
    assert "Tue 5 Jan 2027" in answer.in_room
    assert "awaiting prolactin" in answer.in_room
    assert case not in bot.says("carla", "agenda").text
    assert "deferred until Tue 5 Jan 2027" in bot.whispers("nora", f"case {case}").text


def test_a_reason_never_names_the_patient(bot: Chat) -> None:
    """What is said in the room of a case is looked through like the case itself, and the message leaves the room."""
    case = approved(bot, patient="Maria Lopez")
    answer = bot.says("carla", f"case defer {case} because Maria Lopez is on holiday")
    assert not answer.refused
    assert "is on holiday" in answer.in_room
    assert "Maria" not in bot.room_shows()
    bot.says("pat", f"case close {case} because Maria Lopez moved")
    assert "Maria" not in bot.whispers("nora", f"case {case}").text
    assert "Maria" not in bot.room_shows()


def test_defer_refusals(bot: Chat) -> None:
    """Not by others, not into the past, not a draft."""
    case, draft = approved(bot), submitted(bot)
    assert bot.says("nora", f"case defer {case}").refused
    assert bot.says("carla", f"case defer {case} until 1 jan 2020").refused
    assert bot.says("carla", f"case defer {draft}").refused
    assert not bot.says("carla", f"case defer {case}").refused


def test_a_deferred_case_comes_back_by_itself(bot: Chat) -> None:
    """`agenda build` takes it again when its day has come, and says why it is on."""
    case = approved(bot)
    bot.says("carla", f"case defer {case} until 5 jan because awaiting prolactin")
    planned(bot)
    assert case not in bot.says("carla", "agenda build").text
    bot.passes(START.replace(month=1, year=2027, day=5))
    bot.says("carla", 'meeting schedule "January conference" thu 08:00 for 60m')
    assert f"{case}" in bot.says("carla", "agenda build").text
    assert "its time has come" in bot.says("carla", "agenda").text


def test_withdraw_takes_the_case_out_of_the_rooms(bot: Chat) -> None:
    """Its summary leaves the room, it leaves the agenda, and only its author sees it after that."""
    planned(bot)
    case = approved(bot, background=f"{SENTENCE}.")
    bot.says("pat", f"case present {case}")
    assert SENTENCE in bot.room_shows()
    answer = bot.whispers("pat", f"case withdraw {case} because moved away")
    assert "withdrawn" in answer.text
    assert not answer.in_room
    assert SENTENCE not in bot.room_shows()
    assert case not in bot.says("carla", "agenda").text
    assert SENTENCE in bot.whispers("pat", f"case {case}").text
    hidden, missing = bot.whispers("nora", f"case {case}"), bot.whispers("nora", "case C-9ZZ9")
    assert hidden.text.replace(case, "") == missing.text.replace("C-9ZZ9", "")
    assert case not in bot.whispers("nora", "cases closed").text


def test_withdraw_refusals(bot: Chat) -> None:
    """Not by others, and not twice; the coordinator may."""
    case = approved(bot)
    assert bot.whispers("nora", f"case withdraw {case}").refused
    assert case in bot.room_shows()
    assert not bot.whispers("carla", f"case withdraw {case}").refused
    again = bot.whispers("pat", f"case withdraw {case}")
    assert again.refused
    assert "withdrawn" in again.text
    assert bot.whispers("pat", f"case edit {case}").refused is False


def test_a_withdrawn_case_can_be_approved_again(bot: Chat) -> None:
    """Its author may change their mind; the summary is posted anew."""
    case = approved(bot, background=f"{SENTENCE}.")
    bot.whispers("pat", f"case withdraw {case}")
    assert SENTENCE in bot.whispers("pat", f"case approve {case}").in_room
    assert SENTENCE in bot.whispers("nora", f"case {case}").text


def test_close_waits_for_open_items(bot: Chat) -> None:
    """A case is closed when nothing of it is open; it names what is."""
    case = approved(bot)
    task = bot.says("pat", f'task add "Check TSH" case {case}').ref("T")
    early = bot.whispers("pat", f"case close {case}")
    assert early.refused
    assert task in early.text
    assert bot.whispers("nora", f"case close {case}").refused
    bot.says("pat", f'task done {task} "TSH 2.1"')
    assert not bot.whispers("pat", f"case close {case}").refused
    assert case in bot.whispers("nora", "cases closed").text
    assert bot.whispers("pat", f"case close {case}").refused


def test_a_closed_case_can_be_opened_again(bot: Chat) -> None:
    """Approving it once more brings it back, even in the same words."""
    case = approved(bot)
    bot.whispers("pat", f"case close {case}")
    assert not bot.whispers("pat", f"case approve {case}").refused
    assert "State: approved" in bot.whispers("pat", f"case {case}").text


def test_erase_is_asked_for_twice(bot: Chat) -> None:
    """A button, not the first word, destroys a case; others have no right to it."""
    case = approved(bot)
    assert bot.whispers("carla", f"case erase {case}").refused
    asked = bot.whispers("pat", f"case erase {case}")
    assert not asked.refused
    assert not bot.whispers("pat", f"case {case}").refused
    assert "erased" in bot.presses("pat", "Erase for ever").text
    assert bot.whispers("pat", f"case {case}").refused
    assert bot.whispers("pat", f"case erase {case}").refused


def test_the_privacy_officer_may_erase(bot: Chat) -> None:
    """The right to erasure does not hang on one clinician."""
    case = approved(bot)
    bot.says("carla", "team add @petra care-coordination role privacy-officer")
    assert not bot.whispers("petra", f'case erase {case} sure "for ever"').refused
    assert bot.whispers("pat", f"case {case}").refused


def erased_after_a_conference(bot: Chat) -> str:
    case = approved(bot, background=f"{SENTENCE}.", patient="Maria Lopez", goals="to ride again")
    meeting = running(bot, case)
    bot.says("pat", f'decide {case} "Taper slowly, weekly calls" because "relapse in spring"')
    bot.says("pat", f'task add "Ask the choir master" for nursing due fri case {case}')
    bot.says("pat", "defer because the aunt is abroad")
    bot.says("pat", "meeting end")
    bot.says("pat", f"minutes sign {meeting}")
    bot.whispers("nora", f"minutes {meeting}")
    bot.whispers("nora", "cases")
    bot.whispers("nora", "tasks team")
    assert not bot.whispers("pat", f'case erase {case} sure "for ever"').refused
    return case


PLANTED = (SENTENCE, "Maria", "to ride again", "weekly calls", "relapse in spring", "choir master", "aunt is abroad")


def test_nothing_of_an_erased_case_can_be_read(bot: Chat) -> None:
    """Decisions, items, minutes, agendas and lists know it no more; what was posted of it is taken out."""
    case = erased_after_a_conference(bot)
    asked = [
        f"case {case}", "decision D-1", "task T-1", "tasks team", "tasks for nursing", "cases", "cases closed",
        "minutes M-1", "agenda M-1", f"tasks case {case}", "meeting M-1",
    ]  # fmt: skip
    for who in ("pat", "carla"):
        told = "\n".join(bot.whispers(who, words).text for words in asked)
        assert not [p for p in PLANTED if p in told]
    bot.waits(days=12)
    since = bot.platform.messages[-40:]
    assert "choir master" not in str(since), "an item of it reminds nobody"
    shown = bot.bot_shows()
    assert not [p for p in ("weekly calls", "choir master", SENTENCE) if p in shown]


def test_posts_that_quote_an_erased_case_are_taken_out(bot: Chat) -> None:
    """Its question stands in no earlier agenda and under no meeting that has ended; a coming agenda comes without it."""
    case, other = approved(bot), approved(bot, question="Sleep first?")
    meeting = running(bot, case)
    bot.says("pat", "defer because the aunt is abroad")
    bot.says("pat", "meeting end")
    later = planned(bot)
    for one in (case, other):
        bot.says("pat", f"case present {one} {later}")
    bot.says("carla", f"agenda lock {later}")
    question = "treat the low desire first?"
    assert question in bot.bot_shows()
    assert bot.bot_shows().count(f"{meeting} Case conference has ended") == 1
    assert not bot.whispers("pat", f'case erase {case} sure "for ever"').refused
    bot.waits(1)
    shown = bot.bot_shows()
    assert question not in shown
    assert "has ended" not in shown
    assert "Sleep first?" in shown
    agenda = [s for s in bot.platform.messages if s.card and not s.removed and "Sleep first?" in str(s.card)]
    assert not agenda[-1].earlier, "an edit would leave the words in the message's history"


def test_an_erased_case_leaves_no_sealed_copy_under_another_key(bot: Chat) -> None:
    """Whoever holds every key that is left finds no word of it, in the outbox and the undo rows either."""
    erased_after_a_conference(bot)
    with bot.store() as store:
        for kind in (store.cases, store.decisions, store.tasks, store.meetings, store.minutes):
            assert not [p for p in PLANTED if p in str(kind.all())]
        rows = store.connection.exec_driver_sql("SELECT id FROM notices").scalars().all()
        notices = [n for n in store.notices._read(_all_notices()) if n.card]
        assert rows
        assert not notices, "a sent notice keeps no card"
        assert not store.connection.exec_driver_sql("SELECT id FROM undo").all()


def _all_notices():  # type: ignore[no-untyped-def]
    from sqlalchemy import select

    from storage.notices import NOTICES

    return select(NOTICES)


@pytest.mark.parametrize("words", ["withdraw", "close", "erase", "defer", "approve", "present", "edit", "preview"])
def test_a_case_must_be_named(bot: Chat, words: str) -> None:
    """Outside its thread a reference is asked for, and one that reads like none is told apart."""
    answer = bot.whispers("pat", f"case {words}")
    assert answer.refused
    assert "C-7K2P" in answer.text
    assert bot.whispers("pat", f"case {words} C-77").refused


def test_what_is_posted_reaches_the_room_of_the_team(bot: Chat) -> None:
    """An approval given in private is posted where the team meets, and nowhere else."""
    case = approved(bot)
    posted = [s for s in bot.platform.messages if s.card and s.card.title == f"Case {case}"]
    assert [s.ref.room for s in posted] == [ROOM]
