"""Keys: the root's file, the wrong root, erasing, changing keys, looking up blindly."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select

from storage import keys
from storage.database import Database, attempt
from storage.keys import KeyDestroyed, KeyMissing, KeyRing, KeyUnreadable, RootKey, WrongKey, case_scope
from storage.schema import KeyRow, MetaRow
from storage.seal import Cell, SealBroken
from tests.engines import only_sqlite

CASE = Cell("north", "cases", "body", "C-7K2P", "C-7K2P")
TEAM = Cell("north", "members", "body", "lena")


class Interrupted(Exception):
    """What a test raises inside a transaction."""


def seal(database: Database, ring: KeyRing, cell: Cell, text: bytes = b"text") -> bytes:
    with database.reading() as connection:
        return ring.seal(connection, cell, text)


def unseal(database: Database, ring: KeyRing, cell: Cell, blob: bytes) -> bytes:
    with database.reading() as connection:
        return ring.unseal(connection, cell, blob)


def destroy(database: Database, ring: KeyRing, now: datetime) -> None:
    with database.transaction() as connection:
        ring.destroy(connection, "north", case_scope("C-7K2P"), now)


def rows(database: Database) -> list[tuple[object, ...]]:
    with database.reading() as connection:
        kept = [tuple(row) for row in connection.execute(select(MetaRow))]
        return kept + [tuple(row) for row in connection.execute(select(KeyRow))]


@contextmanager
def rolled_back(database: Database) -> Iterator[Connection]:
    with suppress(Interrupted), database.transaction() as connection:
        yield connection
        raise Interrupted


class TestRootKey:
    @given(st.binary(min_size=32, max_size=32))
    def test_text_reads_back(self, secret: bytes) -> None:
        """Reading what `text` gave is identity, also with the newline of a file."""
        assert RootKey.read(RootKey(secret).text() + "\n") == RootKey(secret)

    @given(st.text(max_size=70) | st.text("abcXYZ012-_=", max_size=50).map(lambda text: keys.PREFIX + text))
    def test_what_is_not_a_key_is_refused(self, text: str) -> None:
        """Whatever reads as a key is written back the same; all else is KeyUnreadable."""
        try:
            assert RootKey.read(text).text() == text.strip()
        except KeyUnreadable as refused:
            assert "confer-key-1:" in str(refused)  # noqa: PT017 - both ends are right

    def test_saving_keeps_it_private(self, tmp_path: Path, root: RootKey) -> None:
        """The file has mode 0600 whatever the umask, and is never written over."""
        path = tmp_path / "keys" / "root.key"
        before = os.umask(0)
        try:
            root.save(path)
        finally:
            os.umask(before)
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
        assert RootKey.load(path) == root
        with pytest.raises(KeyUnreadable, match="File exists"):
            RootKey.new().save(path)

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620])
    def test_an_exposed_file_is_refused(self, tmp_path: Path, root: RootKey, mode: int) -> None:
        """A key file that others may read or write is refused, and the mending named."""
        path = tmp_path / "root.key"
        root.save(path)
        path.chmod(mode)
        with pytest.raises(KeyUnreadable, match="chmod 600"):
            RootKey.load(path)

    def test_a_missing_file_is_a_sentence(self, tmp_path: Path) -> None:
        """A missing key file is a plain refusal."""
        with pytest.raises(KeyUnreadable, match="cannot be read: No such file"):
            RootKey.load(tmp_path / "none.key")

    def test_no_print_shows_it(self, root: RootKey) -> None:
        """Neither repr nor str gives the secret away."""
        assert root.text()[13:] not in f"{root!r} {root}"
        assert repr(root.secret) not in repr(root)


class TestCheck:
    def test_the_right_key_passes_again(self, database: Database, root: RootKey) -> None:
        """A later start with the same root writes nothing."""
        with database.reading() as connection:
            KeyRing(root).check(connection)

    def test_a_wrong_key_writes_nothing(self, database: Database) -> None:
        """Another root is refused and every row stays as it was."""
        before = rows(database)
        with database.transaction() as connection, pytest.raises(WrongKey, match="does not belong"):
            KeyRing(RootKey.new()).check(connection)
        assert rows(database) == before

    def test_a_lost_check_value_is_not_written_anew(self, database: Database, ring: KeyRing) -> None:
        """Removing the check value does not open the door to another root."""
        with database.transaction() as connection:
            connection.execute(delete(MetaRow))
        with database.transaction() as connection, pytest.raises(WrongKey):
            ring.check(connection)

    def test_the_check_value_is_not_the_key(self, database: Database, root: RootKey) -> None:
        """Neither the root nor its wrapping key stands in the database."""
        kept = b"".join(value for row in rows(database) for value in row if isinstance(value, bytes))
        assert root.secret not in kept
        assert root.derive("wrap") not in kept


class TestSealing:
    def test_fields_open_after_a_restart(self, database: Database, ring: KeyRing, root: RootKey) -> None:
        """A new ring with the same root unseals, in a case and outside one."""
        for cell in (CASE, TEAM):
            assert unseal(database, KeyRing(root), cell, seal(database, ring, cell)) == b"text"

    def test_another_root_opens_nothing(self, database: Database, ring: KeyRing) -> None:
        """Without the root key a field stays sealed."""
        with pytest.raises(SealBroken):
            unseal(database, KeyRing(RootKey.new()), CASE, seal(database, ring, CASE))

    def test_each_case_has_its_own_key(self, database: Database, ring: KeyRing, now: datetime) -> None:
        """A field of one case does not open in another, nor outside."""
        with database.transaction() as connection:
            ring.begin_scope(connection, "north", case_scope("C-2222"), now)
        blob = seal(database, ring, CASE)
        for case in ("C-2222", ""):
            with pytest.raises(SealBroken):
                unseal(database, ring, Cell("north", "cases", "body", "C-7K2P", case), blob)

    def test_another_key_version_is_refused(self, database: Database, ring: KeyRing) -> None:
        """A blob that names another key version is broken."""
        blob = seal(database, ring, CASE)
        with pytest.raises(SealBroken):
            unseal(database, ring, CASE, blob[:4] + b"\x02" + blob[5:])

    def test_no_key_is_made_in_passing(self, database: Database, ring: KeyRing, now: datetime) -> None:
        """An unknown team or case has no key, for any use."""
        with database.transaction() as connection:
            for cell in (Cell("south", "t", "c", "r"), Cell("north", "t", "c", "r", "C-9999")):
                with pytest.raises(KeyMissing):
                    ring.seal(connection, cell, b"text")
            with pytest.raises(KeyMissing):
                ring.begin_scope(connection, "south", case_scope("C-1"), now)
            with pytest.raises(KeyMissing):
                ring.rotate_team(connection, "south", now)
            with pytest.raises(KeyMissing):
                ring.destroy(connection, "north", case_scope("C-9999"), now)

    def test_a_wrapped_key_moved_to_another_scope_is_broken(
        self, database: Database, root: RootKey, ring: KeyRing, now: datetime
    ) -> None:
        """Whoever swaps rows of wrapped keys opens nothing with them."""
        with database.transaction() as connection:
            ring.begin_scope(connection, "north", case_scope("C-2222"), now)
            connection.exec_driver_sql(
                "UPDATE keys SET wrapped = (SELECT wrapped FROM keys WHERE scope = 'case:C-2222') "
                "WHERE scope = 'case:C-7K2P'"
            )
        with pytest.raises(SealBroken):
            seal(database, KeyRing(root), CASE)

    @only_sqlite
    def test_memory_is_bounded(self, database: Database, ring: KeyRing, now: datetime) -> None:
        """The least lately used keys are forgotten, and found again when needed."""
        with database.transaction() as connection:
            cells = [Cell("north", "t", "c", "r", f"C-{number}") for number in range(keys.REMEMBERED + 20)]
            for cell in cells:
                ring.begin_scope(connection, "north", case_scope(cell.case), now)
            blobs = [ring.seal(connection, cell, b"text") for cell in cells]
        assert len(ring._keys) == keys.REMEMBERED
        assert unseal(database, ring, cells[0], blobs[0]) == b"text"


class TestRollback:
    def test_a_key_that_was_rolled_back_is_forgotten(self, empty: Database, ring: KeyRing, now: datetime) -> None:
        """A retried act seals with the key that is in the database, not with the one that never was."""
        with rolled_back(empty) as connection:
            ring.begin_team(connection, "north", now)
            ring.begin_scope(connection, "north", case_scope("C-7K2P"), now)
            ring.seal(connection, CASE, b"lost")
            ring.blind(connection, "north", "mrn", "lost")
        with empty.transaction() as connection:
            ring.begin_team(connection, "north", now)
            ring.begin_scope(connection, "north", case_scope("C-7K2P"), now)
        blob = seal(empty, ring, CASE)
        assert unseal(empty, KeyRing(ring.root), CASE, blob) == b"text"

    def test_also_with_a_savepoint(self, database: Database, ring: KeyRing, now: datetime) -> None:
        """Rolling back to a savepoint forgets the keys made after it."""
        cell = Cell("north", "t", "c", "r", "C-2222")
        with database.transaction() as connection:
            with suppress(Interrupted), attempt(connection):
                ring.begin_scope(connection, "north", case_scope("C-2222"), now)
                ring.seal(connection, cell, b"lost")
                raise Interrupted
            with pytest.raises(KeyMissing):
                ring.seal(connection, cell, b"text")

    def test_a_key_whose_destruction_was_rolled_back_still_works(
        self, database: Database, ring: KeyRing, now: datetime
    ) -> None:
        """Erasing that did not happen erased nothing."""
        blob = seal(database, ring, CASE)
        with rolled_back(database) as connection:
            ring.destroy(connection, "north", case_scope("C-7K2P"), now)
            with pytest.raises(KeyDestroyed):
                ring.unseal(connection, CASE, blob)
        assert unseal(database, ring, CASE, blob) == b"text"

    def test_a_change_of_the_team_key_that_failed(self, database: Database, ring: KeyRing, now: datetime) -> None:
        """After a rolled-back change of the team key all stands as before."""
        blob, before = seal(database, ring, CASE), rows(database)
        with rolled_back(database) as connection:
            ring.rotate_team(connection, "north", now)
        assert rows(database) == before
        assert unseal(database, KeyRing(ring.root), CASE, blob) == b"text"


class TestDestroying:
    def test_what_it_sealed_is_gone(self, database: Database, ring: KeyRing, now: datetime) -> None:
        """A destroyed key unseals and seals no more, also after a restart; the rest of the team stays."""
        case, team = seal(database, ring, CASE), seal(database, ring, TEAM)
        destroy(database, ring, now)
        for any_ring in (ring, KeyRing(ring.root)):
            with pytest.raises(KeyDestroyed, match="erased for good"):
                unseal(database, any_ring, CASE, case)
            with pytest.raises(KeyDestroyed):
                seal(database, any_ring, CASE)
            assert unseal(database, any_ring, TEAM, team) == b"text"

    @only_sqlite
    def test_no_byte_of_it_stays_in_any_file(
        self, database: Database, ring: KeyRing, now: datetime, tmp_path: Path
    ) -> None:
        """The wrapped key is found in the files before, and in none, log included, after."""

        def files() -> bytes:
            return b"".join(path.read_bytes() for path in (tmp_path / "kept").iterdir())

        with database.reading() as connection:
            of_case = select(KeyRow.wrapped).where(KeyRow.scope == case_scope("C-7K2P"))
            wrapped = connection.scalars(of_case).one()
        assert wrapped in files()
        destroy(database, ring, now)
        assert wrapped not in files()

    @only_sqlite
    def test_a_reader_delays_the_scrubbing_only(
        self, database: Database, ring: KeyRing, now: datetime, tmp_path: Path
    ) -> None:
        """While someone reads, the log cannot be emptied; the next transaction does it."""
        log = tmp_path / "kept" / "confer.db-wal"
        with database.reading() as reader:
            reader.execute(select(KeyRow)).all()
            destroy(database, ring, now)
            assert log.stat().st_size > 0
        with database.transaction():
            pass
        assert log.stat().st_size == 0

    def test_a_second_time_changes_nothing(self, database: Database, ring: KeyRing, now: datetime) -> None:
        """The first destruction's time stays."""
        destroy(database, ring, now)
        before = rows(database)
        destroy(database, ring, now.replace(year=2027))
        assert rows(database) == before

    def test_a_reader_that_still_sees_it_does_not_bring_it_back(
        self, database: Database, ring: KeyRing, now: datetime
    ) -> None:
        """A read that began before may end, but what it unwrapped is not remembered."""
        blob = seal(database, ring, CASE)
        with database.reading() as earlier:
            earlier.execute(select(KeyRow)).all()
            other = threading.Thread(target=destroy, args=(database, ring, now))
            other.start()
            other.join()
            assert ring.unseal(earlier, CASE, blob) == b"text"
        with pytest.raises(KeyDestroyed):
            unseal(database, ring, CASE, blob)

    @pytest.mark.parametrize("scope", ["epoch", "audit"])
    def test_some_keys_are_kept(self, database: Database, ring: KeyRing, now: datetime, scope: str) -> None:
        """The audit trail outlives what it tells of, and the team key what it wraps."""
        with database.transaction() as connection, pytest.raises(ValueError, match="not destroyed"):
            ring.destroy(connection, "north", scope, now)


