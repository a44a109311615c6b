"""Merchants: the list, and each with its money, what it allows, its terminals."""

from typing import Final

from annul.console.frame.page import ConsolePage
from annul.desk.roles import Scope

from .list import EXPORTED, merchants
from .one import merchant

EXPORTS: Final = (EXPORTED,)
PAGES: Final = (
    ConsolePage("/merchants", Scope.MERCHANTS_READ, "Merchants", merchants, "command"),
    ConsolePage("/merchants/{merchant}", Scope.MERCHANTS_READ, "Merchant", merchant),
)
