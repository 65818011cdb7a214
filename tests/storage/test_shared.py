"""One PostgreSQL under several threads and processes: nothing lost, nothing doubled, no chain forked, nobody blocked in vain."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import text

from bot.app import App, begin_house
from bot.clock import MovableClock
from bot.settings import Settings
from conference.people import Account, Team, TeamId
from storage.audit import AuditEntry, verify
from storage.database import Database, DatabaseAway, DatabaseBusy, OutcomeUnknown, wait_for_turn
from storage.drawer import SealedDrawer
from storage.keys import KeyDestroyed, KeyRing, RootKey, case_scope
from storage.seal import Cell
from storage.store import Store
from storage.timers import due_timers
from tests.postgres import Server, name_of

pytestmark = pytest.mark.postgres
NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
TEAMS = ("north", "south")
CASE = Cell("north", "cases", "body", "C-7K2P", "C-7K2P")

WORK = """
import sys, threading
from tests.storage.test_shared import act
from storage.database import Database
from storage.keys import KeyRing, RootKey
url, key, number = sys.argv[1:]
ring = KeyRing(RootKey.read(key))
with Database.open(url) as database:
    threads = [threading.Thread(target=act, args=(database, ring, f"{number}/{n}")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def act(database: Database, ring: KeyRing, who: str) -> None:
    """Five acts in each team, each with an audit row and a reference; every invocation arrives twice."""
    for number in range(5):
        for team in TEAMS:
            for _ in range(2):
                with database.transaction() as connection:
                    house = Store(connection, ring)
                    if not house.take_in("memory", f"{team}/{who}/{number}", NOW):
                        continue
                    wait_for_turn(connection, team)
                    store = house.of_team(team)
                    ref = store.next_ref("T")
                    store.audit(AuditEntry(team, NOW, Account(who), "task add", ref, "done"))


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing(RootKey.new())


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    made = postgres.migrated()
    yield made
    postgres.drop(made)


@pytest.fixture
def database(url: str, ring: KeyRing) -> Iterator[Database]:
    """Two teams; a case of the first has a key of its own."""
    with Database.open(url) as opened:
        begin_house(opened, ring, NOW)
        with opened.transaction() as connection:
            for name in TEAMS:
                team = Team(TeamId(name), name, "UTC", "memory", f"{name}-room", NOW, Account("carla"))
                Store(connection, ring).begin_team(team, NOW)
            ring.begin_scope(connection, "north", case_scope("C-7K2P"), NOW)
        yield opened


@pytest.fixture
def other(database: Database, url: str) -> Iterator[Database]:
    """The same database, as another instance has it."""
    with Database.open(url) as opened:
        yield opened


def together(*acts: Callable[[], object]) -> list[object]:
    """Do all at the same moment, each in its own thread; what each gave, or what it raised."""
    barrier, given = threading.Barrier(len(acts)), [None] * len(acts)

    def run(number: int, act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            given[number] = act()
        except Exception as trouble:
            given[number] = trouble

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return given


def test_chains_hold_under_threads_of_several_processes(database: Database, ring: KeyRing, url: str) -> None:
    """3 processes with 8 threads: each act once, references without gap or double, both chains whole."""
    words = [sys.executable, "-c", WORK, url, ring.root.text()]
    processes = [subprocess.Popen([*words, str(number)]) for number in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    with database.reading() as connection:
        for team in TEAMS:
            assert verify(connection, ring, team).ok
            refs = connection.execute(
                text("SELECT subject FROM audit WHERE team = :team ORDER BY seq"), {"team": team}
            ).scalars()
            assert list(refs) == [f"T-{number}" for number in range(1, 3 * 8 * 5 + 1)]


def test_teams_do_not_wait_for_each_other(database: Database, other: Database, ring: KeyRing) -> None:
    """While one team's transaction is open, another team's commits; the same team's waits until it ends."""
    done: list[str] = []

    def north() -> None:
        with other.transaction() as connection:
            wait_for_turn(connection, "north")
            done.append("north")

    with database.transaction() as connection:
        wait_for_turn(connection, "north")
        waiting = threading.Thread(target=north)
        waiting.start()
        with other.transaction() as beside:
            wait_for_turn(beside, "south")
            Store(beside, ring).of_team("south").next_ref("T")
        done.append("south")
    waiting.join()
    assert done == ["south", "north"]


def test_a_turn_that_does_not_come_is_a_sentence(database: Database, url: str) -> None:
    """The wait has an end, which the address may set."""
    with Database.open(f"{url}&options=-c%20lock_timeout=50ms") as hasty, database.transaction() as connection:
        wait_for_turn(connection, "north")
        with ThreadPoolExecutor() as beside:
            assert isinstance(beside.submit(_turn_in, hasty).exception(), DatabaseBusy)


def _turn_in(database: Database) -> None:
    with database.transaction() as connection:
        wait_for_turn(connection, "north")


def test_what_two_do_at_the_same_moment_is_done_once(database: Database, other: Database, ring: KeyRing) -> None:
    """An invocation is taken in once, a stranger greeted once, a drawer holds one of two contents."""

    def taken(opened: Database) -> bool:
        with opened.transaction() as connection:
            return Store(connection, ring).take_in("memory", "1", NOW)

    def met(opened: Database) -> bool:
        with opened.transaction() as connection:
            return Store(connection, ring).is_first_contact("memory", "lena", NOW)

    for once in (taken, met):
        given = together(*[partial(once, opened) for opened in (database, other) * 3])
        assert sorted(given, key=str) == [False] * 5 + [True]
    drawers = [SealedDrawer(opened, ring, "matrix") for opened in (database, other)]
    assert together(*[partial(drawer.put, "token", b"secret") for drawer in drawers * 3]) == [None] * 6
    assert drawers[0].get("token") == b"secret"


def test_two_that_begin_together_make_one_house(postgres: Server, ring: KeyRing) -> None:
    """Instances that start at the same moment on an empty database agree on one key."""
    url = postgres.migrated()
    with Database.open(url) as one, Database.open(url) as two:
        assert together(*[partial(begin_house, opened, ring, NOW) for opened in (one, two) * 2]) == [None] * 4
        with one.reading() as connection:
            assert connection.scalar(text("SELECT count(*) FROM keys WHERE scope = 'epoch'")) == 1
    postgres.drop(url)


def test_what_another_process_erased_cannot_be_read(database: Database, other: Database, ring: KeyRing) -> None:
    """A key that was remembered here is forgotten as soon as another instance has destroyed it."""
    elsewhere = KeyRing(ring.root)
    with database.reading() as connection:
        blob = ring.seal(connection, CASE, b"text")
    with other.transaction() as connection:
        elsewhere.destroy(connection, "north", case_scope("C-7K2P"), NOW)
    with database.reading() as connection, pytest.raises(KeyDestroyed):
        ring.unseal(connection, CASE, blob)


def test_a_transaction_that_began_before_does_not_bring_it_back(
    database: Database, other: Database, ring: KeyRing
) -> None:
    """What it still sees is for it alone."""
    elsewhere = KeyRing(ring.root)
    with database.reading() as connection:
        blob = elsewhere.seal(connection, CASE, b"text")
    with database.reading() as earlier:
        earlier.execute(text("SELECT 1 FROM keys")).all()
        with other.transaction() as connection:
            elsewhere.destroy(connection, "north", case_scope("C-7K2P"), NOW)
        with other.reading() as connection, pytest.raises(KeyDestroyed):
            ring.unseal(connection, CASE, blob)
        assert ring.unseal(earlier, CASE, blob) == b"text"
    with database.reading() as connection, pytest.raises(KeyDestroyed):
        ring.unseal(connection, CASE, blob)


def test_two_that_wait_for_each_other_are_told(database: Database, other: Database) -> None:
    """One of them goes on, the other is told to try again, and nothing of it stays."""
    barrier = threading.Barrier(2)

    def cross(opened: Database, first: str, second: str) -> str:
        with opened.transaction() as connection:
            wait_for_turn(connection, first)
            barrier.wait()
            wait_for_turn(connection, second)
        return "done"

    given = together(lambda: cross(database, "north", "south"), lambda: cross(other, "south", "north"))
    assert "done" in given
    assert any(isinstance(trouble, DatabaseBusy) for trouble in given)


def test_firing_passes_over_a_team_that_is_busy(
    database: Database, other: Database, ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It neither waits while it holds other teams, nor holds a timer that the busy one takes back."""
    monkeypatch.setattr("bot.app.FIRE_WITHIN", 60)  # a slow machine fires as many
    app = App(database, ring, Settings(), MovableClock(NOW + timedelta(hours=1)), {}, alone=False)
    with database.transaction() as connection:
        for number, team in enumerate(("north", "south", "north", "south")):
            timers = Store(connection, ring).of_team(team).timers
            timers.plan(f"T-{number}", {"task-due": NOW + timedelta(minutes=number + 1)}, NOW)
    with other.transaction() as busy:
        wait_for_turn(busy, "south")
        assert app._fire_due() == 2
        Store(busy, ring).of_team("south").timers.plan("T-1", {}, NOW)
    with database.reading() as connection:
        assert [timer.subject for timer in due_timers(connection, NOW + timedelta(hours=1))] == ["T-3"]
    assert app._fire_due() == 1


class TestCutConnections:
    def test_a_restart_between_transactions_is_not_noticed(
        self, database: Database, ring: KeyRing, postgres: Server
    ) -> None:
        """Every pooled connection is dead; the next transaction has a new one."""
        postgres.restart()
        with database.transaction() as connection:
            assert Store(connection, ring).team_ids() == TEAMS
        with database.reading() as connection:
            assert Store(connection, ring).has_house()

    def test_a_cut_within_a_transaction_saves_nothing(
        self, database: Database, ring: KeyRing, postgres: Server
    ) -> None:
        """It is a sentence, and the same again is done once."""
        with pytest.raises(DatabaseAway, match="nothing was saved"), database.transaction() as connection:  # noqa: PT012
            Store(connection, ring).take_in("memory", "1", NOW)
            postgres.restart("immediate")
            Store(connection, ring).take_in("memory", "2", NOW)
        with database.transaction() as connection:
            assert Store(connection, ring).take_in("memory", "1", NOW)

    def test_a_cut_while_it_commits_is_unknown_and_found_out(
        self, database: Database, ring: KeyRing, postgres: Server, url: str
    ) -> None:
        """The server has committed and its answer is lost; the same invocation again is known."""
        postgres.execute(
            "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$",
            name_of(url),
        )
        postgres.execute(
            "CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON inbox DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION cut()",
            name_of(url),
        )
        with pytest.raises(OutcomeUnknown), database.transaction() as connection:
            Store(connection, ring).take_in("memory", "1", NOW)
        postgres.execute("DROP TRIGGER cut ON inbox", name_of(url))
        with database.transaction() as connection:
            assert Store(connection, ring).take_in("memory", "1", NOW)  # this time the server had not

    def test_a_server_that_is_away_is_a_sentence(self, database: Database, postgres: Server) -> None:
        """While it is stopped each attempt says so; when it is back, all goes on."""
        postgres.stop("immediate")
        try:
            for _ in range(2):
                with pytest.raises(DatabaseAway), database.transaction():
                    pass
        finally:
            postgres.start()
        with database.reading() as connection:
            assert connection.scalar(text("SELECT 1")) == 1

    def test_a_server_that_was_demoted_is_left(
        self, database: Database, ring: KeyRing, postgres: Server, url: str
    ) -> None:
        """After a failover the old server refuses writes: that is a sentence, and the next attempt connects anew."""
        postgres.execute(f"ALTER DATABASE {name_of(url)} SET default_transaction_read_only = on")
        with Database.open(url) as opened:
            with pytest.raises(DatabaseAway), opened.transaction() as connection:
                Store(connection, ring).take_in("memory", "1", NOW)
            postgres.execute(f"ALTER DATABASE {name_of(url)} RESET default_transaction_read_only")
            with opened.transaction() as connection:
                assert Store(connection, ring).take_in("memory", "1", NOW)


def test_connections_are_counted(url: str, ring: KeyRing) -> None:
    """However many threads want one, no more are open than allowed; all get their turn."""
    with Database.open(url, connections=3) as opened:
        counts: list[int] = []

        def look() -> None:
            with opened.reading() as connection:
                name = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                counts.append(int(connection.scalar(text(name)) or 0))

        assert together(*[look] * 12) == [None] * 12
    assert len(counts) == 12
    assert max(counts) <= 3
