"""Rows of a clearing file that is only looked at stand aside."""

from annul.store.migrate import apply_file

revision = "0057"
down_revision = "0056"


def upgrade() -> None:
    """Add what puts them aside, and let them be counted."""
    apply_file("0057_previewed_rows.up.sql")
