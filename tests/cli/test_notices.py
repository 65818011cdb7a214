"""`confer notices`: what could not be delivered is found, tried again or given up, without a word of it being shown."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.audit import entries
from storage.database import Database
from storage.keys import KeyRing, RootKey
from storage.notices import Act, Notice, NoticeState
from storage.store import HOUSE, Store
from tests.cli.conftest import Command, Said

PLANTED = "Maria Lopez takes sertraline"
MADE = datetime.now(UTC) - timedelta(days=5)


def ring_of(house: Path) -> KeyRing:
    return KeyRing(RootKey.load(house / "confer.key"))


@pytest.fixture
def stuck(house: Path) -> Path:
    """One dead answer about an item, one notice that is being tried again, one that was sent."""
    ring = ring_of(house)
    with Database.open(house / "confer.db") as database, database.transaction() as connection:
        store = Store(connection, ring)
        if not store.has_house():
            ring.check(connection)
            ring.begin_team(connection, HOUSE, MADE)
        for key, kind in (("dead", "reply"), ("again", "call"), ("sent", "reply")):
            card = f'{{"title":"{PLANTED}"}}'.encode()
            notice = Notice(key, HOUSE, kind, Act.POST, "memory", f"room-{key}", subject="T-1", card=card)
            store.notices.add(notice, MADE)
        for key, state, more in (
            ("dead", NoticeState.DEAD, {"why": "http_500", "attempts": 8}),
            ("again", NoticeState.NEW, {"why": "network", "attempts": 2, "not_before": MADE + timedelta(days=90)}),
            ("sent", NoticeState.SENT, {"settled_at": MADE}),
        ):
            found = store.notices.by_key(key)
            assert found is not None
            store.notices.mark(found, state, **more)
    return house


def run(house: Path, command: Command, *words: str) -> Said:
    return command("notices", *words, "--config", house / "confer.toml")


def kept(house: Path, key: str) -> Notice:
    with Database.open(house / "confer.db") as database, database.reading() as connection:
        found = Store(connection, ring_of(house)).notices.by_key(key)
        assert found is not None
        return found


def test_they_are_listed_without_their_words(stuck: Path, command: Command) -> None:
    """Team, kind, reference, platform, attempts, why and age; status 1 tells a monitor that something is dead."""
    said = run(stuck, command)
    assert said.status == 1
    assert "no team, reply about T-1 on memory, 8 attempts, http_500, 5 d old" in said.out
    assert "tried again   no team, call about T-1 on memory, 2 attempts, network, 5 d old" in said.out
    assert "1 dead, 1 tried again, 0 on their way" in said.out
    assert "Maria" not in said.out


def test_it_works_while_the_bot_runs(stuck: Path, command: Command) -> None:
    """The bot has the file to itself, but for its look-ers after."""
    with Database.open(stuck / "confer.db"):
        assert run(stuck, command).status == 1
        assert run(stuck, command, "retry", "--all").status == 0


def test_a_dead_one_is_tried_again(stuck: Path, command: Command) -> None:
    """It is due at once, with a row in the trail; a second time there is nothing dead."""
    number = str(kept(stuck, "dead").id)
    assert "1 will be tried again" in run(stuck, command, "retry", number).out
    again = kept(stuck, "dead")
    assert (again.state, again.strikes) == (NoticeState.NEW, 0)
    assert run(stuck, command, "retry", number).status == 1
    with Database.open(stuck / "confer.db") as database, database.reading() as connection:
        rows = [r.entry for r in entries(connection, HOUSE)]
    assert [(r.actor, r.act, r.subject, r.details["notice"]) for r in rows] == [
        ("command line", "notice retried", "T-1", number)
    ]


def test_one_is_given_up(stuck: Path, command: Command) -> None:
    """A waiting one too; what was sent cannot be."""
    for key in ("dead", "again"):
        assert run(stuck, command, "drop", str(kept(stuck, key).id)).status == 0
        assert kept(stuck, key).state is NoticeState.DROPPED
    assert run(stuck, command, "drop", str(kept(stuck, "sent").id)).status == 1
    assert "0 dead, 0 tried again" in run(stuck, command).out


def test_one_is_explained(stuck: Path, command: Command) -> None:
    """What it was, what happened, what will happen."""
    said = run(stuck, command, "explain", str(kept(stuck, "dead").id))
    for words in ("a post of kind reply to a room", "given up after 8 attempts", "http_500", "confer notices retry"):
        assert words in said.out
    assert "it is due" in run(stuck, command, "explain", str(kept(stuck, "again").id)).out
    assert "it was sent" in run(stuck, command, "explain", str(kept(stuck, "sent").id)).out
    assert "Maria" not in said.out


@pytest.mark.parametrize("words", [("explain", "999"), ("drop", "999"), ("retry", "999"), ("retry",), ("drop",)])
def test_a_wrong_number_is_said(stuck: Path, command: Command, words: tuple[str, ...]) -> None:
    """And changes nothing."""
    assert run(stuck, command, *words).status
    assert kept(stuck, "dead").state is NoticeState.DEAD
