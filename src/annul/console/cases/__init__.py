"""Cases: the queue, and each with what happened, why, and what people may do."""

from typing import Final

from annul.console.frame.page import ConsolePage
from annul.desk.roles import Scope

from .list import EXPORTED, cases
from .one import case

EXPORTS: Final = (EXPORTED,)
PAGES: Final = (
    ConsolePage("/cases", Scope.CASES_READ, "Cases", cases, "rows"),
    ConsolePage("/cases/{number}", Scope.CASES_READ, "Case", case),
)
