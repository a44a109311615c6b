"""Indexes for lists of cases: by state, lateness, merchant, terminal, amount and last four digits."""

from annul.store.migrate import apply_file

revision = "0019"
down_revision = "0017"


def upgrade() -> None:
    """Add the indexes."""
    apply_file("0019_lists.up.sql")
