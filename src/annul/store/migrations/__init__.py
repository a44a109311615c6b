"""What alembic runs; the statements are in `versions/*.sql`."""
