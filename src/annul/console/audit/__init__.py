"""The audit log."""

from typing import Final

from annul.console.frame.page import Page
from annul.desk.roles import Scope

from .page import audit

PAGES: Final = (Page("/audit", Scope.AUDIT, "Audit log", audit, "sheets"),)
