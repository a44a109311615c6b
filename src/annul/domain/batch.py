"""A batch: what a terminal counts between two settlements, and the comparison with the host.

Source: UnionPay-style POS settlement, field 48: 62 digits, domestic and foreign cards in turn.
"""

from dataclasses import dataclass
from enum import StrEnum


class BatchBalance(StrEnum):
    """The result digit of a comparison."""

    BALANCED = "1"
    UNBALANCED = "2"
    FAULTY = "3"


@dataclass(frozen=True, slots=True)
class Totals:
    """Debits are sales and completions, credits voids and refunds; amounts in minor units."""

    debit_amount: int = 0
    debit_count: int = 0
    credit_amount: int = 0
    credit_count: int = 0


def compare(host: Totals, claimed: Totals) -> BatchBalance:
    """Say whether a terminal's totals are the host's."""
    return BatchBalance.BALANCED if host == claimed else BatchBalance.UNBALANCED


def next_batch(batch: str) -> str:
    """Give the batch number after `batch`: six digits, 999999 is followed by 000001."""
    return f"{int(batch) % 999_999 + 1:06d}"
