"""Where a terminal's slip and the host's books differ: each row of a batch, and how it ended."""

from annul.store.migrate import apply_file

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    """Add the rows in which an uploaded batch differs."""
    apply_file("0035_batch_differences.up.sql")
