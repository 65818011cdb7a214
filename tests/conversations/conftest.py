"""``bot``: an invented team in one room. ``newcomer``: a bot nobody has spoken to yet.

Every script is played in memory. Those of ``EVERYWHERE`` are played on the other platforms too, and with
``--platforms all`` (or the names of some) every script is.
"""

from collections.abc import Iterator

import pytest

from tests.conversations.harness import ON, STORE, Begun, Chat, chat, make_team
from tests.postgres import Server

PLATFORMS = ("console", "slack", "matrix")
EVERYWHERE = frozenset(
    (
        "test_a_conference_from_plan_to_minutes",
        "test_a_filled_form_gives_a_private_preview",
        "test_words_typed_in_a_room_leave_it",
        "test_a_poll_becomes_a_meeting_with_one_click",
        "test_the_buttons_do_the_same",
        "test_minutes_hold_what_a_team_needs",
        "test_only_a_leader_leads",
        "test_the_bot_introduces_itself_to_a_newcomer_once",
    )
)
"""A week of a team, in eight scripts: planning, a case, a poll, a meeting led by buttons, minutes, rights, a first hello."""
NOT_THERE = {
    "test_a_form_is_checked_as_words_are": "the platform itself takes no text of that length",
    "test_adding_somebody_without_a_mention": "elsewhere a name is not the account",
    "test_a_platform_that_cannot_remove_makes_the_bot_ask": "it is about the memory platform's answer",
}
"""Scripts about what only the memory platform does."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--platforms", default="", help="play every script on these too: all, or console,slack,matrix")
    parser.addoption("--store", default="sqlite", choices=("sqlite", "postgresql"), help="what the scripts are kept in")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The memory platform keeps the plain name of a test; another one's name stands behind it."""
    if "played_on" not in metafunc.fixturenames:
        return
    # The default counts where this file is met only after the command line was read.
    wanted = metafunc.config.getoption("--platforms", default="")
    named = PLATFORMS if wanted == "all" else tuple(filter(None, wanted.split(",")))
    script = metafunc.function.__name__
    if not named and script in EVERYWHERE:
        metafunc.parametrize("played_on", [pytest.param("memory", id=pytest.HIDDEN_PARAM), *PLATFORMS], indirect=True)
    elif named:
        away = [pytest.mark.skip(NOT_THERE[script])] if script in NOT_THERE else []
        metafunc.parametrize("played_on", [pytest.param(name, marks=away) for name in named], indirect=True)


@pytest.fixture(autouse=True)
def _kept_in(request: pytest.FixtureRequest) -> Iterator[None]:
    """With ``--store postgresql``, every chat gets a database there."""
    if request.config.getoption("--store", default="sqlite") == "sqlite":
        yield
        return
    server: Server = request.getfixturevalue("postgres")
    made: list[str] = []

    def fresh() -> str:
        made.append(server.migrated())
        return made[-1]

    token = STORE.set(fresh)
    yield
    STORE.reset(token)
    for url in made:
        server.drop(url)


@pytest.fixture
def played_on(request: pytest.FixtureRequest) -> Iterator[str]:
    """The platform that the script is played on."""
    token = ON.set(getattr(request, "param", "memory"))
    yield ON.get()
    ON.reset(token)


@pytest.fixture
def newcomer(played_on: str) -> Iterator[Chat]:
    with chat() as bot:
        yield bot


@pytest.fixture(scope="session")
def team() -> Begun:
    token = ON.set("memory")
    with chat(url="sqlite://") as bot:
        make_team(bot)
        begun = Begun.of(bot)
    ON.reset(token)
    return begun


@pytest.fixture
def bot(played_on: str, team: Begun) -> Iterator[Chat]:
    with chat(begun=team) as bot:
        yield bot
