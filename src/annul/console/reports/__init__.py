"""Reports: how voids ended on a day or in a week that is over, what changed, what to do."""

from typing import Final

from annul.console.frame.page import ConsolePage
from annul.desk.roles import Scope

from .page import reports

PAGES: Final = (ConsolePage("/reports", Scope.CASES_READ, "Reports", reports, "bars"),)
