"""The audit trail: added to, never changed; whoever changes it is found."""

import dataclasses
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import IntegrityError

from storage import audit
from storage.audit import AuditEntry, append, entries, verify
from storage.database import Database
from storage.keys import KeyMissing, KeyRing, case_scope
from storage.schema import AuditRow
from tests.asking import listening
from tests.engines import AUDIT_TRIGGERS, only_sqlite

Tamper = Callable[[Connection], object]


def entry(number: int, now: datetime, team: str = "north") -> AuditEntry:
    at = now + timedelta(minutes=number)
    details = {"via": "room"} if number % 2 else {}
    return AuditEntry(team, at, "lena", "case read", f"C-{number % 3}", "done", details)


@pytest.fixture
def chain(database: Database, ring: KeyRing, now: datetime) -> Database:
    """Ten rows for `north`, among five of `south`."""
    with database.transaction() as connection:
        ring.begin_team(connection, "south", now)
        for number in range(1, 11):
            append(connection, ring, entry(number, now))
            if number % 2:
                append(connection, ring, entry(number, now, "south"))
    return database


def tampered(database: Database, *statements: str) -> None:
    """Change the table as someone would who has the file and removes what stands in the way."""
    with database.transaction() as connection:
        for statement in (*AUDIT_TRIGGERS[connection.dialect.name], *statements):
            connection.exec_driver_sql(statement)


def judged(database: Database, ring: KeyRing, team: str = "north") -> audit.Verdict:
    with database.reading() as connection:
        return verify(connection, ring, team)


class TestAppending:
    def test_each_team_counts_for_itself(self, chain: Database, ring: KeyRing) -> None:
        """Rows are numbered from 1 in each team, and both chains hold."""
        assert judged(chain, ring) == audit.Verdict(10)
        assert judged(chain, ring, "south") == audit.Verdict(5)
        assert judged(chain, KeyRing(ring.root)).ok

    def test_an_act_rolled_back_leaves_no_row(self, chain: Database, ring: KeyRing, now: datetime) -> None:
        """The row goes with its act, and the next takes its number."""

        class Interrupted(Exception):
            pass

        with pytest.raises(Interrupted), chain.transaction() as connection:  # noqa: PT012 - the act is the point
            append(connection, ring, entry(11, now))
            raise Interrupted
        with chain.transaction() as connection:
            append(connection, ring, entry(12, now))
        assert judged(chain, ring) == audit.Verdict(11)

    def test_it_is_one_select_and_one_insert(self, chain: Database, ring: KeyRing, now: datetime) -> None:
        """With the key in memory and the turn taken, appending asks once and writes once."""
        with chain.transaction() as connection:
            append(connection, ring, entry(11, now))
            with listening(connection) as asked:
                append(connection, ring, entry(12, now))
            assert [sql.split(maxsplit=1)[0] for sql, _ in asked] == ["SELECT", "INSERT"]

    @only_sqlite
    def test_the_head_is_found_by_its_index(self, chain: Database) -> None:
        """A chain of any length has its last row at once."""
        with chain.reading() as connection:
            plan = connection.execute(text(f"EXPLAIN QUERY PLAN {audit.HEAD}"), {"of_team": "", "param_1": 1})
            assert "USING INDEX sqlite_autoindex_audit_1 (team=?)" in str(plan.all())

    def test_large_details_are_refused(self, chain: Database, ring: KeyRing, now: datetime) -> None:
        """Details are ids and kinds; a text does not fit."""
        long = dataclasses.replace(entry(1, now), details={"note": "x" * 3000})
        with chain.transaction() as connection, pytest.raises(ValueError, match="at most 2000"):
            append(connection, ring, long)

    def test_a_naive_time_is_refused(self, chain: Database, ring: KeyRing, now: datetime) -> None:
        """A time without a zone is a mistake."""
        naive = dataclasses.replace(entry(1, now), at=now.replace(tzinfo=None))
        with chain.transaction() as connection, pytest.raises(ValueError, match="zone"):
            append(connection, ring, naive)

    def test_a_team_without_keys_is_refused(self, chain: Database, ring: KeyRing, now: datetime) -> None:
        """No chain without a key."""
        with chain.transaction() as connection, pytest.raises(KeyMissing):
            append(connection, ring, entry(1, now, "west"))

    def test_the_chain_outlives_keys(self, chain: Database, ring: KeyRing, now: datetime) -> None:
        """Rotation and erasure of the team's and a case's data leave the chain whole and growing."""
        with chain.transaction() as connection:
            ring.rotate_team(connection, "north", now)
            ring.destroy(connection, "north", case_scope("C-7K2P"), now)
            ring.destroy(connection, "north", "team", now)
            append(connection, ring, entry(11, now))
        assert judged(chain, KeyRing(ring.root)) == audit.Verdict(11)

    def test_two_threads_do_not_fork_it(self, chain: Database, ring: KeyRing, now: datetime) -> None:
        """Rows appended from several threads stand in one line."""
        import threading

        def add(number: int) -> None:
            for _ in range(10):
                with chain.transaction() as connection:
                    append(connection, ring, entry(number, now))

        threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert judged(chain, ring) == audit.Verdict(50)


