"""What the bot says about a meeting by itself: in order, at its time, and only while it still applies."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.settings import MeetingSettings, Settings
from tests.conversations.harness import START, TEAM, Answer, Chat, approved, chat, make_team, submitted, text_of

TUESDAY = datetime(2026, 12, 1, 13, 0, tzinfo=UTC)
"""Tuesday 1 December 2026, 08:00 in New York: a conference whose agenda closes a day before."""


@pytest.fixture
def planned(bot: Chat) -> Chat:
    bot.says("carla", 'meeting schedule "Case conference" 1 dec 08:00 for 60m quorum psychiatry,nursing')
    return bot


def heard_by(answer: Answer, who: str) -> str:
    """What only this person was told."""
    return "\n".join(text_of(s.card) for s in answer.said if s.to == who)


def titles(answer: Answer) -> list[str]:
    return [s.card.title for s in answer.said if s.card and s.to is None]


# -- in order ----------------------------------------------------------------------------------------------------
def test_a_meeting_is_accompanied_in_order(planned: Chat) -> None:
    """Call for cases, chaser, locked agenda, reminder: each once, one leap of the clock or many."""
    planned.says("nora", "agenda add Form 10m")
    said = titles(planned.passes(TUESDAY))
    assert [next(i for i, t in enumerate(said) if words in t) for words in (
        "which cases and topics?", "Agenda of M-1", "begins Tue 1 Dec 2026, 08:00 EST",
    )] == [0, 1, 2]  # fmt: skip
    assert len(said) == 3


def test_the_steps_come_at_their_times(planned: Chat) -> None:
    """Nothing a minute early."""
    planned.says("nora", "agenda add Form 10m")
    minute = timedelta(minutes=1)
    for before, words in (
        (timedelta(days=5), "which cases and topics?"),
        (timedelta(hours=1), "(locked)"),
        (timedelta(minutes=15), "1 item on the agenda"),
    ):
        assert words not in planned.passes(TUESDAY - before - minute).in_room
        assert words in planned.passes(TUESDAY - before).in_room
        assert words not in planned.passes(TUESDAY - before + minute).in_room


def test_the_call_goes_out_at_once_where_it_is_late(bot: Chat) -> None:
    """A conference in two days calls for cases when it is planned; a huddle never does."""
    assert "which cases and topics?" in bot.says("carla", 'meeting schedule "Soon" wed 08:00').in_room
    assert "which cases" not in bot.says("carla", 'meeting schedule "Huddle" wed 12:00 kind huddle').in_room


def test_a_moved_meeting_takes_its_timers_along(planned: Chat) -> None:
    """Nothing is said at the old time."""
    planned.says("carla", "meeting move M-1 thu 3 dec 08:00")
    assert "begins" not in planned.passes(TUESDAY + timedelta(hours=2)).in_room
    assert "begins Thu 3 Dec 2026, 08:00 EST" in planned.passes(TUESDAY + timedelta(days=2)).in_room


def test_a_meeting_that_was_called_off_is_silent(planned: Chat) -> None:
    """Every timer reads its meeting again."""
    planned.says("carla", "meeting cancel M-1 because rain")
    assert not planned.passes(TUESDAY + timedelta(days=1)).said


def test_the_times_are_settings() -> None:
    """Down to seconds."""
    quick = MeetingSettings(call=timedelta(seconds=30), lock=timedelta(seconds=20), remind=timedelta(seconds=10))
    with chat(settings=Settings(meetings=quick)) as bot:
        make_team(bot)
        bot.says("carla", 'meeting schedule "Quick" in 1m closes 0m')
        assert "which cases" in bot.passes(START + timedelta(seconds=30)).in_room
        bot.says("carla", "agenda add Form")
        assert "(locked)" in bot.passes(START + timedelta(seconds=40)).in_room
        assert "begins" in bot.passes(START + timedelta(seconds=50)).in_room


def test_what_nobody_started_is_called_off(planned: Chat) -> None:
    """It no longer stands before the meetings to come, and its invitation says so."""
    planned.says("carla", 'meeting schedule "Next" tue 8 dec 08:00')
    passed = planned.passes(TUESDAY + timedelta(hours=4))
    assert any("(cancelled)" in s.card.title for s in passed.edited if s.card)
    assert "M-2 Next" in planned.says("nora", "rsvp yes").private
    planned.passes(TUESDAY + timedelta(days=7))
    planned.says("pat", "meeting start")
    planned.passes(TUESDAY + timedelta(days=8))
    assert "running" in planned.says("pat", "meeting M-2").text


# -- chasers -----------------------------------------------------------------------------------------------------
def chased(bot: Chat) -> Answer:
    """Four hours before the agenda closes."""
    return bot.passes(TUESDAY - timedelta(hours=28))


def test_a_presenter_whose_case_is_not_ready_is_chased(planned: Chat) -> None:
    """In private, with what it waits for; a ready case's presenter hears nothing."""
    case, ready = submitted(planned, "gene"), approved(planned, "sol")
    planned.says("gene", f"case present {case}")
    planned.says("sol", f"case present {ready}")
    answer = chased(planned)
    assert (
        f"{case} is on the agenda of M-1, Tue 1 Dec 2026, 08:00 EST, and waits for the author's approval"
        in heard_by(answer, "gene")
    )
    assert not heard_by(answer, "sol")
    assert case not in answer.in_room


