"""Clearing files are matched anew by other rules, of which each version is kept."""

from annul.store.migrate import apply_file

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    """Add the versions of rules, and what is compared with."""
    apply_file("0042_rerun.up.sql")
