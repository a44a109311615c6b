"""Who asked for a transaction."""

from annul.store.migrate import apply_file

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the column and read it from the batches."""
    apply_file("0010_origin.up.sql")
