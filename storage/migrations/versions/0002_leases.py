"""Leases, lanes, and what dead letters and questions about a notice need."""

import sqlalchemy as sa
from alembic import op

from storage.schema import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_index(op.f("ix_leases_holder"), "leases", ["holder"])
    for name, length in (("lane", 255), ("holder", 64), ("batch", 64), ("rule", 255)):
        op.add_column("notices", sa.Column(name, sa.String(length=length), server_default="", nullable=False))
    op.add_column("notices", sa.Column("strikes", sa.Integer(), server_default="0", nullable=False))
    op.add_column("notices", sa.Column("due_at", UtcDateTime(), nullable=True))
    op.add_column("notices", sa.Column("settled_at", UtcDateTime(), nullable=True))
    op.execute("UPDATE notices SET lane = CASE WHEN room <> '' THEN room ELSE account END, due_at = not_before")
    op.execute("UPDATE notices SET settled_at = not_before WHERE state NOT IN ('new', 'sending')")
    _where("state = 'new'", "ix_notices_lane", "notices", "platform", "lane", "id")
    _where("state = 'sending'", "ix_notices_sending", "notices", "platform", "lane", "holder")
    _where("state = 'dead'", "ix_notices_dead", "notices", "id")
    op.create_index("ix_notices_settled", "notices", ["settled_at"])
    op.create_index("ix_notices_account", "notices", ["team", "account", "settled_at"])
    op.drop_index("ix_timers_due", "timers")
    _where("done_at IS NULL", "ix_timers_due", "timers", "due_at", "id")
    _where("done_at IS NOT NULL", "ix_timers_done", "timers", "done_at")


def _where(condition: str, name: str, table: str, *columns: str) -> None:
    op.create_index(name, table, list(columns), sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))
