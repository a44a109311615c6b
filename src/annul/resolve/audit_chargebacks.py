"""What the sweep asks of chargebacks: their money, what they hold, and their histories."""

from typing import Final

from annul.store.sql import load

SQL: Final = load("annul.resolve", "audit_chargebacks.sql")
