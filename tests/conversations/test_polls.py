"""Finding a time together: over zones, with ties, a quorum, and an end."""

from datetime import timedelta

from tests.conversations.harness import START, Chat, refusal, text_of

POLL = 'meeting poll "MDT" tue 09:00, wed 14:00, thu 12:30 quorum psychiatry,nursing for 45m'


def test_times_are_shown_in_every_members_zone(bot: Chat) -> None:
    """The team's zone first; a time may be offered in a zone of its own."""
    bot.says("nora", "me zone Europe/Berlin")
    asked = bot.says("carla", 'meeting poll "MDT" tue 09:00, wed 14:00 UTC')
    assert "Tue 24 Nov 2026, 09:00 EST (15:00 CET)" in asked.in_room
    assert "Wed 25 Nov 2026, 09:00 EST (15:00 CET)" in asked.in_room
    assert "Tue 24 Nov 2026, 15:00 CET" in bot.says("nora", "vote 1").private


def test_level_times_and_the_quorum_are_named(bot: Chat) -> None:
    """Nothing is offered to be fixed before anyone has voted; of level times each can be."""
    asked = bot.says("carla", POLL)
    assert not [b for b in asked.buttons if b.label.startswith("Fix")]
    bot.says("pat", "vote 1 3")
    shown = "\n".join(text_of(s.card) for s in bot.says("nora", "vote 2 3").edited)
    assert "are level" not in shown
    assert "the quorum misses" not in shown
    shown = "\n".join(text_of(s.card) for s in bot.says("gene", "vote 2").edited)
    assert "2 and 3 are level." in shown
    assert "At 2 the quorum misses psychiatry." in shown
    assert "[Fix 2] [Fix 3]" in shown
    fixed = bot.presses("carla", "Fix 3")
    assert "Thu 26 Nov 2026, 12:30 EST, 45 minutes" in fixed.in_room
    assert "met (psychiatry, nursing)" in fixed.in_room


def test_whoever_asked_hears_when_all_have_voted(bot: Chat) -> None:
    """Once, in private, with a way to fix it."""
    bot.says("carla", POLL)
    for who in ("carla", "pat", "sol", "gene", "thea", "nora"):
        assert "waits for its time" not in bot.says(who, "vote 2").private
    last = bot.says("wes", "vote 1 2")
    (said,) = [s for s in last.said if s.to == "carla"]
    assert "MDT waits for its time. First: 2 Wed 25 Nov 2026, 14:00 EST" in text_of(said.card)
    assert "[Fix 2]" in text_of(said.card)
    assert "waits for its time" not in bot.says("wes", "vote 2").private


def test_a_poll_that_nobody_decides_asks_and_ends(bot: Chat) -> None:
    """Its asker hears a while before the first time; when the last has passed it is called off, in place."""
    bot.says("carla", POLL)
    asked = bot.passes(START + timedelta(hours=23, minutes=30))
    assert [s.to for s in asked.said if s.card and "waits for its time" in text_of(s.card)] == ["carla"]
    ended = bot.passes(START + timedelta(days=4))
    assert "M-1 MDT is cancelled: no time was fixed" in "\n".join(text_of(s.card) for s in ended.edited)
    assert "there is no vote to give" in refusal(bot.says("nora", "vote M-1 1"))


def test_a_poll_called_off_shows_it(bot: Chat) -> None:
    """No time is named that was never fixed, and nothing can be voted on in the card."""
    bot.says("carla", POLL)
    off = bot.says("carla", "meeting cancel M-1 because two are ill")
    assert "M-1 MDT is cancelled: two are ill" in off.in_room
    assert "2026" not in off.in_room.replace("\n", " ").split("What was")[0]
    assert "[1]" not in "\n".join(text_of(s.card) for s in off.edited)
