"""Transactions: the search, and each with its chain, its details, what it moved."""

from typing import Final

from annul.console.frame.page import ConsolePage
from annul.desk.roles import Scope

from .list import EXPORTED, transactions
from .one import transaction

EXPORTS: Final = (EXPORTED,)
PAGES: Final = (
    ConsolePage("/transactions", Scope.TRANSACTIONS_READ, "Transactions", transactions, "lines"),
    ConsolePage("/transactions/{transaction}", Scope.TRANSACTIONS_READ, "Transaction", transaction),
)
