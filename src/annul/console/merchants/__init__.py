"""Merchants: the list, and each with its money, what it allows, its terminals."""

from typing import Final

from annul.console.frame.page import Page
from annul.desk.roles import Scope

from .list import merchants
from .one import merchant

PAGES: Final = (
    Page("/merchants", Scope.MERCHANTS_READ, "Merchants", merchants, "command"),
    Page("/merchants/{merchant}", Scope.MERCHANTS_READ, "Merchant", merchant),
)
