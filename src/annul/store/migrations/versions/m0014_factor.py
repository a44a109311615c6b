"""Second factors, reset links, keys that end, and who added a user."""

from annul.store.migrate import apply_file

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add what people sign in with, and read what older versions know of it."""
    apply_file("0014_factor.up.sql")
