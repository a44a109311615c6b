"""Types of the rows that the journal's statements take."""

from annul.store.migrate import apply_file

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the types."""
    apply_file("0007_journal_rows.up.sql")
