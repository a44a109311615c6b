"""Card data: what older versions kept of messages is reduced to what can hold none."""

from annul.store.migrate import apply_file

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Rewrite the rows that need it."""
    apply_file("0005_card_data.up.sql")
