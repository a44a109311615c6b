"""Orders of the desk, with who asked for them and who approved."""

from annul.store.migrate import apply_file

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the table."""
    apply_file("0013_orders.up.sql")
