"""Notices: channels, who is on duty, what each channel is owed, and the log of its messages."""

from annul.store.migrate import apply_file

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    """Add the tables."""
    apply_file("0040_notices.up.sql")
