"""Reports by mail: who asked for them, what is written of them, and what is owed to whom."""

from annul.store.migrate import apply_file

revision = "0049"
down_revision = "0048"


def upgrade() -> None:
    """Add the tables."""
    apply_file("0049_report_mails.up.sql")
