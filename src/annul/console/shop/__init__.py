"""The page of a shop, for a phone: how a voucher stands."""

from typing import Final

from annul.console.frame.page import ConsolePage
from annul.desk.roles import Scope

from .page import shop

PAGES: Final = (ConsolePage("/shop", Scope.SHOP, "My shop", shop, "house"),)
