"""Differences of money that a rule may accept, and the accounts that may bear them.

Nothing is accepted unless people have set a rule that says so, with its bounds and an account.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from .ledger import (
    CLEARING_DIFFERENCE,
    FEE_INCOME,
    ISSUER_RECEIVABLE,
    SCHEME_COST,
    SCHEME_PAYABLE,
)
from .text import Text


class Difference(StrEnum):
    """In what money a clearing file and the books may differ, and yet mean the same."""

    AMOUNT = "amount"  # of a transaction that stands here and there
    FEE = "fee"  # what the issuer and its scheme charge for one


DIFFERENCES: Final[Mapping[Difference, Text]] = {
    Difference.AMOUNT: Text("金额", "amount"),
    Difference.FEE: Text("手续费", "fee"),
}
# Which accounts may bear a difference; of each kind the first one is suggested.
BEARERS: Final[Mapping[Difference, tuple[str, ...]]] = {
    Difference.AMOUNT: (CLEARING_DIFFERENCE, FEE_INCOME),
    Difference.FEE: (SCHEME_COST, CLEARING_DIFFERENCE),
}
# What is owed by or to others, and is put right by a difference: the other side of its posting.
OWED: Final[Mapping[Difference, str]] = {
    Difference.AMOUNT: ISSUER_RECEIVABLE,
    Difference.FEE: SCHEME_PAYABLE,
}
