"""How an issuer's host speaks otherwise than most."""

from annul.store.migrate import apply_file

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Add the profile of a link, and what of its answers makes no sense."""
    apply_file("0024_profiles.up.sql")
