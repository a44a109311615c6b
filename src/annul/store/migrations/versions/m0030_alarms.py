"""Alarms: guessed vouchers are counted; of an issuer that errs one incident is open."""

from annul.store.migrate import apply_file

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Count guessed vouchers, and close what was told of issuers case by case."""
    apply_file("0030_alarms.up.sql")
