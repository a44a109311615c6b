"""What is too old goes: when it is due, what only functions may take, indexes to find it."""

from annul.store.migrate import apply_file

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add table, columns, functions and indexes."""
    apply_file("0016_retention.up.sql")
