"""Scripts once more on PostgreSQL that read, change and take back what every kind of thing keeps."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from storage import database
from storage.database import OutcomeUnknown
from tests.conversations import test_smoke, test_undo
from tests.conversations.harness import Chat, chat, make_team
from tests.postgres import Server

pytestmark = pytest.mark.postgres
SCRIPTS = (test_smoke, test_undo)


@pytest.fixture
def newcomer(postgres: Server) -> Iterator[Chat]:
    url = postgres.migrated()
    with chat(url=url) as bot:
        yield bot
    postgres.drop(url)


@pytest.fixture
def bot(newcomer: Chat) -> Chat:
    make_team(newcomer)
    return newcomer


@pytest.mark.parametrize("saved", [True, False])
def test_an_answer_of_the_server_that_was_lost(bot: Chat, monkeypatch: pytest.MonkeyPatch, saved: bool) -> None:
    """Whether it had saved or not, the command is carried out once and answered once."""
    lost: list[bool] = []
    commit = database._commit

    def lose(connection: Connection) -> None:
        if not lost:
            lost.append(True)
            if saved:
                commit(connection)
            raise OutcomeUnknown
        commit(connection)

    monkeypatch.setattr(database, "_commit", lose)
    monkeypatch.setattr("bot.app.BUSY_WAITS", (0,))
    assert bot.says("carla", 'task add "Check TSH" for nursing').text.count("Check TSH") >= 1
    assert lost
    with bot.store() as store:
        assert [task.ref for task in store.pending_tasks()] == ["T-1"]


for script in SCRIPTS:
    globals().update({name: test for name, test in vars(script).items() if name.startswith("test_")})
