"""Incidents as kind, subject and parameters."""

from annul.store.migrate import apply_file

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Name what each is about, and keep one open for each."""
    apply_file("0009_incidents.up.sql")
