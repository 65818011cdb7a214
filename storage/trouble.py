"""What is wrong with a database, as plain sentences without stored content."""


class DatabaseTrouble(Exception):
    """The database cannot be used just now; the message is a plain sentence without stored content."""


class DatabaseBusy(DatabaseTrouble):
    """Another process has this database, or a transaction waited too long for its turn. Nothing was saved: try again."""


class DatabaseAway(DatabaseBusy):
    """The server is not there or the connection to it was cut; nothing was saved."""


class OutcomeUnknown(DatabaseBusy):
    """The connection was cut while the server was committing: saved or not. The same invocation again finds out."""


class DatabaseMissing(DatabaseTrouble):
    """There is no database where one was named."""
