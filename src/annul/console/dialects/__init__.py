"""Dialects: which there are, and each with its rows, its differences and its versions."""

from typing import Final

from annul.console.frame.page import ConsolePage
from annul.desk.roles import Scope

from .list import dialects
from .one import dialect

PAGES: Final = (
    ConsolePage("/dialects", Scope.ISSUERS_READ, "Dialects", dialects),
    ConsolePage("/dialects/{dialect}", Scope.ISSUERS_READ, "Dialect", dialect),
)
