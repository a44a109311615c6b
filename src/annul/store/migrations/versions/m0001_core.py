"""The core: reference data, merchants, terminals, transactions, ledger, store-and-forward."""

from annul.store.migrate import apply_file

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    apply_file("0001_core.up.sql")
