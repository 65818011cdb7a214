"""The tables that sealing and auditing stand on, the base of all tables, and the one type for times.

A column that holds a time is a `UtcDateTime`; text that could name or describe a person is sealed, as bytes.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DDL, Column, DateTime, Dialect, Index, LargeBinary, MetaData, String, Text, TypeDecorator, event
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# SQLite can alter a constraint only by its name, so each has one.
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


@compiles(String, "postgresql")
@compiles(Text, "postgresql")
def _as_on_sqlite(_: String | Text, __: object, *, type_expression: object = None, **___: Any) -> str:
    """Text of any length that sorts by its bytes, whatever the database's language: as on SQLite."""
    return 'TEXT COLLATE "C"' if isinstance(type_expression, Column) else "TEXT"


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: takes an aware datetime of any zone, stores UTC, gives back aware UTC.

    A naive datetime raises ValueError, which SQLAlchemy wraps in a StatementError.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError("A time without a zone cannot be stored.")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """What every table is declared on; its metadata is the schema that migrations lead to."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: UtcDateTime, bytes: LargeBinary}  # noqa: RUF012 - as SQLAlchemy declares it


class MetaRow(Base):
    """One named value about the database itself, such as the key-check value."""

    __tablename__ = "meta"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[bytes]


class KeyRow(Base):
    """A wrapped key. Scope `epoch` is a team's own key, its version the epoch; other scopes are data keys.

    `epoch` names the team key that wraps a data key. A destroyed key keeps its row, with zeros for the key.
    """

    __tablename__ = "keys"
    __table_args__ = ({"sqlite_with_rowid": False},)

    team: Mapped[str] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    epoch: Mapped[int]
    wrapped: Mapped[bytes]
    created_at: Mapped[datetime]
    destroyed_at: Mapped[datetime | None]


class AuditRow(Base):
    """One act in a team's audit chain: who did what to which thing, in ids and kinds, not in clinical words.

    `seq` counts from 1 in each team; `mac` binds the row to the one before it.
    """

    __tablename__ = "audit"
    # Not clustered by its primary key: SQLite would then read a whole team's trail to find one subject.
    __table_args__ = (Index(None, "team", "subject", "seq"),)

    team: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str]
    act: Mapped[str]
    subject: Mapped[str]
    outcome: Mapped[str]
    details: Mapped[str]
    mac: Mapped[bytes]


def audit_triggers(dialect: str) -> tuple[str, ...]:
    """Give the DDL statements that make the database refuse to change or delete an audit row.

    `dialect` is `sqlite` or `postgresql`; raises KeyError for another. A migration that creates the audit
    table, or makes it anew, runs them: triggers go with the table.
    """
    return TRIGGERS[dialect]


ONLY_ADDED = "The audit trail can only be added to."
TRIGGERS = {
    "sqlite": tuple(
        f"CREATE TRIGGER audit_refuses_{act.lower()} BEFORE {act} ON audit "
        f"BEGIN SELECT RAISE(ABORT, '{ONLY_ADDED}'); END"
        for act in ("UPDATE", "DELETE")
    ),
    "postgresql": (
        "CREATE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{ONLY_ADDED}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE TRIGGER audit_refuses_change BEFORE UPDATE OR DELETE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION audit_refuses()",
        "CREATE TRIGGER audit_refuses_truncate BEFORE TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses()",
    ),
}


def _attach_triggers() -> None:
    for dialect, statements in TRIGGERS.items():
        for statement in statements:
            ddl: DDL = DDL(statement).execute_if(dialect=dialect)  # type: ignore[no-untyped-call]  # SQLAlchemy's
            event.listen(AuditRow.__table__, "after_create", ddl)


_attach_triggers()
