"""Cut-overs of merchants' own: when their business days end by contract."""

from annul.store.migrate import apply_file

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    """Add what was agreed on, from which business day on."""
    apply_file("0037_cut_overs.up.sql")
