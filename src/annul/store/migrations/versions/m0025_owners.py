"""Several hosts in a cell: who serves a terminal, and who tells it."""

from annul.store.migrate import apply_file

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Add the owner of a terminal, and of a notice."""
    apply_file("0025_owners.up.sql")
