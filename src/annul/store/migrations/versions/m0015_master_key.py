"""A database knows its local master key by a check value."""

from annul.store.migrate import apply_file

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the table of one row."""
    apply_file("0015_master_key.up.sql")
