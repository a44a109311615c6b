"""Settlement: business days that are closed, what each came to for a shop, and when that is due."""

from annul.store.migrate import apply_file

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Add the books, terms of settlement and the days of merchants."""
    apply_file("0031_settlement.up.sql")
