"""The page of a shop, for a phone: how a voucher stands."""

from typing import Final

from annul.console.frame.page import Page
from annul.desk.roles import Scope

from .page import shop

PAGES: Final = (Page("/shop", Scope.SHOP, "My shop", shop, "house"),)
