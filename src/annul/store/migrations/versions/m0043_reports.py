"""What reports ask for: voids by when they came, and whether an advice has helped."""

from annul.store.migrate import apply_file

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    """Add the answers of people, and the index by which a report counts voids."""
    apply_file("0043_reports.up.sql")
