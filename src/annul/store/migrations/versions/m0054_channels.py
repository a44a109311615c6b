"""A channel may have no language; a message may have reached nobody."""

from annul.store.migrate import apply_file

revision = "0054"
down_revision = "0053"


def upgrade() -> None:
    """Let channels have no language, and tell what reached nobody from what may have arrived."""
    apply_file("0054_channels.up.sql")
