"""Which cases were erased, in a file outside the database: a backup that is older must not bring one back.

A line is JSON: team, scope and time. The file is added to after the erasure is committed, and completed from the
database at every start, every hour and every backup; it belongs where a backup of the database may be lost with it.
"""

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, inspect, select
from sqlalchemy.exc import DatabaseError

from storage.database import DatabaseTrouble
from storage.keys import case_scope
from storage.schema import KeyRow

Slot = tuple[str, str]  # team, scope


class Erasures:
    """The list of one database."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def known(self) -> Mapping[Slot, datetime]:
        """What stands in the file. Raises DatabaseTrouble for a line that is none of this list."""
        lines = self.path.read_bytes().split(b"\n")[:-1] if self.path.exists() else []
        try:
            return dict(_read(line) for line in lines)
        except (ValueError, KeyError, TypeError) as trouble:
            raise DatabaseTrouble(f"{self.path} is no list of erased cases; put a copy in its place.") from trouble

    def complete(self, connection: Connection) -> int:
        """Add what the database says was erased and the file does not; how many. They are on disk when this returns."""
        known = self.known()
        missing = [(slot, at) for slot, at in erased(connection).items() if slot not in known]
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b") as file:
            whole = file.read()
            file.truncate(whole.rfind(b"\n") + 1)  # a torn line, which a crash left
            file.seek(0, os.SEEK_END)
            for (team, scope), at in missing:
                file.write(json.dumps({"team": team, "scope": scope, "at": at.isoformat()}).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return len(missing)


def erased(connection: Connection) -> Mapping[Slot, datetime]:
    """The cases whose key was destroyed, by team and scope; none where there are no keys. Raises DatabaseTrouble."""
    gone = select(KeyRow.team, KeyRow.scope, KeyRow.destroyed_at).where(
        KeyRow.destroyed_at.is_not(None), KeyRow.scope.startswith(case_scope(""))
    )
    try:
        if not inspect(connection).has_table(KeyRow.__tablename__):
            return {}
        return {(team, scope): at for team, scope, at in connection.execute(gone) if at is not None}
    except DatabaseError as trouble:
        raise DatabaseTrouble("The database is damaged: what was erased cannot be read from it.") from trouble


def _read(line: bytes) -> tuple[Slot, datetime]:
    said = json.loads(line)
    return (str(said["team"]), str(said["scope"])), datetime.fromisoformat(said["at"])
