"""Emergency plans that run: playbooks with their versions, runs, and the journal of their steps."""

from annul.store.migrate import apply_file

revision = "0051"
down_revision = "0050"


def upgrade() -> None:
    """Add playbooks, runs and steps."""
    apply_file("0051_playbooks.up.sql")
