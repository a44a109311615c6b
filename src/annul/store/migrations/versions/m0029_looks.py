"""Two looks apart in time: since when a case goes by its cause."""

from annul.store.migrate import apply_file

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Add since when a case goes by its cause."""
    apply_file("0029_looks.up.sql")
