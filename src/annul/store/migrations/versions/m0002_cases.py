"""Cases: what a void that was not approved is owed, and the evidence that it is decided by."""

from annul.store.migrate import apply_file

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables."""
    apply_file("0002_cases.up.sql")
