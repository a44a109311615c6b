"""How issuers make MACs and take PINs, and their keys."""

from annul.store.migrate import apply_file

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Add the columns and the table."""
    apply_file("0022_issuer_keys.up.sql")
