"""Reserve: what of a day that is paid out at once is held back, why, and until when."""

from annul.store.migrate import apply_file

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Add what came back later of each day, and what is held back of it."""
    apply_file("0033_reserve.up.sql")
