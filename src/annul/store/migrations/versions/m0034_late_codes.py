"""Late answers: the authorisation code of one that came before the awaited one was written."""

from annul.store.migrate import apply_file

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Add the code, by which an approval that was given twice is known."""
    apply_file("0034_late_codes.up.sql")
