"""Alembic's entry: run the migrations on the connection that `annul.store.migrate` opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], target_metadata=None)
context.run_migrations()
