"""What platforms keep is sealed, apart for each platform, and gone when it is deleted."""

from datetime import UTC, datetime

from sqlalchemy import text

from bot.app import begin_house
from storage.database import Database
from storage.drawer import SealedDrawer
from storage.keys import KeyRing, RootKey
from storage.migrate import migrate


def test_a_drawer_keeps_and_forgets(url: str) -> None:
    """Put, replace, list and delete; another platform sees nothing, and the table holds nothing readable."""
    ring = KeyRing(RootKey.new())
    with Database.open(url) as database:
        migrate(database)
        begin_house(database, ring, datetime.now(UTC))
        matrix, slack = (SealedDrawer(database, ring, name) for name in ("matrix", "slack"))
        matrix.put("token", b"secret-one")
        matrix.put("token", b"secret-two")
        assert matrix.get("token") == b"secret-two"
        assert slack.get("token") is None
        assert matrix.names("tok") == ("token",)
        with database.reading() as connection:
            body = connection.execute(text("SELECT body FROM drawers")).scalar_one()
        assert b"secret" not in body
        there = matrix.put_all({"token": b"three", "more": b"1"}, {"more": b"2", "new": b"3"})
        assert there == {"more": b"1"}
        assert [matrix.get(name) for name in ("token", "more", "new")] == [b"three", b"1", b"3"]
        for name in ("more", "new"):
            matrix.delete(name)
        for name in ("to_", "to%", "to_ken", "tO_", "to_\U0010fffe", "tn", "tp"):
            matrix.put(name, b"x")
        assert matrix.names("to_") == ("to_", "to_ken", "to_\U0010fffe")
        assert len(matrix.names()) == 8
        for name in matrix.names():
            if name != "token":
                matrix.delete(name)
        matrix.delete("token")
        assert matrix.get("token") is None
        assert matrix.names() == ()
