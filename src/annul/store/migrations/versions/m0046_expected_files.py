"""Clearing files that are expected, and did not come in time."""

from annul.store.migrate import apply_file

revision = "0046"
down_revision = "0044"


def upgrade() -> None:
    """Add what is late."""
    apply_file("0046_expected_files.up.sql")
