"""How things stand: the promise, issuers, traffic, latest cases, incidents."""

from typing import Final

from annul.console.frame.page import Page
from annul.desk.roles import Scope

from .page import overview

PAGES: Final = (Page("/", Scope.OVERVIEW, "Overview", overview, "target"),)
