"""Clearing files: what issuers have cleared, row by row, what it proves, and where it differs."""

from annul.store.migrate import apply_file

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    """Add files, rows, proofs, what is expected later, and breaks."""
    apply_file("0036_clearing.up.sql")
