"""Drills: which can be played, and how those went that were."""

from typing import Final

from annul.console.frame.page import ConsolePage
from annul.desk.roles import Scope

from .list import drills
from .one import one_run

_READS: Final = Scope.INCIDENTS_READ
PAGES: Final = (
    ConsolePage("/drills", _READS, "Drills", drills, "target", of_shops=False),
    ConsolePage("/drills/{drill}", _READS, "Run of a drill", one_run, of_shops=False),
)