def test_a_chaser_stops_where_the_case_is_ready_in_time(planned: Chat) -> None:
    """The subject is read again when its time comes."""
    case = submitted(planned, "gene")
    planned.says("gene", f"case present {case}")
    planned.whispers("gene", f"case approve {case}")
    assert not heard_by(chased(planned), "gene")


def test_a_meeting_planned_late_is_chased_before_it_is_locked(bot: Chat) -> None:
    """Somebody who said maybe is asked again, somebody who said no is not."""
    bot.says("carla", "team add @nick nursing")
    bot.says("carla", 'meeting schedule "Soon" tue 08:00 quorum nursing,pharmacy')
    bot.says("nora", "rsvp maybe")
    bot.says("nick", "rsvp no")
    answer = bot.passes(START + timedelta(hours=21))
    assert "Can you come?" in heard_by(answer, "nora")
    assert not heard_by(answer, "nick")


def test_a_missing_discipline_is_chased(planned: Chat) -> None:
    """Everyone of it who has not answered, and nobody else."""
    planned.says("carla", "team add @nick nursing")
    planned.says("nick", "rsvp M-1 no")
    planned.says("pat", "rsvp M-1 yes")
    answer = chased(planned)
    assert "still has nobody for nursing. Can you come?" in heard_by(answer, "nora")
    assert not any(heard_by(answer, who) for who in (*TEAM.keys() - {"nora"}, "nick"))
    pressed = planned.presses("nora", "Yes")
    assert "met (psychiatry, nursing)" in "".join(text_of(s.card) for s in pressed.edited)


# -- when people want to hear ------------------------------------------------------------------------------------
@pytest.fixture
def nora(planned: Chat) -> Chat:
    """nora alone is missing: she is chased on Monday at 04:00 in New York."""
    planned.says("pat", "rsvp M-1 yes")
    return planned


def test_quiet_hours_put_a_chaser_off(nora: Chat) -> None:
    """It comes when they end, once."""
    nora.whispers("nora", "me quiet 18:00-08:00")
    assert not heard_by(chased(nora), "nora")
    assert "Can you come?" in heard_by(nora.passes(TUESDAY - timedelta(days=1)), "nora")
    assert "Can you come?" not in heard_by(nora.passes(TUESDAY), "nora")


def test_quiet_hours_are_read_in_ones_own_zone(nora: Chat) -> None:
    """Four in the morning in New York is ten in Berlin."""
    nora.whispers("nora", "me zone Europe/Berlin")
    nora.whispers("nora", "me quiet 18:00-08:00")
    assert "Tue 1 Dec 2026, 14:00 CET" in heard_by(chased(nora), "nora")


def test_what_was_put_off_too_long_is_never_said(nora: Chat) -> None:
    """An answer in the meantime, or a meeting called off, makes the chaser pointless."""
    nora.whispers("nora", "me quiet 18:00-08:00")
    chased(nora)
    nora.says("nora", "rsvp M-1 no")
    assert not heard_by(nora.passes(TUESDAY), "nora")


def test_cover_hears_instead(nora: Chat) -> None:
    """The cover is told for whom; without cover the word waits for the return."""
    nora.whispers("nora", "me away until 5 dec cover gene")
    answer = chased(nora)
    assert "you cover for @nora" in heard_by(answer, "gene")
    assert not heard_by(answer, "nora")


def test_absence_without_cover_waits_and_ends_early(nora: Chat) -> None:
    """Whoever comes back before the time hears at once what waited."""
    nora.whispers("nora", "me away until 5 dec")
    assert not heard_by(chased(nora), "nora")
    assert "Can you come?" in heard_by(nora.whispers("nora", "me back"), "nora")


def test_a_digest_gathers_what_is_not_urgent(bot: Chat) -> None:
    """Two items that are due come as one message at the chosen hour; each is named."""
    bot.whispers("nora", "me digest 07:30")
    for title in ("Check TSH", "Call pharmacy"):
        bot.says("carla", f'task add "{title}" for @nora due fri 12:00')
    early = bot.passes(datetime(2026, 11, 27, 12, 29, tzinfo=UTC))
    assert "is due soon" not in heard_by(early, "nora")
    answer = bot.passes(datetime(2026, 11, 27, 12, 30, tzinfo=UTC))
    (only,) = [s for s in answer.said if s.to == "nora"]
    assert only.card is not None
    assert only.card.title == "2 things wait for you"
    assert all(title in heard_by(answer, "nora") for title in ("Check TSH", "Call pharmacy"))
