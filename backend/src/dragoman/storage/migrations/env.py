"""Where Alembic finds the database: on the connection that it is handed, in one transaction."""

from alembic import context

from dragoman.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite can roll back DDL, too: a migration that fails half-way leaves nothing behind.
    transactional_ddl=True,
)

with context.begin_transaction():
    context.run_migrations()