class TestChangingKeys:
    def test_a_new_team_key_touches_no_field(self, database: Database, ring: KeyRing, now: datetime) -> None:
        """Fields sealed before open after; every data key is wrapped anew; the former team key is erased."""
        blob, before = seal(database, ring, CASE), rows(database)
        with database.transaction() as connection:
            assert ring.rotate_team(connection, "north", now) == 2
            assert ring.rotate_team(connection, "north", now) == 3
            epochs = connection.execute(
                select(KeyRow.version, KeyRow.destroyed_at).where(KeyRow.scope == "epoch").order_by(KeyRow.version)
            ).all()
            of_data = select(KeyRow.epoch).where(KeyRow.scope != "epoch")
            assert set(connection.scalars(of_data)) == {3}
        assert epochs == [(1, now), (2, now), (3, None)]
        assert not {row[4] for row in before[1:]} & {row[4] for row in rows(database)[1:]}
        for any_ring in (ring, KeyRing(ring.root)):
            assert unseal(database, any_ring, CASE, blob) == b"text"

    def test_a_destroyed_key_stays_destroyed(self, database: Database, ring: KeyRing, now: datetime) -> None:
        """Changing the team key does not wrap an erased data key anew."""
        blob = seal(database, ring, CASE)
        destroy(database, ring, now)
        with database.transaction() as connection:
            ring.rotate_team(connection, "north", now)
        with pytest.raises(KeyDestroyed):
            unseal(database, KeyRing(ring.root), CASE, blob)

    def test_scopes_begun_later_use_the_new_team_key(self, database: Database, ring: KeyRing, now: datetime) -> None:
        """A case of the second epoch seals and unseals."""
        cell = Cell("north", "cases", "body", "C-2222", "C-2222")
        with database.transaction() as connection:
            ring.rotate_team(connection, "north", now)
            ring.begin_scope(connection, "north", case_scope("C-2222"), now)
        assert unseal(database, KeyRing(ring.root), cell, seal(database, ring, cell)) == b"text"

    def test_a_new_root_opens_everything(self, database: Database, ring: KeyRing, now: datetime) -> None:
        """After wrapping for a new root, that one passes the check and unseals; the former is a wrong key."""
        blob, new = seal(database, ring, CASE), RootKey.new()
        with database.transaction() as connection:
            ring.begin_team(connection, "south", now)
            ring.rotate_team(connection, "north", now)
            successor = ring.rewrap_root(connection, new)
        with database.reading() as connection:
            KeyRing(new).check(connection)
            with pytest.raises(WrongKey):
                KeyRing(ring.root).check(connection)
        for any_ring in (successor, KeyRing(new)):
            assert unseal(database, any_ring, CASE, blob) == b"text"
        with pytest.raises(SealBroken):
            unseal(database, KeyRing(ring.root), CASE, blob)

    def test_a_wrong_root_wraps_nothing(self, database: Database) -> None:
        """Only the database's own root may be exchanged."""
        before = rows(database)
        with database.transaction() as connection, pytest.raises(WrongKey):
            KeyRing(RootKey.new()).rewrap_root(connection, RootKey.new())
        assert rows(database) == before


