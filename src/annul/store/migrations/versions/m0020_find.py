"""Cases by the last four digits of the card and by amount; terminals by number."""

from annul.store.migrate import apply_file

revision = "0020"
down_revision = "0018"


def upgrade() -> None:
    """Add the indexes."""
    apply_file("0020_find.up.sql")
