"""The door: what a terminal is registered with, keys that wait for their first use, one refusal."""

from annul.store.migrate import apply_file

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Change the tables."""
    apply_file("0004_door.up.sql")
