"""Rules that are learnt from the journal."""

from annul.store.migrate import apply_file

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Add samples of voids and refunds, and the rules that they say."""
    apply_file("0028_learnt.up.sql")
