"""Probes: what annul asks of an issuer by itself."""

from annul.store.migrate import apply_file

revision = "0055"
down_revision = "0054"


def upgrade() -> None:
    """Add the last probe of each issuer."""
    apply_file("0055_probes.up.sql")
