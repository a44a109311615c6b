"""Differences of money that a rule accepts are counted by day and posted to an account."""

from annul.store.migrate import apply_file

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    """Add the differences that are accepted, and how they are posted."""
    apply_file("0045_tolerances.up.sql")
