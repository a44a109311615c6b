"""Clearing files that did not come in time, and chargebacks that rows of files tell of."""

from annul.store.migrate import apply_file

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    """Add what is late, and what is proposed."""
    apply_file("0046_late_files_and_claims.up.sql")
