"""The team: made in a room, its people, guests for one case, several teams of one person."""

import pytest

from bot.settings import Settings, TeamSettings
from tests.conversations.harness import Chat, approved, chat, refusal

MAKE = 'team create "North clinic" zone America/New_York'


def roles_of(bot: Chat, who: str) -> set[str]:
    with bot.store() as store:
        member = store.members.get(bot.account(who))
        return {r.value for r in member.roles} if member else set()


# -- create ------------------------------------------------------------------------------------------------------
def test_the_room_becomes_a_teams_room(newcomer: Chat) -> None:
    """The speaker is its coordinator, and the answer says what to type next."""
    made = newcomer.says("carla", MAKE)
    assert "North clinic" in made.in_room
    assert "@carla is its coordinator" in made.in_room
    assert "America/New_York" in made.in_room
    assert "`team add @dana psychiatry`" in made.in_room
    assert roles_of(newcomer, "carla") == {"coordinator"}


def test_a_team_without_a_zone_gets_the_settings(newcomer: Chat) -> None:
    """The answer names the zone in which times will be read."""
    assert "UTC" in newcomer.says("carla", "team create North clinic").in_room


def test_one_room_has_one_team(bot: Chat) -> None:
    """A second team in the room is refused, to its coordinator too."""
    assert "care team's room already" in refusal(bot.says("carla", MAKE))


def test_a_team_needs_a_shared_room(newcomer: Chat) -> None:
    """In private nobody else could be in it."""
    assert "in the room where the team meets" in newcomer.whispers("carla", MAKE).text


@pytest.mark.parametrize(("who", "made"), [("carla", True), ("mallory", False)])
def test_only_those_the_configuration_lets(who: str, made: bool) -> None:
    """Where creators are named, nobody else makes a team."""
    with chat(settings=Settings(teams=TeamSettings(creators=("carla",)))) as bot:
        answer = bot.says(who, MAKE)
        assert answer.refused is not made
        assert bool(roles_of(bot, who)) is made if made else "Ask whoever runs this bot" in answer.text


@pytest.mark.parametrize(
    "words", ["team create", 'team create ""', 'team create "N" zone Mars', f'team create "{"n" * 201}"']
)
def test_a_team_that_cannot_be_made_leaves_nothing(newcomer: Chat, words: str) -> None:
    """After the refusal the same room can still be made a team's room."""
    assert newcomer.says("carla", words).refused
    assert "`team create" in newcomer.says("carla", "team").text
    assert not newcomer.says("carla", MAKE).refused


# -- add and remove ----------------------------------------------------------------------------------------------
def test_adding_somebody_without_a_mention(bot: Chat) -> None:
    """Where the name is the account, the name is enough."""
    assert "@lee joins the team: pharmacy, clinician" in bot.says("carla", "team add lee pharmacist").in_room
    assert not bot.says("lee", "tasks").refused


@pytest.mark.parametrize("who", ["@lee", "@LEE"])
def test_adding_somebody(bot: Chat, who: str) -> None:
    """However the mention is written; a synonym names the discipline; who joins may act at once."""
    assert refusal(bot.says("lee", "tasks"))
    assert "@lee joins the team: pharmacy, clinician" in bot.says("carla", f"team add {who} pharmacist").in_room
    assert not bot.says("lee", "tasks").refused


def test_adding_again_changes_discipline_and_keeps_roles(bot: Chat) -> None:
    """Somebody's role is only changed where a role is named."""
    assert "psychology, facilitator" in bot.says("carla", "team add @pat psychology").text
    assert "psychology, observer" in bot.says("carla", "team add @pat psychology role observer").text
    assert roles_of(bot, "pat") == {"observer"}


def test_the_last_coordinator_stays_one(bot: Chat) -> None:
    """A role in addition does not leave the team without anyone who can change it; a second one can be relieved."""
    bot.says("carla", "team add @carla care-coordination role facilitator")
    assert roles_of(bot, "carla") == {"coordinator", "facilitator"}
    bot.says("carla", "team add @gene gp role coordinator")
    bot.says("gene", "team add @carla cm role clinician")
    assert roles_of(bot, "carla") == {"clinician"}


def test_a_configured_discipline() -> None:
    """Disciplines that the configuration adds are known, others are not."""
    with chat(settings=Settings(teams=TeamSettings(disciplines=("dietetics",)))) as bot:
        bot.says("carla", MAKE)
        assert "dietetics" in bot.says("carla", "team add @dee dietetics").in_room
        assert "I know no discipline" in refusal(bot.says("carla", "team add @dan dentistry"))


