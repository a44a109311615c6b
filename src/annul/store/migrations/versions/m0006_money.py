"""The money: disputes, hosts and their leases, reserves, conclusions by hand."""

from annul.store.migrate import apply_file

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add to the schema and bring older rows into it."""
    apply_file("0006_money.up.sql")
