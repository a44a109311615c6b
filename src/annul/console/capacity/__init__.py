"""What this installation carries, what comes, and what is to be added when."""

from typing import Final

from annul.console.frame.page import ConsolePage
from annul.desk.roles import Scope

from .page import capacity

PAGES: Final = (
    ConsolePage("/capacity", Scope.OVERVIEW, "Capacity", capacity, "bars", of_shops=False),
)
