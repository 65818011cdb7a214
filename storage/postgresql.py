"""PostgreSQL as the engine: how it is reached, how long things may take, and what its errors mean."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError

from storage.trouble import DatabaseAway, DatabaseBusy, DatabaseTrouble

OLDEST = 15
CONNECTIONS = 10
BEGIN = "BEGIN"
BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"  # one moment of the database
MIGRATION = 2  # tells the migrator's lock from a team's
# A peer that is gone is noticed within half a minute; whatever the URL says goes before these.
REACH = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",  # milliseconds
    "application_name": "confer",
}
LIMITS = "-c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"
POOL_PATIENCE = 30.0  # seconds to wait for another thread's connection

BUSY = {
    "40001": "Another process changed the same things at the same moment; try again.",
    "40P01": "Two processes waited for each other; try again.",
    "55P03": "Another process holds the database for too long; try again.",
    "57014": "The database took too long to answer; try again.",
    "53300": "The database server has no connection left: lower `connections` in [storage], or raise max_connections.",
}
TROUBLE = {
    "53100": "The disk of the database server is full; nothing was saved.",
    "53200": "The database server is out of memory; nothing was saved.",
    "58030": "The disk of the database server is failing; nothing was saved.",
    "XX001": "A page of the database is damaged; bring it back from your copies.",
    "42501": "The database's user has too few rights; docs/postgresql.md names those it needs.",
}
AWAY = ("08", "57P")  # connection exceptions, shutdowns
QUOTING = re.compile(r"\n(?:DETAIL|CONTEXT|HINT|LINE)\b")
STANDBY = "25006"  # a write where only reading is possible: the server was demoted
# libpq gives no code for a refused connection, only the server's words.
REFUSED = {
    "authentication failed": "refuses the user {user} or the password",
    "no password supplied": "wants a password for the user {user}: [storage] password says where it is found",
    "no pg_hba.conf entry": "does not let the user {user} in from this host; see its pg_hba.conf",
    'role "': "does not know the user {user}",
}


LOOK = text(
    "SELECT current_setting('server_version'), clock_timestamp(), coalesce(s.ssl, false), "
    "inet_client_addr() IS NULL OR inet_client_addr() <<= '127.0.0.0/8' OR inet_client_addr() = '::1', "
    "current_setting('max_connections')::int FROM (SELECT) one "
    "LEFT JOIN pg_stat_ssl s ON s.pid = pg_backend_pid()"
)
UNUSABLE = text(
    "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class c ON c.oid = indrelid "
    "WHERE c.relnamespace = current_schema()::regnamespace AND NOT (indisvalid AND indisready) "
    "UNION ALL SELECT wanted FROM unnest(ARRAY['audit_refuses_change', 'audit_refuses_truncate']) wanted "
    "WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = wanted AND tgrelid = 'audit'::regclass AND tgenabled <> 'D')"
)


def engine(target: URL, connections: int) -> Engine:
    """An engine for this URL; nothing is reached yet."""
    given = target.query.get("options", "")
    query = {**REACH, **target.query, "options": f"{LIMITS} {given if isinstance(given, str) else ' '.join(given)}"}
    made = create_engine(
        target.set(drivername="postgresql+psycopg", query=query),
        hide_parameters=True,
        connect_args={"autocommit": True},  # BEGIN is ours: its failure shows a cut connection while nothing is lost
        pool_size=connections,
        max_overflow=0,
        pool_timeout=POOL_PATIENCE,
    )
    event.listen(made, "begin", _begin)
    event.listen(made, "handle_error", _without_values)
    return made


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(BEGIN_READING if connection.get_execution_options().get("reading") else BEGIN)


def _without_values(context: ExceptionContext) -> None:
    """The server's DETAIL and CONTEXT quote rows, which belong in no log."""
    for trouble in (context.original_exception, context.sqlalchemy_exception):
        if trouble is not None and trouble.args:
            trouble.args = (QUOTING.split(str(trouble.args[0]), maxsplit=1)[0], *trouble.args[1:])


def name(target: URL) -> str:
    """What a database is called in a sentence: no password, no options."""
    hosts = target.query.get("host", "")
    host = target.host or (hosts if isinstance(hosts, str) else ",".join(hosts)) or "localhost"
    port = f":{target.port}" if target.port else ""
    return f"{target.database} on {host}{port}"


def check_server(connection: Connection) -> None:
    """Raise DatabaseTrouble for a server or a database that cannot hold what Confer keeps."""
    version = int(connection.scalar(text("SHOW server_version_num")) or 0) // 10_000
    if version < OLDEST:
        raise DatabaseTrouble(f"The server is PostgreSQL {version}; Confer needs {OLDEST} or newer.")
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise DatabaseTrouble(f"The database's encoding is {encoding}; make one with ENCODING 'UTF8'.")


def wait_to_migrate(connection: Connection) -> None:
    """Let one migration at a time into this database; what it then does may take long, but not block for long."""
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION})")
    connection.exec_driver_sql("SET LOCAL lock_timeout = '30s'")


@dataclass(frozen=True, slots=True)
class Server:
    """What a look at the server shows. `clock` is its time of now."""

    version: str
    clock: datetime
    is_encrypted: bool
    is_local: bool
    most_connections: int


def server(connection: Connection) -> Server:
    return Server(*connection.execute(LOOK).one())


def unusable(connection: Connection) -> tuple[str, ...]:
    """Indexes that are not in use, and triggers of the audit trail that are switched off or gone."""
    return tuple(connection.execute(UNUSABLE).scalars())


def is_demoted(trouble: DBAPIError) -> bool:
    return getattr(trouble.orig, "sqlstate", None) == STANDBY


def refusal(trouble: DBAPIError, target: URL) -> DatabaseTrouble:
    """Why the database could not be opened; what the server says of a connection holds no content."""
    if getattr(trouble.orig, "sqlstate", None) and (explained := meaning(trouble)):
        return explained
    lines = str(trouble.orig).strip().splitlines()
    said = ([line for line in lines if "failed: " in line] or lines)[-1].rpartition("failed: ")[2]
    said = said.removeprefix("FATAL:").strip().rstrip(".")
    where = f"PostgreSQL ({name(target)})"
    if said.startswith("database ") and said.endswith("does not exist"):
        return DatabaseTrouble(f"There is no database {name(target)}; docs/postgresql.md says how to make it.")
    for words, sentence in REFUSED.items():
        if words in said:
            return DatabaseTrouble(f"{where} {sentence.format(user=target.username or 'that runs this')}.")
    return DatabaseAway(f"{where} cannot be reached: {said}.")


def meaning(trouble: DBAPIError) -> DatabaseTrouble | None:
    """The sentence for what the server, or the lack of one, says; None for what is a fault of ours."""
    code = getattr(trouble.orig, "sqlstate", None) or ""
    if code in BUSY:
        return DatabaseBusy(BUSY[code])
    if code in TROUBLE:
        return DatabaseTrouble(TROUBLE[code])
    unreached = isinstance(trouble, OperationalError) and not code
    if unreached or trouble.connection_invalidated or code.startswith(AWAY) or code == STANDBY:
        return DatabaseAway("The connection to the database was cut; nothing was saved.")
    return None
