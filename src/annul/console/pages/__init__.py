"""Every page; importing this enters them in the order of the menu."""

# isort: off
from annul.console.overview import page as overview
from annul.console.cases import list as cases
from annul.console.cases import one as case
from annul.console.money import page as money
from annul.console.transactions import list as transactions
from annul.console.transactions import one as transaction
from annul.console.issuers import list as issuers
from annul.console.issuers import one as issuer
from annul.console.merchants import list as merchants
from annul.console.merchants import one as merchant
from annul.console.till import page as pos
from annul.console.shop import page as shop
from annul.console.people import page as admin
from annul.console.audit import page as audit

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
