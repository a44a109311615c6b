"""Terminals by number."""

from annul.store.migrate import apply_file

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add the index."""
    apply_file("0020_find.up.sql")
