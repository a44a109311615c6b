"""Many cells: where a merchant lives."""

from annul.store.migrate import apply_file

revision = "0027"
down_revision = "0025"


def upgrade() -> None:
    """Add the cell of a merchant."""
    apply_file("0027_cells.up.sql")
