"""Clearing files and breaks: what issuers tell, where that differs, and how it ends."""

from typing import Final

from annul.console.frame.page import ConsolePage
from annul.desk.roles import Scope

from .again import again
from .all_files import files
from .list import breaks
from .one import one_break
from .one_file import file
from .rules import rules

PAGES: Final = (
    ConsolePage(
        "/clearing", Scope.CLEARING_READ, "Clearing files", files, "sheets", of_shops=False
    ),
    ConsolePage("/clearing/rules", Scope.CLEARING_READ, "Rules of clearing", rules, of_shops=False),
    ConsolePage(
        "/clearing/{clearing}/again", Scope.CLEARING_WRITE, "Match anew", again, of_shops=False
    ),
    ConsolePage("/clearing/{clearing}", Scope.CLEARING_READ, "Clearing file", file, of_shops=False),
    ConsolePage("/breaks", Scope.CLEARING_READ, "Breaks", breaks, "exclamation"),
    ConsolePage("/breaks/{break}", Scope.CLEARING_READ, "Break", one_break),
)