def test_removing_somebody(bot: Chat) -> None:
    """Who left may do nothing more, and open items in that name are mentioned."""
    bot.says("carla", 'task add "Check TSH" for @nora due fri')
    assert "1 open action item" in bot.says("carla", "team remove @nora").in_room
    assert refusal(bot.says("nora", "tasks")).startswith("You are not in a care team here")
    assert "nora" not in bot.says("carla", "team").text
    assert "I know nobody called" in refusal(bot.says("carla", "team remove @nora"))


def test_removing_the_last_coordinator_is_refused(bot: Chat) -> None:
    """With a second coordinator the first may go."""
    assert "role coordinator" in refusal(bot.says("carla", "team remove @carla"))
    bot.says("carla", "team add @gene gp role coordinator")
    assert not bot.says("carla", "team remove @carla").refused


@pytest.mark.parametrize(
    "words", ["team add @lee nursing", "team remove @nora", "team guest @lee {case} until fri", "team holidays US"]
)
def test_only_the_coordinator_changes_the_team(bot: Chat, words: str) -> None:
    """What the coordinator may, a clinician and a stranger may not."""
    line = words.format(case=approved(bot, "pat"))
    assert "that is for: coordinator" in refusal(bot.says("nora", line))
    assert "not in a care team" in refusal(bot.says("lee", line))
    assert not bot.says("carla", line).refused


# -- the roster --------------------------------------------------------------------------------------------------
def test_the_roster_by_discipline(bot: Chat) -> None:
    """Everyone with discipline and role, to the asker alone."""
    roster = bot.says("nora", "team")
    assert not roster.in_room
    assert "7 people, 7 disciplines" in roster.private
    assert "@pat (facilitator)" in roster.private
    assert "@carla (coordinator)" in roster.private


def test_the_roster_is_for_members(bot: Chat) -> None:
    """A stranger learns nothing of the team."""
    assert "carla" not in refusal(bot.says("mallory", "team"))


# -- guests ------------------------------------------------------------------------------------------------------
def test_a_guest_sees_one_case_for_a_while(bot: Chat) -> None:
    """Nothing else of the team, and nothing at all after the time."""
    case, other = approved(bot, "pat"), approved(bot, "gene")
    made = bot.says("carla", f"team guest @lee {case} until fri")
    assert f"@lee is a guest for case {case} alone, until Fri 27 Nov 2026, 17:00 EST" in made.private
    assert case in bot.says("lee", f"case {case}").text
    assert bot.says("lee", f"case {other}").refused
    assert bot.says("lee", "team").refused
    assert "for " + case in bot.says("carla", "team").text
    bot.passes(bot.clock.now().replace(day=28))
    assert bot.says("lee", f"case {case}").refused


def test_a_guest_is_of_no_discipline_unless_one_is_given(bot: Chat) -> None:
    """A consent to a discipline never reaches somebody by default."""
    case = approved(bot, "pat")
    bot.says("carla", f"team guest @lee {case} until fri")
    bot.says("carla", f"team guest @kim {case} until fri as pharmacy")
    with bot.store() as store:
        guests = (bot.account("lee"), bot.account("kim"))
        assert [store.members.get(a).discipline for a in guests] == ["guest", "pharmacy"]  # type: ignore[union-attr]


def test_a_guest_who_cannot_be_one(bot: Chat) -> None:
    """A member sees the case anyway, an unknown case is refused as one that may not be seen."""
    case = approved(bot, "pat")
    assert "in the team already" in refusal(bot.says("carla", f"team guest @nora {case} until fri"))
    assert "There is no case C-9999" in refusal(bot.says("carla", "team guest @lee C-9999 until fri"))
    assert "which has passed" in refusal(bot.says("carla", f"team guest @lee {case} until 2026-11-20"))
    assert not bot.says("carla", f"team guest @lee {case} until fri").refused


# -- several teams -----------------------------------------------------------------------------------------------
def test_in_private_the_team_spoken_to_last_is_meant(bot: Chat) -> None:
    """`team use` chooses another; a team that was left is no longer meant."""
    bot.says("nora", 'team create "South clinic"', room="south-room")
    assert "South clinic" in bot.whispers("nora", "team").text
    assert "North clinic" in bot.whispers("nora", 'team use "north"').text
    assert "North clinic:" in bot.whispers("nora", "team").text
    bot.says("carla", "team remove @nora")
    assert "South clinic:" in bot.whispers("nora", "team").text


def test_a_team_one_is_not_in_cannot_be_used(bot: Chat) -> None:
    """The refusal lists one's own teams only."""
    bot.says("mallory", 'team create "South clinic"', room="south-room")
    assert refusal(bot.whispers("nora", "team use South")) == "Your teams are: North clinic. Say one of them."
