"""Runs the revisions on the connection that central.store.database.migrate hands over.

For `alembic revision --autogenerate` a developer sets sqlalchemy.url in an ini file of his own.
"""

from alembic import context

from central.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
    render_as_batch=True,
)
context.run_migrations()
