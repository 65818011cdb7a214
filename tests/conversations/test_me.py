"""One's own settings, and who one is."""

from datetime import timedelta

import pytest

from tests.conversations.harness import START, Chat, refusal


def test_settings_are_shown_to_their_owner_alone(bot: Chat) -> None:
    """Zone, quiet hours, digest and absence, with the words that change them."""
    shown = bot.says("nora", "me")
    assert not shown.in_room
    for words in ("America/New_York (the team's)", "Quiet hours: none", "Away: no", "me zone Europe/Berlin"):
        assert words in shown.private


def test_times_are_read_and_shown_in_ones_own_zone(bot: Chat) -> None:
    """The room still sees the team's zone, and other people theirs."""
    assert "Mon 23 Nov 2026, 15:00 CET" in bot.says("pat", "me zone Europe/Berlin").private
    planned = bot.says("pat", 'meeting schedule "Call" tue 16:00')
    assert "Tue 24 Nov 2026, 10:00 EST" in planned.in_room
    assert "Tue 24 Nov 2026, 16:00 CET" in bot.says("pat", "meetings").text
    assert "Tue 24 Nov 2026, 10:00 EST" in bot.says("nora", "meetings").text


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("me zone berlin", "Zone: Europe/Berlin"),
        ("me quiet 18:00-08:00", "Quiet hours: 18:00-08:00"),
        ("me quiet 6pm to 8am", "Quiet hours: 18:00-08:00"),
        ("me off sun, sat", "Days off: Saturday, Sunday"),
        ("me off Fridays and weekends", "Days off: Friday, Saturday, Sunday"),
        ("me digest 8am", "Digest: 08:00"),
        ("me away until 5 dec cover @lee", "Away: until Sat 5 Dec 2026, 17:00 EST, @lee covers"),
        ("me away until 5 dec 12:00", "Away: until Sat 5 Dec 2026, 12:00 EST"),
    ],
)
def test_a_setting_is_kept_and_can_be_taken_back(bot: Chat, words: str, shown: str) -> None:
    """Set, shown, undone."""
    bot.says("carla", "team add @lee nursing")
    assert not bot.says("nora", words).refused
    assert shown in bot.says("nora", "me").private
    assert not bot.says("nora", "undo").refused
    assert shown not in bot.says("nora", "me").private


@pytest.mark.parametrize(
    ("on", "off", "shown"),
    [
        ("me quiet 18:00-08:00", "me quiet off", "Quiet hours: none"),
        ("me off fri", "me off none", "Days off: none"),
        ("me digest 08:00", "me digest off", "Digest: none"),
        ("me away until fri", "me back", "Away: no"),
    ],
)
def test_a_setting_is_switched_off(bot: Chat, on: str, off: str, shown: str) -> None:
    """What was switched on can be switched off by name."""
    bot.says("nora", on)
    assert shown not in bot.says("nora", "me").private
    assert not bot.says("nora", off).refused
    assert shown in bot.says("nora", "me").private


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("me zone Mars", "I do not know the time zone"),
        ("me zone EST", "name a place, such as America/New_York"),
        ("me zone", "Say which zone, e.g. Europe/Berlin."),
        ("me quiet 18:00", "18:00-08:00"),
        ("me quiet 8-8", "two different times"),
        ("me off", "Say which weekdays, e.g. sat,sun."),
        ("me off today", "“today” is no weekday"),
        ("me off mon tue wed thu fri sat sun", "Keep one day of the week"),
        ("me digest dawn", "as a time of day"),
        ("me away", "Say until when, e.g. until fri."),
        ("me away until 20 nov 2026", "which has passed"),
        ("me away until fri cover @nora", "You cannot cover for yourself"),
        ("me away until fri cover @nobody", "I know nobody called"),
    ],
)
def test_a_setting_that_cannot_be(bot: Chat, words: str, says: str) -> None:
    """The refusal says what to type, and nothing is changed."""
    before = bot.says("nora", "me").private
    assert says in refusal(bot.says("nora", words))
    assert bot.says("nora", "me").private == before


@pytest.mark.parametrize("words", ["me", "me zone Europe/Berlin", "me quiet 18:00-08:00", "me digest 8", "me back"])
def test_settings_are_for_members(bot: Chat, words: str) -> None:
    """What a member may, a stranger may not."""
    assert not bot.says("nora", words).refused
    assert "A coordinator adds you" in refusal(bot.says("mallory", words))


def test_absence_ends_by_itself(bot: Chat) -> None:
    """The roster shows it while it lasts."""
    bot.says("nora", "me away until tomorrow 12:00")
    assert "@nora (away until Tue 24 Nov 2026, 12:00 EST)" in bot.says("carla", "team").text
    bot.passes(START + timedelta(days=2))
    assert "away" not in bot.says("carla", "team").text


def test_who_one_is(bot: Chat) -> None:
    """Account, discipline, roles and rights; a stranger hears that a coordinator adds people."""
    me = bot.says("pat", "whoami")
    assert not me.in_room
    for words in ("@pat", "North clinic", "psychiatry", "facilitator", "lead the meeting"):
        assert words in me.private
    assert "lead the meeting" not in bot.says("nora", "whoami").private
    stranger = bot.says("mallory", "whoami")
    assert not stranger.refused
    assert "in no care team here" in stranger.private
