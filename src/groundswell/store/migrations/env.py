"""Alembic's entry: it runs on the connection, and in the transaction, that ``schema`` hands it."""

from alembic import context

from groundswell.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    compare_server_default=True,
)
context.run_migrations()
