"""What people put in force for a time while something is wrong."""

from annul.store.migrate import apply_file

revision = "0050"
down_revision = "0049"


def upgrade() -> None:
    """Add interventions."""
    apply_file("0050_interventions.up.sql")