class TestBlindIndex:
    def test_spelling_does_not_matter(self, database: Database, ring: KeyRing) -> None:
        """Letter case, spaces, dashes and full-width forms of one number give one index."""
        spellings = ["MRN 00-4711a", "mrn004711A", " mrn.00/4711-A ", "ＭＲＮ００４７１１ａ"]
        with database.reading() as connection:
            found = {ring.blind(connection, "north", "mrn", text) for text in spellings}
            assert len(found) == 1
            assert len(found.pop()) == 64

    def test_all_else_does(self, database: Database, ring: KeyRing, now: datetime) -> None:
        """Another number, purpose or team gives another index; a restart or a rotation the same."""
        with database.transaction() as connection:
            ring.begin_team(connection, "south", now)
            mine = ring.blind(connection, "north", "mrn", "4711")
            others = [("north", "mrn", "4712"), ("north", "name", "4711"), ("south", "mrn", "4711")]
            assert mine not in [ring.blind(connection, *other) for other in others]
            ring.rotate_team(connection, "north", now)
            assert KeyRing(ring.root).blind(connection, "north", "mrn", "4711") == mine

    def test_nothing_is_not_looked_up(self, database: Database, ring: KeyRing) -> None:
        """A text without letters or digits would match every other such text."""
        with database.reading() as connection, pytest.raises(ValueError, match="no letter or digit"):
            ring.blind(connection, "north", "mrn", " - ")
