"""The API as programs call it: every call with what it does, who may, and examples."""

from typing import Final

from annul.console.frame.page import ConsolePage
from annul.desk.roles import Scope

from .page import reference

PAGES: Final = (ConsolePage("/api", Scope.TRANSACTIONS_READ, "API", reference, "code"),)
