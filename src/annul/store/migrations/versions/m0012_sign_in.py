"""Wrong passwords count by name and address; a session knows when somebody acted."""

from annul.store.migrate import apply_file

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add table and column."""
    apply_file("0012_sign_in.up.sql")
