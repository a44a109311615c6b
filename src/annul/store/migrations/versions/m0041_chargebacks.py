"""Chargebacks: what issuers claim back of transactions, stage by stage, with evidence."""

from annul.store.migrate import apply_file

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    """Add chargebacks, their histories and documents, and what they hold of transactions."""
    apply_file("0041_chargebacks.up.sql")
