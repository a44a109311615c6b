"""Alarms: what is counted of all traffic, what is usual, and how each stream stands."""

from annul.store.migrate import apply_file

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    """Add the queue of counts, what was counted lately, the streams and their hours."""
    apply_file("0039_alarms.up.sql")
