"""Transactions: the search, and each with its chain, its details, what it moved."""

from typing import Final

from annul.console.frame.page import Page
from annul.desk.roles import Scope

from .list import transactions
from .one import transaction

PAGES: Final = (
    Page("/transactions", Scope.TRANSACTIONS_READ, "Transactions", transactions, "lines"),
    Page("/transactions/{transaction}", Scope.TRANSACTIONS_READ, "Transaction", transaction),
)
