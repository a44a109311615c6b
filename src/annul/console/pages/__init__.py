"""Every page; importing this enters them in the order of the menu."""

from . import overview, cases, case, transactions, transaction, issuers, issuer  # isort: skip
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
    "overview",
    "pos",
    "shop",
    "transaction",
    "transactions",
]
