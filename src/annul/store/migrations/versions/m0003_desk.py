"""The desk: who may do what, and what the console and the API keep."""

from annul.store.migrate import apply_file

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables."""
    apply_file("0003_desk.up.sql")
