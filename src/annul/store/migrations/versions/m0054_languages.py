"""A channel without a language speaks that of the installation."""

from annul.store.migrate import apply_file

revision = "0054"
down_revision = "0053"


def upgrade() -> None:
    """Let channels have none."""
    apply_file("0054_languages.up.sql")
