"""What Alembic runs for every command: it works inside the transaction that `storage.migrate` opened."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from storage import tables  # noqa: F401 - declares the domain's tables
from storage.schema import Base, UtcDateTime


def render(kind: str, thing: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our own column type into a revision file by its import; leave the rest to Alembic."""
    if kind == "type" and isinstance(thing, UtcDateTime):
        autogen.imports.add("from storage.schema import UtcDateTime")
        return "UtcDateTime()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite alters a table by making it anew
    render_item=render,
)
context.run_migrations()
