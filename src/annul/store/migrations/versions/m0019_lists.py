"""Indexes by which lists of cases are searched, counted and sorted."""

from annul.store.migrate import apply_file

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the indexes."""
    apply_file("0019_lists.up.sql")
