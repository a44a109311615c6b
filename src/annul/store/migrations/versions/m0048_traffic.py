"""Streams in which requests are the rule, so that it is seen when none come."""

from annul.store.migrate import apply_file

revision = "0048"
down_revision = "0046"


def upgrade() -> None:
    """Add what is known of how many requests come, and since when that is judged."""
    apply_file("0048_traffic.up.sql")
