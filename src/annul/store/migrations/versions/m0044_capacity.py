"""What an installation carries: samples of each host process, volumes by the hour, what follows."""

from annul.store.migrate import apply_file

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    """Add samples of hosts, volumes and the report on capacity."""
    apply_file("0044_capacity.up.sql")
