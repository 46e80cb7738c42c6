"""How Alembic runs the migrations: once for each connection that `migrate.py` gives it."""

from collections.abc import Iterable
from typing import Any

from alembic import context
from alembic.operations.ops import MigrationScript

from board.store.models import Base


def drop_empty(_: Any, revision: Any, scripts: list[MigrationScript]) -> None:
    """Has no migration written where nothing has changed."""
    operations: Iterable[Any] = scripts[0].upgrade_ops_list
    if all(each.is_empty() for each in operations):
        scripts.clear()


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    # SQLite can't alter a column, so Alembic makes the table anew there.
    render_as_batch=connection.dialect.name == "sqlite",
    user_module_prefix="models.",
    process_revision_directives=drop_empty,
)
with context.begin_transaction():
    context.run_migrations()
