"""The audit log."""

from typing import Final

from annul.console.frame.page import ConsolePage
from annul.desk.roles import Scope

from .page import audit

PAGES: Final = (ConsolePage("/audit", Scope.AUDIT, "Audit log", audit, "sheets"),)
