"""Orders of the desk with who asked for them and who approved; who made a user."""

from annul.store.migrate import apply_file

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add table and column."""
    apply_file("0013_orders.up.sql")
