"""Incidents as people know them: one head for each outage, with its timeline."""

from annul.store.migrate import apply_file

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    """Add heads, their events, and which head each raised incident belongs to."""
    apply_file("0038_incident_heads.up.sql")
