"""A conference in twenty lines, from the team to signed minutes."""

from datetime import timedelta

from tests.conversations.harness import START, Chat, approved


def test_a_conference_from_plan_to_minutes(bot: Chat) -> None:
    """Everything a team does in a week reaches the minutes."""
    meeting = bot.says("carla", 'meeting schedule "Case conference" tue 08:00 for 60m').ref("M")
    case = approved(bot, goals="no new drug")
    assert case in bot.says("carla", "agenda build").in_room
    bot.says("carla", "agenda lock")
    bot.passes(START + timedelta(days=1))
    assert case in bot.says("pat", "meeting start").in_room
    for _ in range(3):
        bot.says("pat", "next")
    decision = bot.says("pat", f'decide {case} "Taper SSRI" because "side effects"').ref("D")
    task = bot.says("pat", f'task add "Check TSH" for nursing due fri case {case}').ref("T")
    bot.says("pat", "meeting end")
    minutes = bot.says("pat", f"minutes {meeting}")
    assert all(ref in minutes.private for ref in (case, decision, task))
    assert not bot.says("pat", f"minutes sign {meeting}").refused
