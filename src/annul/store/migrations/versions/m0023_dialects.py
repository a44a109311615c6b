"""Dialects as data."""

from annul.store.migrate import apply_file

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Add the table."""
    apply_file("0023_dialects.up.sql")
