"""A chain of keyed hashes over the audit log and the heads of cases."""

from annul.store.migrate import apply_file

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the table."""
    apply_file("0017_seals.up.sql")
