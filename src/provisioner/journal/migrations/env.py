"""Alembic's entry: it runs the steps on the connection that it is given, inside the transaction that is open there."""

from __future__ import annotations

from alembic import context

from provisioner.journal.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    # SQLite cannot alter a table: a step that does makes a new one and copies.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
