"""What Alembic runs around the steps: they all happen inside the transaction that was handed in."""

from alembic import context

from cloud import storage

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=storage.metadata,
    transaction_per_migration=False,
)
context.run_migrations()
