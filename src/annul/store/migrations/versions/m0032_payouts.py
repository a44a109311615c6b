"""Payouts: accounts of merchants, what is paid to them, files to and from the bank."""

from annul.store.migrate import apply_file

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Add accounts, payouts, moves of what is available, and the bank's files."""
    apply_file("0032_payouts.up.sql")