class TestEntries:
    def test_they_come_as_written(self, chain: Database, now: datetime) -> None:
        """Entries come back equal, oldest first, with their numbers."""
        with chain.reading() as connection:
            found = entries(connection, "north")
        assert [recorded.seq for recorded in found] == list(range(1, 11))
        assert [recorded.entry for recorded in found] == [entry(number, now) for number in range(1, 11)]

    def test_the_newest_of_one_subject(self, chain: Database) -> None:
        """A subject's newest entries, oldest first."""
        with chain.reading() as connection:
            found = entries(connection, "north", subject="C-1", limit=2)
            assert [recorded.seq for recorded in found] == [7, 10]

    @only_sqlite
    def test_a_subject_is_found_by_its_index(self, chain: Database) -> None:
        """Nothing is sorted, and no other row is read."""
        with chain.reading() as connection:
            asked = select(AuditRow).where(AuditRow.team == "", AuditRow.subject == "")
            plan = connection.execute(
                text(f"EXPLAIN QUERY PLAN {asked.order_by(AuditRow.seq.desc())}"),
                {"team_1": "", "subject_1": ""},
            )
            assert "USING INDEX ix_audit_team_subject_seq" in (steps := str(plan.all()))
            assert "TEMP B-TREE" not in steps


class TestTampering:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE audit SET actor = 'nobody'",
            "DELETE FROM audit",
            "TRUNCATE audit",
            "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 1",
            "UPDATE OR REPLACE audit SET seq = 2 WHERE seq = 1",
        ],
    )
    def test_the_database_itself_refuses(self, chain: Database, ring: KeyRing, statement: str, engine: str) -> None:
        """Changing, deleting, replacing and truncating is refused by the table."""
        if (" OR REPLACE " in statement and engine != "sqlite") or ("TRUNCATE" in statement and engine == "sqlite"):
            pytest.skip("this engine has no such statement")
        with (
            pytest.raises(IntegrityError, match="can only be added to"),
            chain.transaction() as connection,
        ):
            connection.exec_driver_sql(statement)
        assert judged(chain, ring).ok

    @pytest.mark.parametrize(
        "change",
        [
            "at = '2026-01-01 00:00:00.000000'",
            "actor = 'nobody'",
            "act = 'case posted'",
            "subject = 'C-9'",
            "outcome = 'refused'",
            """details = '{"via":"elsewhere"}'""",
            "details = ''",
            f"mac = CAST('{'0' * 32}' AS {{bytes}})",
            "mac = 'text'",
            "actor = act, act = actor",
        ],
    )
    def test_a_changed_row_is_found(self, chain: Database, ring: KeyRing, change: str, engine: str) -> None:
        """Each column counts; the verdict names the row."""
        change = change.format(bytes="BLOB" if engine == "sqlite" else "bytea") if "CAST" in change else change
        tampered(chain, f"UPDATE audit SET {change} WHERE team = 'north' AND seq = 5")
        verdict = judged(chain, ring)
        assert (verdict.rows, verdict.first_bad) == (4, 5)
        assert verdict.reason.startswith("Row ")
        assert judged(chain, ring, "south").ok

    @only_sqlite
    def test_a_row_that_cannot_be_read_is_found(self, chain: Database, ring: KeyRing) -> None:
        """What is no time any more is told, not raised."""
        tampered(chain, "UPDATE audit SET at = 'no time' WHERE team = 'north' AND seq = 5")
        verdict = judged(chain, ring)
        assert not verdict.ok
        assert verdict.reason.endswith("cannot be read.")

    @pytest.mark.parametrize("seq", [1, 5])
    def test_a_removed_row_is_found(self, chain: Database, ring: KeyRing, seq: int) -> None:
        """A gap is named by its number."""
        tampered(chain, f"DELETE FROM audit WHERE team = 'north' AND seq = {seq}")
        assert judged(chain, ring) == audit.Verdict(seq - 1, seq, f"Row {seq} is missing.")

    def test_a_gap_that_was_closed_is_found(self, chain: Database, ring: KeyRing) -> None:
        """Numbering the rest anew does not hide a removed row."""
        steps = [f"UPDATE audit SET seq = {n} WHERE team = 'north' AND seq = {n + 1}" for n in range(5, 10)]
        tampered(chain, "DELETE FROM audit WHERE team = 'north' AND seq = 5", *steps)
        assert judged(chain, ring).first_bad == 5

    def test_swapped_rows_are_found(self, chain: Database, ring: KeyRing) -> None:
        """Two rows that changed places do not fit."""
        tampered(
            chain,
            "UPDATE audit SET seq = 0 WHERE team = 'north' AND seq = 4",
            "UPDATE audit SET seq = 4 WHERE team = 'north' AND seq = 6",
            "UPDATE audit SET seq = 6 WHERE team = 'north' AND seq = 0",
        )
        assert judged(chain, ring).first_bad == 4

    def test_a_row_of_another_team_is_found(self, chain: Database, ring: KeyRing) -> None:
        """A row moved between chains does not fit."""
        tampered(chain, "UPDATE audit SET team = 'north', seq = 11 WHERE team = 'south' AND seq = 5")
        assert judged(chain, ring).first_bad == 11

    def test_a_chain_computed_anew_without_the_key_is_found(self, chain: Database, ring: KeyRing) -> None:
        """Whoever rewrites all rows with a key of their own fails at the first."""
        tampered(chain, "UPDATE audit SET actor = 'nobody' WHERE team = 'north'")
        before = audit.START
        with chain.transaction() as connection:
            own = select(AuditRow).where(AuditRow.team == "north").order_by(AuditRow.seq)
            for row in connection.execute(own).all():
                canonical = audit._canonical(row.seq, row, row.details)
                before = hmac.digest(bytes(32), before + canonical, "sha256")
                change = text("UPDATE audit SET mac = :mac WHERE team = 'north' AND seq = :seq")
                connection.execute(change, {"mac": before, "seq": row.seq})
        assert judged(chain, ring).first_bad == 1

    def test_the_chain_alone_does_not_show_a_cut_end(self, chain: Database, ring: KeyRing) -> None:
        """This is what checkpoints are for."""
        tampered(chain, "DELETE FROM audit WHERE team = 'north' AND seq > 7")
        assert judged(chain, ring) == audit.Verdict(7)
