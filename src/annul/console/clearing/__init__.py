"""Clearing files and breaks: what issuers tell, where that differs, and how it ends."""

from typing import Final

from annul.console.frame.page import ConsolePage
from annul.desk.roles import Scope

from .all_files import files
from .list import breaks
from .one import one_break
from .one_file import file

PAGES: Final = (
    ConsolePage(
        "/clearing", Scope.CLEARING_READ, "Clearing files", files, "sheets", of_shops=False
    ),
    ConsolePage("/clearing/{clearing}", Scope.CLEARING_READ, "Clearing file", file, of_shops=False),
    ConsolePage("/breaks", Scope.CLEARING_READ, "Breaks", breaks, "exclamation"),
    ConsolePage("/breaks/{break}", Scope.CLEARING_READ, "Break", one_break),
)
