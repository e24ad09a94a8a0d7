"""Run by Alembic, with the connection that `belplan.store.schema` gives it."""

from alembic import context

from belplan.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
