"""Who was told of a case is found by the case."""

from annul.store.migrate import apply_file

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the two indexes."""
    apply_file("0011_told.up.sql")
