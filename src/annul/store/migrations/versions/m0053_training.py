"""Training: what people have done of their courses, and certificates."""

from annul.store.migrate import apply_file

revision = "0053"
down_revision = "0051"


def upgrade() -> None:
    """Add progress and certificates."""
    apply_file("0053_training.up.sql")
