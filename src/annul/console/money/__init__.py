"""Money in question, and what two people conclude of it by hand."""

from typing import Final

from annul.console.frame.page import ConsolePage
from annul.desk.roles import Scope

from .page import money

PAGES: Final = (ConsolePage("/money", Scope.CASES_READ, "Money in question", money),)
