"""A chain of keyed hashes over the audit log and the heads of cases."""

from annul.store.migrate import apply_file

revision = "0018"
down_revision = "0013"


def upgrade() -> None:
    """Add the table."""
    apply_file("0018_seals.up.sql")
