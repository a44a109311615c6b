"""How things stand: the promise, issuers, traffic, latest cases, incidents."""

from typing import Final

from annul.console.frame.page import ConsolePage
from annul.desk.roles import Scope

from .page import overview

PAGES: Final = (ConsolePage("/", Scope.OVERVIEW, "Overview", overview, "target"),)
