"""Cases that somebody has for a stated time."""

from annul.store.migrate import apply_file

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add who has a case, and until when."""
    apply_file("0018_assigned.up.sql")
