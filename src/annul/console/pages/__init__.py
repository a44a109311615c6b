"""Every page; importing this enters them in the order of the menu."""

from . import overview, cases, case, money, transactions, transaction, issuers, issuer  # isort: skip
from . import merchants, merchant, pos, shop, admin, audit  # isort: skip

__all__ = [
    "admin",
    "audit",
    "case",
    "cases",
    "issuer",
    "issuers",
    "merchant",
    "merchants",
    "money",
    "overview",
    "pos",
    "shop",
    "transaction",
    "transactions",
]
