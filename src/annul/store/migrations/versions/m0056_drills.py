"""Drills that were run: what was true, what the team did, and annul left alone beside it."""

from annul.store.migrate import apply_file

revision = "0056"
down_revision = "0055"


def upgrade() -> None:
    """Add runs of drills."""
    apply_file("0056_drills.up.sql")
