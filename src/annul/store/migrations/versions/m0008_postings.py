"""Entries of a kind and a subject."""

from annul.store.migrate import apply_file

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Change the table."""
    apply_file("0008_postings.up.sql")
