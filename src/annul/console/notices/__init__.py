"""Whom annul tells of incidents: channels, the rota, escalation, and what was sent."""

from typing import Final

from annul.console.frame.page import ConsolePage
from annul.desk.roles import Scope

from .page import notices

PAGES: Final = (ConsolePage("/notices", Scope.NOTICES_READ, "Notices", notices, "bell"),)
