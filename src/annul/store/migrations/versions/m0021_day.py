"""What terminals say of their day: foreign totals, chips, signatures, keys for chips."""

from annul.store.migrate import apply_file

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Add the tables and columns."""
    apply_file("0021_day.up.sql")
